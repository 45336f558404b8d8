/**
 * Which source each byte of a generated file comes from, by its source map: one pass over the VLQ text beside one pass over the
 * file's bytes. No segment becomes an object.
 *
 * The rules (ECMA-426 has them where it says anything):
 * - a segment owns the text from its column up to the next segment's, or to the end of its line;
 * - a segment of one field (no source) owns nothing: its text is unmapped;
 * - columns count UTF-16 units, the result counts bytes of UTF-8;
 * - lines end at LF, CR LF and CR; at U+2028 and U+2029 too where the map counts them (bundlers differ, the file shows it);
 * - text before a line's first segment is unmapped, as are lines without any. What lies between two runs of one source is that
 *   source's own text (the inner lines of a template literal, the line ends of its body) and is given to it.
 */
import { isAscii } from 'node:buffer';

import type { MapSection, SourceMapView } from './source-map.ts';

/** Owner of bytes that no segment names. */
export const UNMAPPED = 0;
/** Owner of line terminators between different owners. */
export const LINE_END = 1;
/** Owner number of source `i`, counted through all sections, is `FIRST_SOURCE + i`. */
export const FIRST_SOURCE = 2;

/** Runs of bytes as in `Ownership`, and where within each run the owner's last mapped segment begins. */
export interface SourceRuns {
  readonly length: number;
  readonly count: number;
  /** Exclusive end of each run, in bytes; ascending. */
  readonly ends: Uint32Array;
  readonly owners: Uint32Array;
  /** Byte offset where the last segment within the run begins; the run's start where no segment does. */
  readonly lastSegments: Uint32Array;
  readonly sources: readonly (string | null)[];
  /** Segments that point outside of the file or name a source that is not there. More than a few: another file's map. */
  readonly strays: number;
  readonly segments: number;
}

/** Generated code must be below 2 GiB; `code` is UTF-8, a byte that is no part of a valid sequence counts as one unit. */
export function attributeBySourceMap(code: Uint8Array, map: SourceMapView): SourceRuns {
  const buffer = Buffer.from(code.buffer, code.byteOffset, code.byteLength);
  const plain = scan(code, splitLines(buffer, false), map);
  if (plain.strays === 0 || !hasRareTerminators(buffer)) return plain;
  // Whoever wrote the map counts the language's other line terminators, too: else it would fit.
  const all = scan(code, splitLines(buffer, true), map);
  return all.strays < plain.strays ? all : plain;
}

function scan(code: Uint8Array, lines: Lines, map: SourceMapView): SourceRuns {
  const pass = new Scan(code, lines);
  const sources: (string | null)[] = [];
  map.sections.forEach((section, i) => {
    pass.section(section, FIRST_SOURCE + sources.length, map.sections[i + 1]);
    for (const source of section.sources) sources.push(source);
  });
  pass.finish();
  return pass.runs(sources);
}

/** The whole file as one unmapped run, but for its line ends: what is known of a file that has no map. */
export function unmappedRuns(code: Uint8Array): SourceRuns {
  const count = code.length === 0 ? 0 : 1;
  return {
    length: code.length,
    count,
    ends: Uint32Array.of(code.length).subarray(0, count),
    owners: Uint32Array.of(UNMAPPED).subarray(0, count),
    lastSegments: new Uint32Array(count),
    sources: [],
    strays: 0,
    segments: 0,
  };
}

