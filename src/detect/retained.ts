import type { Build, Bytes, ModuleIndex } from '../model/build.ts';
import { demandGraph } from './demand.ts';
import type { DemandGraph } from './demand.ts';
import { dominatorTree, reversed } from './dominators.ts';
import type { DominatorTree } from './dominators.ts';
import type { Reexports } from './reexports.ts';
import { Removal } from './removal.ts';

/** What leaves the output if one thing goes. */
export interface Retained {
  /** Bytes of the modules that nothing else asks for, with all of each output file that is left without a module. */
  readonly bytes: Bytes;
  /** How many modules of those with bytes leave. */
  readonly modules: number;
  /**
   * Whether parts of modules that stay leave as well: names that only this import asks for of a module that others ask for
   * other names. The record has no sizes below the module, so `bytes` is then a lower bound.
   */
  readonly isLowerBound: boolean;
}

export interface RetainedPackage extends Retained {
  readonly name: string;
  /** Bytes of the package's own modules. */
  readonly self: Bytes;
  readonly versions: readonly string[];
}

/** Retained sizes of a build. Each list is as long as the list of the same name in the record. */
export interface RetainedSizes {
  readonly modules: readonly Retained[];
  readonly selfOfModules: readonly Bytes[];
  readonly edges: readonly Retained[];
  /** By name, all versions together; the largest first. */
  readonly packages: readonly RetainedPackage[];
  /** What leaves if all of these go at once: more than the sum of each where two things share what they bring in. */
  ofImports(edges: readonly number[]): Retained;
  ofModules(modules: readonly ModuleIndex[]): Retained;
}

export interface RetainedOptions {
  /** From `readReexports`: with it, names are followed through barrels exactly; without it, by what the record says. */
  readonly reexports?: Reexports | null;
}

/**
 * What leaves the bundle without a module, a package or an import statement: what the entries then no longer reach in the
 * demand graph (see `demandGraph`). A single node's share is its subtree in the dominator tree, so modules and plain imports
 * cost one pass for all; sets of nodes (packages, barrels) are taken out one at a time, at about the cost of what leaves.
 *
 * It is the figure a rebuild without the import would show, but for what only a rebuild can know: parts of modules that stay
 * (`isLowerBound` says where), other short names, and the compressor's view of the rest.
 */
export function retainedSizes(build: Build, options: RetainedOptions = {}): RetainedSizes {
  const graph = demandGraph(build, options.reexports ?? null);
  const predecessors = reversed(graph);
  const tree = dominatorTree(graph, predecessors);
  const weights = new Weights(build);
  const subtree = subtreeSums(graph, tree, weights);
  const sums = new Sums(graph, predecessors, weights);
  const ofNodes = (nodes: readonly number[]): Retained => {
    if (nodes.length === 0) return NOTHING;
    return nodes.length === 1 ? subtree.of(nodes[0]!) : sums.without(nodes);
  };
  // A module's names hold nothing but its code, unless it passes names on.
  const ofModule = (module: ModuleIndex): Retained => {
    const code = graph.codeOf(module);
    const nodes = graph.nodesOfModule(module);
    for (const node of nodes) {
      if (node === code) continue;
      for (let at = graph.start[node]!; at < graph.start[node + 1]!; at++) {
        if (graph.targets[at] !== code) return ofNodes(nodes);
      }
    }
    const { bytes, modules } = subtree.of(code);
    return { bytes, modules, isLowerBound: false };
  };
  return {
    modules: build.modules.map((_, module) => ofModule(module)),
    selfOfModules: build.modules.map((_, module) => weights.module(module)),
    edges: build.edges.map((_, edge) => ofNodes(graph.nodesOfEdge(edge))),
    packages: packageSizes(build, graph, weights, sums),
    ofImports: (edges) => ofNodes(edges.flatMap((edge) => graph.nodesOfEdge(edge))),
    ofModules: (modules) => sums.without(modules.flatMap((module) => graph.nodesOfModule(module))),
  };
}

const NOTHING: Retained = { bytes: { raw: 0, gzip: 0, brotli: 0 }, modules: 0, isLowerBound: false };

/** Bytes by module and the bytes of each output that no module owns, as flat arrays. */
class Weights {
  readonly raw: Float64Array;
  readonly gzip: Float64Array;
  readonly brotli: Float64Array;
  /** By output: bytes that no module owns. */
  readonly rest: { raw: number; gzip: number; brotli: number }[] = [];
  /** By output: the modules that have bytes in it. */
  readonly members: ModuleIndex[][] = [];
  /** By module: the outputs it has bytes in. */
  readonly homes: number[][];
  private readonly hasGzip: boolean;
  private readonly hasBrotli: boolean;

