import type { BitLedger } from './bits.ts';
import type { Ownership } from './ownership.ts';
import { giveScratch, takeScratch } from './scratch.ts';

/** What symbols cost around a copy, in bits. */
export interface Prices {
  /** By byte. */
  readonly literals: Float64Array;
  /** By length of a copy, from 3; longer ones cost what the last one costs. */
  readonly lengths: Float64Array;
  /** By `distanceClass`; what is beyond the end is too far to be copied. */
  readonly distances: Float64Array;
}

/** How many earlier places with the same three bytes are tried. More find hardly anything better. */
const TRIES = 16;
/**
 * An encoder that has lost a source does not only patch the hole, as the search here does, but cuts the text into copies
 * anew, and its codes adapt. This many bits a copy is what it gains by that, found by leaving out modules of real bundles.
 */
const RECUT_GAIN = 5;
const HASH_BITS = 18;

/** Distances by octave and half octave; the classes are DEFLATE's distance symbols, continued. */
export function distanceClass(distance: number): number {
  const d = distance - 1;
  if (d < 4) return d;
  const octave = 31 - Math.clz32(d);
  return 2 * octave + ((d >>> (octave - 1)) & 1);
}

/**
 * Who saves whom bits. A copy is charged to the bytes that it makes, but were its source's owner gone, these bytes would cost
 * more: a source farther away, a shorter copy, or literals. For each copy between owners this looks for that next best way
 * and credits the difference to the source's owner. An owner's charges less its credits are near to what the file shrinks
 * by when the owner's bytes are taken out of it.
 */
export class CopyCredits {
  /** The content, as far as it is known. */
  readonly content: Uint8Array;
  /** By position; in two bytes each wherever they suffice. */
  readonly #owners: Uint16Array | Uint32Array;
  readonly #ledger: BitLedger;
  readonly #memory: ArrayBuffer;
  readonly #heads: Int32Array;
  /** By position: the place before it with the same hash, or -1. */
  readonly #previous: Int32Array;
  #inserted = 0;

  constructor(content: Uint8Array, ownership: Ownership, ledger: BitLedger) {
    this.content = content;
    this.#ledger = ledger;
    const { length } = content;
    const heads = 4 << HASH_BITS;
    const isSmall = ownership.ownerCount <= 0xffff;
    this.#memory = takeScratch(heads + length * (isSmall ? 6 : 8));
    this.#heads = new Int32Array(this.#memory, 0, 1 << HASH_BITS).fill(-1);
    this.#previous = new Int32Array(this.#memory, heads, length);
    const at = heads + length * 4;
    this.#owners = isSmall ? new Uint16Array(this.#memory, at, length) : new Uint32Array(this.#memory, at, length);
    for (let run = 0, from = 0; run < ownership.ends.length; run++) {
      const to = ownership.ends[run] as number;
      this.#owners.fill(ownership.owners[run] as number, from, to);
      from = to;
    }
  }

  /** Gives its memory back; it can't be used from here on. */
  release(): void {
    giveScratch(this.#memory);
  }

  /**
   * `bits` made the `length` bytes from `at` on by copying from `distance` bytes before. The content is known up to the end
   * of the copy.
   */
  copy(at: number, length: number, distance: number, bits: number, prices: Prices): void {
    const owners = this.#owners;
    const end = at + length;
    const perByte = bits / length;
    for (let from = at; from < end;) {
      const target = owners[from] as number;
      const source = owners[from - distance] as number;
      let to = from + 1;
      while (to < end && owners[to] === target && owners[to - distance] === source) to++;
      if (source !== target) {
        const saved = this.#costWithout(source, from, to, prices) - perByte * (to - from) - RECUT_GAIN;
        if (saved > 0) this.#ledger.credit(source, saved);
      }
      from = to;
    }
  }

  /** Bits that the bytes from `from` to `to` take, greedily, with nothing copied from `without`. */
  #costWithout(without: number, from: number, to: number, prices: Prices): number {
    const { content } = this;
    const { literals, lengths, distances } = prices;
    let cost = 0;
    for (let at = from; at < to;) {
      let length = 0;
      let copyBits = 0;
      if (to - at >= 3) {
        const limit = Math.min(to - at, lengths.length - 1);
        let tries = TRIES;
        for (let place = this.#place(at); place >= 0 && tries > 0; place = this.#previous[place] as number) {
          const distance = distanceClass(at - place);
          if (distance >= distances.length) break;
          if (this.#owners[place] === without) continue;
          tries--;
          if (content[place + length] !== content[at + length]) continue;
          const same = this.#sameBytes(place, at, limit, without);
          if (same <= length || same < 3) continue;
          length = same;
          copyBits = (lengths[same] as number) + (distances[distance] as number);
          if (same === limit) break;
        }
      }
      let literalBits = 0;
      for (let i = at; i < at + length; i++) literalBits += literals[content[i] as number] as number;
      if (length > 0 && copyBits < literalBits) {
        cost += copyBits;
        at += length;
      } else {
        cost += literals[content[at] as number] as number;
        at++;
      }
    }
    return cost;
  }

  #sameBytes(place: number, at: number, limit: number, without: number): number {
    const { content } = this;
    const owners = this.#owners;
    let same = 0;
    while (same < limit && content[place + same] === content[at + same] && owners[place + same] !== without) same++;
    return same;
  }

  /** The nearest place before `at` that may start with the same three bytes. */
  #place(at: number): number {
    const { content } = this;
    const heads = this.#heads;
    for (; this.#inserted <= at; this.#inserted++) {
      const i = this.#inserted;
      const hash = hash3(content[i] as number, content[i + 1] as number, content[i + 2] as number);
      this.#previous[i] = heads[hash] as number;
      heads[hash] = i;
    }
    return this.#previous[at] as number;
  }
}

function hash3(a: number, b: number, c: number): number {
  return Math.imul(a | (b << 8) | (c << 16), 0x9e3779b1) >>> (32 - HASH_BITS);
}
