import { brotliCompressSync, brotliDecompressSync, constants, crc32, createBrotliCompress } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PareError } from '../../src/model/errors.ts';
import type { BitAttribution } from '../../src/measure/bits.ts';
import {
  DICTIONARY_BITS,
  LAST_BYTE_CONTEXT,
  SECOND_LAST_BYTE_CONTEXT,
  TRANSFORM_ADDS,
} from '../../src/measure/brotli-tables.ts';
import { attributeBrotli } from '../../src/measure/brotli.ts';
import { dictionaryStream } from './brotli-stream.ts';
import { content, english } from './content.ts';
import { owned, striped } from './owned.ts';

const {
  BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING: DISABLE_CONTEXTS,
  BROTLI_PARAM_LGWIN: WINDOW,
  BROTLI_PARAM_MODE: MODE,
  BROTLI_PARAM_NDIRECT: DIRECT,
  BROTLI_PARAM_NPOSTFIX: POSTFIX,
  BROTLI_PARAM_QUALITY: QUALITY,
  BROTLI_PARAM_SIZE_HINT: SIZE_HINT,
} = constants;

function total({ shares, container }: BitAttribution): number {
  return shares.reduce((sum, share) => sum + share, 0) + container;
}

/** Header, an empty last meta-block and padding: 14 + 2 + 7 bits at most. */
const MOST_CONTAINER_BITS = 23;

