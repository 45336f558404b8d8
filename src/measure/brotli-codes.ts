import { PareError } from '../model/errors.ts';
import type { BitReader } from './bit-reader.ts';
import {
  BLOCK_COUNT_BASE,
  BLOCK_COUNT_EXTRA,
  LENGTH_CODE_ORDER,
  LENGTH_OF_LENGTH,
  LENGTH_OF_LENGTH_BITS,
} from './brotli-tables.ts';
import { constantCode, prefixCode } from './huffman.ts';
import type { PrefixCode } from './huffman.ts';

export function corruptBrotli(what: string, reader: BitReader): PareError {
  const byte = Math.min(reader.position, reader.limit) >>> 3;
  return new PareError('brotli-corrupt', `The brotli stream is damaged: ${what}, near byte ${byte}.`, {
    hint: 'Compress the content again with brotli.',
  });
}

/** The next symbol of a complete code. */
export function readSymbol(reader: BitReader, code: PrefixCode): number {
  const entry = code.table[reader.peek() & ((1 << code.bits) - 1)] as number;
  reader.position += entry & 15;
  return entry >>> 4;
}

/** A number from 1 to 256 (RFC 7932, 9.2: NBLTYPES, NTREES). */
export function readCount(reader: BitReader): number {
  if (reader.read(1) === 0) return 1;
  const bits = reader.read(3);
  return (1 << bits) + 1 + reader.read(bits);
}

/** A prefix code, simple or complex (RFC 7932, 3.4 and 3.5). */
export function readPrefixCode(reader: BitReader, alphabetSize: number): PrefixCode {
  const skip = reader.read(2);
  const lengths = new Uint8Array(alphabetSize);
  if (skip === 1) {
    const symbol = readSimpleLengths(reader, lengths);
    if (symbol !== null) return constantCode(symbol);
  } else {
    readComplexLengths(reader, lengths, skip);
  }
  if (reader.ended) throw corruptBrotli('the end of the stream in a code table', reader);
  const code = prefixCode(lengths, 0, alphabetSize);
  if (code.fit !== 'ok') throw corruptBrotli('a code table that is none', reader);
  return code;
}

/** Returns the symbol where it is the only one. */
function readSimpleLengths(reader: BitReader, lengths: Uint8Array): number | null {
  const bits = 32 - Math.clz32(lengths.length - 1);
  const count = reader.read(2) + 1;
  const symbols: number[] = [];
  for (let i = 0; i < count; i++) {
    const symbol = reader.read(bits);
    if (symbol >= lengths.length || symbols.includes(symbol)) throw corruptBrotli('a code table that is none', reader);
    symbols.push(symbol);
  }
  if (count === 1) return symbols[0] as number;
  const shape = count === 2 ? [1, 1] : count === 3 ? [1, 2, 2] : reader.read(1) === 0 ? [2, 2, 2, 2] : [1, 2, 3, 3];
  symbols.forEach((symbol, i) => (lengths[symbol] = shape[i] as number));
  return null;
}

function readComplexLengths(reader: BitReader, lengths: Uint8Array, skip: number): void {
  const code = readLengthCode(reader, skip);
  let at = 0;
  let space = 1 << 15;
  let previous = 8;
  // A repeat code that follows its like multiplies the repetition so far.
  let repeatSymbol = 0;
  let repeated = 0;
  while (at < lengths.length && space > 0) {
    const symbol = readSymbol(reader, code);
    if (symbol < 16) {
      lengths[at++] = symbol;
      repeatSymbol = 0;
      if (symbol !== 0) {
        previous = symbol;
        space -= (1 << 15) >> symbol;
      }
      continue;
    }
    const bits = symbol === 16 ? 2 : 3;
    const before = repeatSymbol === symbol ? repeated : 0;
    repeated = (before === 0 ? 0 : (before - 2) << bits) + 3 + reader.read(bits);
    repeatSymbol = symbol;
    const end = at + repeated - before;
    if (end > lengths.length || reader.ended) throw corruptBrotli('a code table that is too long', reader);
    if (symbol === 16) {
      lengths.fill(previous, at, end);
      space -= (end - at) * ((1 << 15) >> previous);
    }
    at = end;
  }
  if (space !== 0) throw corruptBrotli('a code table that is none', reader);
}

