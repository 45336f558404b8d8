import type { FlowGraph } from './dominators.ts';

/**
 * Answers, for one set of nodes after another, what the root no longer reaches without the set.
 *
 * Every node has a path from the root in a breadth-first tree. Where that path avoids the set the node stays, so that only the
 * set's subtrees need a look, and breadth-first subtrees are small: the cost over all sets is about the sum of the nodes'
 * depths and arcs.
 */
export class Removal {
  private readonly graph: FlowGraph;
  private readonly predecessors: { readonly start: Uint32Array; readonly targets: Uint32Array };
  private readonly tree: SearchTree;
  /** Round in which a node was last under the set, part of the set, or found to stay. */
  private readonly under: Uint32Array;
  private readonly removed: Uint32Array;
  private readonly stays: Uint32Array;
  private readonly candidates: Uint32Array;
  private readonly stack: Uint32Array;
  private round = 0;

  constructor(graph: FlowGraph, predecessors: Removal['predecessors']) {
    this.graph = graph;
    this.predecessors = predecessors;
    this.tree = breadthFirstTree(graph);
    this.under = new Uint32Array(graph.nodeCount);
    this.removed = new Uint32Array(graph.nodeCount);
    this.stays = new Uint32Array(graph.nodeCount);
    this.candidates = new Uint32Array(graph.nodeCount);
    this.stack = new Uint32Array(graph.nodeCount);
  }

  /** The nodes of the set that the root reaches, and those that it reaches no more without them; valid until the next call. */
  of(nodes: readonly number[]): Uint32Array {
    const { predecessors, tree, under, removed, stays, candidates, stack } = this;
    const { start, targets } = this.graph;
    const round = ++this.round;
    let count = 0;
    for (const node of nodes) {
      if (tree.position[node] === UNREACHED) continue;
      removed[node] = round;
      if (under[node] === round) continue;
      for (let at = tree.position[node]!; at <= tree.last[node]!; at++) {
        const below = tree.order[at]!;
        if (under[below] === round) continue;
        under[below] = round;
        candidates[count++] = below;
      }
    }
    let height = 0;
    for (let i = 0; i < count; i++) {
      const node = candidates[i]!;
      if (removed[node] === round) continue;
      for (let at = predecessors.start[node]!; at < predecessors.start[node + 1]!; at++) {
        const source = predecessors.targets[at]!;
        if (under[source] === round || tree.position[source] === UNREACHED) continue;
        stays[node] = round;
        stack[height++] = node;
        break;
      }
    }
    while (height > 0) {
      const node = stack[--height]!;
      for (let at = start[node]!; at < start[node + 1]!; at++) {
        const target = targets[at]!;
        if (under[target] !== round || removed[target] === round || stays[target] === round) continue;
        stays[target] = round;
        stack[height++] = target;
      }
    }
    let gone = 0;
    for (let i = 0; i < count; i++) {
      const node = candidates[i]!;
      if (stays[node] !== round) candidates[gone++] = node;
    }
    return candidates.subarray(0, gone);
  }

  /** Whether the node was among the answer of the last call. */
  isGone(node: number): boolean {
    return this.under[node] === this.round && this.stays[node] !== this.round;
  }
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
