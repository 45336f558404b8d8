/** Why code is in the output that nothing asks for: for each module the statement that keeps it, and the bytes on it. */
import type { Build, Bytes, Edge, ModuleIndex } from '../model/build.ts';
import { demandGraph, type DemandGraph } from './demand.ts';
import { hasBytes, moduleGraph, type ModuleGraph } from './graph.ts';
import { readCommonJs } from './not-shaken-commonjs.ts';
import { keptStatements, readTopLevel, type TopLevel, type TopStatement } from './not-shaken-effects.ts';
import { exportedBy, localNames, isPassedOn, usesOfBinding, usesOfCall, type Escape } from './not-shaken-namespace.ts';
import { loadParser, type ParsedModule, type ParseModule } from './not-shaken-syntax.ts';
import { readReexports, type Reexports } from './reexports.ts';

export type KeepReason =
  /** bundlers can't take a CommonJS module apart */
  | 'commonjs'
  /** a statement at its top may do something when it runs */
  | 'side-effect'
  /** `import * as ns`, and the namespace is passed on or exported */
  | 'namespace-use'
  /** `ns[key]`, or an `import()` of which only some names are taken */
  | 'dynamic-access'
  /** the package doesn't say that the module may be left out */
  | 'side-effects-field'
  /** a module that only passes names on has it run */
  | 'barrel'
  /** the entry exports it */
  | 'entry-export';

export interface NotShaken {
  readonly module: ModuleIndex;
  readonly kept: 'whole' | 'part';
  readonly reason: KeepReason;
  /** The reason in a sentence. */
  readonly detail: string;
  /** The statement that keeps it, in the source of a module; null where no single one does. */
  readonly at: { readonly module: ModuleIndex; readonly line: number; readonly column: number } | null;
  /**
   * The bytes that hang on it. They are not to be added up: of a namespace within a namespace, each has the bytes of both.
   */
  readonly bytes: Bytes;
  /** Where only a part of the module hangs on it: the part's share of the source, taken of the module's bytes. */
  readonly isEstimate: boolean;
  /** The modules whose bytes these are: the module itself, or those that only its namespace asks for. */
  readonly members: readonly ModuleIndex[];
  /** What leaves with the module when it goes as a whole; null where retained sizes were not given. */
  readonly retained: Bytes | null;
}

export interface NotShakenOptions {
  /** A module's text; null where it is not known. */
  readonly sources: (module: ModuleIndex) => string | null;
  /** From `readReexports`, where the caller has it already. */
  readonly reexports?: Reexports;
  /** `retainedSizes(build).modules`. */
  readonly retained?: readonly { readonly bytes: Bytes }[];
  /** No more modules than these are parsed, the heaviest first. Default: 3000. */
  readonly most?: number;
}

/**
 * Modules that are kept although fewer of their exports, or none, are asked for, the heaviest first. Linear in the text of the
 * modules that are parsed, and in the graph for each namespace that gets out of sight.
 */
export async function findNotShaken(build: Build, options: NotShakenOptions): Promise<NotShaken[]> {
  const parse = await loadParser();
  const reexports = options.reexports ?? (await readReexports(build, options.sources));
  return new Search(build, reexports, options, parse).findings();
}

const ALL = '*';
const MOST_PARSED = 3000;
const MOST_NAMESPACES = 500;
/** Namespaces within namespaces that are followed. */
const DEEPEST = 4;

interface Place {
  readonly module: ModuleIndex;
  readonly offset: number;
}

/** What becomes of a module's namespace, over all statements that ask for all of it. */
interface NamespaceFate {
  readonly members: Set<string>;
  /** Where it can no longer be told what is used of it. */
  readonly escapes: (Place & { readonly kind: Exclude<Escape['kind'], 'exported'> })[];
  readonly exported: Place[];
  /** `import()` and `require()` of which only some names are taken. */
  readonly calls: (Place & { readonly kind: 'dynamic' | 'require' })[];
  isEntry: boolean;
  /** Something takes all of it, rightly or where nobody can tell. */
  isWhole: boolean;
}

