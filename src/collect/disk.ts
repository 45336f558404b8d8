/**
 * The file system as an analysis sees it: everything that is read or looked for goes through here, so that who keeps an answer
 * can say what it rests on.
 */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
  type Dirent,
  type Stats,
} from 'node:fs';

import { giveScratch, takeScratch } from '../measure/scratch.ts';

/** What was seen; all paths are absolute. */
export interface DiskTrace {
  /** Files that were read, and folders that were listed: the answer rests on what is in them. */
  readonly read: ReadonlySet<string>;
  /** Paths of which only what stands there counted. */
  readonly probed: ReadonlyMap<string, PathType>;
}

export interface Lent {
  readonly bytes: Buffer;
  /** Nothing of the bytes may be used from then on. */
  readonly release: () => void;
}

export type PathType = 'file' | 'folder' | 'none';

export class Disk {
  readonly #read = new Set<string>();
  readonly #probed = new Map<string, PathType>();

  #isWhole = true;

  /** null: something was there and could not be read, so that nothing can be said of when it changes. */
  get trace(): DiskTrace | null {
    return this.#isWhole ? { read: this.#read, probed: this.#probed } : null;
  }

  /** @throws Error of the file system */
  readFile(file: string): Buffer {
    try {
      const content = readFileSync(file);
      this.#read.add(file);
      return content;
    } catch (error) {
      this.#probeAgain(file);
      throw error;
    }
  }

  /**
   * Reads a file into memory that the caller has, from `at` on; null where the memory is too small, or the file can't be read.
   * @returns its length in bytes
   */
  readInto(file: string, memory: Buffer, at: number): number | null {
    let handle: number;
    try {
      handle = openSync(file, 'r');
    } catch {
      this.#probeAgain(file);
      return null;
    }
    try {
      const room = memory.length - at;
      const length = room <= 0 ? 0 : readSync(handle, memory, at, room, 0);
      this.#read.add(file);
      return length < room ? length : null;
    } catch {
      this.#probeAgain(file);
      return null;
    } finally {
      closeSync(handle);
    }
  }

  /** In memory that the caller lends; null where it can't be read. */
  readIntoScratch(file: string): Lent | null {
    const size = this.stat(file)?.size;
    if (size === undefined) return null;
    const memory = takeScratch(size + 1);
    const length = this.readInto(file, Buffer.from(memory), 0);
    const bytes = length === null ? this.tryReadFile(file) : Buffer.from(memory, 0, length);
    return bytes === null ? null : { bytes, release: () => giveScratch(memory) };
  }

  /** null where it can't be read. */
  tryReadFile(file: string): Buffer | null {
    try {
      return this.readFile(file);
    } catch {
      return null;
    }
  }

  /** For who reads by other means: the answer rests on this file's content, or on its absence. */
  willRead(file: string): void {
    if (existsSync(file)) this.#read.add(file);
    else this.#probed.set(file, 'none');
  }

  /** @throws Error of the file system */
  list(folder: string): Dirent[] {
    try {
      const entries = readdirSync(folder, { withFileTypes: true });
      this.#read.add(folder);
      return entries;
    } catch (error) {
      this.#probeAgain(folder);
      throw error;
    }
  }

  /** @throws Error of the file system */
  realPath(path: string): string {
    return realpathSync(path);
  }

  /** undefined: nothing is there. @throws Error of the file system, where a link leads in a circle */
  stat(path: string): Stats | undefined {
    const found = statSync(path, { throwIfNoEntry: false });
    this.#probed.set(path, found === undefined ? 'none' : found.isDirectory() ? 'folder' : 'file');
    return found;
  }

  isFile(path: string): boolean {
    return this.stat(path)?.isFile() ?? false;
  }

  isFolder(path: string): boolean {
    return this.stat(path)?.isDirectory() ?? false;
  }

  /** Cheaper than an error, where most are not there. */
  exists(path: string): boolean {
    const exists = existsSync(path);
    if (!exists) this.#probed.set(path, 'none');
    return exists;
  }

  /** What can't be read is not there, or it is there for nobody: then nobody may rely on what was made without it. */
  #probeAgain(path: string): void {
    if (existsSync(path)) this.#isWhole = false;
    else this.#probed.set(path, 'none');
  }
}