/** The code in which the lengths of the code are written. */
function readLengthCode(reader: BitReader, skip: number): PrefixCode {
  const lengths = new Uint8Array(18);
  let space = 32;
  let used = 0;
  let lastUsed = 0;
  for (let i = skip; i < LENGTH_CODE_ORDER.length && space > 0; i++) {
    const ahead = reader.peek() & 15;
    const length = LENGTH_OF_LENGTH[ahead] as number;
    reader.position += LENGTH_OF_LENGTH_BITS[ahead] as number;
    if (length === 0) continue;
    lastUsed = LENGTH_CODE_ORDER[i] as number;
    lengths[lastUsed] = length;
    space -= 32 >> length;
    used++;
  }
  if (used === 1) return constantCode(lastUsed);
  if (space !== 0) throw corruptBrotli('a code table that is none', reader);
  return prefixCode(lengths, 0, lengths.length);
}

/** Which prefix code is used by block type and context (RFC 7932, 7.3). */
export function readContextMap(reader: BitReader, size: number, trees: number): Uint8Array {
  const map = new Uint8Array(size);
  if (trees === 1) return map;
  const maxRun = reader.read(1) === 0 ? 0 : reader.read(4) + 1;
  const code = readPrefixCode(reader, trees + maxRun);
  for (let i = 0; i < size;) {
    const symbol = readSymbol(reader, code);
    if (reader.ended) throw corruptBrotli('the end of the stream in a context map', reader);
    if (symbol > maxRun) {
      map[i++] = symbol - maxRun;
    } else {
      i += symbol === 0 ? 1 : (1 << symbol) + reader.read(symbol);
      if (i > size) throw corruptBrotli('a context map that is too long', reader);
    }
  }
  if (reader.read(1) === 1) undoMoveToFront(map);
  return map;
}

function undoMoveToFront(map: Uint8Array): void {
  const order = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (let i = 0; i < map.length; i++) {
    const index = map[i] as number;
    const value = order[index] as number;
    map[i] = value;
    order.copyWithin(1, 0, index);
    order[0] = value;
  }
}

/** Where one of the three kinds of symbols (literals, commands, distances) is in its blocks (RFC 7932, section 6). */
export class BlockState {
  readonly types: number;
  type = 0;
  /** Symbols left in the block. */
  left = 1 << 24;
  #previous = 1;
  readonly #typeCode: PrefixCode | null = null;
  readonly #countCode: PrefixCode | null = null;

  constructor(reader: BitReader) {
    this.types = readCount(reader);
    if (this.types === 1) return;
    this.#typeCode = readPrefixCode(reader, this.types + 2);
    this.#countCode = readPrefixCode(reader, BLOCK_COUNT_BASE.length);
    this.left = readBlockCount(reader, this.#countCode);
  }

  /** Reads the command that starts the next block. */
  next(reader: BitReader): void {
    if (this.#typeCode === null || this.#countCode === null)
      throw corruptBrotli('more symbols than there can be', reader);
    const symbol = readSymbol(reader, this.#typeCode);
    let type = symbol - 2;
    if (symbol === 0) type = this.#previous;
    if (symbol === 1) type = this.type + 1 === this.types ? 0 : this.type + 1;
    this.#previous = this.type;
    this.type = type;
    this.left = readBlockCount(reader, this.#countCode);
  }
}

function readBlockCount(reader: BitReader, code: PrefixCode): number {
  const symbol = readSymbol(reader, code);
  return (BLOCK_COUNT_BASE[symbol] as number) + reader.read(BLOCK_COUNT_EXTRA[symbol] as number);
}
