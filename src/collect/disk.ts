/**
 * The file system as an analysis sees it: everything that is read or looked for goes through here, so that who keeps an answer
 * can say what it rests on.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, type Dirent, type Stats } from 'node:fs';

/** What was seen; all paths are absolute. */
export interface DiskTrace {
  /** Files that were read, and folders that were listed: the answer rests on what is in them. */
  readonly read: ReadonlySet<string>;
  /** Paths of which only what stands there counted. */
  readonly probed: ReadonlyMap<string, PathType>;
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
