/**
 * The cache on disk: larger values a file each, small ones in packs. Everything is content-addressed, so several processes may
 * read, write and clear at once without asking each other: the worst is that a thing is done twice. What is torn, corrupt or
 * foreign is a miss, and taken away.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { CACHE_KINDS, type CacheKind } from '../model/byte-cache.ts';
import { CODEC, compress } from './codec.ts';
import { DiskUsage } from './disk-usage.ts';
import type { StoreKey } from './key.ts';
import { tryLock } from './lock.ts';
import { ObjectFiles } from './object-files.ts';
import type { PackedRecord } from './pack.ts';
import { Packs, type Merging } from './packs.ts';
import { PartialFiles } from './partial-file.ts';
import { decodeRecord, encodeRecord, valueOf, type RecordFields, type StoredRecord } from './record.ts';
import type { CacheSettings, Clock, Warn } from './settings.ts';
import { TagEpochs } from './tag-epochs.ts';

/** Records up to here go into packs: a file of its own costs a block of 4 kB and four calls. */
const PACKED_BYTES = 4096;
/** When the last use is noted anew. */
const HOUR = 3_600_000;
/** Counting begins a little before the bound, because each process learns late what the others write. */
const FULL = 15 / 16;
const AFTER_SWEEP = 3 / 4;
/** Packs may have this share of the bound; beyond that the values that were not used for longest go. */
const PACKS_SHARE = 1 / 4;
/** Objects that are read before others get a turn. */
const READS_AT_ONCE = 32;

export interface Found {
  readonly value: Uint8Array;
  readonly record: StoredRecord;
}

export interface EntryCount {
  readonly entries: number;
  readonly bytes: number;
}

export interface VerifyResult extends EntryCount {
  /** Path within the folder or key, and what is wrong with it. */
  readonly corrupt: readonly { readonly entry: string; readonly problem: string }[];
  readonly removed: number;
}

/** Which entries: all that all given properties hold for. */
export interface Selection {
  readonly kind?: CacheKind | undefined;
  readonly tag?: string | undefined;
}

export class DiskTier {
  readonly tags: TagEpochs;
  readonly #settings: CacheSettings;
  readonly #warn: Warn;
  readonly #now: Clock;
  readonly #partial: PartialFiles;
  readonly #objects: ObjectFiles;
  readonly #packs: Packs;
  readonly #usage: DiskUsage;
  readonly #files: { readonly sweepLock: string };
  #isWritable = true;
  #hasWritten = false;
  #sweeping: Promise<void> | null = null;
  #flushTimer: NodeJS.Timeout | null = null;

  constructor(settings: CacheSettings, warn: Warn, now: Clock) {
    this.#settings = settings;
    this.#warn = warn;
    this.#now = now;
    const within = (...names: string[]): string => path.join(settings.folder, 'v1', ...names);
    this.#partial = new PartialFiles(within('partial'));
    this.#objects = new ObjectFiles(within('objects'), this.#partial);
    this.#usage = new DiskUsage(within('usage'), this.#partial, settings.diskBytes);
    this.#packs = new Packs(within('packs'), this.#partial, (bytes) => this.#usage.add(bytes), now);
    this.tags = new TagEpochs(within('tags'), this.#partial);
    this.#files = { sweepLock: within('sweep.lock') };
  }

  /** For other small files of the store, which live in the same folder and go aside in the same way. */
  get partial(): PartialFiles {
    return this.#partial;
  }

  /** In the order of the keys. Never throws. */
  async getMany(keys: readonly StoreKey[]): Promise<(Found | null)[]> {
    this.tags.refresh();
    const packed = this.#findPacked(keys);
    const results: (Found | null)[] = [];
    let reads = 0;
    for (const [i, key] of keys.entries()) {
      const candidate = packed[i];
      if (candidate) {
        const found = this.#packedValue(key, candidate.record, candidate.usedAt);
        results.push(found instanceof Promise ? await found : found);
      } else {
        const found = await this.#objectValue(key);
        if (found !== null && ++reads % READS_AT_ONCE === 0) await turn();
        results.push(found);
      }
    }
    return results;
  }

  #findPacked(keys: readonly StoreKey[]): readonly ({ record: Buffer; usedAt: number } | null)[] {
    try {
      return this.#packs.find(keys.map(({ hex }) => hex));
    } catch (error) {
      this.#reportUnreadable(error);
      return [];
    }
  }

