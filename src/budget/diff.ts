import { importChain, importersOf } from '../detect/graph.ts';
import type { Build, Bytes, Edge, ModuleIndex, OutputKind, PackageRef, RestName } from '../model/build.ts';
import { addBytes, NO_BYTES, sumBytes } from '../model/bytes.ts';
import { joinModules, joinOutputs } from './identity.ts';
import type { Joined } from './identity.ts';

/** Sizes of one thing in two builds; `delta` is after less before. */
export interface Change {
  readonly before: Bytes;
  readonly after: Bytes;
  readonly delta: Bytes;
}

/** An import statement, by the names of its modules. */
export interface ImportPlace {
  readonly from: string;
  readonly to: string;
  readonly line: number | null;
  readonly column: number | null;
}

export type DiffCause =
  /** The statement is new, and is the first on the way from the entry that is. */
  | { readonly kind: 'import-added'; readonly import: ImportPlace }
  | { readonly kind: 'import-removed'; readonly import: ImportPlace }
  | {
      readonly kind: 'version';
      readonly package: string;
      readonly before: string | null;
      readonly after: string | null;
    }
  | { readonly kind: 'entry-added' | 'entry-removed'; readonly module: string }
  /** The module's own text is another. */
  | {
      readonly kind: 'code';
      readonly module: string;
      readonly sourceBefore: number | null;
      readonly sourceAfter: number | null;
    }
  /** The same text, in more or in fewer outputs. */
  | { readonly kind: 'copies'; readonly module: string; readonly before: number; readonly after: number }
  /** The same text and the same imports, but more or less of it is kept or it is written otherwise. */
  | { readonly kind: 'kept'; readonly module: string }
  /** Another bundler, or another version of it. */
  | { readonly kind: 'bundler'; readonly before: string | null; readonly after: string | null }
  /** No byte of the module changed, but its neighbours in the compressed file did. */
  | { readonly kind: 'compression' }
  /** What the bundler writes besides modules. */
  | { readonly kind: 'rest'; readonly name: RestName };

export interface ModuleChange extends Change {
  /** As in the build after, or before where it is gone. */
  readonly id: string;
  readonly package: PackageRef | null;
  readonly cause: DiffCause;
}

export interface OutputChange extends Change {
  /** null where there is no such output. */
  readonly fileBefore: string | null;
  readonly fileAfter: string | null;
  readonly kind: OutputKind;
  readonly entry: boolean;
}

export interface PackageChange extends Change {
  /** null: the project's own code. */
  readonly name: string | null;
  readonly versionsBefore: readonly string[];
  readonly versionsAfter: readonly string[];
}

export interface CauseChange {
  readonly cause: DiffCause;
  readonly delta: Bytes;
  /** Ids of the modules that changed because of it. */
  readonly modules: readonly string[];
}

/**
 * What changed from one build to another. Only what has another size is listed, the largest change first. The deltas of
 * `modules` and `rest` add up to that of `total`, and so do those of `causes`, of `outputs`, and of `packages` and `rest`.
 */
export interface Diff {
  readonly total: Change;
  readonly outputs: readonly OutputChange[];
  readonly packages: readonly PackageChange[];
  readonly modules: readonly ModuleChange[];
  readonly rest: readonly (Change & { readonly name: RestName })[];
  readonly causes: readonly CauseChange[];
}

/**
 * Compares two builds, of one bundler or of two. Joined by what modules are and not by where they lie: other hashes, moved
 * chunks, reordered output and moved packages are no change. Either may come from `readBaseline`.
 */
export function diffBuilds(before: Build, after: Build): Diff {
  const joined = joinModules(before, after);
  const sides: Sides = {
    before,
    after,
    joined,
    left: weigh(before),
    right: weigh(after),
    edgesBefore: edgeKeys(before),
    edgesAfter: edgeKeys(after),
    packagesBefore: packagesOf(before),
    packagesAfter: packagesOf(after),
  };
  const modules = moduleChanges(sides).sort(bySize);
  const rest = restChanges(before, after).sort(bySize);
  return {
    total: change(
      sumBytes(before.outputs.map(({ bytes }) => bytes)),
      sumBytes(after.outputs.map(({ bytes }) => bytes)),
    ),
    outputs: outputChanges(before, after, joined).sort(bySize),
    packages: packageChanges(before, after, sides).sort(bySize),
    modules,
    rest,
    causes: byCause(modules, rest),
  };
}

interface Weight {
  readonly bytes: Bytes;
  readonly homes: number;
}

