/** Has anything changed that a configuration came from? Asked of the disk, without reading. */
import { stat } from 'node:fs/promises';
import path from 'node:path';

import { CONFIG_NAMES } from './find-files.ts';

/** What the configuration came from, and the places where a nearer one may be written later. */
export function watchedFiles(files: Iterable<string>, folders: Iterable<string>): Set<string> {
  const possible = [...folders].flatMap((folder) =>
    [...CONFIG_NAMES, 'package.json'].map((name) => path.join(folder, name)),
  );
  return new Set([...files, ...possible]);
}

/** Changes when one of the files does. */
export async function stampOf(files: Iterable<string>): Promise<string> {
  const stats = await Promise.all([...files].map((file) => stat(file).catch(() => null)));
  return stats.map((found) => (found === null ? '-' : `${found.ino}:${found.mtimeMs}:${found.size}`)).join();
}