  #packedValue(key: StoreKey, bytes: Buffer, usedAt: number): Found | null | Promise<Found | null> {
    const record = decodeRecord(bytes);
    const now = this.#now();
    const value = record?.hex === key.hex && this.#isLive(record, usedAt, now) ? valueOf(record) : null;
    const finish = (value: Uint8Array | null): Found | null => {
      if (record === null || value === null) {
        this.#packs.drop(key.hex);
        return null;
      }
      if (now - usedAt > this.#touchAfter(24)) this.#pack({ hex: key.hex, kind: key.kind, record: bytes, usedAt: now });
      return { value, record };
    };
    return value instanceof Promise ? value.then(finish) : finish(value);
  }

  async #objectValue(key: StoreKey): Promise<Found | null> {
    const file = this.#objects.fileOf(key.hex, key.kind);
    let read: ReturnType<ObjectFiles['read']>;
    try {
      read = this.#objects.read(file);
    } catch (error) {
      this.#reportUnreadable(error);
      return null;
    }
    if (read === null) return null;
    const now = this.#now();
    const record = decodeRecord(read.bytes);
    const value = record?.hex === key.hex && this.#isLive(record, read.usedAt, now) ? await valueOf(record) : null;
    if (record === null || value === null) {
      this.#usage.add(-this.#objects.remove(file));
      return null;
    }
    if (this.#isWritable && now - read.usedAt > this.#touchAfter(1)) this.#objects.touch(file, now);
    return { value, record };
  }