interface Sides {
  readonly before: Build;
  readonly after: Build;
  readonly joined: Joined;
  readonly left: readonly Weight[];
  readonly right: readonly Weight[];
  readonly edgesBefore: ReadonlySet<string>;
  readonly edgesAfter: ReadonlySet<string>;
  readonly packagesBefore: ReadonlyMap<string, PackageRef>;
  readonly packagesAfter: ReadonlyMap<string, PackageRef>;
}

function weigh(build: Build): Weight[] {
  const weights: Weight[] = build.modules.map(() => ({ bytes: NO_BYTES, homes: 0 }));
  for (const { parts } of build.outputs) {
    for (const { module, bytes } of parts) {
      if (module === null) continue;
      const { bytes: sum, homes } = weights[module]!;
      weights[module] = { bytes: addBytes(sum, bytes), homes: homes + (bytes.raw > 0 ? 1 : 0) };
    }
  }
  return weights;
}

function edgeKeys({ edges }: Build): Set<string> {
  // By position; translated by `isNewEdge`.
  return new Set(edges.map(({ from, to, kind }) => `${from} ${to} ${kind === 'dynamic'}`));
}

function change(before: Bytes, after: Bytes): Change {
  const minus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a - b);
  const delta = {
    raw: after.raw - before.raw,
    gzip: minus(after.gzip, before.gzip),
    brotli: minus(after.brotli, before.brotli),
  };
  return { before, after, delta };
}

function isChanged({ delta }: Change): boolean {
  return delta.raw !== 0 || (delta.gzip ?? 0) !== 0 || (delta.brotli ?? 0) !== 0;
}

/** Larger change first, by the strongest measure that there is. */
function bySize(a: { readonly delta: Bytes }, b: { readonly delta: Bytes }): number {
  const size = ({ delta }: { readonly delta: Bytes }): number => Math.abs(delta.brotli ?? delta.gzip ?? delta.raw);
  return size(b) - size(a) || Math.abs(b.delta.raw) - Math.abs(a.delta.raw);
}

function moduleChanges(sides: Sides): ModuleChange[] {
  const { before, after, joined, left, right } = sides;
  const changes: ModuleChange[] = [];
  const add = (from: ModuleIndex | null, to: ModuleIndex | null): void => {
    const sizes = change(from === null ? NO_BYTES : left[from]!.bytes, to === null ? NO_BYTES : right[to]!.bytes);
    if (!isChanged(sizes)) return;
    const module = to === null ? before.modules[from!]! : after.modules[to]!;
    changes.push({ id: module.id, package: module.package, ...sizes, cause: causeOf(sides, from, to) });
  };
  after.modules.forEach((_, to) => {
    const from = joined.before[to]!;
    add(from === -1 ? null : from, to);
  });
  before.modules.forEach((_, from) => {
    if (joined.after[from] === -1) add(from, null);
  });
  return changes;
}

function causeOf(sides: Sides, from: ModuleIndex | null, to: ModuleIndex | null): DiffCause {
  const { before, after, left, right } = sides;
  const had = from !== null && left[from]!.bytes.raw > 0;
  const has = to !== null && right[to]!.bytes.raw > 0;
  if (!had) return appearance(sides, to!);
  if (!has) return disappearance(sides, from);
  const old = before.modules[from]!;
  const now = after.modules[to]!;
  const versions = versionChange(old.package, now.package);
  if (versions !== null) return versions;
  if (old.sourceBytes !== null && now.sourceBytes !== null && old.sourceBytes !== now.sourceBytes) {
    return { kind: 'code', module: now.id, sourceBefore: old.sourceBytes, sourceAfter: now.sourceBytes };
  }
  if (left[from]!.bytes.raw === right[to]!.bytes.raw) return { kind: 'compression' };
  if (left[from]!.homes !== right[to]!.homes)
    return { kind: 'copies', module: now.id, before: left[from]!.homes, after: right[to]!.homes };
  const bundlers = bundlerChange(before, after);
  if (bundlers !== null) return bundlers;
  const added = importersOf(after, to).find((edge) => isNewEdge(sides, edge));
  if (added !== undefined) return { kind: 'import-added', import: place(after, added) };
  const removed = importersOf(before, from).find((edge) => isGoneEdge(sides, edge));
  if (removed !== undefined) return { kind: 'import-removed', import: place(before, removed) };
  if (old.sourceBytes === null || now.sourceBytes === null) {
    return { kind: 'code', module: now.id, sourceBefore: old.sourceBytes, sourceAfter: now.sourceBytes };
  }
  return { kind: 'kept', module: now.id };
}

