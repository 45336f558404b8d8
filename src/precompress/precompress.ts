/** Compressed copies beside the files of a folder, and deltas against earlier releases of it, with a manifest of them all. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import picomatch from 'picomatch';

import type { Diagnostic } from '../model/build.ts';
import type { ByteCache } from '../model/byte-cache.ts';
import { PareError } from '../model/errors.ts';
import { mapBounded } from './bounded.ts';
import { contentTypeOf, isCompressible, isSourceMap } from './content-type.ts';
import { dictionariesOf, dictionaryFor, type Dictionary } from './dictionaries.ts';
import { decode, encode, isBlocking, isDeltaPossible, versionOf, type RunEncode } from './encode.ts';
import { immutableFiles } from './hashed-name.ts';
import {
  CODINGS,
  MANIFEST_FILE,
  MANIFEST_SCHEMA,
  writeManifest,
  type CompressedFile,
  type EncodedCopy,
  type EncodedDelta,
  type PrecompressManifest,
} from './manifest.ts';
import { listFiles, remove, unreadable, writeWhole, type FoundFile } from './output-files.ts';
import { isCopyName, JOURNAL_FILE, readOwnership, removeJournal, writeJournal, type Ownership } from './ownership.ts';
import { DELTA_FORMATS, type CompressSettings, type CopyFormat, type DeltaFormat, type Format } from './settings.ts';
import { useAsDictionary } from './url-pattern.ts';

export interface PrecompressOptions {
  readonly cache?: ByteCache | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number, file: string) => void) | undefined;
  /** What was passed over, and why: the rest of the result stands. Called at the end, by file. */
  readonly onDiagnostic?: ((diagnostic: Diagnostic) => void) | undefined;
  /** Runs what would hold this thread up (zstd as WebAssembly). Default: here. */
  readonly run?: RunEncode | undefined;
  /** Path of the folder on the server; default `/`. */
  readonly base?: string | undefined;
  /** Compresses and measures, but writes nothing and removes nothing. */
  readonly dryRun?: boolean | undefined;
}

/** Bytes of the files that are compressed at one time; zlib takes several times as much. */
const MOST_WEIGHT = 64 * 1024 * 1024;

/**
 * Writes the copies that pay, removes those of earlier runs that don't hold any more, and writes `pare-compress.json`. The same
 * folder, settings and tools give the same bytes. A copy of somebody else is left alone, unless it is of the same file.
 * @param folder absolute path of the output
 * @throws PareError `not-found`, `unreadable`, `no-output`, `write-failed`, `usage`; the signal's reason
 */
export async function precompress(
  folder: string,
  settings: CompressSettings,
  options: PrecompressOptions = {},
): Promise<PrecompressManifest> {
  const diagnostics: Diagnostic[] = [];
  try {
    const run = await prepare(folder, settings, options, (diagnostic) => diagnostics.push(diagnostic));
    return options.dryRun === true ? await makeManifest(run) : await writeCopies(run);
  } finally {
    // Files are done in any order; what is said of them is in one.
    const orderOf = ({ file, code }: Diagnostic): string => `${file ?? ''} ${code}`;
    diagnostics.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
    for (const diagnostic of diagnostics) options.onDiagnostic?.(diagnostic);
  }
}

async function writeCopies(run: Run): Promise<PrecompressManifest> {
  const { folder } = run;
  await writeJournal(folder, [...run.owned.copies, ...plannedNames(run)]);
  try {
    const manifest = await makeManifest(run);
    const kept = new Set(
      manifest.files.flatMap(({ copies, deltas }) => [...copies, ...deltas]).map(({ file }) => file),
    );
    for (const file of run.owned.copies) if (!kept.has(file)) await remove(folder, file);
    await writeWhole(folder, MANIFEST_FILE, writeManifest(manifest));
    await removeJournal(folder);
    return manifest;
  } catch (error) {
    // Where not even that can be done, the next run does it by the journal.
    await rollBack(run).catch(() => undefined);
    throw error;
  }
}

async function makeManifest(run: Run): Promise<PrecompressManifest> {
  const { signal, onProgress } = run.options;
  let done = 0;
  const records = await mapBounded(
    run.files,
    ({ bytes }) => bytes,
    { concurrency: Math.max(2, Math.min(4, availableParallelism())), weight: MOST_WEIGHT },
    async (found) => {
      signal?.throwIfAborted();
      const record = await compressFile(run, found);
      onProgress?.(++done, run.files.length, found.file);
      return record;
    },
  );
  return { schema: MANIFEST_SCHEMA, base: run.base, files: records.filter((record) => record !== null) };
}

