/**
 * The small values of a store. They gather in memory and go to disk as one pack; when there are many packs, the smaller ones
 * are merged, so that each value is written again only a few times (a log-structured merge, without levels).
 */
import { randomBytes } from 'node:crypto';
import { rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';

import { tryLock } from './lock.ts';
import { encodePack, Pack, type PackedRecord } from './pack.ts';
import { namesIn, type PartialFiles } from './partial-file.ts';
import type { Clock } from './settings.ts';

/** Gathered records are written when they come to that much, at the latest. */
const BATCH_BYTES = 1024 * 1024;
const BATCH_COUNT = 4096;
const MOST_PACKS = 12;
const MERGED_AT_ONCE = 4;
const LARGEST_PACK_BYTES = 64 * 1024 * 1024;
const SUFFIX = '.pack';

/** A record with what its pack knows about it. */
export interface FoundRecord {
  readonly record: Buffer;
  readonly usedAt: number;
}

export interface Merging {
  /** Whether a record is worth keeping. */
  readonly keeps: (packed: PackedRecord) => boolean;
  /** What all packs together may come to. */
  readonly limitBytes: number;
}

export class Packs {
  readonly #folder: string;
  readonly #partial: PartialFiles;
  readonly #grown: (bytes: number) => void;
  /** Newest first: where a key is in several, the newest counts. */
  #packs: Pack[] = [];
  #seen = '';
  readonly #gathered = new Map<string, PackedRecord>();
  #gatheredBytes = 0;
  /** Keys whose records in a pack are not to be had any more; the next merge leaves them out. */
  readonly #dropped = new WeakMap<Pack, Set<string>>();

  /** Packs whose use this process has noted. */
  readonly #touched = new Set<string>();
  readonly #now: Clock;

  /** @param grown is told by how many bytes the folder grows or shrinks */
  constructor(folder: string, partial: PartialFiles, grown: (bytes: number) => void, now: Clock) {
    this.#now = now;
    this.#folder = folder;
    this.#partial = partial;
    this.#grown = grown;
  }

  /** @returns whether it is time to {@link flush} */
  add(packed: PackedRecord): boolean {
    const before = this.#gathered.get(packed.hex);
    this.#gatheredBytes += packed.record.length - (before?.record.length ?? 0);
    this.#gathered.set(packed.hex, packed);
    return this.#gatheredBytes >= BATCH_BYTES || this.#gathered.size >= BATCH_COUNT;
  }

  /**
   * In the order of the keys; the newest record of each.
   * @throws Error of the file system
   */
  find(keys: readonly string[]): (FoundRecord | null)[] {
    this.#refresh();
    const found: (FoundRecord | null)[] = keys.map((hex) => this.#gathered.get(hex) ?? null);
    for (const pack of this.#packs) {
      const wanted: number[] = [];
      const rows: number[] = [];
      const dropped = this.#dropped.get(pack);
      for (let i = 0; i < keys.length; i++) {
        if (found[i] !== null || dropped?.has(keys[i]!)) continue;
        const row = pack.find(keys[i]!);
        if (row === -1) continue;
        wanted.push(i);
        rows.push(row);
      }
      if (rows.length === 0) continue;
      if (!this.#touched.has(pack.file)) this.#touch(pack.file);
      for (const [at, record] of pack.read(rows).entries())
        found[wanted[at]!] = { record, usedAt: pack.usedAt(rows[at]!) };
    }
    return found;
  }

  /** Takes a key out of all packs, at once for this process and with the next merge for all. */
  drop(hex: string): void {
    this.#refresh();
    this.#gatheredBytes -= this.#gathered.get(hex)?.record.length ?? 0;
    this.#gathered.delete(hex);
    for (const pack of this.#packs) {
      if (pack.find(hex) === -1) continue;
      const dropped = this.#dropped.get(pack);
      if (dropped === undefined) this.#dropped.set(pack, new Set([hex]));
      else dropped.add(hex);
    }
  }

  /** Whether there is something to {@link flush}. */
  get isDirty(): boolean {
    return this.#gathered.size > 0 || this.#packs.some((pack) => this.#dropped.has(pack));
  }

  /**
   * Writes what has gathered as one pack, and merges packs when there are too many or some are known to be bad.
   * @throws Error of the file system; what has gathered is let go then
   */
  flush(merging: Merging): void {
    const records = [...this.#gathered.values()];
    this.#gathered.clear();
    this.#gatheredBytes = 0;
    if (records.length > 0) {
      this.#write(records);
      this.#refresh();
    }
    const isTooMany = this.#packs.length > MOST_PACKS;
    if (isTooMany || this.#packs.some((pack) => this.#dropped.has(pack))) this.#merge(merging, isTooMany);
  }

  /** Makes one pack of those from which something was dropped and, if there are too many, of the smaller ones. */
  #merge({ keeps, limitBytes }: Merging, isTooMany: boolean): void {
    const release = tryLock(path.join(this.#folder, 'merge.lock'));
    if (release === null) return;
    try {
      this.#refresh();
      const small = isTooMany ? smaller(this.#packs) : [];
      const chosen = this.#packs.filter((pack) => small.includes(pack) || this.#dropped.has(pack));
      let kept: PackedRecord[] = [];
      const seen = new Set<string>();
      for (const pack of chosen) {
        const dropped = this.#dropped.get(pack);
        for (const packed of recordsOf(pack)) {
          if (seen.has(packed.hex) || dropped?.has(packed.hex) || !keeps(packed)) continue;
          seen.add(packed.hex);
          kept.push(packed);
        }
      }
      const others = this.#packs.reduce((sum, pack) => sum + (chosen.includes(pack) ? 0 : pack.bytes), 0);
      kept = mostRecent(kept, limitBytes - others);
      for (const batch of batches(kept)) this.#write(batch, chosen[0]?.file);
      for (const pack of chosen) this.#remove(pack);
      this.#refresh();
    } finally {
      release();
    }
  }

  /** Every record on disk and gathered, pack by pack. Records may be torn. @throws Error of the file system */
  *records(): Generator<PackedRecord> {
    this.#refresh();
    const seen = new Set<string>();
    for (const packed of this.#gathered.values()) {
      seen.add(packed.hex);
      yield packed;
    }
    for (const pack of this.#packs) {
      for (const packed of recordsOf(pack)) {
        if (seen.has(packed.hex)) continue;
        seen.add(packed.hex);
        yield packed;
      }
    }
  }

  /** Name, size and age of the packs on disk, for the bound of the folder. */
  files(): { readonly file: string; readonly bytes: number; readonly usedAt: number }[] {
    return namesIn(this.#folder).flatMap((name) => {
      const file = path.join(this.#folder, name);
      const found = name.endsWith(SUFFIX) ? statSync(file, { throwIfNoEntry: false }) : undefined;
      return found === undefined ? [] : [{ file, bytes: found.size, usedAt: found.mtimeMs }];
    });
  }

  close(): void {
    for (const pack of this.#packs) pack.close();
    this.#packs = [];
    this.#seen = '';
  }

  /** @param after the name of a pack that the new one takes the place of: it must not count as newer than it is */
  #write(records: readonly PackedRecord[], after?: string): void {
    const pack = encodePack(records);
    const time =
      after === undefined ? Date.now().toString(36).padStart(10, '0') : path.basename(after).split('-', 1)[0]!;
    const name = `${time}-${process.pid}-${randomBytes(4).toString('hex')}${SUFFIX}`;
    const file = path.join(this.#folder, name);
    this.#partial.write(file, pack);
    this.#touch(file);
    this.#grown(pack.length);
  }

  /** A pack that is used is not the first to go when room is needed. */
  #touch(file: string): void {
    this.#touched.add(file);
    try {
      utimesSync(file, this.#now() / 1000, this.#now() / 1000);
    } catch {
      // Read-only, or gone.
    }
  }

  #remove(pack: Pack): void {
    pack.close();
    this.#packs = this.#packs.filter((each) => each !== pack);
    removeFile(pack.file);
    this.#grown(-pack.bytes);
  }

  /** Opens packs that have come and closes those that have gone. One look at the folder's date where nothing has. */
  #refresh(): void {
    const folder = statSync(this.#folder, { throwIfNoEntry: false, bigint: true });
    const seen = folder === undefined ? '' : `${folder.ino} ${folder.mtimeNs}`;
    if (seen === this.#seen) return;
    this.#seen = seen;
    const names = new Set(namesIn(this.#folder).filter((name) => name.endsWith(SUFFIX)));
    const known = new Map(this.#packs.map((pack) => [path.basename(pack.file), pack]));
    for (const [name, pack] of known) if (!names.has(name)) pack.close();
    this.#packs = [...names]
      .sort()
      .reverse()
      .flatMap((name) => known.get(name) ?? this.#open(path.join(this.#folder, name)) ?? []);
  }

  /** A pack that is torn or none is taken away. */
  #open(file: string): Pack | null {
    try {
      const pack = Pack.open(file);
      if (pack === null) removeFile(file);
      return pack;
    } catch {
      // Merged away by another process meanwhile, or not to be read.
      return null;
    }
  }
}

function removeFile(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It may not be taken away: it is read again, and found no better.
  }
}

function* recordsOf(pack: Pack): Generator<PackedRecord> {
  const CHUNK = 256;
  for (let from = 0; from < pack.count; from += CHUNK) {
    const rows = Array.from({ length: Math.min(CHUNK, pack.count - from) }, (_, i) => from + i);
    for (const [i, record] of pack.read(rows).entries()) {
      const row = rows[i]!;
      const kind = pack.kindAt(row);
      if (kind !== undefined) yield { hex: pack.hexAt(row), kind, record, usedAt: pack.usedAt(row) };
    }
  }
}

/** From the smallest up, as long as the next isn't much larger than all before it together. */
function smaller(packs: readonly Pack[]): Pack[] {
  const chosen = new Set<Pack>();
  let total = 0;
  for (const pack of [...packs].sort((a, b) => a.bytes - b.bytes)) {
    if (chosen.size >= MERGED_AT_ONCE && pack.bytes > total) break;
    chosen.add(pack);
    total += pack.bytes;
  }
  return packs.filter((pack) => chosen.has(pack));
}

function mostRecent(records: PackedRecord[], limitBytes: number): PackedRecord[] {
  let left = limitBytes;
  if (records.reduce((sum, { record }) => sum + record.length, 0) <= left) return records;
  return [...records].sort((a, b) => b.usedAt - a.usedAt).filter(({ record }) => (left -= record.length) >= 0);
}

function* batches(records: readonly PackedRecord[]): Generator<PackedRecord[]> {
  let batch: PackedRecord[] = [];
  let bytes = 0;
  for (const packed of records) {
    if (bytes + packed.record.length > LARGEST_PACK_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(packed);
    bytes += packed.record.length;
  }
  if (batch.length > 0) yield batch;
}