function appearance(sides: Sides, to: ModuleIndex): DiffCause {
  const { before, after, joined } = sides;
  const { id, package: owner } = after.modules[to]!;
  const chain = importChain(after, to);
  if (chain === null)
    return bundlerChange(before, after) ?? ownVersionChange(sides, owner) ?? { kind: 'kept', module: id };
  const first = chain.find((edge) => isNewEdge(sides, edge));
  const start = chain[0]?.from ?? to;
  if (joined.before[start] === -1) return { kind: 'entry-added', module: after.modules[start]!.id };
  if (first === undefined)
    return ownVersionChange(sides, owner) ?? bundlerChange(before, after) ?? { kind: 'kept', module: id };
  return (
    importerVersionChange(sides, joined.before[first.from]!, first.from) ?? {
      kind: 'import-added',
      import: place(after, first),
    }
  );
}

function disappearance(sides: Sides, from: ModuleIndex): DiffCause {
  const { before, after, joined } = sides;
  const { id, package: owner } = before.modules[from]!;
  const chain = importChain(before, from);
  if (chain === null)
    return bundlerChange(before, after) ?? ownVersionChange(sides, owner) ?? { kind: 'kept', module: id };
  const first = chain.find((edge) => isGoneEdge(sides, edge));
  const start = chain[0]?.from ?? from;
  if (joined.after[start] === -1) return { kind: 'entry-removed', module: before.modules[start]!.id };
  if (first === undefined)
    return ownVersionChange(sides, owner) ?? bundlerChange(before, after) ?? { kind: 'kept', module: id };
  return (
    importerVersionChange(sides, first.from, joined.after[first.from]!) ?? {
      kind: 'import-removed',
      import: place(before, first),
    }
  );
}

/**
 * For a module that both builds have: the new import statement that leads to it, on its shortest way or straight to it; null
 * where all that lead to it are old.
 */
export function newImportsBetween(before: Build, after: Build): (module: ModuleIndex) => DiffCause | null {
  const sides = { joined: joinModules(before, after), edgesBefore: edgeKeys(before) };
  return (module) => {
    const ways = [...(importChain(after, module) ?? []), ...importersOf(after, module)];
    const first = ways.find((edge) => isNewEdge(sides, edge));
    return first === undefined ? null : { kind: 'import-added', import: place(after, first) };
  };
}

function isNewEdge({ joined, edgesBefore }: Pick<Sides, 'joined' | 'edgesBefore'>, { from, to, kind }: Edge): boolean {
  return !edgesBefore.has(`${joined.before[from]} ${joined.before[to]} ${kind === 'dynamic'}`);
}

function isGoneEdge({ joined, edgesAfter }: Sides, { from, to, kind }: Edge): boolean {
  return !edgesAfter.has(`${joined.after[from]} ${joined.after[to]} ${kind === 'dynamic'}`);
}

function importerVersionChange({ before, after }: Sides, from: ModuleIndex, to: ModuleIndex): DiffCause | null {
  return from === -1 || to === -1 ? null : versionChange(before.modules[from]!.package, after.modules[to]!.package);
}

function versionChange(before: PackageRef | null, after: PackageRef | null): DiffCause | null {
  if (before === null || after === null || before.version === after.version) return null;
  return { kind: 'version', package: after.name, before: before.version, after: after.version };
}

/** For a module that is only on one side: its package is on both, in other versions. */
function ownVersionChange({ packagesBefore, packagesAfter }: Sides, owner: PackageRef | null): DiffCause | null {
  if (owner === null) return null;
  return versionChange(packagesBefore.get(owner.name) ?? null, packagesAfter.get(owner.name) ?? null);
}

function packagesOf({ modules }: Build): Map<string, PackageRef> {
  const packages = new Map<string, PackageRef>();
  for (const { package: owner } of modules)
    if (owner !== null && !packages.has(owner.name)) packages.set(owner.name, owner);
  return packages;
}

function bundlerChange(before: Build, after: Build): DiffCause | null {
  const name = ({ bundler }: Build): string | null =>
    bundler === null ? null : `${bundler.name}${bundler.version === null ? '' : ` ${bundler.version}`}`;
  return name(before) === name(after) ? null : { kind: 'bundler', before: name(before), after: name(after) };
}

function place({ modules }: Build, { from, to, line, column }: Edge): ImportPlace {
  return { from: modules[from]!.id, to: modules[to]!.id, line, column };
}

