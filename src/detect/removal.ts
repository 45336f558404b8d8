import type { FlowGraph } from './dominators.ts';

/**
 * Answers, for one set of nodes after another, what the root no longer reaches without the set.
 *
 * Every node has a path from the root in a breadth-first tree. Where that path avoids the set the node stays, so that only the
 * set's subtrees need a look, and breadth-first subtrees are small: the cost over all sets is about the sum of the nodes'
 * depths and arcs.
 */
export class Removal {
  private readonly tree: SearchTree;
  /** The arcs between places in the tree's order: what is looked at together lies together. */
  private readonly successors: Arcs;
  private readonly predecessors: Arcs;
  /** By place: the round in which it was last under the set, part of the set, or found to stay. */
  private readonly under: Uint32Array;
  private readonly removed: Uint32Array;
  private readonly stays: Uint32Array;
  private readonly candidates: Uint32Array;
  private readonly stack: Uint32Array;
  private round = 0;

  constructor(graph: FlowGraph, predecessors: Arcs) {
    this.tree = breadthFirstTree(graph);
    this.successors = byPlace(graph, this.tree);
    this.predecessors = byPlace(predecessors, this.tree);
    const count = this.tree.order.length;
    this.under = new Uint32Array(count);
    this.removed = new Uint32Array(count);
    this.stays = new Uint32Array(count);
    this.candidates = new Uint32Array(count);
    this.stack = new Uint32Array(count);
  }

  /** The nodes of the set that the root reaches, and those that it reaches no more without them; valid until the next call. */
  of(nodes: readonly number[]): Uint32Array {
    const { successors, predecessors, under, removed, stays, candidates, stack } = this;
    const { order, position, last } = this.tree;
    const round = ++this.round;
    let count = 0;
    for (const node of nodes) {
      const place = position[node]!;
      if (place === UNREACHED) continue;
      removed[place] = round;
      if (under[place] === round) continue;
      for (let at = place; at <= last[node]!; at++) {
        if (under[at] === round) continue;
        under[at] = round;
        candidates[count++] = at;
      }
    }
    let height = 0;
    for (let i = 0; i < count; i++) {
      const place = candidates[i]!;
      if (removed[place] === round) continue;
      for (let at = predecessors.start[place]!; at < predecessors.start[place + 1]!; at++) {
        if (under[predecessors.targets[at]!] === round) continue;
        stays[place] = round;
        stack[height++] = place;
        break;
      }
    }
    while (height > 0) {
      const place = stack[--height]!;
      for (let at = successors.start[place]!; at < successors.start[place + 1]!; at++) {
        const target = successors.targets[at]!;
        if (under[target] !== round || removed[target] === round || stays[target] === round) continue;
        stays[target] = round;
        stack[height++] = target;
      }
    }
    let gone = 0;
    for (let i = 0; i < count; i++) {
      const place = candidates[i]!;
      if (stays[place] !== round) candidates[gone++] = order[place]!;
    }
    return candidates.subarray(0, gone);
  }

  /** Whether the node was among the answer of the last call. */
  isGone(node: number): boolean {
    const place = this.tree.position[node]!;
    return place !== UNREACHED && this.under[place] === this.round && this.stays[place] !== this.round;
  }
}

interface Arcs {
  readonly start: Uint32Array;
  readonly targets: Uint32Array;
}

/** The arcs of reached nodes to reached nodes, by their places in the order. */
function byPlace({ start, targets }: Arcs, { order, position }: SearchTree): Arcs {
  const starts = new Uint32Array(order.length + 1);
  const places = new Uint32Array(targets.length);
  let count = 0;
  for (let place = 0; place < order.length; place++) {
    const node = order[place]!;
    for (let at = start[node]!; at < start[node + 1]!; at++) {
      const target = position[targets[at]!]!;
      if (target !== UNREACHED) places[count++] = target;
    }
    starts[place + 1] = count;
  }
  return { start: starts, targets: places.subarray(0, count) };
}

/** The subtree of a node is `order[position[node]] … order[last[node]]`. */
interface SearchTree {
  readonly order: Uint32Array;
  readonly position: Int32Array;
  readonly last: Int32Array;
}

const UNREACHED = -1;

function breadthFirstTree({ nodeCount, root, start, targets }: FlowGraph): SearchTree {
  const parent = new Int32Array(nodeCount).fill(UNREACHED);
  const queue = new Uint32Array(nodeCount);
  let tail = 0;
  queue[tail++] = root;
  for (let head = 0; head < tail; head++) {
    const node = queue[head]!;
    for (let at = start[node]!; at < start[node + 1]!; at++) {
      const target = targets[at]!;
      if (target === root || parent[target] !== UNREACHED) continue;
      parent[target] = node;
      queue[tail++] = target;
    }
  }
  const size = new Uint32Array(nodeCount).fill(1);
  for (let at = tail - 1; at > 0; at--) size[parent[queue[at]!]!]! += size[queue[at]!]!;
  const position = new Int32Array(nodeCount).fill(UNREACHED);
  const last = new Int32Array(nodeCount).fill(UNREACHED);
  const next = new Int32Array(nodeCount);
  const order = new Uint32Array(tail);
  for (let at = 0; at < tail; at++) {
    const node = queue[at]!;
    const above = parent[node]!;
    position[node] = above === UNREACHED ? 0 : next[above]!;
    if (above !== UNREACHED) next[above]! += size[node]!;
    last[node] = position[node]! + size[node]! - 1;
    next[node] = position[node]! + 1;
    order[position[node]!] = node;
  }
  return { order, position, last };
}