  #isLive({ expiresAt, tags }: RecordFields, usedAt: number, now: number): boolean {
    const end = expiresAt === 0 ? usedAt + this.#settings.ttlMs : expiresAt;
    return now <= end && this.tags.areCurrent(tags);
  }

  #touchAfter(hours: number): number {
    return Math.min(hours * HOUR, this.#settings.ttlMs / 4);
  }

  /** Never throws: where nothing can be written, the tier is only read from then on. */
  async put(fields: RecordFields, value: Uint8Array): Promise<void> {
    if (!this.#isWritable || value.length > this.#settings.diskBytes / 4) return;
    const { codec, bytes } =
      this.#isShortOfRoom() && fields.kind !== 'compressed' && fields.kind !== 'precompressed'
        ? await compress(value)
        : { codec: CODEC.none, bytes: value };
    const record = encodeRecord(fields, codec, bytes, value.length);
    await this.#makeRoom(record.length);
    this.#write(() => {
      if (!this.#hasWritten) {
        this.#hasWritten = true;
        this.#partial.sweep();
      }
      const file = this.#objects.fileOf(fields.hex, fields.kind);
      // A value may be made anew and be of another size: it must not lie in both places.
      if (record.length <= PACKED_BYTES) {
        this.#pack({ hex: fields.hex, kind: fields.kind, record, usedAt: fields.createdAt });
        this.#usage.add(-this.#objects.remove(file));
        return;
      }
      this.#packs.drop(fields.hex);
      this.#usage.add(this.#objects.write(file, record, fields.createdAt));
    });
  }

  #pack(packed: PackedRecord): void {
    if (!this.#isWritable) return;
    if (this.#packs.add(packed)) this.#flushPacks();
    else if (this.#flushTimer === null) this.#flushTimer = setTimeout(() => this.#flushPacks(), 1000).unref();
  }

  #flushPacks(): void {
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    this.#write(() => this.#packs.flush(this.#merging()));
  }

  #merging(): Merging {
    this.tags.refresh();
    const now = this.#now();
    return {
      keeps: ({ hex, record, usedAt }) => {
        const decoded = decodeRecord(record);
        return decoded?.hex === hex && this.#isLive(decoded, usedAt, now);
      },
      limitBytes: this.#settings.diskBytes * PACKS_SHARE,
    };
  }

  /**
   * Reading back what was compressed takes eight times as long as reading it plain, from a disk whose pages are in memory. So
   * values are compressed from when the folder is half full on: room for more of them then saves more than it costs.
   */
  #isShortOfRoom(): boolean {
    return this.#settings.compress && (this.#usage.bytes ?? 0) > this.#settings.diskBytes / 2;
  }

  async #makeRoom(bytes: number): Promise<void> {
    const known = this.#usage.bytes;
    if (known !== null && known + bytes <= this.#settings.diskBytes * FULL) return;
    this.#sweeping ??= this.#sweep(known === null).finally(() => (this.#sweeping = null));
    await this.#sweeping;
  }

  /** Counts what there is, and takes away what was not used for longest. */
  async #sweep(onlyCount: boolean): Promise<void> {
    const release = tryLock(this.#files.sweepLock);
    if (release === null) {
      // Another process is at it; or there is no folder yet, and so nothing to count.
      if (onlyCount && !existsSync(path.dirname(this.#files.sweepLock))) this.#usage.reset(0);
      return;
    }
    try {
      const limit = this.#settings.diskBytes;
      const oldest = this.#now() - this.#settings.ttlMs;
      const files = [...this.#packs.files()];
      for (const folder of this.#objects.folders()) {
        files.push(...folder);
        await turn();
      }
      let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
      const aim = total > limit * FULL ? limit * AFTER_SWEEP : limit;
      for (const { file, bytes, usedAt } of files.sort((a, b) => a.usedAt - b.usedAt)) {
        if (total <= aim && usedAt >= oldest) break;
        this.#objects.remove(file);
        total -= bytes;
      }
      this.#usage.reset(total);
    } finally {
      release();
    }
  }

  #write(step: () => void): void {
    if (!this.#isWritable) return;
    try {
      step();
    } catch (error) {
      this.#isWritable = false;
      const { code, message } = error as NodeJS.ErrnoException;
      this.#warn({
        code: 'cache-not-writable',
        message: `The cache in ${this.#settings.folder} can't be written to: ${message}`,
        hint: `${(code !== undefined && MENDS[code]) ?? 'Name another folder in cache.folder'}. The run goes on and keeps nothing on disk.`,
      });
    }
  }

  #reportUnreadable(error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    // With all file handles in use, a value is not found this once.
    if (code === 'EMFILE' || code === 'ENFILE') return;
    this.#warn({
      code: 'cache-not-readable',
      message: `The cache in ${this.#settings.folder} can't be read: ${message}`,
      hint: 'Take the folder away, or name another one in cache.folder. The run goes on without what is kept there.',
    });
  }

  /** What lies on disk, by kind. */
  async count(): Promise<Map<CacheKind, EntryCount>> {
    const counts = new Map<CacheKind, EntryCount>();
    const add = (kind: CacheKind, bytes: number): void => {
      const { entries, bytes: before } = counts.get(kind) ?? { entries: 0, bytes: 0 };
      counts.set(kind, { entries: entries + 1, bytes: before + bytes });
    };
    for (const { kind, record } of this.#packedRecords()) add(kind, record.length);
    for (const folder of this.#objects.folders()) {
      for (const { kind, bytes } of folder) add(kind, bytes);
      await turn();
    }
    return counts;
  }

  /** @returns what was removed; bytes are those of the records */
  async clear(selection: Selection): Promise<EntryCount> {
    let entries = 0;
    let freed = 0;
    const { kind, tag } = selection;
    for (const packed of Array.from(this.#packedRecords())) {
      if (kind !== undefined && packed.kind !== kind) continue;
      if (tag !== undefined && !hasTag(packed.record, tag)) continue;
      this.#packs.drop(packed.hex);
      entries++;
      freed += packed.record.length;
    }
    this.#write(() => this.#packs.flush(this.#merging()));
    for (const folder of this.#objects.folders()) {
      for (const { file, kind: found } of folder) {
        if (kind !== undefined && found !== kind) continue;
        if (tag !== undefined && !hasTag(this.#tryRead(file), tag)) continue;
        const bytes = this.#objects.remove(file);
        if (bytes > 0) entries++;
        freed += bytes;
        this.#usage.add(-bytes);
      }
      await turn();
    }
    return { entries, bytes: freed };
  }

  /** Reads everything. @param fix takes away what is bad */
  async verify(fix: boolean): Promise<VerifyResult> {
    const corrupt: { entry: string; problem: string }[] = [];
    let entries = 0;
    let bytes = 0;
    let removed = 0;
    for (const { hex, record } of Array.from(this.#packedRecords())) {
      entries++;
      bytes += record.length;
      const problem = await problemOf(record, hex);
      if (problem === null) continue;
      corrupt.push({ entry: `packs: ${hex}`, problem });
      if (!fix) continue;
      this.#packs.drop(hex);
      removed++;
    }
    if (removed > 0) this.#write(() => this.#packs.flush(this.#merging()));
    for (const folder of this.#objects.folders()) {
      for (const { file, kind } of folder) {
        const record = this.#tryRead(file);
        if (record === null) continue;
        entries++;
        bytes += record.length;
        const hex = path.basename(path.dirname(file)) + path.basename(file).slice(0, -kind.length - 1);
        const problem = await problemOf(record, hex);
        if (problem === null) continue;
        corrupt.push({ entry: path.relative(this.#settings.folder, file), problem });
        if (!fix) continue;
        this.#usage.add(-this.#objects.remove(file));
        removed++;
      }
      await turn();
    }
    return { entries, bytes, corrupt, removed };
  }

  *#packedRecords(): Generator<PackedRecord> {
    try {
      yield* this.#packs.records();
    } catch (error) {
      this.#reportUnreadable(error);
    }
  }

  #tryRead(file: string): Buffer | null {
    try {
      return this.#objects.read(file)?.bytes ?? null;
    } catch {
      return null;
    }
  }

  async flush(): Promise<void> {
    await this.#sweeping;
    if (this.#packs.isDirty) this.#flushPacks();
    else if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    if (this.#isWritable) this.#usage.settle();
  }

  async close(): Promise<void> {
    await this.flush();
    this.#packs.close();
  }
}

const MENDS: Readonly<Record<string, string>> = {
  ENOSPC: 'Make room on the disk, or run pare cache clear',
  EDQUOT: 'Make room within your quota, or run pare cache clear',
  EROFS: 'Name a folder on a disk that can be written to in cache.folder',
  EACCES: 'Allow writing to the folder, or name another one in cache.folder',
  EPERM: 'Allow writing to the folder, or name another one in cache.folder',
  ENOTDIR: 'There is a file in its place: take it away, or name another folder in cache.folder',
  EEXIST: 'There is a file in its place: take it away, or name another folder in cache.folder',
};

function hasTag(bytes: Buffer | null, tag: string): boolean {
  return bytes !== null && (decodeRecord(bytes)?.tags.some(([name]) => name === tag) ?? false);
}

async function problemOf(bytes: Buffer, hex: string): Promise<string | null> {
  const record = decodeRecord(bytes);
  if (record === null) return 'torn, corrupt or of another program';
  if (record.hex !== hex) return 'under the name of another value';
  if (!CACHE_KINDS.includes(record.kind)) return 'of an unknown kind';
  return (await valueOf(record)) === null ? "can't be decompressed" : null;
}
