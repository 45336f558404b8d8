/** Whose the bytes of one output are, by the best witness there is: its source map, what the bundler says, or both. */
import type { Diagnostic, RestName } from '../model/build.ts';
import { PareError } from '../model/errors.ts';
import { attributeBySourceMap, hasRareTerminators, unmappedRuns, type SourceRuns } from './attribute.ts';
import type { OutputEvidence, Witness } from './evidence.ts';
import { layOut } from './layout.ts';
import { walkLexically } from './lexical.ts';
import { isRuntimeFile, isRuntimeModule } from './module-id.ts';
import { assignOwners, nameGap, ownerOf, REST } from './owners.ts';
import { OwnershipBuilder, type Ownership } from './ownership.ts';
import { placeRendered, type Openness, type RenderedModule } from './rendered.ts';
import type { SourceMapView } from './source-map.ts';
import { byStatement } from './statements.ts';
import { locateRendered, reconcile, type OwnerKind, type Reconciled } from './witness.ts';

/** Whom an owner number of one output stands for. */
export type NamedHolder = { readonly id: string } | { readonly rest: RestName };

/** An output with the modules in it under their canonical ids. */
export interface NamedOutput extends Omit<OutputEvidence, 'witness' | 'map'> {
  readonly map: NamedMap | null;
  readonly witness: Witness | null;
}

export interface NamedMap {
  /** For messages. */
  readonly file: string;
  /** @throws PareError where the map can't be used */
  readonly view: () => SourceMapView;
  /** Canonical module id of each source; null for a source without a name. */
  readonly ids: () => readonly (string | null)[];
}

export interface AttributedOutput {
  readonly ownership: Ownership;
  /** By owner number. */
  readonly holders: readonly NamedHolder[];
}

/** Never throws for a bad map: what could not be read becomes a diagnostic, and its bytes are `unmapped`. */
export function attributeOutput(output: NamedOutput, diagnostics: Diagnostic[]): AttributedOutput {
  const runs = readRuns(output, diagnostics);
  const language = /\.css$/i.test(output.file) ? 'css' : 'js';
  const owners = new LocalOwners();
  if (output.witness?.kind === 'rendered') {
    const rendered = renderedModules(output.witness.modules, owners);
    const place = (start: number, end: number) => gapOwner(output, start, end);
    const located = rendered.length === 0 ? null : locateRendered(output.contents, rendered, owners.count, place);
    if (located !== null) return { ownership: located, holders: owners.holders };
  }
  if (runs === null) return attributeWithoutMap(output, owners, diagnostics);
  const ids = output.map!.ids();
  const assigned = assignOwners(output.contents, runs, {
    language,
    runtime: (source) => ids[source] !== null && isRuntimeModule(ids[source]!),
  });
  const ownership = renumber(assigned, (number) => {
    const owner = ownerOf(number);
    if ('rest' in owner) return number;
    const id = ids[owner.source];
    return id == null ? REST.indexOf('unmapped') : owners.ofModule(id);
  });
  const counted = { ...ownership, ownerCount: owners.count };
  if (output.witness?.kind === 'rendered') {
    const rendered = renderedModules(output.witness.modules, owners);
    const placed = placeRendered(output.contents, counted, rendered, opennessOf);
    reportMissing(output, placed.missing, owners, diagnostics);
    return { ownership: { ...placed.ownership, ownerCount: owners.count }, holders: owners.holders };
  }
  if (output.witness?.kind !== 'lengths') return { ownership: counted, holders: owners.holders };
  const witnessed = new Map<number, number>();
  for (const { id, bytes } of output.witness.modules) {
    const owner = owners.ofModule(id);
    witnessed.set(owner, (witnessed.get(owner) ?? 0) + bytes);
  }
  const settled = settle(output, { ...ownership, ownerCount: owners.count }, witnessed, language);
  reportDisagreements(output, settled.disagreements, owners, diagnostics);
  return { ownership: settled.ownership, holders: owners.holders };
}

