/** What one run is asked for, and everything that is known before the first file is compressed. */
import picomatch from 'picomatch';

import type { Diagnostic } from '../model/build.ts';
import type { ByteCache } from '../model/byte-cache.ts';
import { PareError } from '../model/errors.ts';
import { isSourceMap } from './content-type.ts';
import { deltaName, originalOf } from './copy-name.ts';
import { dictionariesOf } from './dictionaries.ts';
import { isDeltaPossible, type RunEncode } from './encode.ts';
import { immutableFiles } from './hashed-name.ts';
import { MANIFEST_FILE } from './manifest.ts';
import { listFiles, remove, type FoundFile } from './output-files.ts';
import { JOURNAL_FILE, readOwnership, type Ownership } from './ownership.ts';
import { readReleases, type Earlier } from './releases.ts';
import { DELTA_FORMATS, type CompressSettings, type DeltaFormat } from './settings.ts';
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

/** One run: everything that is known before the first file is compressed. */
export interface Run {
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

export async function prepare(
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

/** As bundlers are told it: a path, a relative path, or an address of which the path counts. */
function normalBase(base: string): string {
  const path = /^(?:[a-z][a-z0-9+.-]*:)?\/\//i.test(base) ? new URL(base, 'https://host/').pathname : base;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return `/${parts.map((part) => `${part}/`).join('')}`;
}

/** What this run may write that is not there yet: should it be killed, the next one knows whose it is. */
export function plannedNames({ files, present, settings, earlier, deltaFormats }: Run): string[] {
  return files
    .flatMap(({ file }) => [
      ...settings.formats.map((format) => `${file}.${format}`),
      ...(earlier.get(file) ?? []).flatMap(({ sha256 }) =>
        deltaFormats.map((format) => deltaName(file, sha256, format)),
      ),
    ])
    .filter((name) => !present.has(name));
}
