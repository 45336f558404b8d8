/** Whether a folder still is what its manifest says: before it is deployed, or after. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { Diagnostic } from '../model/build.ts';
import { mapBounded } from './bounded.ts';
import { decode } from './encode.ts';
import { CODINGS, type CompressedFile, type PrecompressManifest } from './manifest.ts';
import { readManifest } from './read-manifest.ts';
import type { CopyFormat } from './settings.ts';

export interface PrecompressCheck {
  readonly manifest: PrecompressManifest;
  /** Empty: all is as it was written. By file. */
  readonly problems: readonly Diagnostic[];
}

const BOUNDS = { concurrency: 8, weight: 64 * 1024 * 1024 };

/**
 * Hashes every file that the manifest names, and decodes every copy. Deltas are hashed only: the earlier files are not here.
 * @throws PareError `not-found`, `bad-manifest`
 */
export async function checkPrecompressed(folder: string, signal?: AbortSignal): Promise<PrecompressCheck> {
  const manifest = await readManifest(folder);
  const problems = await mapBounded(
    manifest.files,
    ({ bytes }) => bytes,
    BOUNDS,
    async (file) => {
      signal?.throwIfAborted();
      return checkFile(folder, file);
    },
  );
  return { manifest, problems: problems.flat() };
}

async function checkFile(folder: string, record: CompressedFile): Promise<Diagnostic[]> {
  const contents = await readChecked(folder, record);
  if (!(contents instanceof Uint8Array)) return [contents];
  const problems: Diagnostic[] = [];
  for (const copy of [...record.copies, ...record.deltas]) {
    const encoded = await readChecked(folder, copy);
    if (!(encoded instanceof Uint8Array)) {
      problems.push(encoded);
      continue;
    }
    const format = COPY_FORMAT_OF[copy.coding];
    if (format === undefined) continue;
    const isWhole = await decode(encoded, format, contents.length, null).then(
      (decoded) => Buffer.compare(decoded, contents) === 0,
      () => false,
    );
    if (!isWhole) problems.push(problem('copy-differs', copy.file, `is no ${copy.coding} of ${record.file}`));
  }
  return problems;
}

const COPY_FORMAT_OF: Readonly<Record<string, CopyFormat | undefined>> = {
  [CODINGS.br]: 'br',
  [CODINGS.gz]: 'gz',
  [CODINGS.zst]: 'zst',
};

async function readChecked(
  folder: string,
  { file, bytes, sha256 }: { readonly file: string; readonly bytes: number; readonly sha256: string },
): Promise<Uint8Array | Diagnostic> {
  let contents: Buffer;
  try {
    contents = await readFile(path.join(folder, file));
  } catch (cause) {
    const isGone = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    return isGone
      ? problem('file-missing', file, 'is not there')
      : problem('file-unreadable', file, `can't be read: ${(cause as Error).message}`);
  }
  if (contents.length === bytes && createHash('sha256').update(contents).digest('hex') === sha256) return contents;
  return problem('file-changed', file, `has changed since it was compressed (${contents.length} bytes, not ${bytes})`);
}

function problem(code: string, file: string, what: string): Diagnostic {
  return { code, file, message: `${file} ${what}`, hint: null };
}
