/** At most one process does a thing at a time. What is done under a lock is right without it too, only done twice. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

import { isGone, PROCESS_MARK } from './partial-file.ts';

/** Nothing that is done under a lock takes that long. */
const STALE_MS = 60_000;

/** @returns what gives the lock back; null: another process has it, or the folder can't be written to */
export function tryLock(file: string): (() => void) | null {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, PROCESS_MARK, { flag: 'wx' });
      return () => {
        try {
          rmSync(file, { force: true });
        } catch {
          // It becomes stale.
        }
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !takeAwayStale(file)) return null;
    }
  }
  return null;
}

function takeAwayStale(file: string): boolean {
  try {
    if (!isGone(readFileSync(file, 'utf8')) && statSync(file).mtimeMs > Date.now() - STALE_MS) return false;
    rmSync(file, { force: true });
    return true;
  } catch {
    // It was given back meanwhile.
    return true;
  }
}