/** The ends of statements are looked for only where map and witness do not come to terms without them. */
function settle(
  output: NamedOutput,
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

function attributeWithoutMap(output: NamedOutput, owners: LocalOwners, diagnostics: Diagnostic[]): AttributedOutput {
  const witness = output.witness;
  const language = output.kind === 'css' ? 'css' : 'js';
  if (witness?.kind === 'lengths' && witness.modules.length > 0) {
    const lengths = witness.modules.map(({ id, bytes }) => ({ owner: owners.ofModule(id), bytes }));
    const ownership = layOut(output.contents, lengths, owners.count, output.kind === 'asset' ? null : language);
    return { ownership, holders: owners.holders };
  }
  if (witness?.kind === 'rendered' && witness.modules.length === 1) {
    const only = { owner: owners.ofModule(witness.modules[0]!.id), bytes: output.contents.length };
    return { ownership: layOut(output.contents, [only], owners.count, null), holders: owners.holders };
  }
  const bundlersOwn = output.map === null && output.kind === 'chunk' ? ownedByBundler(output) : null;
  if (bundlersOwn !== null) {
    const only = { owner: REST.indexOf(bundlersOwn), bytes: output.contents.length };
    return { ownership: layOut(output.contents, [only], owners.count, null), holders: owners.holders };
  }
  if (output.kind === 'css' && output.map === null && output.contents.length > 0)
    diagnostics.push(unmappedSheet(output.file));
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
function ownedByBundler({ file, contents }: NamedOutput): RestName | null {
  if (isRuntimeFile(file)) return 'runtime';
  return nameGap(asBuffer(contents), 0, contents.length, 'first') === 'glue' ? 'glue' : null;
}

const SHEET = 'css-map-missing';

function unmappedSheet(file: string): Diagnostic {
  return sheetsWithoutMaps([file]);
}

function sheetsWithoutMaps(files: readonly string[]): Diagnostic {
  const has = files.length === 1 ? 'has' : 'have';
  return {
    code: SHEET,
    file: files.length === 1 ? files[0]! : null,
    message: `${files.join(', ')} ${has} no source map and can't be divided among modules`,
    hint: null,
  };
}

/** Most bundlers make no maps for style sheets: one word for all of them, in the place of the first. */
export function withOneWordForSheets(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const sheets = diagnostics.flatMap(({ code, file }) => (code === SHEET && file !== null ? [file] : []));
  if (sheets.length < 2) return [...diagnostics];
  const first = diagnostics.findIndex(({ code }) => code === SHEET);
  return diagnostics.flatMap((each, i) => {
    if (each.code !== SHEET) return [each];
    return i === first ? [sheetsWithoutMaps(sheets)] : [];
  });
}

/** Runs by the output's map; null where there is no map that can be used. */
function readRuns(output: NamedOutput, diagnostics: Diagnostic[]): SourceRuns | null {
  if (output.map === null) return null;
  try {
    const runs = attributeBySourceMap(output.contents, output.map.view());
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

function renderedModules(
  rendered: readonly { readonly id: string; readonly code: string | null }[],
  owners: LocalOwners,
): RenderedModule[] {
  return rendered.map(({ id, code }) => ({
    owner: isRuntimeModule(id) ? REST.indexOf('runtime') : owners.ofModule(id),
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
  output: NamedOutput,
  missing: readonly { readonly owner: number; readonly bytes: number }[],
  owners: LocalOwners,
  diagnostics: Diagnostic[],
): void {
  const grave = missing.filter(({ bytes }) => bytes >= WORTH_A_WORD);
  if (grave.length === 0) return;
  const list = grave.slice(0, 3).map(({ owner, bytes }) => {
    const holder = owners.holders[owner]!;
    return `${'id' in holder ? holder.id : holder.rest} (${bytes} bytes before minification)`;
  });
  diagnostics.push({
    code: 'witnesses-disagree',
    file: output.file,
    message: `${output.file}: the bundler put ${grave.length} modules there of which the source map knows nothing: ${list.join(', ')}`,
    hint: 'A plugin that changes code without a map can do this. The sums hold; these bytes count for a neighbour or as unmapped.',
  });
}

function gapOwner(output: NamedOutput, start: number, end: number): number {
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
  output: NamedOutput,
  disagreements: readonly { readonly owner: number; readonly mapped: number; readonly witnessed: number }[],
  owners: LocalOwners,
  diagnostics: Diagnostic[],
): void {
  const grave = disagreements.filter(
    ({ mapped, witnessed }) => Math.abs(mapped - witnessed) > Math.max(TOLERATED_BYTES, witnessed * TOLERATED_SHARE),
  );
  if (grave.length === 0) return;
  const worst = grave.sort((a, b) => Math.abs(b.mapped - b.witnessed) - Math.abs(a.mapped - a.witnessed)).slice(0, 3);
  const list = worst.map(({ owner, mapped, witnessed }) => {
    const holder = owners.holders[owner]!;
    return `${'id' in holder ? holder.id : holder.rest}: ${mapped} by the map, ${witnessed} by the bundler`;
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
  readonly holders: NamedHolder[] = REST.map((rest) => ({ rest }));
  readonly #byId = new Map<string, number>();

  get count(): number {
    return this.holders.length;
  }

  ofModule(id: string): number {
    let owner = this.#byId.get(id);
    if (owner === undefined) {
      owner = this.holders.push({ id }) - 1;
      this.#byId.set(id, owner);
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