describe('attributeBrotli', { timeout: 60_000 }, () => {
  it('accounts for every bit, whatever the content, quality, window and mode', () => {
    fc.assert(
      fc.property(
        content,
        fc.integer({ min: 0, max: 11 }),
        fc.integer({ min: 10, max: 24 }),
        fc.constantFrom(constants.BROTLI_MODE_GENERIC, constants.BROTLI_MODE_TEXT, constants.BROTLI_MODE_FONT),
        fc.record({
          postfix: fc.integer({ min: 0, max: 3 }),
          direct: fc.integer({ min: 0, max: 15 }),
          contexts: fc.boolean(),
        }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 6 }),
        (bytes, quality, window, mode, { postfix, direct, contexts }, runs, owners) => {
          const compressed = brotliCompressSync(bytes, {
            params: {
              [QUALITY]: quality,
              [WINDOW]: window,
              [MODE]: mode,
              [POSTFIX]: postfix,
              [DIRECT]: direct << postfix,
              [DISABLE_CONTEXTS]: contexts ? 0 : 1,
              [SIZE_HINT]: bytes.length,
            },
          });
          const attribution = attributeBrotli(compressed, bytes, striped(bytes.length, runs, owners));
          expect(total(attribution)).toBe(compressed.length * 8);
          expect(attribution.shares).toHaveLength(owners);
          if (bytes.length > 0) expect(attribution.container).toBeLessThanOrEqual(MOST_CONTAINER_BITS);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('follows block switches and context maps through a large text of several kinds', () => {
    const binary = Buffer.from(Float64Array.from({ length: 6000 }, (_, i) => Math.sin(i) * i).buffer);
    const bytes = Buffer.concat([
      english(60_000),
      binary,
      english(60_000, 3),
      binary.subarray(0, 20_000),
      english(50_000, 5),
    ]);
    for (const [quality, window] of [
      [5, 16],
      [9, 18],
      [11, 22],
      [11, 10],
    ] as const) {
      const compressed = brotliCompressSync(bytes, { params: { [QUALITY]: quality, [WINDOW]: window } });
      expect(total(attributeBrotli(compressed, bytes, striped(bytes.length, [1, 7, 700], 9)))).toBe(
        compressed.length * 8,
      );
    }
  });

  it('knows the length of what every transform makes of words of every length', () => {
    for (let length = 4; length < DICTIONARY_BITS.length; length++) {
      for (let transform = 0; transform < TRANSFORM_ADDS.length; transform++) {
        if (length > 6 && (length + transform) % 4 !== 0) continue;
        const word = (transform * 7) % (1 << (DICTIONARY_BITS[length] ?? 0));
        const { compressed, bytes } = dictionaryStream(length, word, transform);
        const attribution = attributeBrotli(compressed, bytes, owned([[0, bytes.length]]));
        expect(total(attribution)).toBe(compressed.length * 8);
      }
    }
  });

  it('has the context tables of RFC 7932, by the check sums given there', () => {
    expect(crc32(LAST_BYTE_CONTEXT[2] ?? '')).toBe(0x8e91efb7);
    expect(crc32(SECOND_LAST_BYTE_CONTEXT[2] ?? '')).toBe(0xd01a32f4);
    expect(crc32(SECOND_LAST_BYTE_CONTEXT[3] ?? '')).toBe(0x0dd7a0d6);
    expect(LAST_BYTE_CONTEXT[3]).toEqual(SECOND_LAST_BYTE_CONTEXT[3]?.map((part) => part << 3));
  });

  it('charges a dictionary word to the owners of its bytes, as counted by hand', () => {
    // `x`, a word of 4 bytes as it is, `x`. No symbol takes bits, as each code has one; the distance's extra bits are the only charge,
    // and the meta-block follows them.
    const { compressed, bytes } = dictionaryStream(4, 700, 0);
    expect(bytes).toHaveLength(6);
    const { shares, container } = attributeBrotli(
      compressed,
      bytes,
      owned([
        [0, 1],
        [1, 1],
        [2, 3],
        [0, 1],
      ]),
    );
    // Window 1; meta-block: 2 + 2 + 16 (length) + 3 + 6 + 2 + 2 + 12 (literal code) + 14 (command code) + 10 (distance code) = 69;
    // 705 = 2^9 + 193 takes 8 extra bits. 78 bits are padded to 80. One byte of the word is owner 1's, three are owner 2's.
    expect(compressed).toHaveLength(10);
    expect(container).toBe(1 + 2);
    expect([...shares]).toEqual([0, 19, 58]);
  });

  it('charges an uncompressed block by bytes', () => {
    let state = 1;
    const noise = Uint8Array.from({ length: 3000 }, () => (state = (Math.imul(state, 48271) >>> 0) % 0x7fffffff) >>> 8);
    const compressed = brotliCompressSync(noise, { params: { [QUALITY]: 11 } });
    expect(compressed.length).toBeGreaterThan(noise.length);
    const { shares, container } = attributeBrotli(
      compressed,
      noise,
      owned([
        [0, 1000],
        [1, 2000],
      ]),
    );
    expect(total({ shares, container })).toBe(compressed.length * 8);
    expect(Math.abs((shares[1] ?? 0) - 2 * (shares[0] ?? 0))).toBeLessThanOrEqual(2);
  });

  it('credits the owner whose text others copy', () => {
    const text = english(4000);
    const other = english(4000, 7);
    const bytes = Buffer.concat([text, other, text]);
    const ownership = owned([
      [0, text.length],
      [1, other.length],
      [2, text.length],
    ]);
    const { shares } = attributeBrotli(brotliCompressSync(bytes), bytes, ownership);
    expect(shares[0]).toBeLessThan((shares[1] ?? 0) * 0.7);
    expect(shares[2]).toBeLessThan((shares[1] ?? 0) / 10);
  });

  it('gives flushed streams with empty and metadata blocks to owners and container', async () => {
    const text = english(9000);
    const stream = createBrotliCompress();
    const whole = buffer(stream);
    for (let at = 0; at < text.length; at += 3000) {
      stream.write(text.subarray(at, at + 3000));
      await new Promise<void>((done) => stream.flush(constants.BROTLI_OPERATION_FLUSH, done));
    }
    stream.end();
    const compressed = await whole;
    const attribution = attributeBrotli(compressed, text, striped(text.length, [500], 4));
    expect(total(attribution)).toBe(compressed.length * 8);
    expect(attribution.container).toBeGreaterThan(MOST_CONTAINER_BITS);
  });

  it('gives all of an empty file to the container', () => {
    const compressed = brotliCompressSync(Buffer.alloc(0));
    const attribution = attributeBrotli(compressed, new Uint8Array(0), owned([]));
    expect(attribution).toEqual({ shares: new Uint32Array(0), container: compressed.length * 8 });
  });

  it('charges the block to the bytes alike where no symbol takes bits', () => {
    // One literal code of one symbol, one command of one symbol.
    const one = Buffer.from('x');
    const compressed = brotliCompressSync(one);
    const { shares, container } = attributeBrotli(compressed, one, owned([[0, 1]]));
    expect(shares[0]).toBeGreaterThan(0);
    expect((shares[0] ?? 0) + container).toBe(compressed.length * 8);
  });

  it('refuses other content and an ownership of another length', () => {
    const text = Buffer.from(
      Array.from({ length: 500 }, (_, i) => ((i * i * 7919) % 10007).toString().padStart(4, '0')).join(''),
    );
    const compressed = brotliCompressSync(text);
    for (let at = 0; at < text.length; at += 50) {
      const other = Buffer.from(text);
      other[at] = (other[at] ?? 0) ^ 1;
      expect(() => attributeBrotli(compressed, other, owned([[0, 2000]]))).toThrow(
        expect.objectContaining({ code: 'brotli-corrupt' }),
      );
    }
    for (const length of [1999, 2001]) {
      expect(() => attributeBrotli(compressed, text, owned([[0, length]]))).toThrow(
        expect.objectContaining({ name: 'PareError', code: 'ownership-length' }),
      );
    }
  });

  it('refuses a large window, bytes after the end, and every cut-off stream', () => {
    const text = english(3000);
    const ownership = owned([[0, text.length]]);
    const large = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_LARGE_WINDOW]: 1, [WINDOW]: 26 } });
    expect(() => attributeBrotli(large, text, ownership)).toThrow(expect.objectContaining({ code: 'brotli-corrupt' }));
    const compressed = brotliCompressSync(text);
    expect(() => attributeBrotli(Buffer.concat([compressed, compressed]), text, ownership)).toThrow(PareError);
    for (let length = 0; length < compressed.length; length++) {
      expect(() => attributeBrotli(compressed.subarray(0, length), text, ownership)).toThrow(PareError);
    }
  });

  it('ends on damaged streams, with an account that adds up or with a PareError', () => {
    fc.assert(
      fc.property(
        content,
        fc.integer({ min: 0, max: 11 }),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
        (bytes, quality, flips) => {
          const compressed = brotliCompressSync(bytes, { params: { [QUALITY]: quality } });
          for (const [at, mask] of flips) {
            const index = at % compressed.length;
            compressed[index] = (compressed[index] ?? 0) ^ mask;
          }
          let attribution: BitAttribution | null = null;
          try {
            attribution = attributeBrotli(compressed, bytes, striped(bytes.length, [10], 3));
          } catch (error) {
            expect(error).toBeInstanceOf(PareError);
          }
          if (attribution !== null) {
            expect(total(attribution)).toBe(compressed.length * 8);
            // The content was compared byte by byte but for the words of the static dictionary.
            expect(brotliDecompressSync(compressed)).toHaveLength(bytes.length);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
