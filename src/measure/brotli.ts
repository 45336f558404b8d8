import { BitReader } from './bit-reader.ts';
import { BitLedger } from './bits.ts';
import type { BitAttribution } from './bits.ts';
import { BlockState, corruptBrotli, readContextMap, readCount, readPrefixCode, readSymbol } from './brotli-codes.ts';
import {
  CELL_COPY,
  CELL_INSERT,
  COPY_BASE,
  COPY_EXTRA,
  DICTIONARY_BITS,
  INSERT_BASE,
  INSERT_EXTRA,
  LAST_BYTE_CONTEXT,
  RECENT_INDEX,
  RECENT_OFFSET,
  SECOND_LAST_BYTE_CONTEXT,
  TRANSFORM_ADDS,
  TRANSFORM_OMITS,
} from './brotli-tables.ts';
import { CopyCredits, distanceClass } from './copies.ts';
import type { Prices } from './copies.ts';
import type { PrefixCode } from './huffman.ts';
import type { Ownership } from './ownership.ts';

/**
 * Charges every bit of a brotli stream (RFC 7932) to the owners of the content's bytes: literals, copies and references to the
 * static dictionary to the bytes that they make, less what others save by copying from these bytes (`CopyCredits`). What
 * serves a meta-block as a whole (its header, its code tables, its context maps) is spread over it in proportion to these
 * charges. `container` has the stream's header, meta-blocks without content, and the padding at the end.
 * @param compressed the stream, below 512 MB; no large window
 * @param content what was compressed: lengths follow from the stream, but its context modelling needs the bytes
 * @param ownership of the content's bytes
 * @throws PareError `brotli-corrupt` where the stream is damaged or makes other content (the words of the static dictionary
 * are not compared, only their lengths), `ownership-length` where the ownership covers another number of bytes.
 */
export function attributeBrotli(compressed: Uint8Array, content: Uint8Array, ownership: Ownership): BitAttribution {
  return new BrotliWalk(compressed, content, ownership).run();
}

/** Codes and maps of one meta-block. */
interface BlockCodes {
  readonly literalBlocks: BlockState;
  readonly commandBlocks: BlockState;
  readonly distanceBlocks: BlockState;
  readonly postfixBits: number;
  readonly directDistances: number;
  /** By block type of literals. */
  readonly contextModes: Uint8Array;
  readonly literalMap: Uint8Array;
  readonly distanceMap: Uint8Array;
  readonly literals: readonly PrefixCode[];
  readonly commands: readonly PrefixCode[];
  readonly distances: readonly PrefixCode[];
}

const COMMANDS = 704;

class BrotliWalk {
  readonly #reader: BitReader;
  readonly #content: Uint8Array;
  readonly #ledger: BitLedger;
  readonly #credits: CopyCredits;
  readonly #prices = new RunningPrices();
  #window = 0;
  /** The last four distances; the last one is at `#lastDistance & 3`. */
  readonly #distances = Int32Array.of(16, 15, 11, 4);
  #lastDistance = 3;

  constructor(compressed: Uint8Array, content: Uint8Array, ownership: Ownership) {
    this.#reader = new BitReader(compressed);
    this.#content = content;
    this.#ledger = new BitLedger(ownership);
    this.#credits = new CopyCredits(content, ownership, this.#ledger);
  }

  run(): BitAttribution {
    const reader = this.#reader;
    const ledger = this.#ledger;
    this.#window = (1 << this.#readWindowBits()) - 16;
    ledger.container += reader.position;
    while (!this.#metaBlock());
    this.#credits.release();
    if (reader.ended) throw corruptBrotli('its end is missing', reader);
    const end = reader.position;
    this.#align();
    if (reader.position !== reader.limit) throw corruptBrotli('something follows its end', reader);
    ledger.container += reader.position - end;
    return ledger.close(reader.limit);
  }

  #readWindowBits(): number {
    const reader = this.#reader;
    if (reader.read(1) === 0) return 16;
    const high = reader.read(3);
    if (high !== 0) return 17 + high;
    const low = reader.read(3);
    if (low === 1) throw corruptBrotli('a window larger than the standard has', reader);
    return low === 0 ? 17 : 8 + low;
  }

