/** The source maps of outputs as they lie on disk. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { sourceMapComment } from '../measure/comments.ts';
import type { MapEvidence } from '../measure/evidence.ts';
import type { Build } from '../model/build.ts';

/** Within each file or beside it. Files that are not there, or have no map, are left out: the build's diagnostics name them. */
export async function readMaps(folder: string, { outputs }: Build): Promise<MapEvidence[]> {
  const found = await Promise.all(
    outputs.filter(({ kind }) => kind !== 'asset').map(({ file }) => mapOf(path.resolve(folder, file), file)),
  );
  return found.filter((map) => map !== null);
}

async function mapOf(full: string, file: string): Promise<MapEvidence | null> {
  const contents = await readFile(full).catch(() => null);
  if (contents === null) return null;
  const url = sourceMapComment(contents)?.url ?? null;
  const inline = /^data:application\/json[^,]*;base64,(.*)$/s.exec(url ?? '');
  if (inline !== null) return { bytes: Buffer.from(inline[1]!, 'base64'), file, base: path.dirname(full) };
  for (const candidate of [url === null ? null : path.resolve(path.dirname(full), decoded(url)), `${full}.map`]) {
    const bytes = candidate === null ? null : await readFile(candidate).catch(() => null);
    if (candidate !== null && bytes !== null) return { bytes, file: `${file}.map`, base: path.dirname(candidate) };
  }
  return null;
}

function decoded(url: string): string {
  try {
    return decodeURI(url);
  } catch {
    return url;
  }
}
