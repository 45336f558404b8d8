import type { Build, Edge, ModuleIndex } from '../model/build.ts';
import type { FlowGraph } from './dominators.ts';
import { hasBytes, moduleGraph } from './graph.ts';
import type { ModuleGraph } from './graph.ts';
import type { PassedOn, Reexports } from './reexports.ts';

/**
 * What asks for what, finer than modules: a node for each module's own code, for each name that is asked of a module, and
 * for each import statement (for a re-export, one for each name that goes through it). A name that a barrel passes on leads
 * to the module that defines it and not to the barrel's other imports, as a bundler's tree shaking has it.
 *
 * A module that may have side effects has one node more, for having to run: every import that names the module asks for it, and
 * it asks the same of the module's own imports. Its code is kept for running alone where the record says that no export of it
 * is used, or doesn't say which are, or where a bare import names it; else the code is taken to be there for its exports. A
 * module that has both used exports and effects of its own is thereby taken to leave with its last user.
 */
export interface DemandGraph extends FlowGraph {
  /** The node of a module's own code. */
  codeOf(module: ModuleIndex): number;
  /** Nodes of each module: its code, then the names asked of it. */
  nodesOfModule(module: ModuleIndex): number[];
  /** The names asked of a module, each with its node; `*` stands for all of them. */
  namesOf(module: ModuleIndex): ReadonlyMap<string, number>;
  /** Nodes of each import statement; none where nothing that is kept asks through it. */
  nodesOfEdge(edge: number): number[];
  /** For the node of a name, its module; for that of a module's code, the module; -1 for others. */
  readonly moduleOf: Int32Array;
}

const ALL = '*';
/** For an import by the module's own code, whatever it names. */
const PLAIN = '';
/** For an import by which the other module only has to run. No export has such a name. */
const RUN = ' run';

const NO_NAMES: ReadonlyMap<string, number> = new Map();

/** The last graph made for each record. */
const graphs = new WeakMap<Build, { readonly reexports: Reexports | null; readonly graph: DemandGraph }>();

/** Linear in what is asked for: modules, statements, and pairs of module and name. */
export function demandGraph(build: Build, reexports: Reexports | null = null): DemandGraph {
  const known = graphs.get(build);
  if (known !== undefined && known.reexports === reexports) return known.graph;
  const graph = new Asking(moduleGraph(build), reexports).graph();
  graphs.set(build, { reexports, graph });
  return graph;
}

class Asking {
  private readonly build: Build;
  private readonly modules: ModuleGraph;
  private readonly reexports: Reexports | null;
  private readonly from: number[] = [];
  private readonly to: number[] = [];
  private readonly moduleOf: number[];
  private readonly codeSeen: Uint8Array;
  /** By module: the node of its having to run; 0 where there is none. */
  private readonly runs: Uint32Array;
  private readonly names: (Map<string, number> | undefined)[];
  /** By statement: its node as a plain import; 0 where there is none. */
  private readonly plain: Uint32Array;
  /** By statement that passes names on: the node of each name. */
  private readonly passes = new Map<number, Map<string, number>>();
  private readonly exportSets = new Map<ModuleIndex, ReadonlySet<string> | null>();
  /** What is left to follow: a module's code (name null), or a name asked of a module. */
  private readonly waiting: { module: ModuleIndex; name: string | null; node: number }[] = [];

  constructor(modules: ModuleGraph, reexports: Reexports | null) {
    const { build } = modules;
    const count = build.modules.length;
    this.build = build;
    this.modules = modules;
    this.reexports = reexports;
    this.moduleOf = Array.from({ length: count + 1 }, (_, node) => node - 1);
    this.codeSeen = new Uint8Array(count);
    this.runs = new Uint32Array(count);
    this.names = Array.from({ length: count });
    this.plain = new Uint32Array(build.edges.length);
  }

