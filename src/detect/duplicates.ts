import type { Build, Bytes, Edge, ModuleIndex } from '../model/build.ts';
import { addBytes, NO_BYTES, sumBytes } from '../model/bytes.ts';
import { hasBytes, importersOf, moduleGraph } from './graph.ts';
import { groupBy } from './group-by.ts';
import { packagePath } from './package-copy.ts';
import { similarPairs, sketch } from './similarity.ts';

export type DuplicateKind =
  /** one package in several versions */
  | 'versions'
  /** one version of a package at several paths */
  | 'paths'
  /** one module with code in several outputs */
  | 'chunks'
  /** a library as a whole and by its single functions, or in two editions (`lodash`, `lodash-es`) */
  | 'whole-and-parts'
  /** ES module and CommonJS copies of one package */
  | 'formats'
  /** modules whose texts are nearly the same */
  | 'similar';

/** Who brings a copy in. */
export interface BroughtInBy {
  /** Name of the importing package; null for the project's own code. */
  readonly package: string | null;
  readonly version: string | null;
  /** The import statements that name the copy from outside. */
  readonly imports: readonly Edge[];
}

export interface Copy {
  /** What tells this copy from the others: its folder, package and version, output file, format, or module. */
  readonly label: string;
  readonly version: string | null;
  readonly modules: readonly ModuleIndex[];
  readonly bytes: Bytes;
  readonly broughtInBy: readonly BroughtInBy[];
}

export interface Duplicate {
  readonly kind: DuplicateKind;
  /** Name of the package, or id of the module. */
  readonly subject: string;
  /** The copy worth keeping comes first. */
  readonly copies: readonly Copy[];
  /** What the copies after the first take. */
  readonly wasted: Bytes;
  /** What to do about it, in a sentence. */
  readonly mend: string;
}

export interface DuplicateOptions {
  /** Texts of the modules; without it nearly equal modules are not looked for. */
  readonly sources?: (module: ModuleIndex) => string | null;
  /** From which share of common shingles modules count as nearly the same. Default 0.8. */
  readonly similarity?: number;
}

/**
 * Everything that is in the outputs more than once; the most wasteful first. One module may be in findings of several kinds
 * (a package in two versions has nearly equal modules), so wasted bytes of kinds don't add up; `wastedBytes` does.
 */
export function findDuplicates(build: Build, options: DuplicateOptions = {}): Duplicate[] {
  const sizes = moduleSizes(build);
  const copies = packageCopies(build, sizes);
  const found = [
    ...versionsAndPaths(build, copies),
    ...inSeveralOutputs(build),
    ...wholeAndParts(build, copies, sizes),
    ...severalFormats(build, copies, sizes),
  ];
  if (options.sources !== undefined) {
    const known = new Set(
      found.filter(({ kind }) => kind !== 'chunks').flatMap((each) => each.copies.flatMap(({ modules }) => modules)),
    );
    found.push(...nearlySame(build, sizes, options.sources, options.similarity ?? 0.8, known));
  }
  return found.sort(
    (a, b) =>
      (b.wasted.brotli ?? b.wasted.raw) - (a.wasted.brotli ?? a.wasted.raw) ||
      b.wasted.raw - a.wasted.raw ||
      (`${a.kind} ${a.subject}` < `${b.kind} ${b.subject}` ? -1 : 1),
  );
}

/** What all findings together waste, each module of a spare copy counted once. */
export function wastedBytes(build: Build, duplicates: readonly Duplicate[]): Bytes {
  const sizes = moduleSizes(build);
  const spare = new Set<ModuleIndex>();
  for (const { kind, copies } of duplicates) {
    if (kind === 'chunks') continue;
    for (const copy of copies.slice(1)) for (const module of copy.modules) spare.add(module);
  }
  const inOutputs = duplicates.filter(({ kind, copies }) => kind === 'chunks' && !spare.has(copies[0]!.modules[0]!));
  return addBytes(
    sumBytes([...spare].map((module) => sizes[module]!)),
    sumBytes(inOutputs.map(({ wasted }) => wasted)),
  );
}

function moduleSizes(build: Build): Bytes[] {
  const sizes = build.modules.map(() => NO_BYTES);
  for (const { parts } of build.outputs) {
    for (const { module, bytes } of parts) if (module !== null) sizes[module] = addBytes(sizes[module]!, bytes);
  }
  return sizes;
}

interface PackageCopy {
  readonly name: string;
  readonly version: string | null;
  readonly dir: string;
  /** Only those with bytes. */
  readonly modules: ModuleIndex[];
}

