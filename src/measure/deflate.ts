import { PareError } from '../model/errors.ts';
import type { BitReader } from './bit-reader.ts';
import type { BitLedger } from './bits.ts';
import type { CopyCredits, Prices } from './copies.ts';
import { NO_CODE, prefixCode } from './huffman.ts';
import type { PrefixCode } from './huffman.ts';

/** By length symbol - 257: the shortest length, and how many extra bits follow (RFC 1951, 3.2.5). */
// prettier-ignore
const LENGTH_BASE = Uint16Array.of(
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
);
// prettier-ignore
const LENGTH_EXTRA = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
);
// prettier-ignore
const DISTANCE_BASE = Uint16Array.of(
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
);
// prettier-ignore
const DISTANCE_EXTRA = Uint8Array.of(
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
);
/** The order in which the lengths of the code for code lengths are written (3.2.7). */
const LENGTH_CODE_ORDER = Uint8Array.of(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15);
const END_OF_BLOCK = 256;

/** What a symbol that has no code in a block would cost, roughly, if it had one. */
const UNUSED_BITS = 14;

interface BlockCodes {
  readonly literals: PrefixCode;
  readonly distances: PrefixCode;
}

let fixed: BlockCodes | null = null;

/**
 * Walks a DEFLATE stream (RFC 1951) from `reader.position` to its last symbol and charges every bit to `ledger`.
 *
 * Literals and matches are charged to the bytes that they make. What serves a block as a whole (its header, its code tables,
 * its end-of-block symbol) is spread over the block in proportion to these charges. `credits` is told of every match and holds
 * the content, which is written here.
 * @throws PareError `deflate-corrupt` where the stream is damaged or ends early, `ownership-length` where it makes more bytes
 * than `credits.content` has room for.
 */
export function chargeDeflate(reader: BitReader, ledger: BitLedger, credits: CopyCredits): void {
  const start = ledger.position;
  let last = false;
  while (!last) {
    const header = reader.position;
    last = reader.read(1) === 1;
    const type = reader.read(2);
    ledger.startBlock();
    if (type === 0) {
      chargeStored(reader, ledger, credits.content, header);
    } else if (type === 1 || type === 2) {
      const codes = type === 1 ? (fixed ??= fixedCodes()) : readCodes(reader);
      const tables = reader.position - header;
      ledger.endBlock(tables + chargeSymbols(reader, ledger, credits, codes, start));
    } else {
      throw corrupt('a block of a type that does not exist', reader);
    }
  }
}

/** A stored block: its header, its padding up to a whole byte and its length field serve the bytes in it. */
function chargeStored(reader: BitReader, ledger: BitLedger, content: Uint8Array, header: number): void {
  reader.position = ((reader.position + 7) >>> 3) * 8;
  const length = reader.read(16);
  const complement = reader.read(16);
  if ((length ^ complement) !== 0xffff) throw corrupt('a stored block whose length does not match its check', reader);
  const overhead = reader.position - header;
  reader.position += length * 8;
  if (reader.ended) throw corrupt('the end of the stream in a stored block', reader);
  if (length > 0) {
    const from = ledger.position;
    ledger.charge(length, length * 8);
    content.set(reader.bytes.subarray((reader.position >>> 3) - length, reader.position >>> 3), from);
  }
  ledger.endBlock(overhead);
}

/** Charges a block's literals and matches; returns the bits of its end-of-block symbol. */
function chargeSymbols(
  reader: BitReader,
  ledger: BitLedger,
  credits: CopyCredits,
  codes: BlockCodes,
  start: number,
): number {
  const { content } = credits;
  const prices = blockPrices(codes);
  const { table: literals, bits: literalBits } = codes.literals;
  const { table: distances, bits: distanceBits } = codes.distances;
  const literalMask = (1 << literalBits) - 1;
  const distanceMask = (1 << distanceBits) - 1;
  for (;;) {
    const ahead = reader.peek();
    const entry = literals[ahead & literalMask] as number;
    const bits = entry & 15;
    const symbol = entry >>> 4;
    if (symbol < END_OF_BLOCK) {
      reader.position += bits;
      if (reader.position > reader.limit) throw corrupt('the end of the stream in a block', reader);
      content[ledger.position] = symbol;
      ledger.charge(1, bits);
      continue;
    }
    if (symbol === END_OF_BLOCK) {
      reader.position += bits;
      if (reader.ended) throw corrupt('the end of the stream in a block', reader);
      return bits;
    }
    if (symbol > 285) throw corrupt('bits that are no code for a literal or a length', reader);
    const lengthExtra = LENGTH_EXTRA[symbol - 257] as number;
    const length = (LENGTH_BASE[symbol - 257] as number) + ((ahead >>> bits) & ((1 << lengthExtra) - 1));
    const from = reader.position;
    reader.position += bits + lengthExtra;

    const distanceEntry = distances[reader.peek() & distanceMask] as number;
    const distanceSymbol = distanceEntry >>> 4;
    if (distanceEntry === NO_CODE || distanceSymbol > 29) throw corrupt('bits that are no code for a distance', reader);
    reader.position += distanceEntry & 15;
    const distance = (DISTANCE_BASE[distanceSymbol] as number) + reader.read(DISTANCE_EXTRA[distanceSymbol] as number);
    if (reader.position > reader.limit) throw corrupt('the end of the stream in a block', reader);
    const at = ledger.position;
    if (distance > at - start) throw corrupt('a match that starts before the content', reader);
    ledger.charge(length, reader.position - from);
    for (let i = at; i < at + length; i++) content[i] = content[i - distance] as number;
    credits.copy(at, length, distance, reader.position - from, prices);
  }
}