  graph(): DemandGraph {
    for (const module of this.modules.roots) {
      this.askCode(0, module);
      if (this.isShakable(module)) this.askName(0, module, ALL);
    }
    this.follow();
    // Kept by the bundler for a reason that the record doesn't show: every import of it counts.
    for (let module = 0; module < this.build.modules.length; module++) {
      if (!hasBytes(this.modules, module) || this.codeSeen[module] === 1) continue;
      this.askByImporters(module);
      this.follow();
    }
    const nodeCount = this.moduleOf.length;
    const start = new Uint32Array(nodeCount + 1);
    for (const node of this.from) start[node + 1]!++;
    for (let node = 0; node < nodeCount; node++) start[node + 1]! += start[node]!;
    const targets = new Uint32Array(this.to.length);
    const next = start.slice();
    for (let arc = 0; arc < this.to.length; arc++) targets[next[this.from[arc]!]!++] = this.to[arc]!;
    return {
      nodeCount,
      root: 0,
      start,
      targets,
      codeOf: (module) => module + 1,
      nodesOfModule: (module) => this.nodesOf(module),
      namesOf: (module) => this.names[module] ?? NO_NAMES,
      nodesOfEdge: (edge) => {
        const nodes = this.plain[edge] === 0 ? [] : [this.plain[edge]!];
        const passes = this.passes.get(edge);
        if (passes !== undefined) for (const node of passes.values()) nodes.push(node);
        return nodes;
      },
      moduleOf: Int32Array.from(this.moduleOf),
    };
  }

  private follow(): void {
    for (let item = this.waiting.pop(); item !== undefined; item = this.waiting.pop()) {
      if (item.name === null) this.followCode(item.module);
      else if (item.name === RUN) this.followRun(item.module, item.node);
      else this.followName(item.module, item.name, item.node);
    }
  }

  private askByImporters(module: ModuleIndex): void {
    const { inStart, inEdges } = this.modules;
    let isAsked = false;
    for (let at = inStart[module]!; at < inStart[module + 1]!; at++) {
      const index = inEdges[at]!;
      const importer = this.build.edges[index]!.from;
      if (importer === module) continue;
      const isRun = this.codeSeen[importer] === 1;
      for (const node of this.nodesOf(importer)) {
        if (node === importer + 1 && !isRun) continue;
        const through = this.edgeNode(index, PLAIN).node;
        this.addArc(node, through);
        this.askCode(through, module);
        isAsked = true;
      }
    }
    if (!isAsked) this.askCode(0, module);
  }

  private nodesOf(module: ModuleIndex): number[] {
    const run = this.runs[module]!;
    const nodes = run === 0 ? [module + 1] : [module + 1, run];
    const names = this.names[module];
    if (names !== undefined) for (const node of names.values()) nodes.push(node);
    return nodes;
  }

  private addNode(module: ModuleIndex): number {
    this.moduleOf.push(module);
    return this.moduleOf.length - 1;
  }

  private addArc(from: number, to: number): void {
    this.from.push(from);
    this.to.push(to);
  }

  private askCode(from: number, module: ModuleIndex): void {
    this.addArc(from, module + 1);
    if (this.codeSeen[module] === 1) return;
    this.codeSeen[module] = 1;
    this.waiting.push({ module, name: null, node: module + 1 });
  }

  private askRun(from: number, module: ModuleIndex): void {
    if (this.runs[module] === 0) {
      this.runs[module] = this.addNode(-1);
      this.waiting.push({ module, name: RUN, node: this.runs[module]! });
    }
    this.addArc(from, this.runs[module]!);
  }

  private askName(from: number, module: ModuleIndex, name: string): void {
    const names = (this.names[module] ??= new Map());
    let node = names.get(name);
    if (node === undefined) {
      node = this.addNode(module);
      names.set(name, node);
      this.waiting.push({ module, name, node });
    }
    this.addArc(from, node);
  }

  /** The node of a statement, for one of the names that go through it. */
  private edgeNode(edge: number, through: string): { node: number; isNew: boolean } {
    if (through === PLAIN) {
      const isNew = this.plain[edge] === 0;
      if (isNew) this.plain[edge] = this.addNode(-1);
      return { node: this.plain[edge]!, isNew };
    }
    let passes = this.passes.get(edge);
    if (passes === undefined) this.passes.set(edge, (passes = new Map()));
    const known = passes.get(through);
    if (known !== undefined) return { node: known, isNew: false };
    const node = this.addNode(-1);
    passes.set(through, node);
    return { node, isNew: true };
  }

