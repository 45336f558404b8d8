/** Compressed copies beside the files of a folder, and deltas against earlier releases of it, with a manifest of them all. */
import { availableParallelism } from 'node:os';

import type { Diagnostic } from '../model/build.ts';
import { mapBounded } from './bounded.ts';
import { compressFile } from './compress-file.ts';
import { MANIFEST_FILE, MANIFEST_SCHEMA, writeManifest, type PrecompressManifest } from './manifest.ts';
import { remove, writeWhole } from './output-files.ts';
import { removeJournal, writeJournal } from './ownership.ts';
import { plannedNames, prepare, type PrecompressOptions, type Run } from './run.ts';
import type { CompressSettings } from './settings.ts';

export type { PrecompressOptions } from './run.ts';

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
