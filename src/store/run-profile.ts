/**
 * What runs of a kind ask for, in the order in which they ask: the next run of the kind can have it loaded in one go. Each key
 * has a weight that is halved with every run that doesn't ask for it, so that what has changed is forgotten after a few.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';

import { CACHE_KINDS, type CacheKind } from '../model/byte-cache.ts';
import { KEY_BYTES } from './key.ts';
import { namesIn, type PartialFiles } from './partial-file.ts';

const MAGIC = Buffer.from('parprof1');
const HEAD_BYTES = 16;
/** Key, kind, weight, size. */
const ROW_BYTES = KEY_BYTES + 1 + 1 + 4;
/** 38 bytes each: a profile is at most 760 kB. */
const MOST_KEYS = 20_000;
const MOST_PROFILES = 64;
const FULL_WEIGHT = 128;
/** Asked for in one of the last two runs. */
const LIKELY_WEIGHT = 64;
/** Not asked for in the last four runs. */
const FORGOTTEN_WEIGHT = 8;

export interface ProfiledKey {
  readonly hex: string;
  readonly kind: CacheKind;
  /** Of the value; 0: not known. */
  readonly bytes: number;
}

interface WeighedKey extends ProfiledKey {
  readonly weight: number;
}

/** What the current run has asked for. */
export class RunRecord {
  readonly #asked = new Map<string, { kind: CacheKind; bytes: number }>();

  note(hex: string, kind: CacheKind, bytes: number): void {
    const known = this.#asked.get(hex);
    if (known !== undefined) known.bytes = Math.max(known.bytes, bytes);
    else if (this.#asked.size < MOST_KEYS) this.#asked.set(hex, { kind, bytes });
  }

  get keys(): ProfiledKey[] {
    return [...this.#asked].map(([hex, { kind, bytes }]) => ({ hex, kind, bytes }));
  }
}

export class RunProfiles {
  readonly #folder: string;
  readonly #partial: PartialFiles;

  constructor(folder: string, partial: PartialFiles) {
    this.#folder = folder;
    this.#partial = partial;
  }

  /** What a run of this kind will likely ask for, in that order. Empty where nothing is known. */
  likely(runKind: string): ProfiledKey[] {
    return this.#read(runKind).filter(({ weight }) => weight >= LIKELY_WEIGHT);
  }

  /** @throws Error of the file system */
  learn(runKind: string, asked: readonly ProfiledKey[]): void {
    if (asked.length === 0) return;
    const keys: WeighedKey[] = asked.map((key) => ({ ...key, weight: FULL_WEIGHT }));
    const seen = new Set(asked.map(({ hex }) => hex));
    for (const key of this.#read(runKind)) {
      const weight = key.weight >> 1;
      if (!seen.has(key.hex) && weight >= FORGOTTEN_WEIGHT) keys.push({ ...key, weight });
    }
    const isNew = statSync(this.#file(runKind), { throwIfNoEntry: false }) === undefined;
    if (isNew) this.#makeRoom();
    this.#partial.write(this.#file(runKind), encode(keys.slice(0, MOST_KEYS)));
  }

  clear(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #makeRoom(): void {
    const files = namesIn(this.#folder).flatMap((name) => {
      const file = path.join(this.#folder, name);
      const found = statSync(file, { throwIfNoEntry: false });
      return found === undefined ? [] : [{ file, at: found.mtimeMs }];
    });
    files.sort((a, b) => b.at - a.at);
    for (const { file } of files.slice(MOST_PROFILES - 1)) rmSync(file, { force: true });
  }

  #read(runKind: string): WeighedKey[] {
    try {
      return decode(readFileSync(this.#file(runKind)));
    } catch {
      return [];
    }
  }

  #file(runKind: string): string {
    return path.join(this.#folder, createHash('sha256').update(runKind).digest('hex').slice(0, 40));
  }
}

function encode(keys: readonly WeighedKey[]): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + keys.length * ROW_BYTES);
  bytes.set(MAGIC);
  for (const [i, { hex, kind, weight, bytes: size }] of keys.entries()) {
    const at = HEAD_BYTES + i * ROW_BYTES;
    bytes.write(hex, at, KEY_BYTES, 'hex');
    bytes[at + KEY_BYTES] = CACHE_KINDS.indexOf(kind);
    bytes[at + KEY_BYTES + 1] = weight;
    bytes.writeUInt32LE(size, at + KEY_BYTES + 2);
  }
  bytes.writeUInt32LE(keys.length, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(HEAD_BYTES)), 12);
  return bytes;
}

function decode(bytes: Buffer): WeighedKey[] {
  if (bytes.length < HEAD_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return [];
  const count = bytes.readUInt32LE(8);
  const rows = bytes.subarray(HEAD_BYTES);
  if (rows.length !== count * ROW_BYTES || crc32(rows) !== bytes.readUInt32LE(12)) return [];
  return Array.from({ length: count }, (_, i) => {
    const at = i * ROW_BYTES;
    return {
      hex: rows.toString('hex', at, at + KEY_BYTES),
      kind: CACHE_KINDS[rows[at + KEY_BYTES]!]!,
      weight: rows[at + KEY_BYTES + 1]!,
      bytes: rows.readUInt32LE(at + KEY_BYTES + 2),
    };
  });
}