class Search {
  private readonly build: Build;
  private readonly reexports: Reexports;
  private readonly options: NotShakenOptions;
  private readonly parse: ParseModule | null;
  private readonly graph: ModuleGraph;
  private readonly demand: DemandGraph;
  private readonly sizes: readonly Bytes[];
  private readonly tops = new Map<ModuleIndex, TopLevel>();
  private reached: Uint8Array | null = null;
  private readonly parsed = new Map<ModuleIndex, ParsedModule | null>();
  private readonly entries: ReadonlySet<ModuleIndex>;
  /** esbuild keeps statements by the rules of `readTopLevel`; of others the record itself must show what was kept. */
  private readonly isEsbuild: boolean;

  constructor(build: Build, reexports: Reexports, options: NotShakenOptions, parse: ParseModule | null) {
    this.build = build;
    this.reexports = reexports;
    this.options = options;
    this.parse = parse;
    this.build = { ...build, edges: build.edges.map((edge) => this.withMembers(edge)) };
    build = this.build;
    this.graph = moduleGraph(build);
    this.demand = demandGraph(build, reexports);
    this.sizes = moduleSizes(build);
    this.entries = new Set(this.graph.entries);
    this.isEsbuild = build.bundler?.name === 'esbuild';
  }

  /** `import * as ns` of which only members are used by their names asks for those, and bundlers see that. */
  private withMembers(edge: Edge): Edge {
    if (edge.kind !== 'static' || edge.names?.includes(ALL) !== true) return edge;
    if (this.build.modules[edge.to]!.format !== 'esm') return edge;
    const importer = this.read(edge.from);
    const offset = importer === null ? null : offsetOf(importer, edge);
    if (importer === null || offset === null) return edge;
    const names = new Set(edge.names.filter((name) => name !== ALL));
    const locals = localNames(importer, offset, ALL);
    for (const local of locals) {
      const { members, escapes } = usesOfBinding(importer, { local });
      if (escapes.length > 0) return edge;
      for (const member of members) names.add(member);
    }
    return locals.length === 0 ? edge : { ...edge, names: [...names] };
  }

  findings(): NotShaken[] {
    const found: NotShaken[] = [];
    const add = (finding: NotShaken | null): void => {
      if (finding !== null && finding.bytes.raw > 0) found.push(finding);
    };
    const heaviest = this.build.modules.map((_, module) => module).sort((a, b) => this.raw(b) - this.raw(a) || a - b);
    let namespaces = 0;
    for (const module of heaviest) {
      const { format } = this.build.modules[module]!;
      if (format === 'cjs' && hasBytes(this.graph, module)) add(this.commonJs(module));
      if (format !== 'esm') continue;
      if (this.demand.namesOf(module).has(ALL)) {
        if (namespaces < MOST_NAMESPACES && this.namespace(module, add)) namespaces++;
      } else if (hasBytes(this.graph, module)) add(this.sideEffect(module));
    }
    return found.sort((a, b) => b.bytes.raw - a.bytes.raw || a.module - b.module);
  }

  private commonJs(module: ModuleIndex): NotShaken | null {
    const parsed = this.read(module);
    if (parsed === null && !/\.c?js$/i.test(this.build.modules[module]!.id)) return null;
    const exports = parsed === null ? null : readCommonJs(parsed);
    if (exports?.isSingle === true || (exports !== null && exports.offset === null)) return null;
    const names = exports?.names ?? null;
    if (names !== null && names.length < 2) return null;
    const asked = this.askedOfCommonJs(module);
    if (names !== null && asked !== null && names.every((name) => asked.has(name))) return null;
    const known = names !== null && asked !== null ? names.filter((name) => asked.has(name)) : null;
    const what =
      names === null || known === null
        ? `${names === null ? 'all that it exports stays' : `its ${names.length} exports stay`}, whatever is asked for`
        : known.length === 0
          ? `none of its ${names.length} exports is asked for by name`
          : `${known.length} of its ${names.length} exports ${known.length === 1 ? 'is' : 'are'} asked for (${listed(known)})`;
    const at = parsed === null || exports?.offset == null ? null : this.place(module, exports.offset);
    return this.finding(module, 'whole', 'commonjs', `CommonJS can't be taken apart: ${what}.`, at);
  }