/** The copies of each package that have bytes in the output, by name. */
function packageCopies(build: Build, sizes: readonly Bytes[]): Map<string, PackageCopy[]> {
  const byDir = new Map<string, PackageCopy>();
  const byName = new Map<string, PackageCopy[]>();
  build.modules.forEach((module, index) => {
    if (module.package === null || sizes[index]!.raw === 0) return;
    const dir = packagePath(module.id)?.dir ?? `${module.package.name}@${module.package.version ?? '?'}`;
    const key = `${module.package.name}\n${dir}`;
    let copy = byDir.get(key);
    if (copy === undefined) {
      copy = { ...module.package, dir, modules: [] };
      byDir.set(key, copy);
      const others = byName.get(copy.name);
      if (others === undefined) byName.set(copy.name, [copy]);
      else others.push(copy);
    }
    copy.modules.push(index);
  });
  return byName;
}

/** Imports of the modules from outside of them, by who makes them. */
function broughtInBy(build: Build, modules: readonly ModuleIndex[]): BroughtInBy[] {
  const inside = new Set(modules);
  const groups = new Map<string, { package: string | null; version: string | null; imports: Edge[] }>();
  for (const module of modules) {
    for (const edge of importersOf(build, module)) {
      if (inside.has(edge.from)) continue;
      const from = build.modules[edge.from]!.package;
      const key = from === null ? '' : `${from.name}@${from.version ?? ''}`;
      const group = groups.get(key);
      if (group !== undefined) group.imports.push(edge);
      else groups.set(key, { package: from?.name ?? null, version: from?.version ?? null, imports: [edge] });
    }
  }
  return [...groups.values()].sort((a, b) => ((a.package ?? '') < (b.package ?? '') ? -1 : 1));
}

function copyOf(
  build: Build,
  label: string,
  version: string | null,
  modules: readonly ModuleIndex[],
  bytes: Bytes,
): Copy {
  return { label, version, modules, bytes, broughtInBy: broughtInBy(build, modules) };
}

function finding(kind: DuplicateKind, subject: string, copies: readonly Copy[], mend: string): Duplicate {
  return { kind, subject, copies, wasted: sumBytes(copies.slice(1).map(({ bytes }) => bytes)), mend };
}

function sizeOf(sizes: readonly Bytes[], modules: readonly ModuleIndex[]): Bytes {
  return sumBytes(modules.map((module) => sizes[module]!));
}

function versionsAndPaths(build: Build, copies: ReadonlyMap<string, readonly PackageCopy[]>): Duplicate[] {
  const sizes = moduleSizes(build);
  const found: Duplicate[] = [];
  for (const [name, all] of copies) {
    if (all.length < 2) continue;
    const byVersion = groupBy(all, ({ version }) => version ?? '');
    for (const [version, same] of byVersion) {
      if (same.length < 2) continue;
      const sorted = same
        .map(({ dir, modules }) => copyOf(build, dir, version || null, modules, sizeOf(sizes, modules)))
        .sort((a, b) => a.label.length - b.label.length || (a.label < b.label ? -1 : 1));
      found.push(
        finding(
          'paths',
          name,
          sorted,
          `Install ${name}${version && `@${version}`} once: run the package manager's dedupe, or resolve ${name} to ${sorted[0]!.label}.`,
        ),
      );
    }
    if (byVersion.size < 2) continue;
    const sorted = [...byVersion]
      .sort(([a], [b]) => compareVersions(b, a))
      .map(([version, same]) => {
        const modules = same.flatMap((copy) => copy.modules);
        return copyOf(build, `${name}@${version || '?'}`, version || null, modules, sizeOf(sizes, modules));
      });
    found.push(finding('versions', name, sorted, versionsMend(name, sorted)));
  }
  return found;
}

function versionsMend(name: string, [kept, ...spare]: readonly Copy[]): string {
  const asks = spare.map(({ label, broughtInBy }) => {
    const who = broughtInBy.filter((each) => each.package !== name).map((each) => each.package ?? 'your own code');
    return `${label} is brought in by ${who.length === 0 ? 'nothing that the record shows' : who.join(', ')}`;
  });
  return `Keep ${kept!.label}: ${asks.join('; ')}. Update what brings it in, or override its version.`;
}

