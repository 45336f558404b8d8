import { PareError } from '../model/errors.ts';
import type { Ownership } from './ownership.ts';

/**
 * Whose the bits of a compressed file are. All numbers are whole bits; divided by 8 they are exact as floating point, so
 * sums of the quotients are exact too. `container` and the shares add up to the compressed file's length * 8.
 */
export interface BitAttribution {
  /** By owner number. */
  readonly shares: Uint32Array;
  /** Bits that no byte of the content made: header, trailer, padding to a whole byte. */
  readonly container: number;
}

/** Bits as bytes: a multiple of an eighth, with no rounding. */
export function bitsToBytes(bits: number): number {
  return bits / 8;
}

/**
 * Whole numbers in proportion to `weights` whose sum is exactly `total`: every weight gets its quota rounded down, and what
 * is left goes, one each, to the largest remainders (Hamilton's method; the lower index wins a tie). Where all weights
 * are 0 the first takes it all.
 */
export function apportion(weights: Float64Array, total: number): Uint32Array {
  const quotas = new Uint32Array(weights.length);
  let sum = 0;
  for (const weight of weights) sum += weight;
  if (weights.length === 0 || total === 0) return quotas;
  if (!(sum > 0)) {
    quotas[0] = total;
    return quotas;
  }
  const remainders = new Float64Array(weights.length);
  let left = total;
  for (let i = 0; i < weights.length; i++) {
    const quota = ((weights[i] as number) * total) / sum;
    // Weights that are whole bits up to the noise of floating point keep their value.
    const whole = Math.floor(quota + 1e-6);
    quotas[i] = whole;
    remainders[i] = quota - whole;
    left -= whole;
  }
  const byRemainder = Uint32Array.from(remainders.keys()).sort((a, b) => {
    return (remainders[b] as number) - (remainders[a] as number) || a - b;
  });
  for (let i = 0; left > 0; i = (i + 1) % byRemainder.length, left--) {
    const index = byRemainder[i] as number;
    quotas[index] = (quotas[index] as number) + 1;
  }
  for (let i = byRemainder.length - 1; left < 0; i = i === 0 ? byRemainder.length - 1 : i - 1) {
    const index = byRemainder[i] as number;
    if (quotas[index] === 0) continue;
    quotas[index] = (quotas[index] as number) - 1;
    left++;
  }
  return quotas;
}

/** However much others copy from an owner, it pays at least this part of what its own bytes took. */
const FLOOR = 1 / 3;

/**
 * Takes the bits of a compressed stream in the order of the bytes that they make, and charges them to the owners of these
 * bytes. Costs that serve a whole block (its code tables) are spread over the block when it ends.
 */
export class BitLedger {
  /** How many bytes of content have been made so far. */
  position = 0;
  /** Bits charged to no owner. */
  container = 0;

  readonly #ownership: Ownership;
  /** By run of the ownership, but for the run at hand, whose bits are in #current until it is left. */
  readonly #charged: Float64Array;
  /** By owner: what the stream would take more elsewhere without the owner's bytes to copy from. */
  readonly #credits: Float64Array;
  #run = 0;
  #runEnd: number;
  #current = 0;
  #blockRun = 0;
  #blockStart = 0;
  #blockBefore = 0;

  constructor(ownership: Ownership) {
    this.#ownership = ownership;
    this.#charged = new Float64Array(ownership.ends.length);
    this.#credits = new Float64Array(ownership.ownerCount);
    this.#runEnd = ownership.ends[0] ?? 0;
  }

  /** `bits` made the next `length` bytes; these share them evenly. */
  charge(length: number, bits: number): void {
    const end = this.position + length;
    if (end <= this.#runEnd) {
      this.#current += bits;
      this.position = end;
    } else {
      this.#chargeAcross(length, bits);
    }
  }

  /** `owner` saves the bytes of others this many bits. */
  credit(owner: number, bits: number): void {
    this.#credits[owner] = (this.#credits[owner] as number) + bits;
  }

  /** From here on until `endBlock`, charges belong to one block. */
  startBlock(): void {
    this.#blockRun = this.#run;
    this.#blockStart = this.position;
    this.#blockBefore = this.#current;
  }

  /**
   * The block since `startBlock` took `bits` more than was charged: its owners pay in proportion to what they were charged in
   * it. A block that made no byte is the container's.
   */
  endBlock(bits: number): void {
    if (this.position === this.#blockStart) {
      this.container += bits;
      return;
    }
    const charged = this.#charged;
    charged[this.#run] = this.#current;
    charged[this.#blockRun] = (charged[this.#blockRun] as number) - this.#blockBefore;
    let sum = 0;
    for (let run = this.#blockRun; run <= this.#run; run++) sum += charged[run] as number;
    if (sum > 0) {
      const factor = 1 + bits / sum;
      for (let run = this.#blockRun; run <= this.#run; run++) charged[run] = (charged[run] as number) * factor;
    } else {
      this.#spread(bits);
    }
    charged[this.#blockRun] = (charged[this.#blockRun] as number) + this.#blockBefore;
    this.#current = charged[this.#run] as number;
  }

  /**
   * The account of a stream of `totalBits`: what an owner's bytes took less its credits, scaled so that the sum is kept.
   * @throws PareError `ownership-length` where the stream made fewer bytes than the ownership covers.
   */
  close(totalBits: number): BitAttribution {
    if (this.position !== this.#ownership.length) throw lengthError(this.#ownership.length, this.position);
    this.#charged[this.#run] = this.#current;
    const { owners, ownerCount } = this.#ownership;
    const weights = new Float64Array(ownerCount);
    for (let run = 0; run < owners.length; run++) {
      const owner = owners[run] as number;
      weights[owner] = (weights[owner] as number) + (this.#charged[run] as number);
    }
    for (let owner = 0; owner < ownerCount; owner++) {
      const own = weights[owner] as number;
      weights[owner] = Math.max(own * FLOOR, own - (this.#credits[owner] as number));
    }
    if (this.position === 0) return { shares: new Uint32Array(ownerCount), container: totalBits };
    return { shares: apportion(weights, totalBits - this.container), container: this.container };
  }

  /** Of a block whose symbols took no bits: its bytes share alike. */
  #spread(bits: number): void {
    const { ends } = this.#ownership;
    const perByte = bits / (this.position - this.#blockStart);
    for (let run = this.#blockRun, from = this.#blockStart; run <= this.#run; run++) {
      const to = Math.min(ends[run] as number, this.position);
      this.#charged[run] = (this.#charged[run] as number) + perByte * (to - from);
      from = to;
    }
  }

  #chargeAcross(length: number, bits: number): void {
    const { ends, length: total } = this.#ownership;
    const end = this.position + length;
    if (end > total) throw lengthError(total, end);
    const perByte = bits / length;
    while (this.position < end) {
      if (this.position === this.#runEnd) {
        this.#charged[this.#run] = this.#current;
        this.#run++;
        this.#current = 0;
        this.#runEnd = ends[this.#run] as number;
      }
      const until = Math.min(end, this.#runEnd);
      this.#current += perByte * (until - this.position);
      this.position = until;
    }
  }
}

function lengthError(expected: number, got: number): PareError {
  return new PareError(
    'ownership-length',
    `The compressed stream holds ${got < expected ? `only ${got}` : `at least ${got}`} bytes, but the owners of ${expected} bytes are given.`,
    { hint: 'Compress the very bytes that were attributed to modules.' },
  );
}
