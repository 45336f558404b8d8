/**
 * Compressed files on disk, by the content they were made from: brotli at its best level costs more than the build that made
 * the file. One file an entry, written aside and renamed, with a checksum: a torn or foreign file is a miss, never a wrong size.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { ByteCache, CacheEntry } from '../model/byte-cache.ts';

const FORMAT = 'pare-compressed-2';
const DIGEST_BYTES = 32;

export class CompressionDiskCache implements ByteCache {
  readonly #folder: string;
  #broken = false;

  /** @param folder absolute path; made when the first entry is written */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The value, or null where it is not known. Never throws: a cache that can't be read is empty. */
  async get(entry: CacheEntry): Promise<Uint8Array | null> {
    let kept: Buffer;
    try {
      kept = await readFile(this.#fileOf(entry));
    } catch {
      return null;
    }
    const body = kept.subarray(DIGEST_BYTES);
    return kept.length > DIGEST_BYTES && digest(body).equals(kept.subarray(0, DIGEST_BYTES)) ? body : null;
  }

  getMany(entries: readonly CacheEntry[]): Promise<(Uint8Array | null)[]> {
    return Promise.all(entries.map((entry) => this.get(entry)));
  }

  async through(entry: CacheEntry, compute: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = await this.get(entry);
    if (known !== null) return known;
    const value = await compute();
    await this.put(entry, value);
    return value;
  }

  /** Keeps an entry if it can; a full disk or a read-only folder turns the writing off. */
  async put(entry: CacheEntry, value: Uint8Array): Promise<void> {
    if (this.#broken) return;
    const file = this.#fileOf(entry);
    const aside = `${file}.${randomUUID()}`;
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(aside, Buffer.concat([digest(value), value]));
      await rename(aside, file);
    } catch {
      this.#broken = true;
      await rm(aside, { force: true }).catch(() => undefined);
    }
  }

  #fileOf({ kind, of }: CacheEntry): string {
    const hash = createHash('sha256').update(`${FORMAT} ${kind} ${process.versions.zlib} ${process.versions.brotli}\n`);
    for (const part of of) hash.update(`${typeof part} ${Buffer.byteLength(part)}\n`).update(part);
    const key = hash.digest('hex');
    return path.join(this.#folder, key.slice(0, 2), key.slice(2));
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
