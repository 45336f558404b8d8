/**
 * Many small values in one file, which is written whole, renamed and never changed: nothing of it can be torn by a second
 * writer, and whoever has it open may read on when it is taken away. In front is an index sorted by key, which is searched as
 * it lies on disk: opening a pack costs one read and no object per value.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';

import { CACHE_KINDS, type CacheKind } from '../model/byte-cache.ts';
import { KEY_BYTES } from './key.ts';

const MAGIC = Buffer.from('parepak1');
const HEAD_BYTES = 16;
/** Key, offset, length, kind, time of the last use. */
const ROW_BYTES = KEY_BYTES + 4 + 4 + 4 + 8;
/** Nearly every index fits into the first read. */
const FIRST_READ_BYTES = 128 * 1024;
/** What lies between two wanted values is read with them up to here: it costs less than another call. */
const GAP_BYTES = 16 * 1024;
const SPAN_BYTES = 4 * 1024 * 1024;

export interface PackedRecord {
  readonly hex: string;
  readonly kind: CacheKind;
  readonly record: Buffer;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
}

/** One record of each key, in any order. */
export function encodePack(records: readonly PackedRecord[]): Buffer {
  const sorted = [...records].sort((a, b) => (a.hex < b.hex ? -1 : 1));
  const indexBytes = sorted.length * ROW_BYTES;
  const total = sorted.reduce((sum, { record }) => sum + record.length, HEAD_BYTES + indexBytes);
  const pack = Buffer.allocUnsafe(total);
  pack.set(MAGIC);
  pack.writeUInt32LE(sorted.length, 8);
  let at = HEAD_BYTES + indexBytes;
  for (const [i, { hex, kind, record, usedAt }] of sorted.entries()) {
    const row = HEAD_BYTES + i * ROW_BYTES;
    pack.write(hex, row, KEY_BYTES, 'hex');
    pack.writeUInt32LE(at, row + KEY_BYTES);
    pack.writeUInt32LE(record.length, row + KEY_BYTES + 4);
    pack.writeUInt32LE(CACHE_KINDS.indexOf(kind), row + KEY_BYTES + 8);
    pack.writeDoubleLE(usedAt, row + KEY_BYTES + 12);
    pack.set(record, at);
    at += record.length;
  }
  pack.writeUInt32LE(crc32(pack.subarray(HEAD_BYTES, HEAD_BYTES + indexBytes), sorted.length), 12);
  return pack;
}

export class Pack {
  readonly file: string;
  /** Of the file. */
  readonly bytes: number;
  readonly count: number;
  readonly #index: Buffer;
  /** Of the index. Its calls cost little before they are compiled. */
  readonly #view: DataView;
  #handle: number | null;

  private constructor(file: string, handle: number, bytes: number, index: Buffer) {
    this.file = file;
    this.bytes = bytes;
    this.count = index.length / ROW_BYTES;
    this.#handle = handle;
    this.#index = index;
    this.#view = new DataView(index.buffer, index.byteOffset, index.length);
  }

  /**
   * @returns null where the file is no pack, or a torn one
   * @throws Error of the file system
   */
  static open(file: string): Pack | null {
    const handle = openSync(file, 'r');
    let opened: Pack | null = null;
    try {
      const { size } = fstatSync(handle);
      const start = readAt(handle, 0, Math.min(size, FIRST_READ_BYTES));
      if (start.length < HEAD_BYTES || !start.subarray(0, MAGIC.length).equals(MAGIC)) return null;
      const count = start.readUInt32LE(8);
      const end = HEAD_BYTES + count * ROW_BYTES;
      if (end > size) return null;
      const index =
        end <= start.length ? start.subarray(HEAD_BYTES, end) : readAt(handle, HEAD_BYTES, end - HEAD_BYTES);
      if (index.length !== count * ROW_BYTES || crc32(index, count) !== start.readUInt32LE(12)) return null;
      // Not a view of the whole first read, which would stay with it.
      opened = new Pack(file, handle, size, Buffer.from(index));
      return opened;
    } finally {
      if (opened === null) closeSync(handle);
    }
  }