  constructor(build: Build) {
    const count = build.modules.length;
    this.raw = new Float64Array(count);
    this.gzip = new Float64Array(count);
    this.brotli = new Float64Array(count);
    this.homes = Array.from({ length: count }, () => []);
    let hasGzip = true;
    let hasBrotli = true;
    build.outputs.forEach((output, index) => {
      const rest = { raw: 0, gzip: 0, brotli: 0 };
      const members: ModuleIndex[] = [];
      for (const { module, bytes } of output.parts) {
        if (bytes.gzip === null) hasGzip = false;
        if (bytes.brotli === null) hasBrotli = false;
        if (module === null) {
          rest.raw += bytes.raw;
          rest.gzip += bytes.gzip ?? 0;
          rest.brotli += bytes.brotli ?? 0;
          continue;
        }
        this.raw[module]! += bytes.raw;
        this.gzip[module]! += bytes.gzip ?? 0;
        this.brotli[module]! += bytes.brotli ?? 0;
        if (bytes.raw === 0 || members.at(-1) === module) continue;
        members.push(module);
        this.homes[module]!.push(index);
      }
      this.rest.push(rest);
      this.members.push(members);
    });
    this.hasGzip = hasGzip;
    this.hasBrotli = hasBrotli;
  }

  module(module: ModuleIndex): Bytes {
    return this.bytes(this.raw[module]!, this.gzip[module]!, this.brotli[module]!);
  }

  bytes(raw: number, gzip: number, brotli: number): Bytes {
    return { raw, gzip: this.hasGzip ? gzip : null, brotli: this.hasBrotli ? brotli : null };
  }
}

/** For each node, the sums over its subtree of the dominator tree. */
function subtreeSums(graph: DemandGraph, tree: DominatorTree, weights: Weights): { of(node: number): Retained } {
  const { idom, order } = tree;
  const raw = new Float64Array(graph.nodeCount);
  const gzip = new Float64Array(graph.nodeCount);
  const brotli = new Float64Array(graph.nodeCount);
  const modules = new Uint32Array(graph.nodeCount);
  const depth = new Uint32Array(graph.nodeCount);
  const isBound = new Uint8Array(graph.nodeCount);
  const isReached = new Uint8Array(graph.nodeCount);
  for (const node of order) {
    isReached[node] = 1;
    if (idom[node]! >= 0) depth[node] = depth[idom[node]!]! + 1;
  }
  weights.raw.forEach((size, module) => {
    const node = graph.codeOf(module);
    if (isReached[node] === 0) return;
    raw[node] = size;
    gzip[node] = weights.gzip[module]!;
    brotli[node] = weights.brotli[module]!;
    if (size > 0) modules[node] = 1;
  });
  // What no module owns of an output leaves with the last of its modules: at the nearest common dominator of them all.
  weights.members.forEach((members, output) => {
    let common = -1;
    for (const module of members) {
      let node = graph.codeOf(module);
      if (isReached[node] === 0) return;
      if (common === -1) common = node;
      while (node !== common) {
        if (depth[node]! > depth[common]!) node = idom[node]!;
        else common = idom[common]!;
      }
    }
    if (common === -1) return;
    raw[common]! += weights.rest[output]!.raw;
    gzip[common]! += weights.rest[output]!.gzip;
    brotli[common]! += weights.rest[output]!.brotli;
  });
  const below = subtreeRanges(tree, graph.nodeCount);
  markBounds(graph, tree, weights, below, isBound);
  for (let at = order.length - 1; at > 0; at--) {
    const node = order[at]!;
    const above = idom[node]!;
    raw[above]! += raw[node]!;
    gzip[above]! += gzip[node]!;
    brotli[above]! += brotli[node]!;
    modules[above]! += modules[node]!;
  }
  return {
    of: (node) => ({
      bytes: weights.bytes(raw[node]!, gzip[node]!, brotli[node]!),
      modules: modules[node]!,
      isLowerBound: isBound[node] === 1,
    }),
  };
}

/** Preorder intervals of the dominator tree: `b` is below `a` iff `first[a] <= first[b] && first[b] <= last[a]`. */
interface Ranges {
  readonly first: Uint32Array;
  readonly last: Uint32Array;
}

