/** Larger values on disk, a file each, in 256 folders by the first byte of the key. */
import { closeSync, fstatSync, openSync, readSync, existsSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';

import { CACHE_KINDS, type CacheKind } from '../model/byte-cache.ts';
import { namesIn, type PartialFiles } from './partial-file.ts';

export interface ObjectFile {
  readonly file: string;
  readonly kind: CacheKind;
  readonly bytes: number;
  /** When it was last written or asked for, as far as is known. Milliseconds since 1970. */
  readonly usedAt: number;
}

const KINDS: ReadonlySet<string> = new Set(CACHE_KINDS);

export class ObjectFiles {
  readonly #folder: string;
  readonly #partial: PartialFiles;

  constructor(folder: string, partial: PartialFiles) {
    this.#folder = folder;
    this.#partial = partial;
  }

  /** The kind is in the name, so that statistics and `clear` need not open the files. */
  fileOf(hex: string, kind: CacheKind): string {
    return path.join(this.#folder, hex.slice(0, 2), `${hex.slice(2)}.${kind}`);
  }

  /**
   * In this thread: reading 100 KB takes 39 µs of CPU so, and 118 µs by way of promises. The look for the file before costs
   * 1 µs and spares a miss the 11 µs of an exception.
   * @throws Error of the file system, but not where there is no such file
   */
  read(file: string): { readonly bytes: Buffer; readonly usedAt: number } | null {
    if (!existsSync(file)) return null;
    let handle: number;
    try {
      handle = openSync(file, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    try {
      const { size, mtimeMs } = fstatSync(handle);
      const bytes = Buffer.allocUnsafeSlow(size);
      let done = 0;
      while (done < size) {
        const read = readSync(handle, bytes, done, size - done, done);
        if (read === 0) break;
        done += read;
      }
      return { bytes: bytes.subarray(0, done), usedAt: mtimeMs };
    } finally {
      closeSync(handle);
    }
  }

  /**
   * @returns by how many bytes the folder has grown
   * @throws Error of the file system
   */
  write(file: string, record: Uint8Array, now: number): number {
    const before = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    this.#partial.write(file, record);
    // The file system has noted the time itself, unless the store goes by another clock.
    if (Math.abs(Date.now() - now) > 1000) this.touch(file, now);
    return record.length - before;
  }

  /** Notes that the file was asked for; where that can't be noted, it goes earlier. */
  touch(file: string, now: number): void {
    try {
      utimesSync(file, now / 1000, now / 1000);
    } catch {
      // Read-only, or gone.
    }
  }

  /** @returns the bytes that this has freed */
  remove(file: string): number {
    try {
      const found = statSync(file, { throwIfNoEntry: false });
      if (found === undefined) return 0;
      rmSync(file, { force: true });
      return found.size;
    } catch {
      return 0;
    }
  }

  /** All files, folder by folder, so that whoever walks can let others run in between. What isn't ours has no kind and is passed over. */
  *folders(): Generator<readonly ObjectFile[]> {
    for (const shard of namesIn(this.#folder)) {
      const folder = path.join(this.#folder, shard);
      yield namesIn(folder).flatMap((name) => {
        const kind = name.slice(name.indexOf('.') + 1);
        const file = path.join(folder, name);
        const found = KINDS.has(kind) ? statSync(file, { throwIfNoEntry: false }) : undefined;
        return found === undefined ? [] : [{ file, kind: kind as CacheKind, bytes: found.size, usedAt: found.mtimeMs }];
      });
    }
  }
}
