import type { Build, Edge, ModuleIndex } from '../model/build.ts';

/**
 * The module graph of a build as compressed sparse rows: the edges out of module `m` are
 * `outEdges[outStart[m]] … outEdges[outStart[m + 1] - 1]`, each a position in `build.edges`; those into it likewise.
 */
export interface ModuleGraph {
  readonly build: Build;
  readonly outStart: Uint32Array;
  readonly outEdges: Uint32Array;
  readonly inStart: Uint32Array;
  readonly inEdges: Uint32Array;
  /** Modules a page or a process starts with. */
  readonly entries: readonly ModuleIndex[];
  /**
   * Where reachability starts: the entries, and what has bytes in the output although no entry reaches it (a bundler's own
   * modules, output analysed without its import graph).
   */
  readonly roots: readonly ModuleIndex[];
  /** Raw bytes of each module over all outputs. */
  readonly rawBytes: Float64Array;
}

const graphs = new WeakMap<Build, ModuleGraph>();

/** The graph of a build; made once for each record. Linear in modules, edges and parts. */
export function moduleGraph(build: Build): ModuleGraph {
  let graph = graphs.get(build);
  if (graph === undefined) {
    graph = makeGraph(build);
    graphs.set(build, graph);
  }
  return graph;
}

/** Whether any byte of the module is in an output. */
export function hasBytes(graph: ModuleGraph, module: ModuleIndex): boolean {
  return graph.rawBytes[module]! > 0;
}

/** Every import statement that names the module, as the edges in the order of the record. */
export function importersOf(build: Build, module: ModuleIndex): Edge[] {
  const { inStart, inEdges } = moduleGraph(build);
  return Array.from(inEdges.subarray(inStart[module], inStart[module + 1]), (edge) => build.edges[edge]!);
}

/**
 * The shortest chain of import statements from an entry to the module: empty for an entry itself, null where no entry
 * reaches it. Statements that bring in nothing that is kept are left out where the record can tell.
 */
export function importChain(build: Build, module: ModuleIndex): Edge[] | null {
  const via = shortestVia(build);
  if (via[module] === UNREACHED) return null;
  const chain: Edge[] = [];
  for (let at = module; via[at]! >= 0;) {
    const edge = build.edges[via[at]!]!;
    chain.push(edge);
    at = edge.from;
  }
  return chain.reverse();
}

/**
 * Whether the statement surely brings nothing in: what it names is known to have been dropped from a target that has no
 * side effects.
 */
export function isDeadImport(build: Build, edge: Edge): boolean {
  if (edge.kind !== 'static' || edge.names === null || edge.names.includes('*')) return false;
  const target = build.modules[edge.to]!;
  if (target.sideEffects !== false || target.usedExports === null || target.format !== 'esm') return false;
  return !edge.names.some((name) => target.usedExports!.includes(name));
}

const UNREACHED = -2;
const START = -1;
const chainTrees = new WeakMap<Build, Int32Array>();

/** For each module the edge by which a breadth-first search from all entries met it first. */
function shortestVia(build: Build): Int32Array {
  let via = chainTrees.get(build);
  if (via !== undefined) return via;
  const graph = moduleGraph(build);
  via = new Int32Array(build.modules.length).fill(UNREACHED);
  // Live statements first; what is reached only through dropped ones comes after, so that every module has some chain.
  const queue = new Uint32Array(build.modules.length);
  search(graph, via, queue, graph.entries, (edge) => !isDeadImport(build, edge));
  const reached: ModuleIndex[] = [];
  for (let module = 0; module < via.length; module++) if (via[module] !== UNREACHED) reached.push(module);
  search(graph, via, queue, reached, () => true);
  chainTrees.set(build, via);
  return via;
}

/** Breadth-first from `starts`, which count as reached; `queue` has room for every module. */
function search(
  graph: ModuleGraph,
  via: Int32Array,
  queue: Uint32Array,
  starts: readonly ModuleIndex[],
  follows: (edge: Edge) => boolean,
): void {
  const { build, outStart, outEdges } = graph;
  let tail = 0;
  for (const module of starts) {
    if (via[module] === UNREACHED) via[module] = START;
    queue[tail++] = module;
  }
  for (let head = 0; head < tail; head++) {
    const module = queue[head]!;
    for (let at = outStart[module]!; at < outStart[module + 1]!; at++) {
      const edge = build.edges[outEdges[at]!]!;
      if (via[edge.to] !== UNREACHED || !follows(edge)) continue;
      via[edge.to] = outEdges[at]!;
      queue[tail++] = edge.to;
    }
  }
}

function makeGraph(build: Build): ModuleGraph {
  const count = build.modules.length;
  const { edges } = build;
  const outStart = new Uint32Array(count + 1);
  const inStart = new Uint32Array(count + 1);
  for (const edge of edges) {
    outStart[edge.from + 1]!++;
    inStart[edge.to + 1]!++;
  }
  for (let module = 0; module < count; module++) {
    outStart[module + 1]! += outStart[module]!;
    inStart[module + 1]! += inStart[module]!;
  }
  const outEdges = new Uint32Array(edges.length);
  const inEdges = new Uint32Array(edges.length);
  const outNext = outStart.slice();
  const inNext = inStart.slice();
  for (let edge = 0; edge < edges.length; edge++) {
    outEdges[outNext[edges[edge]!.from]!++] = edge;
    inEdges[inNext[edges[edge]!.to]!++] = edge;
  }
  const rawBytes = new Float64Array(count);
  for (const output of build.outputs) {
    for (const part of output.parts) if (part.module !== null) rawBytes[part.module]! += part.bytes.raw;
  }
  const entries = entryModules(build, inStart);
  const graph = { build, outStart, outEdges, inStart, inEdges, entries, roots: entries, rawBytes };
  return { ...graph, roots: allRoots(graph) };
}

function entryModules(build: Build, inStart: Uint32Array): ModuleIndex[] {
  const entries = new Set<ModuleIndex>();
  for (const output of build.outputs) {
    if (!output.entry) continue;
    if (output.entryModule !== null) {
      entries.add(output.entryModule);
      continue;
    }
    for (const { module } of output.parts) {
      if (module !== null && inStart[module] === inStart[module + 1]) entries.add(module);
    }
  }
  return [...entries];
}

function allRoots(graph: ModuleGraph): ModuleIndex[] {
  const { build, inStart, rawBytes } = graph;
  const via = new Int32Array(build.modules.length).fill(UNREACHED);
  const queue = new Uint32Array(build.modules.length);
  search(graph, via, queue, graph.entries, () => true);
  const roots = [...graph.entries];
  const add = (module: ModuleIndex): void => {
    roots.push(module);
    search(graph, via, queue, [module], () => true);
  };
  const isLost = (module: ModuleIndex): boolean => via[module] === UNREACHED && rawBytes[module]! > 0;
  const lost: ModuleIndex[] = [];
  for (let module = 0; module < via.length; module++) if (isLost(module)) lost.push(module);
  for (const module of lost) if (isLost(module) && inStart[module] === inStart[module + 1]) add(module);
  for (const module of lost) if (isLost(module)) add(module);
  return roots;
}