  /** Returns whether it was the last one. */
  #metaBlock(): boolean {
    const reader = this.#reader;
    const ledger = this.#ledger;
    const start = reader.position;
    if (reader.ended) throw corruptBrotli('its end is missing', reader);
    ledger.startBlock();
    const last = reader.read(1) === 1;
    if (last && reader.read(1) === 1) {
      ledger.endBlock(reader.position - start);
      return true;
    }
    const nibbles = reader.read(2) + 4;
    if (nibbles === 7) {
      this.#skipMetadata(last);
      ledger.endBlock(reader.position - start);
      return last;
    }
    let length = 0;
    for (let i = 0; i < nibbles; i++) {
      const nibble = reader.read(4);
      if (nibble === 0 && i > 3 && i === nibbles - 1) throw corruptBrotli('a length with too many digits', reader);
      length += nibble * 2 ** (4 * i);
    }
    length++;
    if (!last && reader.read(1) === 1) {
      this.#uncompressed(length, start);
    } else {
      const codes = this.#readCodes();
      if (reader.ended) throw corruptBrotli('its end is missing', reader);
      const overhead = reader.position - start;
      this.#commands(codes, ledger.position + length);
      ledger.endBlock(overhead);
    }
    return last;
  }

  #skipMetadata(last: boolean): void {
    const reader = this.#reader;
    if (last || reader.read(1) === 1) throw corruptBrotli('a reserved bit is set', reader);
    const lengthBytes = reader.read(2);
    let length = 0;
    for (let i = 0; i < lengthBytes; i++) length += reader.read(8) * 2 ** (8 * i);
    if (lengthBytes > 0) length++;
    this.#align();
    reader.position += length * 8;
  }

  #uncompressed(length: number, start: number): void {
    const reader = this.#reader;
    const ledger = this.#ledger;
    this.#align();
    const overhead = reader.position - start;
    const from = reader.position >>> 3;
    reader.position += length * 8;
    if (reader.ended) throw corruptBrotli('its end is missing', reader);
    for (let i = 0; i < length; i++) {
      if (reader.bytes[from + i] !== this.#content[ledger.position + i]) throw this.#otherContent();
    }
    ledger.charge(length, length * 8);
    ledger.endBlock(overhead);
  }

  #align(): void {
    const reader = this.#reader;
    const padding = -reader.position & 7;
    if (reader.read(padding) !== 0) throw corruptBrotli('padding that is not zero', reader);
  }

  #readCodes(): BlockCodes {
    const reader = this.#reader;
    const literalBlocks = new BlockState(reader);
    const commandBlocks = new BlockState(reader);
    const distanceBlocks = new BlockState(reader);
    const postfixBits = reader.read(2);
    const directDistances = reader.read(4) << postfixBits;
    const contextModes = Uint8Array.from({ length: literalBlocks.types }, () => reader.read(2));
    const literalTrees = readCount(reader);
    const literalMap = readContextMap(reader, 64 * literalBlocks.types, literalTrees);
    const distanceTrees = readCount(reader);
    const distanceMap = readContextMap(reader, 4 * distanceBlocks.types, distanceTrees);
    const codes = (count: number, alphabetSize: number): PrefixCode[] =>
      Array.from({ length: count }, () => readPrefixCode(reader, alphabetSize));
    return {
      literalBlocks,
      commandBlocks,
      distanceBlocks,
      postfixBits,
      directDistances,
      contextModes,
      literalMap,
      distanceMap,
      literals: codes(literalTrees, 256),
      commands: codes(commandBlocks.types, COMMANDS),
      distances: codes(distanceTrees, 16 + directDistances + (48 << postfixBits)),
    };
  }

  /** Walks the commands of a meta-block whose content ends at `end`. */
  #commands(codes: BlockCodes, end: number): void {
    const reader = this.#reader;
    const ledger = this.#ledger;
    const { literalBlocks, commandBlocks, distanceBlocks } = codes;
    while (ledger.position < end) {
      const start = reader.position;
      if (commandBlocks.left === 0) commandBlocks.next(reader);
      commandBlocks.left--;
      const command = readSymbol(reader, codes.commands[commandBlocks.type] as PrefixCode);
      const cell = command >>> 6;
      const insertCode = (CELL_INSERT[cell] as number) + ((command >>> 3) & 7);
      const copyCode = (CELL_COPY[cell] as number) + (command & 7);
      const symbolBits = reader.position - start;
      const insertExtra = INSERT_EXTRA[insertCode] as number;
      const copyExtra = COPY_EXTRA[copyCode] as number;
      const insertLength = (INSERT_BASE[insertCode] as number) + reader.read(insertExtra);
      const copyLength = (COPY_BASE[copyCode] as number) + reader.read(copyExtra);
      if (insertLength > end - ledger.position) throw corruptBrotli('more literals than there is content', reader);

      // The symbol tells both lengths; without literals it is the copy's alone.
      const lastCommand = insertLength === end - ledger.position;
      let copyBits = symbolBits + copyExtra;
      if (insertLength > 0) {
        const insertBits = insertExtra + (lastCommand ? copyBits : symbolBits / 2);
        copyBits = symbolBits / 2 + copyExtra;
        this.#literals(codes, literalBlocks, insertLength, insertBits);
      }
      if (lastCommand) break;

      const distanceStart = reader.position;
      let distance = this.#distances[this.#lastDistance & 3] as number;
      let distanceCode = 0;
      if (command >= 128) {
        if (distanceBlocks.left === 0) distanceBlocks.next(reader);
        distanceBlocks.left--;
        const context = Math.min(copyLength - 2, 3);
        const tree = codes.distanceMap[4 * distanceBlocks.type + context] as number;
        distanceCode = readSymbol(reader, codes.distances[tree] as PrefixCode);
        distance = this.#distance(codes, distanceCode);
      }
      if (reader.position > reader.limit) throw corruptBrotli('its end is missing', reader);
      const distanceBits = reader.position - distanceStart;
      const at = ledger.position;
      const maxDistance = Math.min(this.#window, at);
      if (distance > maxDistance) {
        const length = this.#wordLength(distance - maxDistance - 1, copyLength);
        if (length > end - at) throw corruptBrotli('more content than its length says', reader);
        ledger.charge(length, copyBits + distanceBits);
        continue;
      }
      if (copyLength > end - at) throw corruptBrotli('more content than its length says', reader);
      if (distanceCode !== 0) this.#distances[++this.#lastDistance & 3] = distance;
      ledger.charge(copyLength, copyBits + distanceBits);
      const content = this.#content;
      for (let i = at; i < at + copyLength; i++) if (content[i] !== content[i - distance]) throw this.#otherContent();
      this.#prices.observeDistance(distance, distanceBits);
      this.#credits.copy(at, copyLength, distance, copyBits + distanceBits, this.#prices);
    }
  }

  /** `bits` is what was spent so far on the literals as a whole; the first one is charged with it. */
  #literals(codes: BlockCodes, blocks: BlockState, length: number, bits: number): void {
    const reader = this.#reader;
    const ledger = this.#ledger;
    const content = this.#content;
    let before = reader.position - bits;
    let at = ledger.position;
    let last = content[at - 1] ?? 0;
    let secondLast = content[at - 2] ?? 0;
    for (const end = at + length; at < end; at++) {
      if (blocks.left === 0) blocks.next(reader);
      blocks.left--;
      const mode = codes.contextModes[blocks.type] as number;
      const context =
        ((LAST_BYTE_CONTEXT[mode] as Uint8Array)[last] as number) |
        ((SECOND_LAST_BYTE_CONTEXT[mode] as Uint8Array)[secondLast] as number);
      const code = codes.literals[codes.literalMap[(blocks.type << 6) | context] as number] as PrefixCode;
      const entry = code.table[reader.peek() & ((1 << code.bits) - 1)] as number;
      reader.position += entry & 15;
      const literal = entry >>> 4;
      if (reader.position > reader.limit) throw corruptBrotli('its end is missing', reader);
      if (literal !== content[at]) throw this.#otherContent();
      this.#prices.observeLiteral(literal, entry & 15);
      ledger.charge(1, reader.position - before);
      before = reader.position;
      secondLast = last;
      last = literal;
    }
  }

  #distance(codes: BlockCodes, code: number): number {
    const reader = this.#reader;
    const { directDistances, postfixBits } = codes;
    if (code < 16) {
      const recent = this.#distances[(this.#lastDistance - (RECENT_INDEX[code] as number)) & 3] as number;
      const distance = recent + (RECENT_OFFSET[code] as number);
      if (distance <= 0) throw corruptBrotli('a distance that is not positive', reader);
      return distance;
    }
    const direct = code - 15;
    if (direct <= directDistances) return direct;
    const rest = code - directDistances - 16;
    const extraBits = 1 + (rest >>> (postfixBits + 1));
    const high = (2 + ((rest >>> postfixBits) & 1)) * 2 ** extraBits - 4;
    const low = rest & ((1 << postfixBits) - 1);
    return (high + reader.read(extraBits)) * 2 ** postfixBits + low + directDistances + 1;
  }

  /** How many bytes a reference to the static dictionary makes. */
  #wordLength(word: number, length: number): number {
    const transform = Math.floor(word / 2 ** (DICTIONARY_BITS[length] ?? 0));
    if (length < 4 || length >= DICTIONARY_BITS.length || transform >= TRANSFORM_ADDS.length) {
      throw corruptBrotli('a distance that leads nowhere', this.#reader);
    }
    return (TRANSFORM_ADDS[transform] as number) + Math.max(0, length - (TRANSFORM_OMITS[transform] as number));
  }

  #otherContent(): Error {
    return corruptBrotli('it makes other content than the one given', this.#reader);
  }
}

