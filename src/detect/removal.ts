import type { FlowGraph } from './dominators.ts';

/**
 * Answers, for one set of nodes after another, what the root no longer reaches without the set. Works over the strongly
 * connected components in topological order and goes on only from what is cut off, so that a set costs about as much as
 * what leaves with it (and the components that its nodes lie in).
 */
export class Removal {
  private readonly graph: FlowGraph;
  private readonly predecessors: { readonly start: Uint32Array; readonly targets: Uint32Array };
  private readonly components: Components;
  /** Round in which a node was last removed, or last cut off. */
  private readonly removed: Uint32Array;
  private readonly cut: Uint32Array;
  private readonly stays: Uint32Array;
  private readonly queued: Uint32Array;
  private readonly holdsRemoved: Uint32Array;
  private readonly heap: number[] = [];
  private round = 0;

  constructor(graph: FlowGraph, predecessors: Removal['predecessors']) {
    this.graph = graph;
    this.predecessors = predecessors;
    this.components = stronglyConnected(graph);
    this.removed = new Uint32Array(graph.nodeCount);
    this.cut = new Uint32Array(graph.nodeCount);
    this.stays = new Uint32Array(graph.nodeCount);
    this.queued = new Uint32Array(this.components.count);
    this.holdsRemoved = new Uint32Array(this.components.count);
  }

  /** The reachable nodes that are reached no more, those of the set first. */
  of(nodes: readonly number[]): number[] {
    const { components, removed, cut, holdsRemoved } = this;
    const round = ++this.round;
    const gone: number[] = [];
    for (const node of nodes) {
      const component = components.of[node]!;
      if (component < 0 || removed[node] === round) continue;
      removed[node] = cut[node] = holdsRemoved[component] = round;
      gone.push(node);
      this.push(component);
    }
    for (let at = 0; at < gone.length; at++) this.pushSuccessors(gone[at]!);
    for (let component = this.pop(); component !== undefined; component = this.pop()) {
      const members = components.members.subarray(components.start[component], components.start[component + 1]);
      if (holdsRemoved[component] === round) this.spread(component, members);
      else if (members.some((node) => node === this.graph.root || this.isFedFromOutside(node, component))) continue;
      for (const node of members) {
        if (removed[node] === round || this.stays[node] === round) continue;
        cut[node] = round;
        gone.push(node);
        this.pushSuccessors(node);
      }
    }
    return gone;
  }

  /** Whether the node was cut off or removed in the last call. */
  isGone(node: number): boolean {
    return this.cut[node] === this.round;
  }

  private isFedFromOutside(node: number, component: number): boolean {
    const { start, targets } = this.predecessors;
    for (let at = start[node]!; at < start[node + 1]!; at++) {
      const from = this.components.of[targets[at]!]!;
      if (from >= 0 && from !== component && this.cut[targets[at]!] !== this.round) return true;
    }
    return false;
  }

  /** In a component that holds nodes of the set: what is still reached from outside, without them. */
  private spread(component: number, members: Uint32Array): void {
    const { graph, components, removed, stays, round } = this;
    const stack: number[] = [];
    for (const node of members) {
      if (removed[node] === round || !(node === graph.root || this.isFedFromOutside(node, component))) continue;
      stays[node] = round;
      stack.push(node);
    }
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      for (let at = graph.start[node]!; at < graph.start[node + 1]!; at++) {
        const target = graph.targets[at]!;
        if (components.of[target] !== component || removed[target] === round || stays[target] === round) continue;
        stays[target] = round;
        stack.push(target);
      }
    }
  }

  private pushSuccessors(node: number): void {
    const own = this.components.of[node]!;
    for (let at = this.graph.start[node]!; at < this.graph.start[node + 1]!; at++) {
      const component = this.components.of[this.graph.targets[at]!]!;
      if (component !== own) this.push(component);
    }
  }

  /** A heap with the largest number on top: numbers fall along the arcs. */
  private push(component: number): void {
    if (this.queued[component] === this.round) return;
    this.queued[component] = this.round;
    const { heap } = this;
    let at = heap.push(component) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]! >= component) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = component;
  }

  private pop(): number | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && heap[below + 1]! > heap[below]!) below++;
      if (heap[below]! <= last) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return top;
  }
}

interface Components {
  readonly count: number;
  /** Component of each node; -1 where the root does not reach it. Arcs between components go to smaller numbers. */
  readonly of: Int32Array;
  readonly start: Uint32Array;
  readonly members: Uint32Array;
}

/** Strongly connected components by Tarjan (SIAM J. Comput. 1972), without recursion; linear. */
function stronglyConnected({ nodeCount, root, start, targets }: FlowGraph): Components {
  const of = new Int32Array(nodeCount).fill(-1);
  const number = new Uint32Array(nodeCount);
  const low = new Uint32Array(nodeCount);
  const cursor = start.slice(0, nodeCount);
  const path = [root];
  const open = [root];
  const bounds = [0];
  const members: number[] = [];
  let next = 1;
  let count = 0;
  number[root] = low[root] = next++;
  while (path.length > 0) {
    const node = path.at(-1)!;
    if (cursor[node]! < start[node + 1]!) {
      const target = targets[cursor[node]!++]!;
      if (number[target] === 0) {
        number[target] = low[target] = next++;
        path.push(target);
        open.push(target);
      } else if (of[target] === -1) {
        low[node] = Math.min(low[node]!, number[target]!);
      }
      continue;
    }
    path.pop();
    if (low[node] === number[node]) {
      for (let member = open.pop()!; ; member = open.pop()!) {
        of[member] = count;
        members.push(member);
        if (member === node) break;
      }
      bounds.push(members.length);
      count++;
    }
    const above = path.at(-1);
    if (above !== undefined) low[above] = Math.min(low[above]!, low[node]!);
  }
  return { count, of, start: Uint32Array.from(bounds), members: Uint32Array.from(members) };
}