/** Takes away what no manifest names: what this run has written, and what one that was killed before it had. */
async function rollBack(run: Run): Promise<void> {
  const named = new Set(
    [...run.owned.files.values()].flatMap(({ copies, deltas }) => [...copies, ...deltas]).map(({ file }) => file),
  );
  for (const name of [...run.owned.copies, ...plannedNames(run)]) if (!named.has(name)) await remove(run.folder, name);
  await removeJournal(run.folder);
}

/** An earlier file that deltas are made against. */
interface Earlier extends Dictionary {
  readonly path: string;
  readonly sha256: string;
}

/** One run: everything that is known before the first file is compressed. */
interface Run {
  readonly folder: string;
  readonly settings: CompressSettings;
  readonly options: PrecompressOptions;
  readonly base: string;
  /** The files that are served: all but copies, source maps that nobody asked for, and our own manifest. */
  readonly files: readonly FoundFile[];
  readonly present: ReadonlySet<string>;
  readonly owned: Ownership;
  readonly isIncluded: (file: string) => boolean;
  readonly immutable: ReadonlySet<string>;
  /** The header of each file that has one. */
  readonly headers: ReadonlyMap<string, string>;
  /** By file, the latest release first, each content once. */
  readonly earlier: ReadonlyMap<string, readonly Earlier[]>;
  readonly deltaFormats: readonly DeltaFormat[];
  readonly report: (diagnostic: Diagnostic) => void;
}

async function prepare(
  folder: string,
  settings: CompressSettings,
  options: PrecompressOptions,
  report: Run['report'],
): Promise<Run> {
  const base = normalBase(options.base ?? '/');
  const { files: all, left } = await listFiles(folder, report);
  if (options.dryRun !== true) for (const file of left) await remove(folder, file);
  const owned = await readOwnership(folder, report);
  const present = new Set(all.map(({ file }) => file));
  const isCopy = (file: string): boolean => owned.copies.has(file) || present.has(originalOf(file) ?? '');
  const asksForMaps = /map\b/.test(settings.include);
  const files = all.filter(
    ({ file }) =>
      file !== MANIFEST_FILE && file !== JOURNAL_FILE && !isCopy(file) && (asksForMaps || !isSourceMap(file)),
  );
  if (files.length === 0 && owned.copies.size === 0)
    throw new PareError('no-output', `There is no file in ${folder}`, {
      hint: 'Name the folder that the bundler writes to, after a build.',
    });
  const isIncluded = picomatch(settings.include, { dot: true, basename: !settings.include.includes('/') });
  const { earlier, changed } = await readReleases(folder, files, { settings, base, isIncluded, report });
  const immutable = immutableFiles(files.map(({ file }) => file));
  // What had other contents under the same name is not named by its contents, whatever its name looks like.
  for (const file of changed) immutable.delete(file);
  return {
    folder,
    settings,
    options,
    base,
    files,
    present,
    owned,
    isIncluded,
    immutable,
    headers: new Map(
      dictionariesOf(files, { base, minBytes: settings.minBytes }).map(({ file, pattern }) => [
        file,
        useAsDictionary(pattern),
      ]),
    ),
    earlier,
    deltaFormats: DELTA_FORMATS.filter(isDeltaPossible),
    report,
  };
}

/** The file that a copy with this name would be of; null: the name is none of a copy. */
function originalOf(file: string): string | null {
  if (!isCopyName(file)) return null;
  return file.replace(/\.(?:br|gz|zst)$|\.[0-9a-f]{16,64}\.(?:dcb|dcz)$/, '');
}

/** As bundlers are told it: a path, a relative path, or an address of which the path counts. */
function normalBase(base: string): string {
  const path = /^(?:[a-z][a-z0-9+.-]*:)?\/\//i.test(base) ? new URL(base, 'https://host/').pathname : base;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return `/${parts.map((part) => `${part}/`).join('')}`;
}

