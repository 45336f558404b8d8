/** Where results go: stdout, or a file that is either whole or not there. */
import { mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { PareError } from '../model/errors.ts';
import { uninterrupted } from '../scope/signals.ts';

/** @param out a file's path; undefined: stdout */
export async function writeResult(text: string, out: string | undefined): Promise<void> {
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  await writeWhole(out, text);
  note(`written to ${out}`);
}

/** For people, on stderr. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** @throws PareError `write-failed` */
export async function writeWhole(file: string, text: string): Promise<void> {
  try {
    await uninterrupted(() => replaceFile(path.resolve(file), text));
  } catch (cause) {
    throw new PareError('write-failed', `${file} can't be written: ${(cause as Error).message}`, { cause });
  }
}

async function replaceFile(file: string, text: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  // A device or a pipe is written to; renaming something over it would take it away.
  if (found !== null && !found.isFile()) return writeFile(file, text);
  const target = found === null ? file : await realpath(file);
  await mkdir(path.dirname(target), { recursive: true });
  const aside = `${target}.${process.pid}.partial`;
  try {
    await writeFile(aside, text);
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}
