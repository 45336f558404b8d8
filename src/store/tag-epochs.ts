/**
 * Taking values back by tag without looking for them: each tag has an epoch, an entry carries the epochs that its tags had when
 * it was written, and is gone when one of them is another. The file has only tags that were ever taken back; its `base` is
 * random, so that entries of before don't come back to life if the file is lost.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { tryLock } from './lock.ts';
import type { PartialFiles } from './partial-file.ts';
import type { StampedTag } from './record.ts';

interface Epochs {
  readonly base: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** More than that, and all tags are taken back at once instead of one by one. */
const MOST_TAGS = 10_000;
const LOCK_ATTEMPTS = 40;

export class TagEpochs {
  readonly #file: string;
  readonly #partial: PartialFiles;
  #epochs: Epochs | null = null;
  /** Of the file as it was read last: inode, time and size. */
  #seen = '';

  /** @param file absolute path; made when the first tag is given */
  constructor(file: string, partial: PartialFiles) {
    this.#file = file;
    this.#partial = partial;
  }

  /** For an entry that is written now. */
  stamp(tags: readonly string[]): StampedTag[] {
    if (tags.length === 0) return [];
    this.refresh();
    const epochs = this.#epochs ?? this.#begin();
    return tags.map((tag) => [tag, epochOf(epochs, tag)]);
  }

  /** Reads the file again if another process has written it. Cheap: one look at its date. */
  refresh(): void {
    const seen = this.#look();
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#epochs = seen === '' ? null : this.#read();
  }

  /** '' where it isn't there, or where it can't be looked at: then no entry that carries a tag is current. */
  #look(): string {
    try {
      const found = statSync(this.#file, { throwIfNoEntry: false, bigint: true });
      return found === undefined ? '' : `${found.ino} ${found.mtimeNs} ${found.size}`;
    } catch {
      return '';
    }
  }

  /** Whether none of the tags was taken back since. Goes by what {@link refresh} has seen. */
  areCurrent(tags: readonly StampedTag[]): boolean {
    const epochs = this.#epochs;
    return tags.length === 0 || (epochs !== null && tags.every(([tag, epoch]) => epochOf(epochs, tag) === epoch));
  }

  /** Takes back what carries one of the tags. */
  async invalidate(tags: readonly string[]): Promise<void> {
    if (tags.length === 0) return;
    const release = await this.#lock();
    try {
      this.refresh();
      const { base, counts } = this.#epochs ?? this.#begin();
      const next: Record<string, number> = Object.assign(Object.create(null) as object, counts);
      for (const tag of tags) next[tag] = (next[tag] ?? 0) + 1;
      this.#write(Object.keys(next).length > MOST_TAGS ? { base: newBase(), counts: {} } : { base, counts: next });
    } finally {
      release?.();
    }
  }

  async #lock(): Promise<(() => void) | null> {
    for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
      const release = tryLock(`${this.#file}.lock`);
      if (release !== null) return release;
      // A folder that isn't there yet, or can't be written to, has no locks.
      if (statSync(`${this.#file}.lock`, { throwIfNoEntry: false }) === undefined) return null;
      await wait(5);
    }
    return null;
  }

  #begin(): Epochs {
    const epochs = { base: newBase(), counts: {} };
    this.#write(epochs);
    return epochs;
  }

  #write(epochs: Epochs): void {
    try {
      this.#partial.write(this.#file, Buffer.from(JSON.stringify(epochs)));
      this.refresh();
    } catch {
      // They hold within this process then: nothing else can be written either.
    }
    this.#epochs = epochs;
  }

  #read(): Epochs | null {
    try {
      const { base, counts } = JSON.parse(readFileSync(this.#file, 'utf8')) as Epochs;
      if (typeof base !== 'string' || typeof counts !== 'object' || counts === null) return null;
      return { base, counts: Object.assign(Object.create(null) as object, counts) };
    } catch {
      return null;
    }
  }
}

function newBase(): string {
  return randomBytes(8).toString('hex');
}

export function epochOf({ base, counts }: Epochs, tag: string): string {
  return `${base}.${counts[tag] ?? 0}`;
}
