/**
 * Which files of a folder are our own copies: those that the manifest of the run before names, and those that a run which was
 * killed had set out to write. Nothing else is ever removed.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { Diagnostic } from '../model/build.ts';
import { isCopyName } from './copy-name.ts';
import { MANIFEST_FILE, parseManifest, type CompressedFile } from './manifest.ts';
import { remove, writeWhole } from './output-files.ts';

/** There while a run writes; names what may lie in the folder if it is killed. */
export const JOURNAL_FILE = '.pare-compress.journal';

export interface Ownership {
  /** As the manifest has them, by name. */
  readonly files: ReadonlyMap<string, CompressedFile>;
  readonly copies: ReadonlySet<string>;
}

export async function readOwnership(
  folder: string,
  onDiagnostic: (diagnostic: Diagnostic) => void,
): Promise<Ownership> {
  const files = await readFormer(folder, onDiagnostic);
  const journal = await readFile(path.join(folder, JOURNAL_FILE), 'utf8').catch(() => '');
  const copies = new Set(journal.split('\n').filter((name) => isCopyName(name)));
  const named = files.flatMap(({ copies: own, deltas }) => [...own, ...deltas]).map(({ file }) => file);
  for (const name of named) if (isCopyName(name)) copies.add(name);
  return { files: new Map(files.map((each) => [each.file, each])), copies };
}

/** A manifest that can't be read is none: the copies that it named count as somebody else's from now on. */
async function readFormer(
  folder: string,
  onDiagnostic: (diagnostic: Diagnostic) => void,
): Promise<readonly CompressedFile[]> {
  const text = await readFile(path.join(folder, MANIFEST_FILE), 'utf8').catch(() => null);
  if (text === null) return [];
  try {
    return parseManifest(text, MANIFEST_FILE).files;
  } catch (error) {
    onDiagnostic({
      code: 'bad-manifest',
      file: MANIFEST_FILE,
      message: `The manifest of an earlier run can't be used: ${(error as Error).message}`,
      hint: 'It is written anew. Copies of files that are gone stay: remove them by hand, or build into an empty folder.',
    });
    return [];
  }
}

export async function writeJournal(folder: string, names: Iterable<string>): Promise<void> {
  await writeWhole(folder, JOURNAL_FILE, [...new Set(names)].sort().join('\n'));
}

export async function removeJournal(folder: string): Promise<void> {
  await remove(folder, JOURNAL_FILE);
}
