/** The folder as it lies on disk: what is in it, and how it is written to. */
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { Diagnostic } from '../model/build.ts';
import { PareError } from '../model/errors.ts';

export interface FoundFile {
  /** POSIX, relative to the folder. */
  readonly file: string;
  readonly bytes: number;
}

/** Names of what a run lays aside until it is whole. */
const PARTIAL = /^\.pare-compress-(\d+)-[0-9a-f-]{36}\.partial$/;

/**
 * All files below a folder, by name. Folders behind symbolic links are left alone: copies would be written to wherever they
 * lead. What killed runs laid aside goes to `left`.
 * @throws PareError `not-found`, `unreadable`
 */
export async function listFiles(
  folder: string,
  onDiagnostic: (diagnostic: Diagnostic) => void,
): Promise<{ readonly files: FoundFile[]; readonly left: string[] }> {
  const files: FoundFile[] = [];
  const left: string[] = [];
  const enter = async (current: string, prefix: string): Promise<void> => {
    const entries = await readdir(current, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
      if (prefix === '') throw notAFolder(folder, cause);
      onDiagnostic(unreadable('folder-unreadable', prefix, cause, 'Its files get no copies.'));
      return [];
    });
    for (const entry of entries) {
      const name = prefix + entry.name;
      const full = path.join(current, entry.name);
      if (entry.name.includes('\\')) {
        // In a manifest it could be taken for a way out of the folder; reading one refuses it.
        const hint = 'It gets no copies: elsewhere that divides folders. Give it another name.';
        onDiagnostic({ code: 'file-name', file: name, message: `${name} has a backslash in its name`, hint });
      } else if (entry.isDirectory()) {
        if (entry.name !== 'node_modules' && entry.name !== '.git') await enter(full, `${name}/`);
      } else if (PARTIAL.test(entry.name)) {
        if (!isRunning(Number(PARTIAL.exec(entry.name)![1]))) left.push(name);
      } else {
        const found = await stat(full).catch((cause: NodeJS.ErrnoException) => {
          onDiagnostic(unreadable('file-unreadable', name, cause, 'It gets no copies.'));
          return null;
        });
        if (found?.isFile() === true) files.push({ file: name, bytes: found.size });
      }
    }
  };
  await enter(folder, '');
  files.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { files, left };
}

export function unreadable(code: string, file: string, cause: Error, hint: string): Diagnostic {
  return { code, file, message: `${file} can't be read: ${cause.message}`, hint };
}

function notAFolder(folder: string, cause: NodeJS.ErrnoException): PareError {
  if (cause.code === 'ENOENT')
    return new PareError('not-found', `There is no folder ${folder}`, {
      hint: 'Build the project first, or name the folder that the bundler writes to.',
      cause,
    });
  return new PareError('unreadable', `${folder} can't be read: ${cause.message}`, { cause });
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Writes a file that is either whole or not there.
 * @throws PareError `write-failed`
 */
export async function writeWhole(folder: string, file: string, contents: Uint8Array | string): Promise<void> {
  const target = path.join(folder, file);
  const aside = path.join(path.dirname(target), `.pare-compress-${process.pid}-${randomUUID()}.partial`);
  try {
    await writeFile(aside, contents);
    await rename(aside, target);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => undefined);
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new PareError('write-failed', `${file} can't be written: ${message}`, {
      hint:
        code === 'ENOSPC' || code === 'EDQUOT'
          ? 'The disk is full. No copy is left half-written; make room and compress again.'
          : 'No copy is left half-written; compress again when the folder can be written to.',
      cause,
    });
  }
}

/** @throws PareError `write-failed` */
export async function remove(folder: string, file: string): Promise<void> {
  try {
    await rm(path.join(folder, file), { force: true });
  } catch (cause) {
    throw new PareError('write-failed', `${file} can't be removed: ${(cause as Error).message}`, { cause });
  }
}