  /** null where all is asked for, or nobody can tell. */
  private askedOfCommonJs(module: ModuleIndex, seen = new Set<ModuleIndex>()): ReadonlySet<string> | null {
    const asked = new Set<string>();
    seen.add(module);
    for (const [index, edge] of this.importsOf(module)) {
      if (this.demand.nodesOfEdge(index).length === 0) continue;
      const names = this.takenThrough(edge, seen);
      if (names === null) return null;
      for (const name of names) asked.add(name);
    }
    return this.entries.has(module) ? null : asked;
  }

  private takenThrough(edge: Edge, seen: Set<ModuleIndex>): ReadonlySet<string> | null {
    const importer = this.read(edge.from);
    const offset = importer === null ? null : offsetOf(importer, edge);
    if (importer === null || offset === null) return null;
    if (edge.kind !== 'static' || edge.names === null) {
      if (!isPassedOn(importer, offset)) return usesOfCall(importer, offset);
      return seen.has(edge.from) ? new Set() : this.askedOfCommonJs(edge.from, seen);
    }
    const taken = new Set(edge.names.filter((name) => name !== ALL && name !== 'default'));
    for (const name of edge.names) {
      if (name !== ALL && name !== 'default') continue;
      const locals = localNames(importer, offset, name);
      if (locals.length === 0) return null;
      for (const local of locals) {
        const { members, escapes } = usesOfBinding(importer, { local });
        if (escapes.length > 0) return null;
        for (const member of members) taken.add(member);
      }
    }
    return taken;
  }

  /** @returns whether the module's namespace was followed through the graph */
  private namespace(module: ModuleIndex, add: (finding: NotShaken) => void): boolean {
    const fate = this.fateOf(module);
    if (fate === null) return false;
    const { members, escapes, exported, calls } = fate;
    const [escape] = escapes;
    if (fate.isWhole && escape === undefined) return false;
    const [place] = [...escapes, ...exported, ...calls];
    if (place === undefined && !fate.isEntry) return false;
    const { whole: hanging, parts } = this.hangingOn(module, members);
    const bytes = sum([...hanging.map((each) => this.sizes[each]!), ...parts.values()]);
    if (bytes.raw === 0) return true;
    const asked =
      members.size === 0
        ? 'none of its names is asked for'
        : `only ${listed([...members])} ${members.size === 1 ? 'is' : 'are'} asked for by name`;
    const call = calls[0];
    const [reason, what]: readonly [KeepReason, string] =
      escape?.kind === 'access'
        ? ['dynamic-access', 'Its namespace is read with a computed key, so that every export stays']
        : escape !== undefined
          ? ['namespace-use', 'Its namespace is passed on as a value, so that every export stays']
          : exported.length > 0
            ? ['namespace-use', 'Its namespace is exported as a value, so that every export stays']
            : call !== undefined
              ? call.kind === 'require'
                ? ['commonjs', 'It is asked for with `require()`, so that every export stays']
                : ['dynamic-access', 'It is asked for with `import()`, so that every export stays']
              : ['entry-export', 'The entry exports it, and what loads the file may ask for it'];
    const at = place === undefined ? this.place(module, 0) : this.place(place.module, place.offset);
    const kept = hanging.includes(module) || members.size === 0 ? 'whole' : 'part';
    const others = (list: Iterable<ModuleIndex>): number => [...list].filter((each) => each !== module).length;
    const counts = [
      ...(others(hanging) === 0 ? [] : [countOf(others(hanging), 'other module')]),
      ...(others(parts.keys()) === 0 ? [] : [`parts of ${countOf(others(parts.keys()), 'other module')}`]),
    ];
    const through = counts.length === 0 ? '' : ` With it: ${counts.join(' and ')}.`;
    add({
      ...this.finding(module, kept, reason, `${what}; ${asked}.${through}`, at),
      bytes,
      isEstimate: parts.size > 0,
      members: [...hanging, ...parts.keys()].sort((a, b) => a - b),
    });
    return true;
  }

