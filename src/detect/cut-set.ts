import type { Build, Edge, ModuleIndex } from '../model/build.ts';
import { demandGraph } from './demand.ts';
import { reversed } from './dominators.ts';
import { hasBytes, importersOf, moduleGraph } from './graph.ts';
import type { ModuleGraph } from './graph.ts';
import type { Reexports } from './reexports.ts';
import { retainedSizes, type RetainedSizes } from './retained.ts';

/**
 * The import statements that must go for something to leave the bundle. The fewest of all are often of no use: one import of
 * the router far up takes the target away, and the whole application with it. So a statement whose own retained size is much
 * larger than what leaves with the target is offered only where nothing else does it; what counts as much is doubled until a
 * set is found.
 */
export interface CutSet {
  /** The statements, in the order of the record; of several smallest sets the one nearest to the target. */
  readonly cut: readonly Edge[];
  /** The smallest set of all, however much else leaves with it; `cut` itself where that is as small. */
  readonly fewest: readonly Edge[];
  /**
   * `own`: only statements of the project's own code are in the set. `any`: that is impossible (the target is asked for
   * without one), so statements inside of packages count as well. `none`: the target is itself an entry, or has no importer.
   */
  readonly scope: 'own' | 'any' | 'none';
  /** Every statement outside of the target that names one of its modules. */
  readonly importers: readonly Edge[];
}

export interface CutSetOptions {
  readonly reexports?: Reexports | null;
  /** Of the same build and the same `reexports`, where the caller has them already. */
  readonly sizes?: RetainedSizes;
}

/** What a statement may take with it for a start, in raw bytes: this times what leaves with the target, and so much on top. */
const COLLATERAL_FACTOR = 1.25;
const COLLATERAL_BYTES = 2000;

export function cutSetOfModule(build: Build, module: ModuleIndex, options: CutSetOptions = {}): CutSet {
  return cutSet(build, new Set([module]), options);
}

/** Of all modules of a package, in whatever versions. Empty where the build has none. */
export function cutSetOfPackage(build: Build, name: string, options: CutSetOptions = {}): CutSet {
  const targets = new Set<ModuleIndex>();
  build.modules.forEach((module, index) => {
    if (module.package?.name === name) targets.add(index);
  });
  return cutSet(build, targets, options);
}

/** The modules with bytes that leave when all of these statements go; in the order of the record. */
export function modulesLeaving(build: Build, cut: readonly Edge[], options: CutSetOptions = {}): ModuleIndex[] {
  const demand = demandGraph(build, options.reexports ?? null);
  const graph = moduleGraph(build);
  const gone = new Set(cut);
  const without = new Uint8Array(demand.nodeCount);
  build.edges.forEach((edge, index) => {
    if (gone.has(edge)) for (const node of demand.nodesOfEdge(index)) without[node] = 1;
  });
  const before = spread(demand.nodeCount, [demand.root], demand.start, demand.targets);
  const after = spread(demand.nodeCount, [demand.root], demand.start, demand.targets, without);
  return build.modules.flatMap((_, module) => {
    const code = demand.codeOf(module);
    return before[code] === 1 && after[code] === 0 && hasBytes(graph, module) ? [module] : [];
  });
}

/**
 * A minimum cut by Dinic's algorithm (1970) over import statements. Each statement that the project can edit has capacity 1;
 * statements inside of packages, those that take much else with them, and modules have no limit; the target's modules are one sink, so
 * what they import from each other never counts. Statements through which nothing that is kept asks for the target are left
 * out beforehand. A cut of the module graph always suffices; where barrels pass on many names it may have more statements than
 * the names need.
 */
function cutSet(build: Build, targets: ReadonlySet<ModuleIndex>, options: CutSetOptions): CutSet {
  const graph = moduleGraph(build);
  const importers = [...targets]
    .flatMap((module) => importersOf(build, module))
    .filter(({ from }) => !targets.has(from));
  const none: CutSet = { cut: [], fewest: [], scope: 'none', importers };
  if (targets.size === 0 || graph.roots.some((root) => targets.has(root))) return none;
  const relevant = relevantEdges(build, targets, options.reexports ?? null);
  const isOwn = ({ from }: Edge): boolean => build.modules[from]!.package === null;
  for (const scope of ['own', 'any'] as const) {
    const isEditable = (edge: number): boolean => scope === 'any' || isOwn(build.edges[edge]!);
    const fewest = minimumCut(graph, targets, relevant, isEditable);
    if (fewest === null) continue;
    if (fewest.length === 0) return none;
    const edges = (cut: readonly number[]): Edge[] => cut.map((edge) => build.edges[edge]!);
    const { costs, fair } = collateral(build, targets, options);
    const dearest = Math.max(...fewest.map((edge) => costs(edge)));
    let cut: readonly number[] | null = null;
    for (let most = fair; cut === null && most < dearest; most *= 2)
      cut = minimumCut(graph, targets, relevant, (edge) => isEditable(edge) && costs(edge) <= most);
    return { cut: edges(cut ?? fewest), fewest: edges(fewest), scope, importers };
  }
  return none;
}

/** What goes with each statement alone, and how much of that is fair for this target; in raw bytes. */
function collateral(
  build: Build,
  targets: ReadonlySet<ModuleIndex>,
  { reexports = null, sizes }: CutSetOptions,
): { readonly costs: (edge: number) => number; readonly fair: number } {
  const { edges, ofModules } = sizes ?? retainedSizes(build, { reexports });
  return {
    costs: (edge) => edges[edge]!.bytes.raw,
    fair: COLLATERAL_FACTOR * ofModules([...targets]).bytes.raw + COLLATERAL_BYTES,
  };
}

