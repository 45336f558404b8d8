/** Where a build usually lies, for command lines that don't say it. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { PareError } from '../model/errors.ts';

const USUAL = ['dist', 'build', 'out', '.output/public', 'public/build'] as const;

/**
 * The first of the usual output folders that has JavaScript in it, relative to the working directory.
 * @throws PareError `no-output`
 */
export async function findOutputFolder(): Promise<string> {
  for (const folder of USUAL) if (await hasScript(path.resolve(folder))) return folder;
  throw new PareError('no-output', `None of ${USUAL.join(', ')} has JavaScript in it`, {
    hint: 'Build the project first, or name the output folder, for example: pare analyze packages/app/dist',
  });
}

/** What the choice of that folder rests on; null: a folder before it is there, and what is in it may change. */
export function groundsOfChoice(found: string): ReadonlyMap<string, 'none'> | null {
  const before = USUAL.slice(0, USUAL.indexOf(found as (typeof USUAL)[number])).map((folder) => path.resolve(folder));
  return before.some((folder) => existsSync(folder)) ? null : new Map(before.map((folder) => [folder, 'none']));
}

async function hasScript(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (entries.some((entry) => !entry.isDirectory() && /\.[cm]?js$/i.test(entry.name))) return true;
  for (const entry of entries) {
    if (entry.isDirectory() && entry.name !== 'node_modules' && (await hasScript(path.join(folder, entry.name))))
      return true;
  }
  return false;
}
