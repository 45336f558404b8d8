import { PareError } from '../model/errors.ts';

/** Positions in bits are unsigned 32-bit numbers. */
const TOO_LONG = 2 ** 29;

/**
 * Reads a stream lowest bit first. It keeps nothing but a position in bits: a look ahead is four byte loads, and there is no
 * refill to get wrong. Past the end it reads zeros; callers compare `position` with `limit`.
 */
export class BitReader {
  /** In bits from the start. */
  position = 0;
  /** Bits in the stream. */
  readonly limit: number;
  /** The stream and at least four zero bytes, so that a look ahead near the end stays inside of the array. */
  readonly bytes: Uint8Array;

  /** @throws PareError `compressed-too-large` from 512 MB on. */
  constructor(bytes: Uint8Array) {
    if (bytes.length >= TOO_LONG) {
      throw new PareError(
        'compressed-too-large',
        `A compressed file of ${bytes.length} bytes is too large to be attributed.`,
        {
          hint: 'Leave the file out, or split it: files of less than 512 MB can be attributed.',
        },
      );
    }
    this.bytes = new Uint8Array(bytes.length + 8);
    this.bytes.set(bytes);
    this.limit = bytes.length * 8;
  }

  /** At least the next 25 bits, in the low end; those above them may or may not be there. */
  peek(): number {
    const { bytes, position } = this;
    const at = position >>> 3;
    return (
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)) >>>
      (position & 7)
    );
  }

  /** The next `count` bits, at most 24, as a number. */
  read(count: number): number {
    const value = this.peek() & ((1 << count) - 1);
    this.position += count;
    return value;
  }

  get ended(): boolean {
    return this.position > this.limit;
  }
}