/** Statements on some way from a root to the target in the demand graph, as positions in `build.edges`. */
function relevantEdges(build: Build, targets: ReadonlySet<ModuleIndex>, reexports: Reexports | null): number[] {
  const demand = demandGraph(build, reexports);
  const reached = spread(demand.nodeCount, [demand.root], demand.start, demand.targets);
  const wanted = [...targets].flatMap((module) => demand.nodesOfModule(module)).filter((node) => reached[node] === 1);
  const { start, targets: sources } = reversed(demand);
  const back = spread(demand.nodeCount, wanted, start, sources);
  return build.edges.flatMap((_, edge) =>
    demand.nodesOfEdge(edge).some((node) => reached[node] === 1 && back[node] === 1) ? [edge] : [],
  );
}

function spread(
  count: number,
  starts: readonly number[],
  start: Uint32Array,
  targets: Uint32Array,
  without: Uint8Array | null = null,
): Uint8Array {
  const seen = new Uint8Array(count);
  const stack = [...starts];
  for (const node of starts) seen[node] = 1;
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (let at = start[node]!; at < start[node + 1]!; at++) {
      const target = targets[at]!;
      if (seen[target] === 1 || without?.[target] === 1) continue;
      seen[target] = 1;
      stack.push(target);
    }
  }
  return seen;
}

const UNLIMITED = 2 ** 30;

/** A network of arcs in pairs: arc `a` and its reverse `a ^ 1`. */
class Network {
  readonly head: Int32Array;
  readonly next: number[] = [];
  readonly to: number[] = [];
  readonly left: number[] = [];
  private readonly level: Int32Array;

  constructor(nodeCount: number) {
    this.head = new Int32Array(nodeCount).fill(-1);
    this.level = new Int32Array(nodeCount);
  }

  add(from: number, to: number, capacity: number): void {
    this.to.push(to, from);
    this.left.push(capacity, 0);
    this.next.push(this.head[from]!, this.head[to]!);
    this.head[from] = this.to.length - 2;
    this.head[to] = this.to.length - 1;
  }

  /** The greatest flow, or null as soon as it is found to be unlimited. */
  flow(source: number, sink: number): number | null {
    let total = 0;
    while (this.layer(source, sink)) {
      const cursor = this.head.slice();
      for (let pushed = this.augment(source, sink, cursor); pushed > 0; pushed = this.augment(source, sink, cursor)) {
        total += pushed;
        if (total >= UNLIMITED) return null;
      }
    }
    return total;
  }

  private layer(source: number, sink: number): boolean {
    this.level.fill(-1);
    this.level[source] = 0;
    const queue = [source];
    for (let at = 0; at < queue.length && this.level[sink] === -1; at++) {
      const node = queue[at]!;
      for (let arc = this.head[node]!; arc !== -1; arc = this.next[arc]!) {
        if (this.left[arc] === 0 || this.level[this.to[arc]!] !== -1) continue;
        this.level[this.to[arc]!] = this.level[node]! + 1;
        queue.push(this.to[arc]!);
      }
    }
    return this.level[sink] !== -1;
  }

  /** One more path through the layers; without recursion. */
  private augment(source: number, sink: number, cursor: Int32Array): number {
    const path: number[] = [];
    for (let node = source; node !== sink;) {
      const arc = cursor[node]!;
      if (arc !== -1) {
        const to = this.to[arc]!;
        if (this.left[arc]! > 0 && this.level[to] === this.level[node]! + 1) {
          path.push(arc);
          node = to;
        } else {
          cursor[node] = this.next[arc]!;
        }
        continue;
      }
      const last = path.pop();
      if (last === undefined) return 0;
      node = this.to[last ^ 1]!;
      cursor[node] = this.next[cursor[node]!]!;
    }
    const pushed = path.reduce((least, arc) => Math.min(least, this.left[arc]!), UNLIMITED);
    for (const arc of path) {
      this.left[arc]! -= pushed;
      this.left[arc ^ 1]! += pushed;
    }
    return pushed;
  }

  /** Nodes from which the sink can still be reached in what is left. */
  sinkSide(sink: number): Uint8Array {
    const seen = new Uint8Array(this.head.length);
    const stack = [sink];
    seen[sink] = 1;
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      for (let arc = this.head[node]!; arc !== -1; arc = this.next[arc]!) {
        if (this.left[arc ^ 1] === 0 || seen[this.to[arc]!] === 1) continue;
        seen[this.to[arc]!] = 1;
        stack.push(this.to[arc]!);
      }
    }
    return seen;
  }
}

/** Positions of the statements of a minimum cut; null where statements that may not be cut lead to the target. */
function minimumCut(
  { build, roots }: ModuleGraph,
  targets: ReadonlySet<ModuleIndex>,
  relevant: readonly number[],
  isEditable: (edge: number) => boolean,
): number[] | null {
  const source = build.modules.length;
  const sink = source + 1;
  const network = new Network(source + 2);
  const nodeOf = (module: ModuleIndex): number => (targets.has(module) ? sink : module);
  for (const root of roots) network.add(source, root, UNLIMITED);
  const used = relevant.filter((index) => !targets.has(build.edges[index]!.from));
  for (const index of used) {
    const edge = build.edges[index]!;
    network.add(edge.from, nodeOf(edge.to), isEditable(index) ? 1 : UNLIMITED);
  }
  if (network.flow(source, sink) === null) return null;
  const side = network.sinkSide(sink);
  return used.filter((index) => {
    const { from, to } = build.edges[index]!;
    return side[from] === 0 && side[nodeOf(to)] === 1;
  });
}
