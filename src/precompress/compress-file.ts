/** One file of a run: its copies, its deltas, and its record in the manifest. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { contentTypeOf, isCompressible } from './content-type.ts';
import { deltaName } from './copy-name.ts';
import { decode, encode, isBlocking, versionOf } from './encode.ts';
import { sha256Of } from './hash.ts';
import { CODINGS, type CompressedFile, type EncodedCopy, type EncodedDelta } from './manifest.ts';
import { remove, unreadable, writeWhole, type FoundFile } from './output-files.ts';
import type { Run } from './run.ts';
import type { CopyFormat, Format } from './settings.ts';

/** null: the file can't be read. @throws PareError `write-failed`; the signal's reason */
export async function compressFile(run: Run, { file }: FoundFile): Promise<CompressedFile | null> {
  let contents: Buffer;
  try {
    contents = await readFile(path.join(run.folder, file));
  } catch (cause) {
    run.report(unreadable('file-unreadable', file, cause as Error, 'It gets no copies.'));
    return null;
  }
  const sha256 = sha256Of(contents);
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
  return { file, bytes: encoded.length, sha256: sha256Of(encoded) };
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