/** Offsets, in bytes, of the start of each line and of the end of its text (before the terminator). */
interface Lines {
  readonly count: number;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * Whether a file has line terminators that not every writer of maps counts (U+2028, U+2029, a lone CR). Some count them within
 * a module and not between modules: then the map fits only in part, whichever way it is read.
 */
export function hasRareTerminators(buffer: Buffer): boolean {
  return hasSeparator(buffer) || hasLoneReturn(buffer);
}

/** Whether U+2028 or U+2029 is in the file: E2 80 A8 and E2 80 A9. */
function hasSeparator(buffer: Buffer): boolean {
  for (let at = buffer.indexOf(0xe2); at !== -1; at = buffer.indexOf(0xe2, at + 1))
    if (buffer[at + 1] === 0x80 && (buffer[at + 2]! & 0xfe) === 0xa8) return true;
  return false;
}

/** A carriage return that no line feed follows ends a line for the bundlers that follow the language's own grammar. */
function hasLoneReturn(buffer: Buffer): boolean {
  for (let at = buffer.indexOf(CR); at !== -1; at = buffer.indexOf(CR, at + 1)) if (buffer[at + 1] !== LF) return true;
  return false;
}

function splitLines(buffer: Buffer, all: boolean): Lines {
  const starts: number[] = [0];
  const ends: number[] = [];
  const cut = (end: number, start: number) => {
    ends.push(end);
    starts.push(start);
  };
  if (all) {
    for (let i = 0; i < buffer.length; i++) {
      const byte = buffer[i]!;
      if (byte === LF) cut(i, i + 1);
      else if (byte === CR) {
        const two = buffer[i + 1] === LF;
        cut(i, i + (two ? 2 : 1));
        if (two) i++;
      } else if (byte === 0xe2 && buffer[i + 1] === 0x80 && (buffer[i + 2]! & 0xfe) === 0xa8) {
        cut(i, i + 3);
        i += 2;
      }
    }
  } else {
    for (let at = buffer.indexOf(LF); at !== -1; at = buffer.indexOf(LF, at + 1))
      cut(at > 0 && buffer[at - 1] === CR ? at - 1 : at, at + 1);
  }
  ends.push(buffer.length);
  return { count: starts.length, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}

const COMMA = 0x2c;
const SEMICOLON = 0x3b;

/** Value of each base64 digit; 64 for a byte that is none. */
const DIGITS = new Uint8Array(256).fill(64);
for (const [i, digit] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  DIGITS[digit.charCodeAt(0)] = i;

class Scan {
  readonly #code: Uint8Array;
  readonly #lines: Lines;
  readonly #ascii: boolean;

  #ends = new Uint32Array(1024);
  #owners = new Uint32Array(1024);
  #lastSegments = new Uint32Array(1024);
  #count = 0;
  /** Where the text that is not yet in a run begins, whose it is, and where its last segment began. */
  #from = 0;
  #owner = UNMAPPED;
  #lastSegment = 0;

  #line = 0;
  #strays = 0;
  #segments = 0;

  constructor(code: Uint8Array, lines: Lines) {
    this.#code = code;
    this.#lines = lines;
    this.#ascii = isAscii(code);
  }

  /**
   * Reads one map that begins at `line` and `column` of the file; what lies at or behind the start of the next section
   * (`stop`) is left to that section. Owner of the map's source `i` is `firstOwner + i`.
   */
  section(section: MapSection, firstOwner: number, stop: MapSection | undefined): void {
    const text = section.mappings;
    const length = text.length;
    const known = section.sources.length;
    let at = 0;
    let source = 0;
    for (let line = section.line; at <= length; line++) {
      if (line >= this.#lines.count) {
        this.#strays += countSegments(text, at);
        return;
      }
      if (stop !== undefined && line > stop.line) return;
      const limit = stop !== undefined && line === stop.line ? stop.column : Infinity;
      let column = line === section.line ? section.column : 0;
      let sorted = true;
      let previous = -1;
      this.#segmentCount = 0;
      while (at < length && text[at] !== SEMICOLON) {
        if (text[at] === COMMA) {
          at++;
          continue;
        }
        // The fields are deltas: column, source, line, column, name. Only the first two say whose the bytes are.
        let value = 0;
        let shift = 0;
        let digit = 0;
        do {
          digit = DIGITS[text[at++]!]!;
          value |= (digit & 31) << shift;
          shift += 5;
        } while (digit & 32);
        column += value & 1 ? -(value >>> 1) : value >>> 1;
        let owner = UNMAPPED;
        if (at < length && text[at] !== COMMA && text[at] !== SEMICOLON) {
          value = 0;
          shift = 0;
          do {
            digit = DIGITS[text[at++]!]!;
            value |= (digit & 31) << shift;
            shift += 5;
          } while (digit & 32);
          source += value & 1 ? -(value >>> 1) : value >>> 1;
          while (at < length && text[at] !== COMMA && text[at] !== SEMICOLON) at++;
          if (source < 0 || source >= known) this.#strays++;
          else if (section.sources[source] !== null) owner = firstOwner + source;
        }
        if (column >= limit) continue;
        if (column < previous) sorted = false;
        previous = column;
        this.#push(column, owner);
      }
      this.#placeLine(line, sorted);
      at++;
    }
  }

  /** The segments of the line that is being read. */
  #columns = new Int32Array(4096);
  #segmentOwners = new Uint32Array(4096);
  #segmentCount = 0;

  #push(column: number, owner: number): void {
    const i = this.#segmentCount++;
    if (i === this.#columns.length) {
      this.#columns = doubled(this.#columns, new Int32Array(i * 2));
      this.#segmentOwners = doubled(this.#segmentOwners, new Uint32Array(i * 2));
    }
    this.#columns[i] = column;
    this.#segmentOwners[i] = owner;
  }

  /** Turns the segments of one line into runs. */
  #placeLine(line: number, sorted: boolean): void {
    const count = this.#segmentCount;
    this.#segments += count;
    if (count === 0) return;
    if (!sorted) this.#sortLine();
    this.#openLine(line);
    const columns = this.#columns;
    const owners = this.#segmentOwners;
    const lineStart = this.#lines.starts[line]!;
    const lineEnd = this.#lines.ends[line]!;
    let byte = lineStart;
    for (let i = 0; i < count; i++) {
      byte = this.#ascii
        ? lineStart + columns[i]!
        : this.#advance(byte, i === 0 ? 0 : columns[i - 1]!, columns[i]!, lineEnd);
      if (byte > lineEnd || columns[i]! < 0) {
        this.#strays += count - i;
        return;
      }
      // A segment at the very end of a line owns no byte, and must not take the line's end from the owner before it.
      if (byte < lineEnd) this.#mark(byte, owners[i]!);
    }
  }

  #sortLine(): void {
    const count = this.#segmentCount;
    const order = Array.from({ length: count }, (_, i) => i);
    order.sort((a, b) => this.#columns[a]! - this.#columns[b]!);
    this.#columns.set(order.map((i) => this.#columns[i]!));
    this.#segmentOwners.set(order.map((i) => this.#segmentOwners[i]!));
  }

  /** Byte offset of UTF-16 column `target`, going on from `byte` at column `column` on the same line. */
  #advance(byte: number, column: number, target: number, lineEnd: number): number {
    const code = this.#code;
    while (column < target && byte < lineEnd) {
      const lead = code[byte]!;
      byte++;
      if (lead < 0x80) column++;
      else {
        column += lead >= 0xf0 ? 2 : 1;
        while (byte < lineEnd && (code[byte]! & 0xc0) === 0x80) byte++;
      }
    }
    return column < target ? lineEnd + 1 : byte;
  }