/** What symbols have cost so far, on the average. */
class RunningPrices implements Prices {
  readonly literals = new Float64Array(256).fill(6);
  readonly lengths: Float64Array;
  readonly distances: Float64Array;
  readonly #literalBits = new Float64Array(256).fill(24);
  readonly #literalCounts = new Float64Array(256).fill(4);
  readonly #distanceBits: Float64Array;
  readonly #distanceCounts: Float64Array;

  constructor() {
    this.lengths = new Float64Array(1200);
    for (let code = 0; code < COPY_BASE.length; code++) {
      this.lengths.fill(5 + (COPY_EXTRA[code] as number), COPY_BASE[code], COPY_BASE[code + 1] ?? this.lengths.length);
    }
    // Half an octave is a class: all but the highest two bits of the distance are extra bits.
    this.distances = Float64Array.from({ length: 2 * 24 + 1 }, (_, i) => 5 + Math.max(0, (i >>> 1) - 1));
    this.#distanceBits = this.distances.map((bits) => bits * 4);
    this.#distanceCounts = new Float64Array(this.distances.length).fill(4);
  }

  observeLiteral(byte: number, bits: number): void {
    const sum = (this.#literalBits[byte] as number) + bits;
    const count = (this.#literalCounts[byte] as number) + 1;
    this.#literalBits[byte] = sum;
    this.#literalCounts[byte] = count;
    this.literals[byte] = sum / count;
  }

  observeDistance(distance: number, bits: number): void {
    const index = distanceClass(distance);
    const sum = (this.#distanceBits[index] as number) + bits;
    const count = (this.#distanceCounts[index] as number) + 1;
    this.#distanceBits[index] = sum;
    this.#distanceCounts[index] = count;
    this.distances[index] = sum / count;
  }
}
