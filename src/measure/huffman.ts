/** Codes of both DEFLATE and brotli are at most this long. */
export const MAX_CODE_LENGTH = 15;

/** What a decoding table holds for bits that are no code; no code has a symbol this large. */
export const NO_CODE = 0xffff;

/** `ok`, or what is wrong with the code lengths: more codes than fit, or bits that no code stands for. */
export type CodeFit = 'ok' | 'oversubscribed' | 'incomplete';

/**
 * A prefix code as a flat decoding table: the next `bits` bits of the stream, lowest first, are an index into `table`, and the
 * entry is `symbol << 4 | length of its code`. Flat rather than in levels: with the longest code in use as its width a table
 * is a few KB, and a look-up has no branch.
 */
export interface PrefixCode {
  readonly table: Uint16Array;
  /** Width of the index. */
  readonly bits: number;
  readonly fit: CodeFit;
}

const count = new Uint16Array(MAX_CODE_LENGTH + 1);
const next = new Uint16Array(MAX_CODE_LENGTH + 1);

/**
 * The canonical code (RFC 1951, 3.2.2; RFC 7932, 3.2) of `lengths[from]` up to `lengths[to]`: symbol 0 is `lengths[from]`, length 0
 * means that a symbol is not used.
 */
export function prefixCode(lengths: Uint8Array, from: number, to: number): PrefixCode {
  count.fill(0);
  for (let i = from; i < to; i++) {
    const length = lengths[i] as number;
    count[length] = (count[length] as number) + 1;
  }
  count[0] = 0;
  let code = 0;
  let bits = 0;
  let free = 1;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    code = (code + (count[length - 1] as number)) << 1;
    next[length] = code;
    free = free * 2 - (count[length] as number);
    if (count[length] !== 0) bits = length;
    if (free < 0) return { table: new Uint16Array(1), bits: 0, fit: 'oversubscribed' };
  }
  const size = 1 << bits;
  const table = new Uint16Array(size);
  if (free !== 0) table.fill(NO_CODE);
  for (let i = from; i < to; i++) {
    const length = lengths[i] as number;
    if (length === 0) continue;
    const entry = ((i - from) << 4) | length;
    const step = 1 << length;
    for (let index = reverse(next[length] as number, length); index < size; index += step) table[index] = entry;
    next[length] = (next[length] as number) + 1;
  }
  return { table, bits, fit: free === 0 ? 'ok' : 'incomplete' };
}

/** A code of one symbol that takes no bits. */
export function constantCode(symbol: number): PrefixCode {
  return { table: Uint16Array.of(symbol << 4), bits: 0, fit: 'ok' };
}

/** Codes go into the stream highest bit first, everything else lowest bit first. */
function reverse(code: number, length: number): number {
  let reversed = 0;
  for (let i = 0; i < length; i++) reversed |= ((code >>> i) & 1) << (length - 1 - i);
  return reversed;
}