  private fateOf(module: ModuleIndex): NamespaceFate | null {
    const fate: NamespaceFate = {
      members: new Set(),
      escapes: [],
      exported: [],
      calls: [],
      isEntry: this.entries.has(module),
      isWhole: false,
    };
    for (const name of this.demand.namesOf(module).keys()) if (name !== ALL) fate.members.add(name);
    const seen = new Set<string>();
    for (const [index, edge] of this.importsOf(module)) {
      if (this.demand.nodesOfEdge(index).length === 0) continue;
      if (edge.kind === 'static' && edge.names !== null && !edge.names.includes(ALL)) continue;
      if (edge.kind === 'url' || edge.kind === 'css') continue;
      if (this.reexports[edge.from]?.stars.includes(index) === true) continue;
      const importer = this.read(edge.from);
      const offset = importer === null ? null : offsetOf(importer, edge);
      if (importer === null || offset === null) {
        fate.isWhole = true;
        continue;
      }
      if (edge.kind === 'static') this.follow(importer, edge, offset, ALL, [], fate, seen);
      else {
        const taken = usesOfCall(importer, offset);
        if (taken === null) fate.isWhole = true;
        else {
          for (const name of taken) fate.members.add(name);
          fate.calls.push({ module: edge.from, offset, kind: edge.kind === 'dynamic' ? 'dynamic' : 'require' });
        }
      }
    }
    const isAsked = fate.isEntry || fate.isWhole || fate.escapes.length + fate.exported.length + fate.calls.length > 0;
    return isAsked ? fate : null;
  }

  /**
   * What an importing statement does with a namespace: that of the export of this name (`*`: of the module itself), or one that
   * is found along `path` within it.
   */
  private follow(
    importer: ParsedModule,
    edge: Edge,
    offset: number,
    name: string,
    path: readonly string[],
    fate: NamespaceFate,
    seen: Set<string>,
  ): void {
    const module = edge.from;
    const passedOn = exportedBy(importer, offset, name);
    const locals = localNames(importer, offset, name);
    if (passedOn.length + locals.length === 0) {
      if (name === ALL || path.length >= DEEPEST) fate.isWhole = true;
      else this.follow(importer, edge, offset, ALL, [name, ...path], fate, seen);
      return;
    }
    for (const exported of passedOn) this.followExport({ module, offset }, exported, path, fate, seen);
    for (const local of locals) {
      const { members, escapes } = usesOfBinding(importer, { local, path });
      for (const member of members) fate.members.add(member);
      for (const { kind, offset: where, names } of escapes) {
        if (kind !== 'exported') fate.escapes.push({ module, offset: where, kind });
        else for (const each of names) this.followExport({ module, offset: where }, each, path, fate, seen);
      }
    }
  }

  private followExport(
    place: Place,
    name: string,
    path: readonly string[],
    fate: NamespaceFate,
    seen: Set<string>,
  ): void {
    const key = [place.module, name, ...path].join(' ');
    if (seen.has(key)) return;
    seen.add(key);
    const names = this.demand.namesOf(place.module);
    // An export that nobody asks for keeps nothing.
    if (!names.has(name) && !names.has(ALL)) return;
    fate.exported.push(place);
    if (this.entries.has(place.module)) fate.isWhole = true;
    for (const [index, edge] of this.importsOf(place.module)) {
      if (this.demand.nodesOfEdge(index).length === 0) continue;
      if (edge.kind !== 'static' || edge.names === null) {
        fate.isWhole = true;
        continue;
      }
      const isNamed = edge.names.includes(name);
      if (!isNamed && !edge.names.includes(ALL)) continue;
      if (!isNamed && this.reexports[edge.from]?.stars.includes(index) === true) {
        this.followExport({ module: edge.from, offset: 0 }, name, path, fate, seen);
        continue;
      }
      const importer = this.read(edge.from);
      const offset = importer === null ? null : offsetOf(importer, edge);
      if (importer === null || offset === null) fate.isWhole = true;
      else this.follow(importer, edge, offset, name, path, fate, seen);
    }
  }

