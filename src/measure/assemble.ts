/** From an adapter's evidence to the `Build`: module identity, byte attribution, compressed sizes, one deterministic order. */
import { BUILD_SCHEMA, type Build, type Diagnostic, type Output, type RestName } from '../model/build.ts';
import { PareError } from '../model/errors.ts';
import { attributeBySourceMap, hasRareTerminators, unmappedRuns, type SourceRuns } from './attribute.ts';
import { compressOutput, type CompressOptions } from './compress.ts';
import type { BuildEvidence, OutputEvidence } from './evidence.ts';
import { layOut } from './layout.ts';
import { walkLexically } from './lexical.ts';
import { isRuntimeFile, isRuntimeModule, moduleId, moduleIdsOfSources } from './module-id.ts';
import { assignOwners, nameGap, ownerOf, REST } from './owners.ts';
import { OwnershipBuilder, type Ownership } from './ownership.ts';
import { partsOf, sizesOf, type Holder } from './parts.ts';
import { edgesOf, modulesOf } from './records.ts';
import { readSourceMap } from './source-map.ts';
import { placeRendered, type Openness, type RenderedModule } from './rendered.ts';
import { byStatement } from './statements.ts';
import { locateRendered, reconcile, type OwnerKind, type Reconciled } from './witness.ts';

export interface AssembleOptions {
  readonly compress: CompressOptions;
  /** Called after each output. */
  readonly onOutput?: (done: number, total: number, file: string) => void;
  /** Called for each output when all is done, with what the record doesn't keep: whose each byte is. */
  readonly onOwnership?: (owned: OwnedOutput) => void;
}

/** Whose each byte of an output is, in the terms of the `Build` that was made beside it. */
export interface OwnedOutput {
  readonly file: string;
  readonly contents: Uint8Array;
  readonly ownership: Ownership;
  /** By owner number; modules by their place in `Build.modules`. */
  readonly holders: readonly Holder[];
}

/**
 * Never throws for one bad output or map: what could not be read becomes a diagnostic, and its bytes are `unmapped`.
 *
 * `modules` and `edges` of the record are filled when they are first read (see `records.ts`), from the sources as they are then;
 * whoever keeps a record for later reads or writes them at once.
 */
