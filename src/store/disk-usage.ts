/**
 * How much lies in the folder, without counting it: every process appends what it adds and takes away to one small file, a
 * line each, which file systems do whole. A count is made only when the bound is reached.
 */
import { appendFileSync, readFileSync } from 'node:fs';

import type { PartialFiles } from './partial-file.ts';

/** A process that is killed forgets to say that much at most. */
const MOST_UNSAID_BYTES = 4 * 1024 * 1024;
const MOST_LOG_BYTES = 32 * 1024;

export class DiskUsage {
  readonly #file: string;
  readonly #partial: PartialFiles;
  readonly #step: number;
  #said: number | null = null;
  #unsaid = 0;

  constructor(file: string, partial: PartialFiles, limitBytes: number) {
    this.#file = file;
    this.#partial = partial;
    this.#step = Math.min(MOST_UNSAID_BYTES, limitBytes / 64);
  }

  /** Bytes in the folder, as far as it is known without counting; null: nobody has counted yet. */
  get bytes(): number | null {
    this.#said ??= this.#read();
    return this.#said === null ? null : this.#said + this.#unsaid;
  }

  add(bytes: number): void {
    this.#unsaid += bytes;
    if (Math.abs(this.#unsaid) >= this.#step) this.settle();
  }

  /** Tells the other processes, and learns what they have told. */
  settle(): void {
    if (this.#unsaid === 0) return;
    try {
      // Before the first count there is no file, and the count will see what was written.
      if (this.#read() === null) return;
      appendFileSync(this.#file, `${this.#unsaid}\n`);
      this.#unsaid = 0;
      this.#said = this.#read();
    } catch {
      // It stays unsaid.
    }
  }

  /** After a count. */
  reset(bytes: number): void {
    this.#said = bytes;
    this.#unsaid = 0;
    try {
      this.#partial.write(this.#file, Buffer.from(`${bytes}\n`));
    } catch {
      // This process knows it at least.
    }
  }

  #read(): number | null {
    try {
      const text = readFileSync(this.#file, 'utf8');
      const total = text.split('\n').reduce((sum, line) => sum + Number(line), 0);
      // Something else than lines of figures, or more of them than is quick to add up: it is time for a count.
      return Number.isFinite(total) && text.length <= MOST_LOG_BYTES ? Math.max(0, total) : null;
    } catch {
      return null;
    }
  }
}
