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
  #handle: number | null;

  private constructor(file: string, handle: number, bytes: number, index: Buffer) {
    this.file = file;
    this.bytes = bytes;
    this.count = index.length / ROW_BYTES;
    this.#handle = handle;
    this.#index = index;
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

  /** The row of a key; -1: it isn't here. */
  find(key: Uint8Array): number {
    const index = this.#index;
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const at = middle * ROW_BYTES;
      const order = index.compare(key, 0, KEY_BYTES, at, at + KEY_BYTES);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  hexAt(row: number): string {
    return this.#index.toString('hex', row * ROW_BYTES, row * ROW_BYTES + KEY_BYTES);
  }

  kindAt(row: number): CacheKind | undefined {
    return CACHE_KINDS[this.#index.readUInt32LE(row * ROW_BYTES + KEY_BYTES + 8)];
  }

  lengthAt(row: number): number {
    return this.#index.readUInt32LE(row * ROW_BYTES + KEY_BYTES + 4);
  }

  /** Milliseconds since 1970, as of the writing of the pack. */
  usedAt(row: number): number {
    return this.#index.readDoubleLE(row * ROW_BYTES + KEY_BYTES + 12);
  }

  /**
   * The records of the rows, in their order, in as few reads as can be. What lies beyond the end of the file is cut off.
   * @throws Error of the file system
   */
  read(rows: readonly number[]): Buffer[] {
    const handle = this.#handle;
    if (handle === null) return rows.map(() => Buffer.alloc(0));
    const offsetAt = (row: number): number => this.#index.readUInt32LE(row * ROW_BYTES + KEY_BYTES);
    // Rows are sorted as the records are, by key.
    const order = rows.map((_, i) => i).sort((a, b) => rows[a]! - rows[b]!);
    const records: Buffer[] = new Array(rows.length) as Buffer[];
    for (let i = 0; i < order.length;) {
      const start = offsetAt(rows[order[i]!]!);
      let end = start;
      let j = i;
      for (; j < order.length; j++) {
        const row = rows[order[j]!]!;
        const at = offsetAt(row);
        if (j > i && (at - end > GAP_BYTES || at + this.lengthAt(row) - start > SPAN_BYTES)) break;
        end = Math.max(end, at + this.lengthAt(row));
      }
      const span = readAt(handle, start, Math.min(end, this.bytes) - start);
      for (; i < j; i++) {
        const row = rows[order[i]!]!;
        const at = offsetAt(row) - start;
        records[order[i]!] = span.subarray(at, at + this.lengthAt(row));
      }
    }
    return records;
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