function restChanges(before: Build, after: Build): (Change & { readonly name: RestName })[] {
  const sum = (build: Build): Map<RestName, Bytes> => {
    const sums = new Map<RestName, Bytes>();
    for (const { parts } of build.outputs) {
      for (const { rest, bytes } of parts)
        if (rest !== null) sums.set(rest, addBytes(sums.get(rest) ?? NO_BYTES, bytes));
    }
    return sums;
  };
  const [left, right] = [sum(before), sum(after)];
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((name) => ({ name, ...change(left.get(name) ?? NO_BYTES, right.get(name) ?? NO_BYTES) }))
    .filter(isChanged);
}

function outputChanges(before: Build, after: Build, joined: Joined): OutputChange[] {
  return joinOutputs(before, after, joined)
    .map(([from, to]): OutputChange => {
      const old = from === null ? null : before.outputs[from]!;
      const now = to === null ? null : after.outputs[to]!;
      const { kind, entry } = (now ?? old)!;
      return {
        fileBefore: old?.file ?? null,
        fileAfter: now?.file ?? null,
        kind,
        entry,
        ...change(old?.bytes ?? NO_BYTES, now?.bytes ?? NO_BYTES),
      };
    })
    .filter((each) => each.fileBefore === null || each.fileAfter === null || isChanged(each));
}

function packageChanges(before: Build, after: Build, { left, right }: Sides): PackageChange[] {
  const sum = (
    build: Build,
    weights: readonly Weight[],
  ): Map<string | null, { bytes: Bytes; versions: Set<string> }> => {
    const sums = new Map<string | null, { bytes: Bytes; versions: Set<string> }>();
    build.modules.forEach((module, index) => {
      if (weights[index]!.bytes.raw === 0) return;
      const name = module.package?.name ?? null;
      const known = sums.get(name) ?? { bytes: NO_BYTES, versions: new Set<string>() };
      known.bytes = addBytes(known.bytes, weights[index]!.bytes);
      if (module.package?.version != null) known.versions.add(module.package.version);
      sums.set(name, known);
    });
    return sums;
  };
  const [old, now] = [sum(before, left), sum(after, right)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((name) => ({
      name,
      versionsBefore: [...(old.get(name)?.versions ?? [])].sort(),
      versionsAfter: [...(now.get(name)?.versions ?? [])].sort(),
      ...change(old.get(name)?.bytes ?? NO_BYTES, now.get(name)?.bytes ?? NO_BYTES),
    }))
    .filter((each) => isChanged(each));
}

function byCause(modules: readonly ModuleChange[], rest: Diff['rest']): CauseChange[] {
  const groups = new Map<string, { cause: DiffCause; delta: Bytes; modules: string[] }>();
  const add = (cause: DiffCause, delta: Bytes, module: string | null): void => {
    const key = JSON.stringify(cause);
    const group = groups.get(key) ?? { cause, delta: NO_BYTES, modules: [] };
    group.delta = addBytes(group.delta, delta);
    if (module !== null) group.modules.push(module);
    groups.set(key, group);
  };
  for (const { cause, delta, id } of modules) add(cause, delta, id);
  for (const { name, delta } of rest) add({ kind: 'rest', name }, delta, null);
  return [...groups.values()].sort(bySize);
}

/** A sentence for people: what happened and where, with columns from 1 as in editors. */
export function describeCause(cause: DiffCause): string {
  const at = ({ from, line, column }: ImportPlace): string =>
    line === null ? from : `${from}:${line}${column === null ? '' : `:${column + 1}`}`;
  switch (cause.kind) {
    case 'import-added':
      return `${at(cause.import)} now imports ${cause.import.to}`;
    case 'import-removed':
      return `${at(cause.import)} no longer imports ${cause.import.to}`;
    case 'version':
      return `${cause.package} went from ${cause.before ?? 'an unknown version'} to ${cause.after ?? 'an unknown version'}`;
    case 'entry-added':
      return `${cause.module} is a new entry`;
    case 'entry-removed':
      return `${cause.module} is no longer an entry`;
    case 'code': {
      const { sourceBefore: from, sourceAfter: to } = cause;
      if (from === null || to === null) return `the code of ${cause.module} changed`;
      return `${cause.module} ${to > from ? 'grew' : 'shrank'} from ${from} to ${to} B of source`;
    }
    case 'copies':
      return `${cause.module} is in ${cause.after} outputs, was in ${cause.before}`;
    case 'kept':
      return `another part of ${cause.module} is kept`;
    case 'bundler':
      return `built by ${cause.after ?? 'an unknown bundler'}, was ${cause.before ?? 'an unknown bundler'}`;
    case 'compression':
      return 'the same bytes compress differently beside their new neighbours';
    case 'rest':
      return `what the bundler writes besides modules (${cause.name})`;
  }
}