  /** What nothing reaches when of the module's names only these are asked for: whole modules, and parts of others. */
  private hangingOn(
    module: ModuleIndex,
    members: ReadonlySet<string>,
  ): { readonly whole: readonly ModuleIndex[]; readonly parts: ReadonlyMap<ModuleIndex, Bytes> } {
    const { demand, graph } = this;
    const blocked = demand.namesOf(module).get(ALL)!;
    const starts = [demand.root];
    const asked = new Map<ModuleIndex, Set<string>>();
    for (const name of members) this.resolve(module, name, starts, asked, new Set());
    const before = (this.reached ??= reachable(demand, [demand.root], -1));
    const after = reachable(demand, starts, blocked);
    const whole: ModuleIndex[] = [];
    const parts = new Map<ModuleIndex, Bytes>();
    for (let each = 0; each < this.build.modules.length; each++) {
      const code = demand.codeOf(each);
      if (before[code] === 0 || !hasBytes(graph, each)) continue;
      if (after[code] === 0) whole.push(each);
      else {
        const part = this.unaskedPart(
          each,
          (node) => before[node] === 1,
          (node) => after[node] === 1,
          asked.get(each),
        );
        if (part !== null) parts.set(each, part);
      }
    }
    return { whole, parts };
  }

  /** Adds the nodes that one exported name asks for. */
  private resolve(
    module: ModuleIndex,
    name: string,
    nodes: number[],
    asked: Map<ModuleIndex, Set<string>>,
    seen: Set<ModuleIndex>,
  ): boolean {
    if (seen.has(module)) return false;
    seen.add(module);
    const { demand } = this;
    const ask = (): void => {
      nodes.push(demand.codeOf(module));
      const names = asked.get(module);
      if (names === undefined) asked.set(module, new Set([name]));
      else names.add(name);
    };
    const known = demand.namesOf(module).get(name);
    if (known !== undefined && name !== ALL) nodes.push(known);
    const passed = this.reexports[module] ?? null;
    if (passed === null) {
      const { exports, format } = this.build.modules[module]!;
      const isThere = format !== 'esm' || exports === null || exports.includes(name);
      if (isThere) ask();
      return isThere;
    }
    const source = passed.names.get(name);
    if (source !== undefined) {
      const { to } = this.build.edges[source.edge]!;
      const all = demand.namesOf(to).get(ALL);
      if (source.imported !== ALL) return this.resolve(to, source.imported, nodes, asked, seen);
      nodes.push(all ?? demand.codeOf(to));
      return true;
    }
    if (passed.own.has(name)) {
      ask();
      return true;
    }
    return passed.stars.some((edge) => this.resolve(this.build.edges[edge]!.to, name, nodes, asked, seen));
  }

  /** What of an esbuild module's own bytes is kept only for names that are no longer asked for. */
  private unaskedPart(
    module: ModuleIndex,
    before: (node: number) => boolean,
    after: (node: number) => boolean,
    besides: ReadonlySet<string> = new Set(),
  ): Bytes | null {
    if (!this.isEsbuild || this.build.modules[module]!.format !== 'esm') return null;
    const names = [...this.demand.namesOf(module)].filter(([, node]) => before(node));
    if (names.every(([, node]) => after(node))) return null;
    const parsed = this.read(module);
    if (parsed === null) return null;
    const top = this.topLevel(module, parsed);
    const isAll = names.some(([name]) => name === ALL);
    const asked = new Set([...besides, ...names.filter(([, node]) => after(node)).map(([name]) => name)]);
    if (asked.has(ALL)) return null;
    const all = keptStatements(top, isAll ? top.exports.values() : localsOf(top, new Map(names)), true);
    const needed = keptStatements(top, localsOf(top, asked), true);
    const extra = lengthOf(all) - lengthOf(needed);
    return extra > 0 ? shareOf(this.sizes[module]!, extra / lengthOf(all)) : null;
  }

