import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import type { ZlibOptions } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PareError } from '../../src/model/errors.ts';
import { apportion, bitsToBytes } from '../../src/measure/bits.ts';
import type { BitAttribution } from '../../src/measure/bits.ts';
import { attributeGzip } from '../../src/measure/gzip.ts';
import { content, english } from './content.ts';
import { owned, striped } from './owned.ts';

function total({ shares, container }: BitAttribution): number {
  return shares.reduce((sum, share) => sum + share, 0) + container;
}

/** Header, trailer. */
const CONTAINER_BITS = (10 + 8) * 8;

const strategy = fc.constantFrom(
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FILTERED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
  constants.Z_FIXED,
);

describe('attributeGzip', { timeout: 60_000 }, () => {
  it('accounts for every bit, whatever the content, level, strategy, window and memory', () => {
    fc.assert(
      fc.property(
        content,
        fc.record({
          level: fc.integer({ min: 0, max: 9 }),
          strategy,
          windowBits: fc.integer({ min: 9, max: 15 }),
          memLevel: fc.integer({ min: 1, max: 9 }),
        }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 6 }),
        (bytes, options: ZlibOptions, runs, owners) => {
          const compressed = gzipSync(bytes, options);
          const attribution = attributeGzip(compressed, striped(bytes.length, runs, owners));
          expect(total(attribution)).toBe(compressed.length * 8);
          expect(attribution.shares).toHaveLength(owners);
          expect(attribution.container).toBeGreaterThanOrEqual(CONTAINER_BITS);
          if (bytes.length > 0) expect(attribution.container).toBeLessThan(CONTAINER_BITS + 8 + 12);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('charges literals to the bytes that they make and spreads the block over them, as counted by hand', () => {
    // Fixed codes: 3 bits of header, `a` to `c` take 8 bits each and byte 200 takes 9, end of block 7; 1 + 8 * 3 + 9 + 9 = 43 bits.
    const bytes = Uint8Array.of(0x61, 0x62, 0x63, 200);
    const compressed = gzipSync(bytes, { strategy: constants.Z_FIXED });
    const { shares, container } = attributeGzip(
      compressed,
      owned([
        [0, 1],
        [1, 2],
        [2, 1],
      ]),
    );
    // 33 bits of literals, 10 of block: 8 * 43/33 = 10.42, 16 * 43/33 = 20.85, 9 * 43/33 = 11.73.
    expect([...shares]).toEqual([10, 21, 12]);
    expect(container).toBe(CONTAINER_BITS + 5);
    expect(bitsToBytes(total({ shares, container }))).toBe(compressed.length);
  });

  it('splits a match over the owners of the bytes that it makes', () => {
    const compressed = gzipSync(Buffer.from('aaaaaaaaaa'), { strategy: constants.Z_FIXED });
    const { shares } = attributeGzip(
      compressed,
      owned([
        [0, 3],
        [1, 7],
      ]),
    );
    // Two literals of 8 bits, then a match of 8 bytes, 1 of the first owner and 7 of the second: 7 bits for the length, 5 for the distance;
    // 10 for the block. Charged: (16 + 1.5) * 38/28 = 23.75 and 10.5 * 38/28 = 14.25. The second owner's first byte is copied from the
    // first owner: as a literal it takes 8 instead of 1.5 bits, less 5 for cutting anew: a credit of 1.5. So 22.25 and 14.25 of 38 bits.
    expect([...shares]).toEqual([23, 15]);
  });

  it('credits the owner whose text others copy', () => {
    const text = english(4000);
    const other = english(4000, 7);
    const bytes = Buffer.concat([text, other, text]);
    const { shares } = attributeGzip(
      gzipSync(bytes, { level: 9 }),
      owned([
        [0, text.length],
        [1, other.length],
        [2, text.length],
      ]),
    );
    expect(shares[0]).toBeLessThan((shares[1] ?? 0) * 0.6);
    expect(shares[2]).toBeLessThan((shares[1] ?? 0) / 10);
  });

  it('gives an owner without bytes nothing', () => {
    const text = english(2000);
    const { shares } = attributeGzip(
      gzipSync(text),
      owned([
        [0, 1000],
        [1, 0],
        [3, 1000],
      ]),
    );
    expect([shares[1], shares[2]]).toEqual([0, 0]);
  });

  it('gives all of an empty file to the container', () => {
    const compressed = gzipSync(Buffer.alloc(0));
    expect(attributeGzip(compressed, owned([]))).toEqual({
      shares: new Uint32Array(0),
      container: compressed.length * 8,
    });
  });

  it('reads optional header fields and several members', () => {
    const text = english(500);
    const plain = gzipSync(text);
    const header = Buffer.concat([
      Buffer.of(0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3, 4, 0, 1, 2, 3, 4),
      Buffer.from('main.js\0a comment\0'),
      Buffer.of(0xab, 0xcd),
    ]);
    const named = Buffer.concat([header, deflateRawSync(text), plain.subarray(-8)]);
    const compressed = Buffer.concat([named, plain]);
    const attribution = attributeGzip(
      compressed,
      owned([
        [0, text.length],
        [1, text.length],
      ]),
    );
    expect(total(attribution)).toBe(compressed.length * 8);
    expect(attribution.container).toBeGreaterThanOrEqual(2 * CONTAINER_BITS + (header.length - 10) * 8);
  });

  it('refuses an ownership of another length', () => {
    const compressed = gzipSync(english(100));
    for (const length of [0, 99, 101]) {
      expect(() => attributeGzip(compressed, owned([[0, length]]))).toThrow(
        expect.objectContaining({ name: 'PareError', code: 'ownership-length' }),
      );
    }
  });

  it('refuses every cut-off file', () => {
    const text = english(3000);
    const ownership = owned([[0, text.length]]);
    const compressed = gzipSync(text);
    for (let length = 0; length < compressed.length; length++) {
      expect(() => attributeGzip(compressed.subarray(0, length), ownership)).toThrow(PareError);
    }
  });

  it('ends on damaged files, with an account that adds up or with a PareError', () => {
    fc.assert(
      fc.property(
        content,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
        (bytes, flips) => {
          const compressed = gzipSync(bytes);
          for (const [at, mask] of flips) {
            const index = at % compressed.length;
            compressed[index] = (compressed[index] ?? 0) ^ mask;
          }
          let sum: number | null = null;
          try {
            sum = total(attributeGzip(compressed, striped(bytes.length, [10], 3)));
          } catch (error) {
            expect(error).toBeInstanceOf(PareError);
          }
          if (sum !== null) expect(sum).toBe(compressed.length * 8);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses what is no gzip file', () => {
    for (const bytes of [Buffer.from('export default 1'), Buffer.of(0x1f, 0x8b, 8, 0x20, 0, 0, 0, 0, 0, 0, 0, 0)]) {
      expect(() => attributeGzip(bytes, owned([]))).toThrow(expect.objectContaining({ code: 'gzip-corrupt' }));
    }
  });
});

describe('apportion', () => {
  it('keeps the total and strays less than 1 from each quota', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.integer({ min: 0, max: 1e7 }),
        (weights, sum) => {
          const quotas = apportion(Float64Array.from(weights), sum);
          expect(quotas.reduce((a, b) => a + b, 0)).toBe(sum);
          const weight = weights.reduce((a, b) => a + b, 0);
          if (weight > 0) {
            quotas.forEach((quota, i) =>
              expect(Math.abs(quota - ((weights[i] ?? 0) * sum) / weight)).toBeLessThanOrEqual(1.001),
            );
          }
        },
      ),
    );
  });

  it('keeps whole weights that add up', () => {
    expect([...apportion(Float64Array.of(3, 0, 5), 8)]).toEqual([3, 0, 5]);
    expect([...apportion(Float64Array.of(1, 1, 1), 8)]).toEqual([3, 3, 2]);
    expect([...apportion(new Float64Array(2), 8)]).toEqual([8, 0]);
  });
});
