import { brotliDecompressSync } from 'node:zlib';
import { COPY_BASE, COPY_EXTRA, DICTIONARY_BITS } from '../../src/measure/brotli-tables.ts';

/** Writes bits lowest first. */
class BitWriter {
  readonly #bits: number[] = [];

  write(count: number, value: number): void {
    for (let i = 0; i < count; i++) this.#bits.push(Math.floor(value / 2 ** i) & 1);
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    this.#bits.forEach((bit, i) => (bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (bit << (i & 7))));
    return bytes;
  }
}

/**
 * A stream that makes `x`, a word of the static dictionary under a transform, and `x`; how long the transformed word is, is
 * found out by asking node's decoder which content length it accepts.
 */
export function dictionaryStream(
  wordLength: number,
  word: number,
  transform: number,
): { compressed: Uint8Array; bytes: Uint8Array } {
  // Prefix and suffix add at most 13 bytes. A shorter content may be accepted too, with bits left over.
  for (let made = wordLength + 13; made >= 0; made--) {
    const compressed = write(wordLength, word + transform * 2 ** (DICTIONARY_BITS[wordLength] ?? 0), made + 2);
    try {
      return { compressed, bytes: brotliDecompressSync(compressed) };
    } catch {
      continue;
    }
  }
  throw new Error(`no content length fits word ${word} of length ${wordLength} under transform ${transform}`);
}

function write(wordLength: number, reference: number, contentLength: number): Uint8Array {
  const out = new BitWriter();
  out.write(1, 0); // window of 64 KB
  out.write(2, 0b01); // last meta-block, not empty
  out.write(2, 0); // four nibbles of length
  out.write(16, contentLength - 1);
  out.write(3, 0); // one block type of each kind
  out.write(6, 0); // no postfix bits, no direct distances
  out.write(2, 0); // context mode
  out.write(2, 0); // one literal tree, one distance tree
  const oneSymbol = (bits: number, symbol: number): void => {
    out.write(4, 0b0001);
    out.write(bits, symbol);
  };
  oneSymbol(8, 0x78);
  const copyCode = COPY_BASE.findLastIndex((base) => base <= wordLength);
  const cell = copyCode < 8 ? 2 : copyCode < 16 ? 3 : 6;
  oneSymbol(10, cell * 64 + 8 + (copyCode & 7)); // one literal, then the word
  // The furthest that can be copied is 1 byte back; what is beyond is in the dictionary.
  const value = reference + 1 + 4;
  const extraBits = 30 - Math.clz32(value);
  const half = (value >>> extraBits) & 1;
  oneSymbol(6, 16 + 2 * (extraBits - 1) + half);
  out.write(COPY_EXTRA[copyCode] ?? 0, wordLength - (COPY_BASE[copyCode] ?? 0));
  out.write(extraBits, value & ((1 << extraBits) - 1));
  // The second command ends after its literal.
  out.write(COPY_EXTRA[copyCode] ?? 0, 0);
  return out.bytes();
}