  /** A module of which a bundler can keep one export without another. */
  private isShakable(module: ModuleIndex): boolean {
    return this.build.modules[module]!.format === 'esm';
  }

  private mustRun(module: ModuleIndex): boolean {
    return this.build.modules[module]!.sideEffects !== false;
  }

  /** `names` of module `edge.to` are asked for through the statement; null stands for all of them. */
  private ask(from: number, edge: number, through: string, names: readonly string[] | null): void {
    const { node, isNew } = this.edgeNode(edge, through);
    this.addArc(from, node);
    if (!isNew) return;
    const { to, kind } = this.build.edges[edge]!;
    if (!this.isShakable(to) || kind === 'url' || kind === 'css') {
      this.askCode(node, to);
      return;
    }
    if (this.mustRun(to)) {
      // Nobody writes a bare import but for what the module does.
      if (kind === 'static' && names?.length === 0) this.askCode(node, to);
      else this.askRun(node, to);
    }
    for (const name of kind === 'static' && names !== null ? names : [ALL]) this.askName(node, to, name);
  }

  private followCode(module: ModuleIndex): void {
    const { outStart, outEdges } = this.modules;
    const isEmpty = this.isShakable(module) && !hasBytes(this.modules, module);
    for (let at = outStart[module]!; at < outStart[module + 1]!; at++) {
      const index = outEdges[at]!;
      const edge = this.build.edges[index]!;
      // Code of which no byte is kept uses no name, and neither does a re-export: they only have the other module run.
      const usesNone = edge.kind === 'static' && (isEmpty || this.onlyPassesOn(module, index, edge));
      if (!usesNone) this.ask(module + 1, index, PLAIN, edge.names);
      else this.askToRun(module + 1, index, edge);
    }
  }

  /**
   * A module that has to run but of which nobody uses an export: its imports have to run as well. Its own code is kept for what
   * it does only where no export of it is used now; where some are, the code is taken to be there for them.
   */
  private followRun(module: ModuleIndex, node: number): void {
    const { usedExports } = this.build.modules[module]!;
    if (usedExports === null || usedExports.length === 0) this.askCode(node, module);
    const { outStart, outEdges } = this.modules;
    for (let at = outStart[module]!; at < outStart[module + 1]!; at++) {
      const index = outEdges[at]!;
      this.askToRun(node, index, this.build.edges[index]!);
    }
  }

  private askToRun(from: number, index: number, { to, kind, names }: Edge): void {
    const isData = this.build.modules[to]!.format === 'json' || this.build.modules[to]!.format === 'asset';
    if ((kind !== 'static' && kind !== 'css') || isData || !this.mustRun(to)) return;
    const { node, isNew } = this.edgeNode(index, RUN);
    this.addArc(from, node);
    if (!isNew) return;
    if (!this.isShakable(to) || names?.length === 0) this.askCode(node, to);
    else this.askRun(node, to);
  }

  private followName(module: ModuleIndex, name: string, node: number): void {
    if (!this.isShakable(module)) {
      this.askCode(node, module);
      return;
    }
    if (name === ALL) {
      if (hasBytes(this.modules, module)) this.askCode(node, module);
      this.askAllPassedOn(module, node);
      return;
    }
    const passed = this.reexports?.[module] ?? null;
    const isFound =
      passed === null ? this.guessSource(module, name, node) : this.readSource(module, passed, name, node);
    if (isFound) return;
    if (hasBytes(this.modules, module)) this.askCode(node, module);
    else this.askAllPassedOn(module, node);
  }

  /** Everything the module may pass on. */
  private askAllPassedOn(module: ModuleIndex, node: number): void {
    const { outStart, outEdges } = this.modules;
    const isEmpty = !hasBytes(this.modules, module);
    for (let at = outStart[module]!; at < outStart[module + 1]!; at++) {
      const index = outEdges[at]!;
      const edge = this.build.edges[index]!;
      if (isEmpty || this.onlyPassesOn(module, index, edge)) this.ask(node, index, ALL, edge.names);
    }
  }

  private readSource(module: ModuleIndex, passed: PassedOn, name: string, node: number): boolean {
    const source = passed.names.get(name);
    if (source !== undefined) {
      this.ask(node, source.edge, name, [source.imported]);
      return true;
    }
    if (passed.own.has(name)) {
      this.askCode(node, module);
      return true;
    }
    return this.askStars(passed.stars, name, node);
  }