  private topLevel(module: ModuleIndex, parsed: ParsedModule): TopLevel {
    let top = this.tops.get(module);
    if (top === undefined) this.tops.set(module, (top = readTopLevel(parsed)));
    return top;
  }

  private sideEffect(module: ModuleIndex): NotShaken | null {
    const { sideEffects, usedExports, exports } = this.build.modules[module]!;
    const names = this.demand.namesOf(module);
    if (exports?.every((name) => names.has(name) || name === ALL) === true) return null;
    const parsed = this.read(module);
    if (parsed === null) {
      const isBare = names.size === 0 && sideEffects === true && (exports?.length ?? 0) > 0;
      return isBare ? this.finding(module, 'whole', 'side-effects-field', this.fieldSays(module), null) : null;
    }
    const top = this.topLevel(module, parsed);
    const asked = localsOf(top, names);
    if (top.exports.size === 0 || [...top.exports.keys()].every((name) => names.has(name))) return null;
    const kept = keptStatements(top, asked, true);
    const needed = keptStatements(top, asked, false);
    const first = top.statements.find((each) => each.effect !== null && kept.has(each) && !needed.has(each));
    if (asked.length === 0) return sideEffects === false ? null : this.keptForNothing(module, parsed, top, kept, first);
    const isShown = usedExports?.some((name) => top.exports.has(name) && !names.has(name)) === true;
    if (first === undefined || !(this.isEsbuild || (this.build.bundler !== null && isShown))) return null;
    const extra = lengthOf(kept) - lengthOf(needed);
    const detail = `Line ${parsed.placeOf(first.effect!.offset).line}: ${first.effect!.what} may have a side effect; of its ${countOf(top.exports.size, 'export')}, ${top.exports.size - asked.length} not asked for.`;
    return {
      ...this.finding(module, 'part', 'side-effect', detail, this.place(module, first.effect!.offset)),
      bytes: shareOf(this.sizes[module]!, extra / lengthOf(kept)),
      isEstimate: true,
    };
  }

  /** None of the module's names is asked for: it is there because it has to run. */
  private keptForNothing(
    module: ModuleIndex,
    parsed: ParsedModule,
    top: TopLevel,
    kept: ReadonlySet<TopStatement>,
    first: TopStatement | undefined,
  ): NotShaken | null {
    // Without a side effect esbuild would have left it out: then the names asked for are not all known.
    if (first === undefined && this.isEsbuild) return null;
    const extent = kept.size === top.statements.length ? 'whole' : 'part';
    const effect = first?.effect ?? null;
    const because =
      effect === null ? '' : ` Line ${parsed.placeOf(effect.offset).line}: ${effect.what} may have a side effect.`;
    const barrel = this.onlyBarrel(module);
    if (barrel !== null) {
      const source = this.read(barrel.from);
      const offset = source === null ? null : offsetOf(source, barrel);
      const detail = `None of its exports is asked for; a module that only passes names on has it run.${because} ${this.fieldSays(module)}`;
      return this.finding(module, extent, 'barrel', detail, offset === null ? null : this.place(barrel.from, offset));
    }
    if (effect === null) return this.finding(module, extent, 'side-effects-field', this.fieldSays(module), null);
    const detail = `None of its exports is asked for.${because} ${this.fieldSays(module)}`;
    return this.finding(module, extent, 'side-effect', detail, this.place(module, effect.offset));
  }

  /** The statement that has the module run, if all such statements only pass names on. */
  private onlyBarrel(module: ModuleIndex): Edge | null {
    let first: Edge | null = null;
    for (const [index, edge] of this.importsOf(module)) {
      if (this.demand.nodesOfEdge(index).length === 0) continue;
      if (this.reexports[edge.from]?.pure.has(index) !== true) return null;
      first ??= edge;
    }
    return first;
  }

