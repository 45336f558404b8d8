/**
 * Compressed sizes of an output and whose they are: the file is really compressed (gzip level 9, brotli quality 11), and each
 * bit of the result is charged to the owner of the bytes that it makes.
 */
import { constants, brotliCompress, gzip } from 'node:zlib';
import { promisify } from 'node:util';

import type { ByteCache, CacheEntry } from '../model/byte-cache.ts';
import type { BitAttribution } from './bits.ts';
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
