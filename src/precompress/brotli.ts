/** Brotli at its best quality; with a dictionary where the platform's zlib takes one (Node from 24.15, Bun). */
import * as zlib from 'node:zlib';
import { promisify } from 'node:util';

const compress = promisify(zlib.brotliCompress);
const decompress = promisify(zlib.brotliDecompress);
const { BROTLI_PARAM_LGWIN, BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
const { BROTLI_MIN_WINDOW_BITS, BROTLI_MAX_WINDOW_BITS, BROTLI_MAX_QUALITY } = zlib.constants;

/** Newer than the types that we are checked with. */
interface SharedBrotliOptions extends zlib.BrotliOptions {
  readonly dictionary?: Uint8Array;
}

/** For the cache's keys. */
export const BROTLI_VERSION = `brotli ${process.versions.brotli ?? process.version} q${BROTLI_MAX_QUALITY}`;

/** The window holds the whole file where the format allows it (16 MB). @param dictionary raw bytes; null: none */
export function brotli(contents: Uint8Array, dictionary: Uint8Array | null): Promise<Uint8Array> {
  const options: SharedBrotliOptions = {
    params: {
      [BROTLI_PARAM_QUALITY]: BROTLI_MAX_QUALITY,
      [BROTLI_PARAM_SIZE_HINT]: contents.length,
      [BROTLI_PARAM_LGWIN]: windowBits(contents.length),
    },
    ...(dictionary !== null && { dictionary }),
  };
  return compress(contents, options);
}

export function unbrotli(compressed: Uint8Array, bytes: number, dictionary: Uint8Array | null): Promise<Uint8Array> {
  const options: SharedBrotliOptions = {
    maxOutputLength: Math.max(1, bytes),
    ...(dictionary !== null && { dictionary }),
  };
  return decompress(compressed, options);
}

/** A window is its power of two less 16 bytes. */
function windowBits(bytes: number): number {
  const bits = Math.ceil(Math.log2(bytes + 16));
  return Math.min(BROTLI_MAX_WINDOW_BITS, Math.max(BROTLI_MIN_WINDOW_BITS, 16, bits));
}

let shared: boolean | undefined;

/** Older versions pass over the option in silence, so it is tried. */
export function hasSharedBrotli(): boolean {
  shared ??= tryShared();
  return shared;
}

function tryShared(): boolean {
  const sample = Buffer.from('All that is in the dictionary already, 0123456789, need not be written once more.');
  const options: SharedBrotliOptions = { dictionary: sample };
  try {
    return zlib.brotliCompressSync(sample, options).length < sample.length / 2;
  } catch {
    return false;
  }
}