/** Which earlier files deltas are made against, for each file of now; and which files changed under their name. */
async function readReleases(
  folder: string,
  files: readonly FoundFile[],
  context: Pick<Run, 'settings' | 'base' | 'isIncluded' | 'report'>,
): Promise<{ readonly earlier: Map<string, Earlier[]>; readonly changed: string[] }> {
  const { settings, base, isIncluded, report } = context;
  const earlier = new Map<string, Earlier[]>();
  const changed = new Set<string>();
  for (const previous of settings.previous) {
    const release = path.resolve(previous);
    if (release === path.resolve(folder))
      throw new PareError('usage', `${previous} is the folder that is compressed itself, and no earlier release`, {
        hint: 'Keep a copy of the release before, and name that.',
      });
    const { files: all } = await listFiles(release, report);
    const served = all.filter(({ file }) => originalOf(file) === null);
    const sizes = new Map(served.map(({ file, bytes }) => [file, bytes]));
    const hashes = new Map<string, Promise<string | null>>();
    const hashEarlier = (file: string): Promise<string | null> => {
      const known = hashes.get(file) ?? hashFile(path.join(release, file), path.join(previous, file), report);
      hashes.set(file, known);
      return known;
    };
    const dictionaries = dictionariesOf(served, { base, minBytes: settings.minBytes });
    for (const { file, bytes } of files) {
      const former = sizes.get(file);
      if (former !== undefined) {
        const now = former === bytes ? await hashFile(path.join(folder, file), file, () => undefined) : null;
        if (now === null || now !== (await hashEarlier(file))) changed.add(file);
      }
      const best = isCompressible(file) && isIncluded(file) ? dictionaryFor(file, dictionaries) : null;
      const sha256 = best === null ? null : await hashEarlier(best.file);
      if (best === null || sha256 === null) continue;
      const known = earlier.get(file) ?? [];
      if (!known.some((each) => each.sha256 === sha256))
        earlier.set(file, [...known, { ...best, sha256, path: path.join(release, best.file) }]);
    }
  }
  return { earlier, changed: [...changed] };
}

async function hashFile(full: string, name: string, report: Run['report']): Promise<string | null> {
  try {
    return hashOf(await readFile(full));
  } catch (cause) {
    report(unreadable('file-unreadable', name, cause as Error, 'No delta is made against it.'));
    return null;
  }
}

/** What this run may write that is not there yet: should it be killed, the next one knows whose it is. */
function plannedNames({ files, present, settings, earlier, deltaFormats }: Run): string[] {
  return files
    .flatMap(({ file }) => [
      ...settings.formats.map((format) => `${file}.${format}`),
      ...(earlier.get(file) ?? []).flatMap(({ sha256 }) =>
        deltaFormats.map((format) => deltaName(file, sha256, format)),
      ),
    ])
    .filter((name) => !present.has(name));
}

/** Sixteen digits tell more earlier versions apart than there will ever be. */
function deltaName(file: string, dictionary: string, format: DeltaFormat): string {
  return `${file}.${dictionary.slice(0, 16)}.${format}`;
}

async function compressFile(run: Run, { file }: FoundFile): Promise<CompressedFile | null> {
  let contents: Buffer;
  try {
    contents = await readFile(path.join(run.folder, file));
  } catch (cause) {
    run.report(unreadable('file-unreadable', file, cause as Error, 'It gets no copies.'));
    return null;
  }
  const sha256 = hashOf(contents);
  if (run.options.dryRun !== true) await removeOutdated(run, file, sha256);
  const { settings } = run;
  const isWorthwhile = contents.length >= settings.minBytes && isCompressible(file) && run.isIncluded(file);
  const source: Source = { file, contents, sha256 };
  const copies = isWorthwhile ? await makeCopies(run, source) : [];
  const best = Math.min(contents.length, ...copies.map(({ bytes }) => bytes));
  return {
    file,
    bytes: contents.length,
    sha256,
    integrity: `sha256-${Buffer.from(sha256, 'hex').toString('base64')}`,
    contentType: contentTypeOf(file),
    immutable: run.immutable.has(file),
    useAsDictionary: run.headers.get(file) ?? null,
    copies,
    deltas: isWorthwhile ? await makeDeltas(run, source, best) : [],
  };
}

/** Old copies of a file that has changed go first: from here on none can be served in its place. */
async function removeOutdated({ folder, owned }: Run, file: string, sha256: string): Promise<void> {
  const former = owned.files.get(file);
  if (former === undefined || former.sha256 === sha256) return;
  for (const copy of [...former.copies, ...former.deltas]) await remove(folder, copy.file);
}