function blockPrices(codes: BlockCodes): Prices {
  const symbols = codeLengths(codes.literals, 286);
  const lengths = new Float64Array(259);
  for (let symbol = 0; symbol < LENGTH_BASE.length; symbol++) {
    const bits = (symbols[257 + symbol] as number) + (LENGTH_EXTRA[symbol] as number);
    lengths.fill(bits, LENGTH_BASE[symbol], LENGTH_BASE[symbol + 1] ?? lengths.length);
  }
  const distances = codeLengths(codes.distances, DISTANCE_BASE.length);
  for (let symbol = 0; symbol < distances.length; symbol++) {
    distances[symbol] = (distances[symbol] as number) + (DISTANCE_EXTRA[symbol] as number);
  }
  return { literals: symbols.subarray(0, 256), lengths, distances };
}

function codeLengths(code: PrefixCode, symbols: number): Float64Array {
  const lengths = new Float64Array(symbols).fill(UNUSED_BITS);
  for (const entry of code.table) if (entry !== NO_CODE) lengths[entry >>> 4] = entry & 15;
  return lengths;
}

function fixedCodes(): BlockCodes {
  const lengths = new Uint8Array(288 + 32);
  lengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288).fill(5, 288);
  return { literals: prefixCode(lengths, 0, 288), distances: prefixCode(lengths, 288, 320) };
}

function readCodes(reader: BitReader): BlockCodes {
  const literalCount = reader.read(5) + 257;
  const distanceCount = reader.read(5) + 1;
  const lengthCodeCount = reader.read(4) + 4;
  const lengthCodeLengths = new Uint8Array(19);
  for (let i = 0; i < lengthCodeCount; i++) lengthCodeLengths[LENGTH_CODE_ORDER[i] as number] = reader.read(3);
  const lengthCode = prefixCode(lengthCodeLengths, 0, 19);
  if (lengthCode.fit !== 'ok') throw corrupt('a code table that is none', reader);

  const count = literalCount + distanceCount;
  const lengths = new Uint8Array(count);
  const mask = (1 << lengthCode.bits) - 1;
  for (let i = 0; i < count;) {
    const entry = lengthCode.table[reader.peek() & mask] as number;
    reader.position += entry & 15;
    const symbol = entry >>> 4;
    if (symbol < 16) {
      lengths[i++] = symbol;
      continue;
    }
    if (symbol === 16 && i === 0) throw corrupt('a code table that repeats what is not there', reader);
    const value = symbol === 16 ? (lengths[i - 1] as number) : 0;
    const repeat = symbol === 16 ? 3 + reader.read(2) : symbol === 17 ? 3 + reader.read(3) : 11 + reader.read(7);
    if (i + repeat > count) throw corrupt('a code table that is too long', reader);
    lengths.fill(value, i, i + repeat);
    i += repeat;
  }
  if (reader.ended) throw corrupt('the end of the stream in a code table', reader);
  const literals = prefixCode(lengths, 0, literalCount);
  const distances = prefixCode(lengths, literalCount, count);
  // Encoders may leave a code of one symbol incomplete; what its other bits would say is never read in a sound stream.
  if (lengths[END_OF_BLOCK] === 0 || !isUsable(literals) || !isUsable(distances))
    throw corrupt('a code table that is none', reader);
  return { literals, distances };
}

function isUsable({ fit, bits }: PrefixCode): boolean {
  return fit === 'ok' || (fit === 'incomplete' && bits <= 1);
}

function corrupt(what: string, reader: BitReader): PareError {
  const byte = Math.min(reader.position, reader.limit) >>> 3;
  return new PareError('deflate-corrupt', `The DEFLATE stream is damaged: ${what}, near byte ${byte}.`, {
    hint: 'Compress the file again; a copy of it may have been cut off.',
  });
}