  /** Without the text: a name of the module that one of its statements imports by the same name is a re-export. */
  private guessSource(module: ModuleIndex, name: string, node: number): boolean {
    const { outStart, outEdges } = this.modules;
    const stars: number[] = [];
    for (let at = outStart[module]!; at < outStart[module + 1]!; at++) {
      const index = outEdges[at]!;
      const edge = this.build.edges[index]!;
      if (edge.kind !== 'static' || edge.names === null) continue;
      if (name !== 'default' && edge.names.includes(name)) {
        this.ask(node, index, name, [name]);
        return true;
      }
      if (edge.names.includes('default') && this.isNamedAfter(edge.to, name)) {
        this.ask(node, index, name, ['default']);
        return true;
      }
      if (edge.names.includes(ALL)) stars.push(index);
    }
    if (this.exportsOf(module)?.has(name) === true) {
      if (!hasBytes(this.modules, module)) return false;
      this.askCode(node, module);
      return true;
    }
    return this.askStars(stars, name, node);
  }

  /** `export * from`: through the statement whose target is known to have the name, else through all that may have it. */
  private askStars(stars: readonly number[], name: string, node: number): boolean {
    if (name === 'default') return false;
    const possible: number[] = [];
    for (const edge of stars) {
      const has = this.mayExport(this.build.edges[edge]!.to, name, new Set());
      if (has === 'yes') {
        this.ask(node, edge, name, [name]);
        return true;
      }
      if (has === 'perhaps') possible.push(edge);
    }
    for (const edge of possible) this.ask(node, edge, name, [name]);
    return possible.length > 0;
  }

  private mayExport(module: ModuleIndex, name: string, seen: Set<ModuleIndex>): 'yes' | 'no' | 'perhaps' {
    if (seen.has(module)) return 'no';
    seen.add(module);
    if (!this.isShakable(module)) return 'perhaps';
    const passed = this.reexports?.[module] ?? null;
    const names = this.exportsOf(module);
    if (passed !== null && (passed.names.has(name) || passed.own.has(name))) return 'yes';
    if (names?.has(name) === true) return 'yes';
    if (passed === null && names === null) return 'perhaps';
    if (passed === null && !names!.has(ALL)) return 'no';
    const { outStart, outEdges } = this.modules;
    const stars = passed?.stars ?? Array.from(outEdges.subarray(outStart[module], outStart[module + 1]));
    let answer: 'no' | 'perhaps' = 'no';
    for (const index of stars) {
      const edge = this.build.edges[index]!;
      if (edge.names !== null && !edge.names.includes(ALL)) continue;
      const has = this.mayExport(edge.to, name, seen);
      if (has === 'yes') return 'yes';
      if (has === 'perhaps') answer = 'perhaps';
    }
    return answer;
  }

  /** Whether the statement is an `export … from`, by the text or, without it, by the names. */
  private onlyPassesOn(module: ModuleIndex, index: number, edge: Edge): boolean {
    if (edge.kind !== 'static') return false;
    const passed = this.reexports?.[module] ?? null;
    if (passed !== null) return passed.pure.has(index);
    const exports = this.exportsOf(module);
    if (exports === null || edge.names === null || edge.names.length === 0) return false;
    return edge.names.every((name) => exports.has(name) && name !== 'default');
  }

  private exportsOf(module: ModuleIndex): ReadonlySet<string> | null {
    let names = this.exportSets.get(module);
    if (names === undefined) {
      const { exports } = this.build.modules[module]!;
      names = exports === null ? null : new Set(exports);
      this.exportSets.set(module, names);
    }
    return names;
  }

  /** `…/debounce.js` and `…/Button/index.js` for `debounce` and `Button`. */
  private isNamedAfter(module: ModuleIndex, name: string): boolean {
    const { id } = this.build.modules[module]!;
    if (!id.includes(name)) return false;
    const parts = id.split('/');
    const file = parts.at(-1)!.replace(/\.[^.]*$/, '');
    return (file === 'index' ? parts.at(-2) : file) === name;
  }
}