  close(): void {
    if (this.#handle !== null) closeSync(this.#handle);
    this.#handle = null;
  }

  /**
   * The row of a key; -1: it isn't here. Keys are hashes and so spread evenly: where one must lie is guessed from its first
   * digits, which takes two or three looks where halving takes ten (Perl, Itai, Avni: Interpolation search, 1978).
   */
  find(hex: string): number {
    const view = this.#view;
    const wanted = Number.parseInt(hex.slice(0, 8), 16);
    let low = 0;
    let high = this.count - 1;
    let below = 0;
    let above = 0xffffffff;
    while (low <= high) {
      const share = above === below ? 0 : (wanted - below) / (above - below);
      const row = low + Math.min(high - low, Math.max(0, Math.floor(share * (high - low + 1))));
      const found = view.getUint32(row * ROW_BYTES);
      if (found === wanted) return this.#findAround(row, hex, wanted);
      if (found < wanted) {
        low = row + 1;
        below = found;
      } else {
        high = row - 1;
        above = found;
      }
    }
    return -1;
  }

  /** Among the rows whose first eight digits are the same: hardly ever more than one. */
  #findAround(row: number, hex: string, prefix: number): number {
    const prefixAt = (at: number): number => this.#view.getUint32(at * ROW_BYTES);
    let first = row;
    while (first > 0 && prefixAt(first - 1) === prefix) first--;
    for (let at = first; at < this.count && prefixAt(at) === prefix; at++) if (this.hexAt(at) === hex) return at;
    return -1;
  }

  hexAt(row: number): string {
    return this.#index.toString('hex', row * ROW_BYTES, row * ROW_BYTES + KEY_BYTES);
  }

  kindAt(row: number): CacheKind | undefined {
    return CACHE_KINDS[this.#view.getUint32(row * ROW_BYTES + KEY_BYTES + 8, true)];
  }

  lengthAt(row: number): number {
    return this.#view.getUint32(row * ROW_BYTES + KEY_BYTES + 4, true);
  }

  /** Milliseconds since 1970, as of the writing of the pack. */
  usedAt(row: number): number {
    return this.#view.getFloat64(row * ROW_BYTES + KEY_BYTES + 12, true);
  }

  /**
   * The records of the rows, in their order, in as few reads as can be. What lies beyond the end of the file is cut off. Views
   * of what was read where nearly all of it was asked for, and copies where a view would hold on to much else.
   * @throws Error of the file system
   */
  read(rows: readonly number[]): Buffer[] {
    const handle = this.#handle;
    if (handle === null) return rows.map(() => Buffer.alloc(0));
    const view = this.#view;
    // Rows lie in the order of the records.
    const order = Uint32Array.from(rows).sort();
    const records = new Map<number, Buffer>();
    for (let i = 0; i < order.length;) {
      const start = view.getUint32(order[i]! * ROW_BYTES + KEY_BYTES, true);
      let end = start;
      let wanted = 0;
      let j = i;
      for (; j < order.length; j++) {
        const at = order[j]! * ROW_BYTES + KEY_BYTES;
        const offset = view.getUint32(at, true);
        const length = view.getUint32(at + 4, true);
        if (j > i && (offset - end > GAP_BYTES || offset + length - start > SPAN_BYTES)) break;
        end = Math.max(end, offset + length);
        wanted += length;
      }
      const span = readAt(handle, start, Math.min(end, this.bytes) - start);
      const isMostlyWanted = wanted * 2 > span.length;
      for (; i < j; i++) {
        const at = order[i]! * ROW_BYTES + KEY_BYTES;
        const from = view.getUint32(at, true) - start;
        const record = span.subarray(from, from + view.getUint32(at + 4, true));
        records.set(order[i]!, isMostlyWanted ? record : Buffer.from(record));
      }
    }
    return rows.map((row) => records.get(row)!);
  }
}

function readAt(handle: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(Math.max(0, length));
  let done = 0;
  while (done < buffer.length) {
    const read = readSync(handle, buffer, done, buffer.length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return buffer.subarray(0, done);
}
