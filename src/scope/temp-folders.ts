/**
 * Temporary folders that are gone when they are closed; those of processes that were killed are swept by the next one that
 * needs a folder. A name says whose it is: `pare-MACHINE-PID-RANDOM`, where MACHINE stands for the host's name and, on Linux,
 * the namespace of process ids, because containers may share a /tmp and know nothing of each other's processes.
 */
import { createHash } from 'node:crypto';
import { readlinkSync, rmSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';

import { atExit } from './at-exit.ts';

export interface TempFolder {
  readonly folder: string;
  remove(): Promise<void>;
}

/** @param parent default: the system's folder for temporary files */
export async function openTempFolder(parent = tmpdir()): Promise<TempFolder> {
  const folder = await mkdtemp(path.join(parent, `pare-${machine()}-${process.pid}-`));
  const forget = atExit(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    async remove() {
      // On Windows a file that somebody still reads can't go: a virus scanner needs a moment.
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      forget();
    },
  };
}

/**
 * Removes what killed processes left. What can't be removed stays: it may belong to somebody else.
 *
 * @returns the folders that are gone
 */
export async function sweepTempFolders(parent = tmpdir()): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  const left = entries.filter((entry) => entry.isDirectory() && isLeft(entry.name)).map(({ name }) => name);
  const results = await Promise.allSettled(
    left.map((name) => rm(path.join(parent, name), { recursive: true, force: true })),
  );
  return left.filter((_, index) => results[index]?.status === 'fulfilled').map((name) => path.join(parent, name));
}

function isLeft(name: string): boolean {
  const [, of, pid] = /^pare-([0-9a-f]{8})-(\d+)-\w{6}$/.exec(name) ?? [];
  return of === machine() && pid !== undefined && !isAlive(Number(pid));
}

/** A process that we may not signal is alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

let known: string | null = null;

function machine(): string {
  known ??= createHash('sha256').update(`${hostname()}\n${processNamespace()}`).digest('hex').slice(0, 8);
  return known;
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