export async function assemble(evidence: BuildEvidence, options: AssembleOptions): Promise<Build> {
  const modules = new ModuleTable(evidence.root, evidence.moduleIds);
  const diagnostics: Diagnostic[] = [...evidence.diagnostics];
  const attributed = evidence.outputs.map((output) => attributeOutput(output, modules, evidence, diagnostics));
  let done = 0;
  const compressed = await Promise.all(
    evidence.outputs.map(async (output, i) => {
      const result = await compressOutput(output.contents, attributed[i]!.ownership, options.compress);
      options.onOutput?.(++done, evidence.outputs.length, output.file);
      return result;
    }),
  );
  const order = modules.order();
  const outputs = evidence.outputs.map((output, i): Output => {
    const { ownership, holders } = attributed[i]!;
    const holderOf = (owner: number): Holder => {
      const holder = holders[owner]!;
      return 'module' in holder ? { module: order.position[holder.module]! } : holder;
    };
    const entryModule = output.entryModule === null ? undefined : modules.find(output.entryModule);
    const { file, contents } = output;
    options.onOwnership?.({ file, contents, ownership, holders: holders.map((_, owner) => holderOf(owner)) });
    return {
      file: output.file,
      kind: output.kind,
      entry: output.entry,
      entryModule: entryModule === undefined ? null : order.position[entryModule]!,
      imports: output.imports,
      bytes: sizesOf(output.contents.length, compressed[i]!),
      parts: partsOf(ownership, compressed[i]!, holderOf),
    };
  });
  const graph = once(() => evidence.graph());
  const placeOf = (id: string) => {
    const number = modules.find(id);
    return number === undefined ? undefined : order.position[number];
  };
  const moduleRecords = once(() =>
    modulesOf(order.ids, graph().modules, evidence.packages, (id) => modules.canonical(id)),
  );
  const edgeRecords = once(() => edgesOf(graph().edges, placeOf));
  return {
    schema: BUILD_SCHEMA,
    bundler: evidence.bundler,
    get modules() {
      return moduleRecords();
    },
    get edges() {
      return edgeRecords();
    },
    outputs: outputs.sort((a, b) => compare(a.file, b.file)),
    diagnostics: diagnostics.sort((a, b) => compare(a.file ?? '', b.file ?? '') || compare(a.code, b.code)),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

interface Attributed {
  readonly ownership: Ownership;
  /** By owner number; modules by their number in the table. */
  readonly holders: readonly Holder[];
}

/** Whose the bytes of an output are, by the best witness there is. */
function attributeOutput(
  output: OutputEvidence,
  modules: ModuleTable,
  evidence: BuildEvidence,
  diagnostics: Diagnostic[],
): Attributed {
  const runs = readRuns(output, diagnostics);
  const language = /\.css$/i.test(output.file) ? 'css' : 'js';
  const owners = new LocalOwners();
  if (output.witness?.kind === 'rendered') {
    const rendered = renderedModules(output.witness.modules, owners, modules, evidence.root);
    const place = (start: number, end: number) => gapOwner(output, start, end);
    const located = rendered.length === 0 ? null : locateRendered(output.contents, rendered, owners.count, place);
    if (located !== null) return { ownership: located, holders: owners.holders };
  }
  if (runs === null) return attributeWithoutMap(output, owners, modules, diagnostics);
  const ids = resolveSources(output, runs, modules, evidence);
  const assigned = assignOwners(output.contents, runs, {
    language,
    runtime: (source) => ids[source] !== null && isRuntimeModule(ids[source]!),
  });
  const ownership = renumber(assigned, (number) => {
    const owner = ownerOf(number);
    if ('rest' in owner) return number;
    const id = ids[owner.source];
    return id == null ? REST.indexOf('unmapped') : owners.ofModule(modules.numberOfCanonical(id));
  });
  const counted = { ...ownership, ownerCount: owners.count };
  if (output.witness?.kind === 'rendered') {
    const rendered = renderedModules(output.witness.modules, owners, modules, evidence.root);
    const placed = placeRendered(output.contents, counted, rendered, opennessOf);
    reportMissing(output, placed.missing, owners, modules, diagnostics);
    return { ownership: { ...placed.ownership, ownerCount: owners.count }, holders: owners.holders };
  }
  if (output.witness?.kind !== 'lengths') return { ownership: counted, holders: owners.holders };
  const witnessed = new Map<number, number>();
  for (const { id, bytes } of output.witness.modules) {
    const owner = owners.ofModule(modules.number(id));
    witnessed.set(owner, (witnessed.get(owner) ?? 0) + bytes);
  }
  const settled = settle(output, { ...ownership, ownerCount: owners.count }, witnessed, language);
  reportDisagreements(output, settled.disagreements, owners, modules, diagnostics);
  return { ownership: settled.ownership, holders: owners.holders };
}

/** The ends of statements are looked for only where map and witness do not come to terms without them. */
function settle(
  output: OutputEvidence,
  ownership: Ownership,
  witnessed: ReadonlyMap<number, number>,
  language: 'js' | 'css',
): Reconciled {
  const first = reconcile(ownership, witnessed, kindOf, REST.indexOf('glue'));
  if (first.disagreements.length === 0) return first;
  const { statementEnds } = walkLexically(asBuffer(output.contents), { language });
  const whole = byStatement(output.contents, ownership, statementEnds, kindOf);
  const second = reconcile(whole, witnessed, kindOf, REST.indexOf('glue'));
  return bytesApart(second) < bytesApart(first) ? second : first;
}

function bytesApart({ disagreements }: Reconciled): number {
  return disagreements.reduce((sum, { mapped, witnessed }) => sum + Math.abs(mapped - witnessed), 0);
}

function attributeWithoutMap(
  output: OutputEvidence,
  owners: LocalOwners,
  modules: ModuleTable,
  diagnostics: Diagnostic[],
): Attributed {
  const witness = output.witness;
  const language = output.kind === 'css' ? 'css' : 'js';
  if (witness?.kind === 'lengths' && witness.modules.length > 0) {
    const lengths = witness.modules.map(({ id, bytes }) => ({ owner: owners.ofModule(modules.number(id)), bytes }));
    const ownership = layOut(output.contents, lengths, owners.count, output.kind === 'asset' ? null : language);
    return { ownership, holders: owners.holders };
  }
  if (witness?.kind === 'rendered' && witness.modules.length === 1) {
    const only = { owner: owners.ofModule(modules.number(witness.modules[0]!.id)), bytes: output.contents.length };
    return { ownership: layOut(output.contents, [only], owners.count, null), holders: owners.holders };
  }
  const bundlersOwn = output.map === null && output.kind === 'chunk' ? ownedByBundler(output) : null;
  if (bundlersOwn !== null) {
    const only = { owner: REST.indexOf(bundlersOwn), bytes: output.contents.length };
    return { ownership: layOut(output.contents, [only], owners.count, null), holders: owners.holders };
  }
  if (output.kind === 'css' && output.map === null && output.contents.length > 0) unmappedSheet(output, diagnostics);
  else if (output.kind === 'chunk' && output.map === null && output.contents.length > 0) {
    diagnostics.push({
      code: 'map-missing',
      file: output.file,
      message: `${output.file} has no source map: its ${output.contents.length} bytes can be given to no module`,
      hint: "Turn source maps on in the bundler ('hidden' or 'external' ones do, and need not be deployed).",
    });
  }
  const bare = assignOwners(output.contents, unmappedRuns(output.contents), { language, runtime: () => false });
  return { ownership: { ...bare, ownerCount: owners.count }, holders: owners.holders };
}

/** A chunk without a map that has no module's code: a facade that only imports and exports, or the bundler's helpers. */
function ownedByBundler({ file, contents }: OutputEvidence): RestName | null {
  if (isRuntimeFile(file)) return 'runtime';
  return nameGap(asBuffer(contents), 0, contents.length, 'first') === 'glue' ? 'glue' : null;
}

/** Most bundlers make no maps for style sheets: one word for all of them. */
function unmappedSheet(output: OutputEvidence, diagnostics: Diagnostic[]): void {
  const at = diagnostics.findIndex(({ code }) => code === 'css-map-missing');
  const names =
    at === -1 ? output.file : `${diagnostics[at]!.message.split(' has ')[0]!.split(' have ')[0]}, ${output.file}`;
  const said: Diagnostic = {
    code: 'css-map-missing',
    file: at === -1 ? output.file : null,
    message: `${names} ${at === -1 ? 'has' : 'have'} no source map and can't be divided among modules`,
    hint: null,
  };
  if (at === -1) diagnostics.push(said);
  else diagnostics[at] = said;
}

/** Runs by the output's map; null where there is no map that can be used. */
function readRuns(output: OutputEvidence, diagnostics: Diagnostic[]): SourceRuns | null {
  if (output.map === null) return null;
  try {
    const runs = attributeBySourceMap(output.contents, readSourceMap(output.map.bytes, output.map.file));
    const tolerated = runs.strays > 2 && hasRareTerminators(asBuffer(output.contents)) ? 0.25 : 0.01;
    if (runs.strays > 2 && runs.strays > runs.segments * tolerated) {
      diagnostics.push({
        code: 'map-of-another-file',
        file: output.map.file,
        message: `${output.map.file} is not the map of ${output.file}: ${runs.strays} segments point outside of the file`,
        hint: 'Something changed the file after its map was written, or the map is of another build. Build again; run minifiers inside of the bundler.',
      });
      return null;
    }
    return runs;
  } catch (error) {
    if (!(error instanceof PareError)) throw error;
    diagnostics.push({ code: error.code, file: output.map.file, message: error.message, hint: error.hint });
    return null;
  }
}

/** Canonical module id of each source; null for a source without a name. */
function resolveSources(
  output: OutputEvidence,
  runs: SourceRuns,
  modules: ModuleTable,
  evidence: BuildEvidence,
): (string | null)[] {
  const base = output.map!.base;
  const ids = moduleIdsOfSources(evidence.root, base, runs.sources);
  if (evidence.composed === undefined) return ids;
  const strangers = ids.filter((id): id is string => id !== null && !modules.has(id));
  if (strangers.length === 0) return ids;
  const known = new Set(ids);
  const candidates =
    output.witness?.kind === 'lengths'
      ? output.witness.modules.map(({ id }) => moduleId(evidence.root, id)).filter((id) => !known.has(id))
      : [];
  const standing = evidence.composed(strangers, candidates);
  return ids.map((id) => (id === null ? null : (standing.get(id) ?? id)));
}

function renderedModules(
  rendered: readonly { readonly id: string; readonly code: string | null }[],
  owners: LocalOwners,
  modules: ModuleTable,
  root: string,
): RenderedModule[] {
  return rendered.map(({ id, code }) => ({
    owner: isRuntimeModule(moduleId(root, id)) ? REST.indexOf('runtime') : owners.ofModule(modules.number(id)),
    code: code ?? '',
  }));
}

/** What was not named with certainty may turn out to be a module's. */
const opennessOf = (owner: number): Openness => {
  const rest = REST[owner];
  if (rest === undefined) return 'module';
  return rest === 'unmapped' || rest === 'wrapper' || rest === 'glue' ? 'open' : 'fixed';
};

/** A module whose code, before minification, is at least this long (bytes) and that has none in the output is worth a word. */
const WORTH_A_WORD = 2_048;

function reportMissing(
  output: OutputEvidence,
  missing: readonly { readonly owner: number; readonly bytes: number }[],
  owners: LocalOwners,
  modules: ModuleTable,
  diagnostics: Diagnostic[],
): void {
  const grave = missing.filter(({ bytes }) => bytes >= WORTH_A_WORD);
  if (grave.length === 0) return;
  const list = grave.slice(0, 3).map(({ owner, bytes }) => {
    const holder = owners.holders[owner]!;
    return `${'module' in holder ? modules.idOf(holder.module) : holder.rest} (${bytes} bytes before minification)`;
  });
  diagnostics.push({
    code: 'witnesses-disagree',
    file: output.file,
    message: `${output.file}: the bundler put ${grave.length} modules there of which the source map knows nothing: ${list.join(', ')}`,
    hint: 'A plugin that changes code without a map can do this. The sums hold; these bytes count for a neighbour or as unmapped.',
  });
}

function gapOwner(output: OutputEvidence, start: number, end: number): number {
  const place = start === 0 ? 'first' : end === output.contents.length ? 'last' : 'between';
  return REST.indexOf(nameGap(asBuffer(output.contents), start, end, place));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Rest buckets only say that no source owns the bytes, but for comments, which are known by their text. */
const kindOf = (owner: number): OwnerKind => {
  const rest = REST[owner];
  return rest === undefined ? 'module' : rest === 'licence' || rest === 'source-map-comment' ? 'fixed' : 'gap';
};

/** Differences below this many bytes and this share are the price of a separator or two. */
const TOLERATED_BYTES = 16;
const TOLERATED_SHARE = 0.005;

function reportDisagreements(
  output: OutputEvidence,
  disagreements: readonly { readonly owner: number; readonly mapped: number; readonly witnessed: number }[],
  owners: LocalOwners,
  modules: ModuleTable,
  diagnostics: Diagnostic[],
): void {
  const grave = disagreements.filter(
    ({ mapped, witnessed }) => Math.abs(mapped - witnessed) > Math.max(TOLERATED_BYTES, witnessed * TOLERATED_SHARE),
  );
  if (grave.length === 0) return;
  const worst = grave.sort((a, b) => Math.abs(b.mapped - b.witnessed) - Math.abs(a.mapped - a.witnessed)).slice(0, 3);
  const list = worst.map(({ owner, mapped, witnessed }) => {
    const holder = owners.holders[owner]!;
    return `${'module' in holder ? modules.idOf(holder.module) : holder.rest}: ${mapped} by the map, ${witnessed} by the bundler`;
  });
  diagnostics.push({
    code: 'witnesses-disagree',
    file: output.file,
    message: `${output.file}: source map and bundler disagree on ${grave.length} modules (${list.join('; ')})`,
    hint: 'A module that ships a source map of its own can do this. The sums hold; the sizes of these modules are by the map.',
  });
}

/** The owners of one output: the rest buckets, then the modules in the order of their appearance. */
class LocalOwners {
  readonly holders: Holder[] = REST.map((rest) => ({ rest }));
  readonly #byModule = new Map<number, number>();

  get count(): number {
    return this.holders.length;
  }

  ofModule(module: number): number {
    let owner = this.#byModule.get(module);
    if (owner === undefined) {
      owner = this.holders.push({ module }) - 1;
      this.#byModule.set(module, owner);
    }
    return owner;
  }
}

function renumber(ownership: Ownership, numberOf: (owner: number) => number): Ownership {
  const table = new Int32Array(ownership.ownerCount).fill(-1);
  const runs = new OwnershipBuilder();
  ownership.owners.forEach((before, i) => {
    if (table[before] === -1) table[before] = numberOf(before);
    runs.add(ownership.ends[i]!, table[before]!);
  });
  return runs.finish(ownership.length, ownership.ownerCount);
}

/** All modules of a build by their canonical id, in the order they were met. */
class ModuleTable {
  readonly #root: string;
  readonly #numbers = new Map<string, number>();
  readonly #canonical = new Map<string, string>();
  readonly #ids: string[] = [];

  constructor(root: string, ids: Iterable<string>) {
    this.#root = root;
    for (const id of ids) this.number(id);
  }

  /** The canonical id of a module by any of its names. */
  canonical(id: string): string {
    let canonical = this.#canonical.get(id);
    if (canonical === undefined) {
      canonical = moduleId(this.#root, id);
      this.#canonical.set(id, canonical);
    }
    return canonical;
  }

  has(canonical: string): boolean {
    return this.#numbers.has(canonical);
  }

  find(id: string): number | undefined {
    return this.#numbers.get(this.canonical(id));
  }

  /** Number of a module by any of its names; one that was not known is added. */
  number(id: string): number {
    return this.numberOfCanonical(this.canonical(id));
  }

  numberOfCanonical(id: string): number {
    let number = this.#numbers.get(id);
    if (number === undefined) {
      number = this.#ids.push(id) - 1;
      this.#numbers.set(id, number);
    }
    return number;
  }

  idOf(number: number): string {
    return this.#ids[number]!;
  }

  /** The ids in their order in the record, and each number's position among them. */
  order(): { ids: string[]; position: Uint32Array } {
    const numbers = this.#ids.map((_, i) => i).sort((a, b) => compare(this.idOf(a), this.idOf(b)));
    const position = new Uint32Array(numbers.length);
    numbers.forEach((number, i) => (position[number] = i));
    return { ids: numbers.map((number) => this.idOf(number)), position };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