/** By the numbers from left to right; a pre-release is before its release. */
function compareVersions(a: string, b: string): number {
  const split = (version: string): [number[], string] => {
    const [numbers = '', ...rest] = version.split('-');
    return [numbers.split('.').map((part) => Number.parseInt(part, 10) || 0), rest.join('-')];
  };
  const [left, leftTag] = split(a);
  const [right, rightTag] = split(b);
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  if (leftTag === rightTag) return 0;
  if (leftTag === '' || rightTag === '') return leftTag === '' ? 1 : -1;
  return leftTag < rightTag ? -1 : 1;
}

function inSeveralOutputs(build: Build): Duplicate[] {
  const homes = new Map<ModuleIndex, { file: string; bytes: Bytes }[]>();
  for (const { file, kind, parts } of build.outputs) {
    if (kind === 'asset') continue;
    for (const { module, bytes } of parts) {
      if (module === null || bytes.raw === 0) continue;
      const known = homes.get(module);
      if (known === undefined) homes.set(module, [{ file, bytes }]);
      else if (known.at(-1)!.file !== file) known.push({ file, bytes });
      else known[known.length - 1] = { file, bytes: addBytes(known.at(-1)!.bytes, bytes) };
    }
  }
  const found: Duplicate[] = [];
  for (const [module, places] of homes) {
    // A component's script and its style are two outputs of one module, and no duplicate.
    const scripts = places.filter(({ file }) => !file.endsWith('.css'));
    const styles = places.filter(({ file }) => file.endsWith('.css'));
    for (const same of [scripts, styles]) {
      if (same.length < 2) continue;
      const { id, package: owner } = build.modules[module]!;
      const copies = same
        .map(({ file, bytes }) => copyOf(build, file, owner?.version ?? null, [module], bytes))
        .sort((a, b) => b.bytes.raw - a.bytes.raw || (a.label < b.label ? -1 : 1));
      const mend =
        same === styles
          ? `Its style is in ${same.length} style sheets: import it once, from a module that all of them load first.`
          : `Give ${id} a shared chunk: build the entries together with code splitting.`;
      found.push(finding('chunks', id, copies, mend));
    }
  }
  return found;
}

/** Packages that are editions of one library. */
function familyOf(name: string): string {
  return name.replace(/[.-](?:es|esm|cjs|umd)$/, '').replace(/^lodash\..+$/, 'lodash');
}

/**
 * Two shapes. Editions: packages of one family (`lodash`, `lodash-es`, `lodash.get`). And one copy of a package whose whole
 * is in one module named after it that imports nothing of the package, beside modules of the package that don't need it.
 */
function wholeAndParts(
  build: Build,
  copies: ReadonlyMap<string, readonly PackageCopy[]>,
  sizes: readonly Bytes[],
): Duplicate[] {
  const found: Duplicate[] = [];
  for (const [family, names] of groupBy(copies.keys(), familyOf)) {
    if (names.length < 2) continue;
    const editions = names
      .map((name) => {
        const modules = copies.get(name)!.flatMap((copy) => copy.modules);
        return copyOf(build, name, copies.get(name)![0]!.version, modules, sizeOf(sizes, modules));
      })
      // The edition of ES modules is the one to keep: it can be shaken.
      .sort((a, b) => Number(isEsm(build, b)) - Number(isEsm(build, a)) || b.bytes.raw - a.bytes.raw);
    const spare = editions.slice(1).map(({ label }) => label);
    found.push(
      finding(
        'whole-and-parts',
        family,
        editions,
        `Import from ${editions[0]!.label} alone, in place of ${spare.join(', ')}.`,
      ),
    );
  }
  for (const copy of [...copies.values()].flat()) {
    const whole = copy.modules.find((module) => isWhole(build, copy, module));
    if (whole === undefined) continue;
    const dependents = dependentsOf(build, copy, whole);
    const parts = copy.modules.filter((module) => !dependents.has(module));
    if (parts.length === 0 || sizes[whole]!.raw < sizeOf(sizes, parts).raw) continue;
    const all = [
      copyOf(build, build.modules[whole]!.id, copy.version, [whole], sizes[whole]!),
      copyOf(build, `${copy.dir}: ${parts.length} modules`, copy.version, parts, sizeOf(sizes, parts)),
    ].sort((a, b) => a.bytes.raw - b.bytes.raw);
    const importers = broughtInBy(build, [whole]).map((each) => each.package ?? 'your own code');
    found.push(
      finding(
        'whole-and-parts',
        copy.name,
        all,
        `Import ${copy.name} in one way: ${build.modules[whole]!.id} is the whole of it and is brought in by ${importers.join(', ')}.`,
      ),
    );
  }
  return found;
}

function isEsm(build: Build, { modules }: Copy): boolean {
  return modules.some((module) => build.modules[module]!.format === 'esm');
}