interface Source {
  readonly file: string;
  readonly contents: Buffer;
  readonly sha256: string;
}

async function makeCopies(run: Run, source: Source): Promise<EncodedCopy[]> {
  const { settings } = run;
  const most = source.contents.length * (1 - settings.minSaving);
  const made = await allEnded(
    [...new Set(settings.formats)].map(async (format: CopyFormat): Promise<EncodedCopy | null> => {
      const encoded = await encodeCached(run, source, format, null);
      const copy = { coding: CODINGS[format], ...measured(`${source.file}.${format}`, encoded) };
      return encoded.length <= most && (await keep(run, source, copy.file, encoded, format)) ? copy : null;
    }),
  );
  return made.filter((copy) => copy !== null).sort((a, b) => (a.coding < b.coding ? -1 : 1));
}

/** As Promise.all, but a failure is thrown when nothing is being written any more. */
async function allEnded<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** @param best bytes of the smallest thing that everybody can be given */
async function makeDeltas(run: Run, source: Source, best: number): Promise<EncodedDelta[]> {
  const made: EncodedDelta[] = [];
  const most = best * (1 - run.settings.minSaving);
  for (const { path: full, sha256 } of run.earlier.get(source.file) ?? []) {
    // Whoever has these very bytes has them under this very name, or gets them from the delta of another release.
    if (sha256 === source.sha256) continue;
    const dictionary = await readFile(full);
    for (const format of run.deltaFormats) {
      const encoded = await encodeCached(run, source, format, { contents: dictionary, sha256 });
      const delta = {
        coding: CODINGS[format],
        ...measured(deltaName(source.file, sha256, format), encoded),
        dictionary: sha256,
      };
      if (encoded.length <= most && (await keep(run, source, delta.file, encoded, null))) made.push(delta);
    }
  }
  return made.sort((a, b) => (a.file < b.file ? -1 : 1));
}

function measured(file: string, encoded: Uint8Array): { file: string; bytes: number; sha256: string } {
  return { file, bytes: encoded.length, sha256: hashOf(encoded) };
}

async function encodeCached(
  run: Run,
  { contents, sha256 }: Source,
  format: Format,
  dictionary: { readonly contents: Uint8Array; readonly sha256: string } | null,
): Promise<Uint8Array> {
  const { cache, signal } = run.options;
  const encodeNow = async (): Promise<Uint8Array> => {
    const runEncode = run.options.run !== undefined && (await isBlocking(format)) ? run.options.run : encode;
    const input = { contents, format, dictionary: dictionary?.contents ?? null };
    return runEncode(input, signal === undefined ? {} : { signal });
  };
  if (cache === undefined) return unlessAborted(encodeNow(), signal);
  const of = ['precompress 1', await versionOf(format), format, sha256, dictionary?.sha256 ?? ''];
  return unlessAborted(cache.through({ kind: 'precompressed', of }, encodeNow), signal);
}

/** zlib can't be stopped, and brotli takes seconds for a MB: whoever wants to stop need not wait for it. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/**
 * Writes a copy, unless something lies there already that is not ours and not a copy of the same file. With the format of a
 * delta that nobody but us writes (null), only the very same bytes count as a copy.
 * @returns whether the copy is there
 */
async function keep(
  { folder, present, owned, options, report }: Run,
  { file, contents }: Source,
  name: string,
  encoded: Uint8Array,
  format: CopyFormat | null,
): Promise<boolean> {
  if (present.has(name)) {
    const found = await readFile(path.join(folder, name)).catch(() => null);
    if (found !== null && Buffer.compare(found, encoded) === 0) return true;
    if (!owned.copies.has(name) && found !== null) {
      const isSame =
        format !== null &&
        (await decode(found, format, contents.length, null).then(
          (decoded) => Buffer.compare(decoded, contents) === 0,
          () => false,
        ));
      if (!isSame) {
        report({
          code: 'foreign-copy',
          file: name,
          message: `${name} is no copy of ${file}, and pare did not write it`,
          hint: `It is left as it is, and a server that trusts its name answers wrongly. Remove it and compress again.`,
        });
        return false;
      }
    }
  }
  if (options.dryRun !== true) {
    options.signal?.throwIfAborted();
    await writeWhole(folder, name, encoded);
  }
  return true;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
