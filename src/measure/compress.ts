/**
 * Compressed sizes of an output and whose they are: the file is really compressed (gzip level 9, brotli quality 11), and each
 * bit of the result is charged to the owner of the bytes that it makes.
 */
import { constants, brotliCompress, gzip } from 'node:zlib';
import { promisify } from 'node:util';

import type { BitAttribution } from './bits.ts';
import type { Ownership } from './ownership.ts';

export interface CompressOptions {
  readonly gzip: boolean;
  readonly brotli: boolean;
  /** Keeps compressed files by their content; none: everything is compressed. */
  readonly cache?: CompressionCache;
}

/** Keeps the result of a compression under a key of content and method. */
export interface CompressionCache {
  get(contents: Uint8Array, method: string): Promise<Uint8Array | null>;
  put(contents: Uint8Array, method: string, compressed: Uint8Array): Promise<void>;
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

/** Compresses in zlib's own threads; the attribution runs here. An empty file is not compressed: both sizes are 0. */
export async function compressOutput(
  contents: Uint8Array,
  ownership: Ownership,
  options: CompressOptions,
): Promise<Compressed> {
  const [gz, br] = await Promise.all([
    options.gzip ? compressed(contents, 'gzip-9', options.cache, () => gzipAsync(contents, { level: 9 })) : null,
    options.brotli
      ? compressed(contents, 'brotli-11', options.cache, () => brotliAsync(contents, BROTLI(contents.length)))
      : null,
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
  contents: Uint8Array,
  method: string,
  cache: CompressionCache | undefined,
  compress: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const known = await cache?.get(contents, method);
  if (known) return known;
  const result = await compress();
  await cache?.put(contents, method, result);
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
