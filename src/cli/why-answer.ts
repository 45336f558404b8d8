/** Why something is in the bundle: the ways in, who asks for it, what it weighs, and what must go for it to leave. */
import { cutSetOfModule, cutSetOfPackage } from '../detect/cut-set.ts';
import { importChain, importersOf, isDeadImport, moduleGraph } from '../detect/graph.ts';
import { readReexports } from '../detect/reexports.ts';
import { retainedSizes, type Retained } from '../detect/retained.ts';
import type { Build, Bytes, Edge, EdgeKind, ModuleIndex } from '../model/build.ts';
import { addBytes, NO_BYTES, sumBytes } from '../model/bytes.ts';
import type { Analysis } from './analysis.ts';
import type { Target } from './find-target.ts';
import { ownImportsOf } from './own-imports.ts';

export const WHY_SCHEMA = 'pare/why@1';

/** An import statement, by the ids of its modules. Line from 1, column from 0 in UTF-16 units; null: not known. */
export interface Statement {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  readonly names: readonly string[] | null;
  readonly line: number | null;
  readonly column: number | null;
  /** Whether nothing that it names is kept. */
  readonly isDead: boolean;
}

/** `pare why --json`. */
export interface WhyAnswer {
  readonly schema: typeof WHY_SCHEMA;
  readonly target:
    | { readonly kind: 'package'; readonly name: string; readonly versions: readonly string[] }
    | { readonly kind: 'module'; readonly id: string };
  /** How many modules it has in the graph, and how many of them have bytes in the output. */
  readonly modules: { readonly known: number; readonly kept: number };
  readonly isEntry: boolean;
  readonly outputs: readonly { readonly file: string; readonly bytes: Bytes }[];
  readonly self: Bytes;
  /** What leaves the bundle without it. */
  readonly retained: Retained;
  /** For each statement that asks for it from outside, the shortest chain from an entry; the shortest first. */
  readonly chains: readonly (readonly Statement[])[];
  readonly importers: readonly Statement[];
  /** Statements of the project's own code that lead to it, straight or through packages, and what leaves with all of them. */
  readonly ownImports: { readonly statements: readonly Statement[]; readonly saves: Retained };
  /** The fewest statements that must go for it to leave; null where it can't be said. */
  readonly cut: {
    readonly scope: 'own' | 'any';
    readonly statements: readonly Statement[];
    /** What leaves with them. */
    readonly saves: Retained;
  } | null;
}

export async function answerWhy({ build, sources }: Analysis, target: Target): Promise<WhyAnswer> {
  const reexports = await readReexports(build, sources);
  const sizes = retainedSizes(build, { reexports });
  const modules = target.kind === 'package' ? target.modules : [target.module];
  const members = new Set(modules);
  const outputs = outputsWith(build, members);
  const graph = moduleGraph(build);
  const importers = modules.flatMap((module) => importersOf(build, module)).filter(({ from }) => !members.has(from));
  const own = ownImportsOf(build, members, reexports);
  const statement = statementOf(build);
  return {
    schema: WHY_SCHEMA,
    target: named(build, target),
    modules: { known: modules.length, kept: modules.filter((module) => graph.rawBytes[module]! > 0).length },
    isEntry: graph.entries.some((entry) => members.has(entry)),
    outputs,
    self: sumBytes(outputs.map(({ bytes }) => bytes)),
    retained: target.kind === 'module' ? sizes.modules[target.module]! : sizes.ofModules(modules),
    chains: chainsTo(build, members, importers).map((chain) => chain.map(statement)),
    importers: importers.map(statement),
    ownImports: { statements: own.map((edge) => statement(build.edges[edge]!)), saves: sizes.ofImports(own) },
    cut: cutOf(build, target, sizes.ofImports, { reexports }),
  };
}

function named(build: Build, target: Target): WhyAnswer['target'] {
  if (target.kind === 'module') return { kind: 'module', id: build.modules[target.module]!.id };
  const versions = new Set(target.modules.flatMap((module) => build.modules[module]!.package?.version ?? []));
  return { kind: 'package', name: target.name, versions: [...versions].sort() };
}

function outputsWith(build: Build, members: ReadonlySet<ModuleIndex>): { file: string; bytes: Bytes }[] {
  return build.outputs.flatMap(({ file, parts }) => {
    const own = parts.filter(({ module }) => module !== null && members.has(module));
    const bytes = own.reduce((sum, part) => addBytes(sum, part.bytes), NO_BYTES);
    return bytes.raw === 0 ? [] : [{ file, bytes }];
  });
}

/** Through each importer the shortest way, live statements before dropped ones. */
function chainsTo(build: Build, members: ReadonlySet<ModuleIndex>, importers: readonly Edge[]): Edge[][] {
  const chains = importers.flatMap((last) => {
    const before = importChain(build, last.from);
    return before === null || before.some(({ to }) => members.has(to)) ? [] : [[...before, last]];
  });
  const deadIn = (chain: readonly Edge[]): number => chain.filter((edge) => isDeadImport(build, edge)).length;
  return chains.sort((a, b) => deadIn(a) - deadIn(b) || a.length - b.length);
}

function cutOf(
  build: Build,
  target: Target,
  retainedOf: (edges: readonly number[]) => Retained,
  options: Parameters<typeof cutSetOfModule>[2],
): WhyAnswer['cut'] {
  // The cut of one version among several would have to keep the others: only the package as a whole is asked for.
  if (target.kind === 'package' && target.version !== null && hasOtherVersions(build, target.name, target.version))
    return null;
  const { cut, scope } =
    target.kind === 'module'
      ? cutSetOfModule(build, target.module, options)
      : cutSetOfPackage(build, target.name, options);
  if (scope === 'none' || cut.length === 0) return null;
  const position = new Map(build.edges.map((edge, index) => [edge, index]));
  return {
    scope,
    statements: cut.map(statementOf(build)),
    saves: retainedOf(cut.map((edge) => position.get(edge)!)),
  };
}

function hasOtherVersions(build: Build, name: string, version: string): boolean {
  return build.modules.some(({ package: owner }) => owner?.name === name && owner.version !== version);
}

function statementOf(build: Build): (edge: Edge) => Statement {
  return (edge) => {
    const { from, to, kind, names, line, column } = edge;
    const isDead = isDeadImport(build, edge);
    return { from: build.modules[from]!.id, to: build.modules[to]!.id, kind, names, line, column, isDead };
  };
}
