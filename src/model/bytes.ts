import type { Bytes } from './build.ts';

export const NO_BYTES: Bytes = { raw: 0, gzip: 0, brotli: 0 };

/** Sum of two sizes; a measure that one of them lacks is lacking in the sum. */
export function addBytes(a: Bytes, b: Bytes): Bytes {
  return {
    raw: a.raw + b.raw,
    gzip: a.gzip === null || b.gzip === null ? null : a.gzip + b.gzip,
    brotli: a.brotli === null || b.brotli === null ? null : a.brotli + b.brotli,
  };
}

export function sumBytes(sizes: Iterable<Bytes>): Bytes {
  let sum = NO_BYTES;
  for (const size of sizes) sum = addBytes(sum, size);
  return sum;
}