  /** From here on (a byte offset) the text is `owner`'s. */
  #mark(byte: number, owner: number): void {
    if (owner === this.#owner) {
      this.#lastSegment = byte;
      return;
    }
    this.#close(byte);
    this.#owner = owner;
    this.#lastSegment = byte;
  }

  #close(byte: number): void {
    if (byte <= this.#from) return;
    if (this.#count === this.#ends.length) this.#grow();
    const i = this.#count++;
    this.#ends[i] = byte;
    this.#owners[i] = this.#owner;
    this.#lastSegments[i] = Math.max(this.#lastSegment, this.#from);
    this.#from = byte;
  }

  #grow(): void {
    const size = this.#ends.length * 2;
    this.#ends = doubled(this.#ends, new Uint32Array(size));
    this.#owners = doubled(this.#owners, new Uint32Array(size));
    this.#lastSegments = doubled(this.#lastSegments, new Uint32Array(size));
  }

  /** Ends the lines before `line`, each with its terminator, and begins it with unmapped text. */
  #openLine(line: number): void {
    for (; this.#line < line; this.#line++) this.#endLine(this.#line);
  }

  #endLine(line: number): void {
    const end = this.#lines.ends[line]!;
    const next = line + 1 < this.#lines.count ? this.#lines.starts[line + 1]! : this.#code.length;
    if (next > end) this.#mark(end, LINE_END);
    if (line + 1 < this.#lines.count) this.#mark(next, UNMAPPED);
  }

  finish(): void {
    this.#openLine(this.#lines.count - 1);
    this.#close(this.#code.length);
  }

  runs(sources: readonly (string | null)[]): SourceRuns {
    const count = fillGaps(this.#ends, this.#owners, this.#lastSegments, this.#count, this.#code);
    return {
      length: this.#code.length,
      count,
      ends: this.#ends.slice(0, count),
      owners: this.#owners.slice(0, count),
      lastSegments: this.#lastSegments.slice(0, count),
      sources,
      strays: this.#strays,
      segments: this.#segments,
    };
  }
}

/**
 * Gives unmapped text and line ends between two runs of one source to that source, and white space before a source's first
 * segment on a line to that source; merges neighbours. In place; returns the new count.
 */
function fillGaps(
  ends: Uint32Array,
  owners: Uint32Array,
  lastSegments: Uint32Array,
  count: number,
  code: Uint8Array,
): number {
  let kept = 0;
  let i = 0;
  while (i < count) {
    const owner = owners[i]!;
    if (owner < FIRST_SOURCE && kept > 0 && owners[kept - 1]! >= FIRST_SOURCE) {
      let next = i;
      while (next < count && owners[next]! < FIRST_SOURCE) next++;
      if (next < count && owners[next] === owners[kept - 1]) {
        ends[kept - 1] = ends[next]!;
        lastSegments[kept - 1] = lastSegments[next]!;
        i = next + 1;
        continue;
      }
    }
    const next = i + 1 < count ? owners[i + 1]! : UNMAPPED;
    if (owner === UNMAPPED && next >= FIRST_SOURCE && isBlank(code, i === 0 ? 0 : ends[i - 1]!, ends[i]!)) {
      i++;
      continue;
    }
    if (kept > 0 && owners[kept - 1] === owner) {
      ends[kept - 1] = ends[i]!;
      lastSegments[kept - 1] = lastSegments[i]!;
    } else {
      ends[kept] = ends[i]!;
      owners[kept] = owner;
      lastSegments[kept] = lastSegments[i]!;
      kept++;
    }
    i++;
  }
  return kept;
}

function isBlank(code: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (code[i] !== 0x20 && code[i] !== 0x09) return false;
  return true;
}

function doubled<T extends Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function countSegments(text: Uint8Array, at: number): number {
  let count = 0;
  let within = false;
  for (let i = at; i < text.length; i++) {
    const separator = text[i] === COMMA || text[i] === SEMICOLON;
    if (!separator && !within) count++;
    within = !separator;
  }
  return count;
}