function isWhole(build: Build, { name, dir, modules }: PackageCopy, module: ModuleIndex): boolean {
  const file = build.modules[module]!.id.slice(dir.length + 1);
  const stem = file
    .split('/')
    .at(-1)!
    .replace(/(?:\.(?:min|umd|common|cjs|esm|module|mjs|js))+$/, '');
  if (stem !== name.split('/').at(-1) && stem !== 'index') return false;
  const inside = new Set(modules);
  const { outStart, outEdges } = moduleGraph(build);
  const edges = outEdges.subarray(outStart[module], outStart[module + 1]);
  return modules.length > 1 && !edges.some((edge) => inside.has(build.edges[edge]!.to));
}

/** The modules of the package that need `target`, itself included. */
function dependentsOf(build: Build, { modules }: PackageCopy, target: ModuleIndex): Set<ModuleIndex> {
  const inside = new Set(modules);
  const seen = new Set([target]);
  for (const module of seen) for (const { from } of importersOf(build, module)) if (inside.has(from)) seen.add(from);
  return seen;
}

/** Words in paths that tell builds of the same source apart. */
const FORMAT_WORDS =
  /^(?:esm?|esm\d+|es20\d\d|cjs|umd|amd|mjs|lib|dist|build|module|modules|node|browser|(?:esm|cjs)-(?:browser|node))$/;

function severalFormats(
  build: Build,
  copies: ReadonlyMap<string, readonly PackageCopy[]>,
  sizes: readonly Bytes[],
): Duplicate[] {
  const found: Duplicate[] = [];
  for (const copy of [...copies.values()].flat()) {
    const twins = [
      ...groupBy(copy.modules, (module) => plainPath(build.modules[module]!.id.slice(copy.dir.length + 1))).values(),
    ];
    const ofFormat = (format: 'esm' | 'cjs'): ModuleIndex[] =>
      twins
        .filter(
          (group) =>
            group.some((m) => build.modules[m]!.format === 'esm') &&
            group.some((m) => build.modules[m]!.format === 'cjs'),
        )
        .flatMap((group) => group.filter((module) => build.modules[module]!.format === format));
    const esm = ofFormat('esm');
    if (esm.length === 0) continue;
    const both = [esm, ofFormat('cjs')].map((modules, at) =>
      copyOf(
        build,
        `${copy.dir} (${at === 0 ? 'ES modules' : 'CommonJS'})`,
        copy.version,
        modules,
        sizeOf(sizes, modules),
      ),
    );
    const who = both[1]!.broughtInBy.map((each) => each.package ?? 'your own code');
    found.push(
      finding(
        'formats',
        copy.name,
        both,
        `Have ${who.join(', ') || 'its importer'} import ${copy.name} and not require it, or resolve both to its ES modules.`,
      ),
    );
  }
  return found;
}

function plainPath(inner: string): string {
  const parts = inner.split('/');
  const file = parts.pop()!.replace(/(?:\.(?:module|esm|cjs|umd|min|common|mjs|js))+$/, '');
  return [...parts.filter((part) => !FORMAT_WORDS.test(part)), file].join('/');
}

function nearlySame(
  build: Build,
  sizes: readonly Bytes[],
  sources: (module: ModuleIndex) => string | null,
  atLeast: number,
  known: ReadonlySet<ModuleIndex>,
): Duplicate[] {
  const graph = moduleGraph(build);
  const sketches = build.modules.map((_, module) => {
    const text = hasBytes(graph, module) && !known.has(module) ? sources(module) : null;
    return text === null ? null : sketch(text);
  });
  // Groups: whatever is joined by pairs.
  const group = build.modules.map((_, module) => module);
  const find = (module: number): number => {
    let at = module;
    while (group[at] !== at) at = group[at] = group[group[at]!]!;
    return at;
  };
  for (const { a, b } of similarPairs(sketches, atLeast)) group[find(a)] = find(b);
  const groups = groupBy(group.keys(), find);
  return [...groups.values()]
    .filter((modules) => modules.length > 1)
    .map((modules) => {
      const copies = modules
        .map((module) =>
          copyOf(
            build,
            build.modules[module]!.id,
            build.modules[module]!.package?.version ?? null,
            [module],
            sizes[module]!,
          ),
        )
        .sort((a, b) => b.bytes.raw - a.bytes.raw || (a.label < b.label ? -1 : 1));
      return finding(
        'similar',
        copies[0]!.label,
        copies,
        `Keep what these ${copies.length} modules share in one module and import it.`,
      );
    });
}