  private fieldSays(module: ModuleIndex): string {
    const { package: owner } = this.build.modules[module]!;
    const whose = owner === null ? "The project's package.json" : `The package.json of ${owner.name}`;
    return `${whose} does not list it as free of side effects (\`sideEffects\`).`;
  }

  private finding(
    module: ModuleIndex,
    kept: NotShaken['kept'],
    reason: KeepReason,
    detail: string,
    at: NotShaken['at'],
  ): NotShaken {
    const retained = this.options.retained?.[module]?.bytes ?? null;
    return {
      module,
      kept,
      reason,
      detail,
      at,
      bytes: this.sizes[module]!,
      isEstimate: false,
      members: [module],
      retained,
    };
  }

  private place(module: ModuleIndex, offset: number): NotShaken['at'] {
    const parsed = this.read(module);
    return parsed === null ? null : { module, ...parsed.placeOf(offset) };
  }

  private *importsOf(module: ModuleIndex): Generator<readonly [index: number, edge: Edge]> {
    const { inStart, inEdges } = this.graph;
    for (let at = inStart[module]!; at < inStart[module + 1]!; at++)
      yield [inEdges[at]!, this.build.edges[inEdges[at]!]!];
  }

  private read(module: ModuleIndex): ParsedModule | null {
    let parsed = this.parsed.get(module);
    if (parsed !== undefined) return parsed;
    if (this.parsed.size >= (this.options.most ?? MOST_PARSED)) return null;
    const text = this.parse === null ? null : this.options.sources(module);
    parsed = text === null || this.parse === null ? null : this.parse(this.build.modules[module]!.id, text);
    this.parsed.set(module, parsed);
    return parsed;
  }

  private raw(module: ModuleIndex): number {
    return this.sizes[module]!.raw;
  }
}

function reachable({ nodeCount, start, targets }: DemandGraph, starts: readonly number[], blocked: number): Uint8Array {
  const seen = new Uint8Array(nodeCount);
  const waiting = starts.filter((node) => node !== blocked);
  for (const node of waiting) seen[node] = 1;
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (let at = start[node]!; at < start[node + 1]!; at++) {
      const target = targets[at]!;
      if (seen[target] === 1 || target === blocked) continue;
      seen[target] = 1;
      waiting.push(target);
    }
  }
  return seen;
}

function moduleSizes(build: Build): Bytes[] {
  const lists: Bytes[][] = build.modules.map(() => []);
  for (const { parts } of build.outputs)
    for (const { module, bytes } of parts) if (module !== null) lists[module]!.push(bytes);
  return lists.map(sum);
}

function sum(list: readonly Bytes[]): Bytes {
  const add = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);
  return list.reduce<Bytes>(
    (total, { raw, gzip, brotli }) => ({
      raw: total.raw + raw,
      gzip: add(total.gzip, gzip),
      brotli: add(total.brotli, brotli),
    }),
    { raw: 0, gzip: 0, brotli: 0 },
  );
}

function shareOf({ raw, gzip, brotli }: Bytes, share: number): Bytes {
  const of = (bytes: number): number => Math.round(bytes * share);
  return { raw: of(raw), gzip: gzip === null ? null : of(gzip), brotli: brotli === null ? null : of(brotli) };
}

function lengthOf(statements: ReadonlySet<TopStatement>): number {
  let length = 0;
  for (const { start, end } of statements) length += end - start;
  return length;
}

function localsOf({ exports }: TopLevel, names: ReadonlySet<string> | ReadonlyMap<string, number>): string[] {
  return [...exports].filter(([name]) => names.has(name)).map(([, local]) => local);
}

/** Offset of an import statement in its module's text. */
function offsetOf({ text }: ParsedModule, { line, column }: Edge): number | null {
  if (line === null) return null;
  let start = 0;
  for (let at = 1; at < line; at++) {
    start = text.indexOf('\n', start) + 1;
    if (start === 0) return null;
  }
  return start + (column ?? 0);
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 4).map((name) => `\`${name}\``);
  return names.length > 4 ? `${shown.join(', ')} and ${names.length - 4} more` : shown.join(', ');
}
