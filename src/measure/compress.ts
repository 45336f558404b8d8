/**
 * Compressed sizes of an output and whose they are: the file is really compressed (gzip level 9, brotli quality 11), and each
 * bit of the result is charged to the owner of the bytes that it makes.
 */
import { constants, brotliCompress, gzip } from 'node:zlib';
import { promisify } from 'node:util';

import type { ByteCache, CacheEntry } from '../model/byte-cache.ts';
import type { BitAttribution } from './bits.ts';
import { digestOf } from './digest.ts';
import type { Ownership } from './ownership.ts';

export interface CompressOptions {
  readonly gzip: boolean;
  readonly brotli: boolean;
  /** Keeps what was compressed and whose it is; none: all of it is done. */
  readonly cache?: ByteCache | undefined;
}

/** Compressed size in bytes, and bits by owner number. */
export interface CompressedShares extends BitAttribution {
  readonly bytes: number;
}

export interface Compressed {
  readonly gzip: CompressedShares | null;
  readonly brotli: CompressedShares | null;
}

const gzipAsync = promisify(gzip);
const brotliAsync = promisify(brotliCompress);

/**
 * Compresses in zlib's own threads; the attribution runs here. An empty file is not compressed: both sizes are 0.
 *
 * @param digest of the contents; null: nothing is kept
 */
export async function compressOutput(
  contents: Uint8Array,
  ownership: Ownership,
  options: CompressOptions,
  digest: string | null,
): Promise<Compressed> {
  const cache = digest === null || options.cache === undefined ? null : { store: options.cache, digest };
  const [gz, br] = await Promise.all([
    options.gzip ? compressed('gzip-9', cache, () => gzipAsync(contents, { level: 9 })) : null,
    options.brotli ? compressed('brotli-11', cache, () => brotliAsync(contents, BROTLI(contents.length))) : null,
  ]);
  return {
    gzip:
      gz === null
        ? null
        : await sharesOf(gz, async () => (await import('./gzip.ts')).attributeGzip(gz, ownership), ownership),
    brotli:
      br === null
        ? null
        : await sharesOf(
            br,
            async () => (await import('./brotli.ts')).attributeBrotli(br, contents, ownership),
            ownership,
          ),
  };
}

/** From this size on brotli's own memory (some 25 bytes a byte) is most of what an analysis takes. */
const LARGE_BYTES = 512 * 1024;

/**
 * Compresses large files ahead and one by one, before the analysis itself takes memory; what they come to is in the cache then.
 */
export async function compressAhead(
  outputs: readonly { readonly file: string; readonly contents: Uint8Array }[],
  options: CompressOptions & { readonly cache: ByteCache },
  onFile?: (file: string) => void,
): Promise<void> {
  if (!options.brotli) return;
  for (const { file, contents } of outputs) {
    if (contents.length < LARGE_BYTES) continue;
    onFile?.(file);
    const cache = { store: options.cache, digest: digestOf(contents) };
    await compressed('brotli-11', cache, () => brotliAsync(contents, BROTLI(contents.length)));
  }
}

/** Holds what was compressed ahead where nothing is kept beyond the run. */
export class CompressedAhead implements ByteCache {
  readonly #values = new Map<string, Uint8Array>();

  get({ kind, of }: CacheEntry): Promise<Uint8Array | null> {
    return Promise.resolve((kind === 'compressed' ? this.#values.get(of.join('\n')) : undefined) ?? null);
  }

  getMany(entries: readonly CacheEntry[]): Promise<(Uint8Array | null)[]> {
    return Promise.all(entries.map((entry) => this.get(entry)));
  }

  put({ kind, of }: CacheEntry, value: Uint8Array): Promise<void> {
    if (kind === 'compressed') this.#values.set(of.join('\n'), value);
    return Promise.resolve();
  }

  async through(entry: CacheEntry, compute: () => Promise<Uint8Array>): Promise<Uint8Array> {
    return (await this.get(entry)) ?? compute();
  }
}

const BROTLI = (size: number) => ({
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: size },
});

async function compressed(
  method: string,
  cache: { readonly store: ByteCache; readonly digest: string } | null,
  compress: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  if (cache === null) return compress();
  const entry: CacheEntry = { kind: 'compressed', of: [method, cache.digest] };
  const known = await cache.store.get(entry);
  if (known !== null) return known;
  const start = performance.now();
  const result = await compress();
  await cache.store.put(entry, result, performance.now() - start);
  return result;
}

async function sharesOf(
  compressed: Uint8Array,
  attribute: () => Promise<BitAttribution>,
  ownership: Ownership,
): Promise<CompressedShares> {
  // A lone owner has everything: no need to walk the stream.
  if (ownership.ends.length === 1) {
    const shares = new Uint32Array(ownership.ownerCount);
    shares[ownership.owners[0]!] = compressed.length * 8;
    return { bytes: compressed.length, shares, container: 0 };
  }
  return { bytes: compressed.length, ...(await attribute()) };
}
