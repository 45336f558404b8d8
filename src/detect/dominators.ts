/** A flow graph as compressed sparse rows: successors of node `v` are `targets[start[v]] … targets[start[v + 1] - 1]`. */
export interface FlowGraph {
  readonly nodeCount: number;
  readonly root: number;
  readonly start: Uint32Array;
  readonly targets: Uint32Array;
}

export interface DominatorTree {
  /** Immediate dominator of each node; -1 for the root and for nodes that the root does not reach. */
  readonly idom: Int32Array;
  /** Reachable nodes, each after its immediate dominator. */
  readonly order: Uint32Array;
}

/** The same graph with every arc turned round. */
export function reversed(graph: FlowGraph): { start: Uint32Array; targets: Uint32Array } {
  const start = new Uint32Array(graph.nodeCount + 1);
  for (const target of graph.targets) start[target + 1]!++;
  for (let node = 0; node < graph.nodeCount; node++) start[node + 1]! += start[node]!;
  const next = start.slice();
  const targets = new Uint32Array(graph.targets.length);
  for (let node = 0; node < graph.nodeCount; node++) {
    for (let at = graph.start[node]!; at < graph.start[node + 1]!; at++) targets[next[graph.targets[at]!]!++] = node;
  }
  return { start, targets };
}

/**
 * Dominator tree by Lengauer and Tarjan, "A fast algorithm for finding dominators in a flowgraph" (TOPLAS 1979), the
 * simple version with path compression: O(arcs · log nodes). No recursion, so that depth is no limit.
 */
export function dominatorTree(graph: FlowGraph, predecessors = reversed(graph)): DominatorTree {
  const { nodeCount, root, start, targets } = graph;
  // Depth-first numbers from 1; 0 means not reached. All arrays below are indexed by number, not by node.
  const numberOf = new Uint32Array(nodeCount);
  const nodeOf = new Uint32Array(nodeCount + 1);
  const parent = new Uint32Array(nodeCount + 1);
  const stack = new Uint32Array(nodeCount + 1);
  const cursor = start.slice(0, nodeCount);
  let reached = 1;
  let depth = 0;
  numberOf[root] = 1;
  nodeOf[1] = root;
  stack[depth++] = root;
  while (depth > 0) {
    const node = stack[depth - 1]!;
    if (cursor[node] === start[node + 1]) {
      depth--;
      continue;
    }
    const target = targets[cursor[node]!++]!;
    if (numberOf[target] !== 0) continue;
    numberOf[target] = ++reached;
    nodeOf[reached] = target;
    parent[reached] = numberOf[node]!;
    stack[depth++] = target;
  }

  const semi = new Uint32Array(reached + 1);
  const label = new Uint32Array(reached + 1);
  const ancestor = new Uint32Array(reached + 1);
  const idom = new Uint32Array(reached + 1);
  const bucketHead = new Uint32Array(reached + 1);
  const bucketNext = new Uint32Array(reached + 1);
  for (let v = 1; v <= reached; v++) semi[v] = label[v] = v;

  const evaluate = (v: number): number => {
    if (ancestor[v] === 0) return v;
    let path = 0;
    let at = v;
    while (ancestor[ancestor[at]!] !== 0) {
      stack[path++] = at;
      at = ancestor[at]!;
    }
    // From the topmost down, so that each looks at an ancestor that is already compressed.
    while (path > 0) {
      const w = stack[--path]!;
      const above = ancestor[w]!;
      if (semi[label[above]!]! < semi[label[w]!]!) label[w] = label[above]!;
      ancestor[w] = ancestor[above]!;
    }
    return label[v]!;
  };

  for (let w = reached; w > 1; w--) {
    const node = nodeOf[w]!;
    for (let at = predecessors.start[node]!; at < predecessors.start[node + 1]!; at++) {
      const v = numberOf[predecessors.targets[at]!]!;
      if (v === 0) continue;
      const u = evaluate(v);
      if (semi[u]! < semi[w]!) semi[w] = semi[u]!;
    }
    bucketNext[w] = bucketHead[semi[w]!]!;
    bucketHead[semi[w]!] = w;
    ancestor[w] = parent[w]!;
    for (let v = bucketHead[parent[w]!]!; v !== 0; v = bucketNext[v]!) {
      const u = evaluate(v);
      idom[v] = semi[u]! < semi[v]! ? u : parent[w]!;
    }
    bucketHead[parent[w]!] = 0;
  }
  const result = new Int32Array(nodeCount).fill(-1);
  for (let w = 2; w <= reached; w++) {
    if (idom[w] !== semi[w]) idom[w] = idom[idom[w]!]!;
    result[nodeOf[w]!] = nodeOf[idom[w]!]!;
  }
  return { idom: result, order: nodeOf.slice(1, reached + 1) };
}