function subtreeRanges({ idom, order }: DominatorTree, nodeCount: number): Ranges {
  const size = new Uint32Array(nodeCount).fill(1);
  for (let at = order.length - 1; at > 0; at--) size[idom[order[at]!]!]! += size[order[at]!]!;
  const first = new Uint32Array(nodeCount);
  const last = new Uint32Array(nodeCount);
  const next = new Uint32Array(nodeCount);
  for (const node of order) {
    const above = idom[node]!;
    if (above >= 0) {
      first[node] = next[above]!;
      next[above]! += size[node]!;
    }
    next[node] = first[node]! + 1;
    last[node] = first[node]! + size[node]! - 1;
  }
  return { first, last };
}

/**
 * Marks the nodes whose removal takes a name of a module away while the module's code stays: the dominators of the name's
 * node up to, but without, the first that also dominates the code.
 */
function markBounds(
  graph: DemandGraph,
  tree: DominatorTree,
  weights: Weights,
  below: Ranges,
  isBound: Uint8Array,
): void {
  for (const node of tree.order) {
    const module = graph.moduleOf[node]!;
    if (module < 0 || weights.raw[module] === 0) continue;
    const code = graph.codeOf(module);
    if (node === code || !leadsTo(graph, node, code)) continue;
    for (let at = node; at >= 0 && isBound[at] === 0; at = tree.idom[at]!) {
      if (below.first[at]! <= below.first[code]! && below.first[code]! <= below.last[at]!) break;
      isBound[at] = 1;
    }
  }
}

function leadsTo(graph: DemandGraph, node: number, target: number): boolean {
  for (let at = graph.start[node]!; at < graph.start[node + 1]!; at++) if (graph.targets[at] === target) return true;
  return false;
}

/** Sums over what a set of nodes takes with it. */
class Sums {
  private readonly graph: DemandGraph;
  private readonly weights: Weights;
  private readonly removal: Removal;
  private readonly gone: Uint32Array;

  constructor(graph: DemandGraph, predecessors: { start: Uint32Array; targets: Uint32Array }, weights: Weights) {
    this.graph = graph;
    this.weights = weights;
    this.removal = new Removal(graph, predecessors);
    this.gone = new Uint32Array(weights.members.length);
  }

  without(nodes: readonly number[]): Retained {
    const { graph, weights, gone } = this;
    const sum = { raw: 0, gzip: 0, brotli: 0 };
    let modules = 0;
    let isLowerBound = false;
    const touched: number[] = [];
    for (const node of this.removal.of(nodes)) {
      const module = graph.moduleOf[node]!;
      if (module < 0 || weights.raw[module] === 0) continue;
      const code = graph.codeOf(module);
      if (node !== code) {
        if (!this.removal.isGone(code) && leadsTo(graph, node, code)) isLowerBound = true;
        continue;
      }
      modules++;
      sum.raw += weights.raw[module]!;
      sum.gzip += weights.gzip[module]!;
      sum.brotli += weights.brotli[module]!;
      for (const output of weights.homes[module]!) if (gone[output]!++ === 0) touched.push(output);
    }
    for (const output of touched) {
      if (gone[output] === weights.members[output]!.length) {
        sum.raw += weights.rest[output]!.raw;
        sum.gzip += weights.rest[output]!.gzip;
        sum.brotli += weights.rest[output]!.brotli;
      }
      gone[output] = 0;
    }
    return { bytes: weights.bytes(sum.raw, sum.gzip, sum.brotli), modules, isLowerBound };
  }
}

function packageSizes(build: Build, graph: DemandGraph, weights: Weights, sums: Sums): RetainedPackage[] {
  const members = new Map<string, ModuleIndex[]>();
  build.modules.forEach((module, index) => {
    if (module.package === null) return;
    const known = members.get(module.package.name);
    if (known === undefined) members.set(module.package.name, [index]);
    else known.push(index);
  });
  const sizes: RetainedPackage[] = [];
  for (const [name, modules] of members) {
    const self = { raw: 0, gzip: 0, brotli: 0 };
    const versions = new Set<string>();
    for (const module of modules) {
      self.raw += weights.raw[module]!;
      self.gzip += weights.gzip[module]!;
      self.brotli += weights.brotli[module]!;
      const version = build.modules[module]!.package!.version;
      if (version !== null) versions.add(version);
    }
    const retained = sums.without(modules.flatMap((module) => graph.nodesOfModule(module)));
    sizes.push({
      name,
      self: weights.bytes(self.raw, self.gzip, self.brotli),
      versions: [...versions].sort(),
      ...retained,
      isLowerBound: false,
    });
  }
  return sizes.sort((a, b) => b.bytes.raw - a.bytes.raw || (a.name < b.name ? -1 : 1));
}
