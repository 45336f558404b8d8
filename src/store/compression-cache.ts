/**
 * Compressed files on disk, by the content they were made from: brotli at its best level costs more than the build that made
 * the file. One file an entry, written aside and renamed, with a checksum: a torn or foreign file is a miss, never a wrong size.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const FORMAT = 'pare-compressed-1';
const DIGEST_BYTES = 32;

export class CompressionDiskCache {
  readonly #folder: string;
  #broken = false;

  /** @param folder absolute path; made when the first entry is written */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The compressed file, or null where it is not known. Never throws: a cache that can't be read is empty. */
  async get(contents: Uint8Array, method: string): Promise<Uint8Array | null> {
    let entry: Buffer;
    try {
      entry = await readFile(this.#fileOf(contents, method));
    } catch {
      return null;
    }
    const body = entry.subarray(DIGEST_BYTES);
    return entry.length > DIGEST_BYTES && digest(body).equals(entry.subarray(0, DIGEST_BYTES)) ? body : null;
  }

  /** Keeps an entry if it can; a full disk or a read-only folder turns the writing off. */
  async put(contents: Uint8Array, method: string, compressed: Uint8Array): Promise<void> {
    if (this.#broken) return;
    const file = this.#fileOf(contents, method);
    const aside = `${file}.${randomUUID()}`;
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(aside, Buffer.concat([digest(compressed), compressed]));
      await rename(aside, file);
    } catch {
      this.#broken = true;
      await rm(aside, { force: true }).catch(() => undefined);
    }
  }

  #fileOf(contents: Uint8Array, method: string): string {
    const key = createHash('sha256')
      .update(`${FORMAT} ${method} ${process.versions.zlib} ${process.versions.brotli}\n`)
      .update(contents)
      .digest('hex');
    return path.join(this.#folder, key.slice(0, 2), key.slice(2));
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
