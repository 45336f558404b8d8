/**
 * What is kept between runs: memory over disk over Redis, asked in that order, written through to the disk and behind to Redis.
 *
 * bentocache 1.6 has the tiers but not what has to be in them: its file driver writes values as JSON in place, without checksums
 * and without a bound in bytes, and nothing bounds what a run waits for its Redis in all. A value of source takes 3.5 times its
 * bytes there and 1.2 ms of CPU to read back, against 0.05 ms here; it is a peer in `npm run bench -- store`.
 */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import type { ByteCache, CacheEntry, CacheKind } from '../model/byte-cache.ts';
import { DiskTier, type EntryCount, type Found, type Selection, type VerifyResult } from './disk-tier.ts';
import { createKeys, type StoreKey } from './key.ts';
import { MemoryTier, type Held } from './memory-tier.ts';
import type { RedisStatistics } from './redis-statistics.ts';
import type { RedisTier } from './redis-tier.ts';
import { RunProfiles, RunRecord } from './run-profile.ts';
import { onceByCode, type CacheSettings, type Clock, type StoreWarning, type Warn } from './settings.ts';
import {
  Statistics,
  StatisticsFile,
  STORE_TIERS,
  type StoreTier,
  type TierRow,
  type WarmCounts,
} from './statistics.ts';

export type { CacheSettings, RedisSettings, StoreWarning } from './settings.ts';
export type { EntryCount, Selection, VerifyResult } from './disk-tier.ts';
export { STORE_TIERS, type StoreTier, type TierRow } from './statistics.ts';

export interface StoreOptions {
  /** Troubles that the run goes on without: each once. */
  readonly onWarning: (warning: StoreWarning) => void;
  /** pare's own version, which is in every key. */
  readonly version?: string;
  /** Milliseconds since 1970. */
  readonly now?: Clock;
}

export interface PutOptions {
  /** Milliseconds after which the value is no longer right, used or not; none: as long as it is asked for within the tier's TTL. */
  readonly ttlMs?: number;
}

export interface ThroughOptions extends PutOptions {
  /** From this share of `ttlMs` on, the value is still given and made anew in the background. Default: 0.75. */
  readonly refreshAhead?: number;
}

export interface WarmResult {
  /** What runs of this kind are likely to ask for. */
  readonly likely: number;
  /** What of that is now in memory. */
  readonly loaded: number;
  /** What of that came from Redis, and now lies on disk too. */
  readonly fetched: number;
  readonly bytes: number;
}

export interface StoreStatistics {
  /** Since the store was opened. */
  readonly run: { readonly rows: readonly TierRow[]; readonly warm: Readonly<WarmCounts> };
  /** Of all runs with this folder that have ended. */
  readonly all: {
    readonly since: number | null;
    readonly runs: number;
    readonly rows: readonly TierRow[];
    readonly warm: Readonly<WarmCounts>;
  };
  /** What lies in the tiers now. */
  readonly held: readonly ({ readonly tier: StoreTier; readonly kind: CacheKind } & EntryCount)[];
  readonly redis: RedisStatistics | null;
}

export interface Cleared extends EntryCount {
  readonly tier: StoreTier;
}

export interface Store extends ByteCache, AsyncDisposable {
  /** @param costMs what it took to make the value */
  put(entry: CacheEntry, value: Uint8Array, costMs?: number, options?: PutOptions): Promise<void>;
  through(entry: CacheEntry, compute: () => Promise<Uint8Array>, options?: ThroughOptions): Promise<Uint8Array>;
  stats(): Promise<StoreStatistics>;
  /** Takes away what all given properties hold for; without any, everything. A tier that can't be reached is not in the result. */
  clear(selection?: Selection & { readonly tier?: StoreTier | undefined }): Promise<Cleared[]>;
  /** Takes back whatever carries the tag, in all tiers. Cheap: nothing is looked for. */
  invalidateTag(tag: string): Promise<void>;
  /** Reads everything on disk. @param options `fix` takes away what is bad */
  verify(options?: { readonly fix?: boolean }): Promise<VerifyResult>;
  /** From here on the store learns what a run of this kind asks for. */
  learn(runKind: string): void;
  /** {@link learn}, and loads into memory what earlier runs of this kind have asked for. Never throws. */
  warm(runKind: string): Promise<WarmResult>;
  /** What is known about runs of this kind. */
  profile(runKind: string): { readonly keys: number; readonly bytes: number };
  /** Ends when everything that was put is on disk, and in Redis as far as it takes it. */
  flush(): Promise<void>;
  /** Ends what is under way, and keeps statistics and what was learned. The store can't be used afterwards. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Costs nothing until something is asked: no file is looked at, no connection is waited for. */
export function openStore(settings: CacheSettings, options: StoreOptions): Store {
  return new TieredStore(settings, options);
}

const NO_REDIS = Promise.resolve(null);
/** Writes that nobody waits for may hold that much memory. */
const MOST_PENDING_BYTES = 32 * 1024 * 1024;
const REFRESH_AHEAD = 0.75;
/** Warming leaves room for what the run makes itself. */
const WARM_SHARE = 1 / 2;

class TieredStore implements Store {
  readonly #settings: CacheSettings;
  readonly #warn: Warn;
  readonly #now: Clock;
  readonly #keyOf: (entry: CacheEntry) => StoreKey;
  readonly #memory: MemoryTier;
  readonly #disk: DiskTier;
  /** Its code is loaded only where there is one. */
  readonly #redis: Promise<RedisTier | null>;
  readonly #statistics = new Statistics();
  readonly #statisticsFile: StatisticsFile;
  readonly #profiles: RunProfiles;
  readonly #flights = new Map<string, Promise<Uint8Array>>();
  readonly #refreshing = new Set<string>();
  readonly #writing = new Map<string, Promise<void>>();
  readonly #pending = new Set<Promise<void>>();
  #pendingBytes = 0;
  #learning: { readonly runKind: string; readonly record: RunRecord } | null = null;
  readonly #warmed = new Set<string>();
  #isClosed = false;
  #closing: Promise<void> | null = null;

  constructor(settings: CacheSettings, { onWarning, version = '0', now = Date.now }: StoreOptions) {
    this.#settings = settings;
    this.#warn = onceByCode(onWarning);
    this.#now = now;
    this.#keyOf = createKeys(version);
    this.#memory = new MemoryTier(settings.memoryBytes);
    this.#disk = new DiskTier(settings, this.#warn, now);
    const within = (name: string): string => path.join(settings.folder, 'v1', name);
    this.#statisticsFile = new StatisticsFile(within('statistics'), this.#disk.partial);
    this.#profiles = new RunProfiles(within('profiles'), this.#disk.partial);
    this.#redis = settings.redis === null ? NO_REDIS : this.#openRedis(settings.redis, within('redis-tags'));
  }

  async #openRedis(settings: NonNullable<CacheSettings['redis']>, tagsFile: string): Promise<RedisTier | null> {
    try {
      const { RedisTier } = await import('./redis-tier.ts');
      return new RedisTier({
        settings,
        tagsFile,
        compress: this.#settings.compress,
        warn: this.#warn,
        partial: this.#disk.partial,
        onInvalidated: (tags) => this.#disk.tags.invalidate(tags),
      });
    } catch (error) {
      this.#warn({
        code: 'cache-redis-away',
        message: `The cache can't use Redis: ${(error as Error).message}`,
        hint: 'See that cache.redis.url is an address like redis://host:6379. The run goes on without it.',
      });
      return null;
    }
  }

  async get(entry: CacheEntry): Promise<Uint8Array | null> {
    const key = this.#keyOf(entry);
    if (key.tags.length > 0) this.#disk.tags.refresh();
    const held = this.#recall(key);
    return held === null ? ((await this.#fetch([key]))[0]?.value ?? null) : held.value;
  }

  async getMany(entries: readonly CacheEntry[]): Promise<(Uint8Array | null)[]> {
    const keys = entries.map(this.#keyOf);
    if (keys.some(({ tags }) => tags.length > 0)) this.#disk.tags.refresh();
    const values = keys.map((key) => this.#recall(key)?.value ?? null);
    const missing = keys.flatMap((_, i) => (values[i] === null ? [i] : []));
    if (missing.length === 0) return values;
    const fetched = await this.#fetch(missing.map((i) => keys[i]!));
    for (const [at, found] of fetched.entries()) values[missing[at]!] = found?.value ?? null;
    return values;
  }

  async put(entry: CacheEntry, value: Uint8Array, costMs = 0, { ttlMs }: PutOptions = {}): Promise<void> {
    if (this.#isClosed) return;
    await this.#keep(this.#keyOf(entry), value, costMs, ttlMs);
  }

  async through(
    entry: CacheEntry,
    compute: () => Promise<Uint8Array>,
    options: ThroughOptions = {},
  ): Promise<Uint8Array> {
    const key = this.#keyOf(entry);
    const underWay = this.#flights.get(key.hex);
    if (underWay !== undefined) return underWay;
    if (key.tags.length > 0) this.#disk.tags.refresh();
    const held = this.#recall(key);
    if (held !== null) {
      this.#refreshAhead(key, held, compute, options);
      return held.value;
    }
    const flight = this.#findOrCompute(key, compute, options).finally(() => this.#flights.delete(key.hex));
    this.#flights.set(key.hex, flight);
    return flight;
  }

  async #findOrCompute(
    key: StoreKey,
    compute: () => Promise<Uint8Array>,
    options: ThroughOptions,
  ): Promise<Uint8Array> {
    const [found] = await this.#fetch([key]);
    if (found) {
      this.#refreshAhead(key, found.record, compute, options);
      return found.value;
    }
    return this.#compute(key, compute, options);
  }

  /** The value is given as soon as it is there; the writing goes on, as long as not too much waits to be written. */
  async #compute(key: StoreKey, compute: () => Promise<Uint8Array>, { ttlMs }: ThroughOptions): Promise<Uint8Array> {
    const start = performance.now();
    const value = await compute();
    if (this.#isClosed) return value;
    const writing = this.#inBackground(value.length, this.#keep(key, value, performance.now() - start, ttlMs));
    if (this.#pendingBytes > MOST_PENDING_BYTES) await writing;
    return value;
  }

  #inBackground(bytes: number, step: Promise<void>): Promise<void> {
    this.#pendingBytes += bytes;
    const pending = step
      .catch(() => undefined)
      .finally(() => {
        this.#pending.delete(pending);
        this.#pendingBytes -= bytes;
      });
    this.#pending.add(pending);
    return pending;
  }

  #refreshAhead(
    key: StoreKey,
    { createdAt, expiresAt }: Pick<Held, 'createdAt' | 'expiresAt'>,
    compute: () => Promise<Uint8Array>,
    options: ThroughOptions,
  ): void {
    if (expiresAt === 0 || this.#isClosed || this.#refreshing.has(key.hex)) return;
    const share = options.refreshAhead ?? REFRESH_AHEAD;
    if (this.#now() < createdAt + (expiresAt - createdAt) * share) return;
    this.#refreshing.add(key.hex);
    // What fails here fails for the one who asks when the value has expired.
    const refresh = this.#compute(key, compute, options).then(() => undefined);
    void this.#inBackground(0, refresh).finally(() => this.#refreshing.delete(key.hex));
  }

  /** From memory. */
  #recall(key: StoreKey): Held | null {
    const held = this.#memory.get(key.hex);
    if (held !== undefined && held.tags.length > 0 && key.tags.length === 0) this.#disk.tags.refresh();
    if (held === undefined || !this.#isLive(held)) {
      if (held !== undefined) this.#memory.delete(key.hex);
      this.#statistics.miss('memory', key.kind);
      this.#noteAsked(key, 0);
      return null;
    }
    held.usedAt = this.#now();
    this.#statistics.hit('memory', key.kind, held.value.length, held.costMs);
    this.#noteAsked(key, held.value.length);
    if (this.#warmed.delete(key.hex)) this.#statistics.warm.used++;
    return held;
  }

  #isLive({ expiresAt, usedAt, tags }: Held): boolean {
    const end = expiresAt === 0 ? usedAt + this.#settings.ttlMs : expiresAt;
    return this.#now() <= end && this.#disk.tags.areCurrent(tags);
  }

  #noteAsked({ hex, kind }: StoreKey, bytes: number): void {
    this.#learning?.record.note(hex, kind, bytes);
  }

  /** From disk, then from Redis; what is found goes into the tiers above. */
  async #fetch(keys: readonly StoreKey[]): Promise<(Found | null)[]> {
    const found = await this.#disk.getMany(keys);
    const missing: number[] = [];
    for (const [i, key] of keys.entries()) {
      const each = found[i];
      if (each) this.#arrived('disk', key, each);
      else {
        missing.push(i);
        this.#statistics.miss('disk', key.kind);
      }
    }
    const redis = missing.length === 0 || this.#isClosed ? null : await this.#redis;
    if (redis === null) return found;
    const fetched = await redis.getMany(missing.map((i) => keys[i]!));
    for (const [at, each] of fetched.entries()) {
      const key = keys[missing[at]!]!;
      const isExpired = each !== null && each.record.expiresAt !== 0 && each.record.expiresAt < this.#now();
      if (each === null || isExpired) {
        this.#statistics.miss('redis', key.kind);
        continue;
      }
      found[missing[at]!] = each;
      this.#arrived('redis', key, each);
      void this.#inBackground(each.value.length, this.#promote(key, each));
    }
    return found;
  }

  #arrived(tier: StoreTier, key: StoreKey, { value, record }: Found): void {
    this.#statistics.hit(tier, key.kind, value.length, record.costMs);
    this.#noteAsked(key, value.length);
    const { costMs, createdAt, expiresAt } = record;
    const tags = tier === 'disk' ? record.tags : this.#disk.tags.stamp(record.tags.map(([tag]) => tag));
    this.#memory.set(key.hex, { value, kind: key.kind, costMs, createdAt, expiresAt, tags, usedAt: this.#now() });
  }

  /** From Redis to disk. */
  async #promote({ hex, kind }: StoreKey, { value, record }: Found): Promise<void> {
    const { costMs, expiresAt } = record;
    const tags = this.#disk.tags.stamp(record.tags.map(([tag]) => tag));
    const createdAt = expiresAt === 0 ? this.#now() : record.createdAt;
    await this.#disk.put({ hex, kind, costMs, createdAt, expiresAt, tags }, value);
    this.#statistics.put('disk', kind, value.length);
  }

  async #keep(key: StoreKey, given: Uint8Array, costMs: number, ttlMs?: number): Promise<void> {
    // A small view would hold on to the whole buffer it is of, as long as it is in memory.
    const value = given.buffer.byteLength > given.length * 2 + 8192 ? Buffer.from(given) : given;
    const { hex, kind } = key;
    const createdAt = this.#now();
    const expiresAt = ttlMs === undefined ? 0 : createdAt + ttlMs;
    const tags = this.#disk.tags.stamp(key.tags);
    this.#memory.set(hex, { value, kind, costMs, createdAt, expiresAt, tags, usedAt: createdAt });
    this.#learning?.record.note(hex, kind, value.length);
    for (const tier of ['memory', 'disk'] as const) this.#statistics.put(tier, kind, value.length);
    const fields = { hex, kind, costMs, createdAt, expiresAt };
    // Two values of a key are written in the order in which they came.
    const before = this.#writing.get(hex);
    const writing = (async () => {
      await before;
      const sharing = this.#share(fields, key.tags, value);
      await this.#disk.put({ ...fields, tags }, value);
      await sharing;
    })();
    this.#writing.set(hex, writing);
    await writing;
    if (this.#writing.get(hex) === writing) this.#writing.delete(hex);
  }

  async #share(fields: Parameters<RedisTier['put']>[0], tags: readonly string[], value: Uint8Array): Promise<void> {
    const redis = await this.#redis;
    if (redis === null) return;
    this.#statistics.put('redis', fields.kind, value.length);
    await redis.put(fields, tags, value);
  }

  async invalidateTag(tag: string): Promise<void> {
    await this.#settled();
    await this.#disk.tags.invalidate([tag]);
    await (await this.#redis)?.invalidate([tag]);
  }

  async clear({ kind, tag, tier }: Selection & { readonly tier?: StoreTier | undefined } = {}): Promise<Cleared[]> {
    await this.#settled();
    const cleared: Cleared[] = [];
    for (const each of STORE_TIERS) {
      if (tier !== undefined && tier !== each) continue;
      const count = await this.#clearTier(each, { kind, tag });
      if (count !== null) cleared.push({ tier: each, ...count });
    }
    return cleared;
  }

  async #clearTier(tier: StoreTier, selection: Selection): Promise<EntryCount | null> {
    if (tier === 'memory') return this.#clearMemory(selection);
    if (tier === 'redis') return (await this.#redis)?.clear(selection) ?? null;
    const count = await this.#disk.clear(selection);
    if (selection.kind !== undefined || selection.tag !== undefined) return count;
    this.#profiles.clear();
    const old = removeOlderEdition(this.#settings.folder);
    return { entries: count.entries + old.entries, bytes: count.bytes + old.bytes };
  }

  #clearMemory({ kind, tag }: Selection): EntryCount {
    let entries = 0;
    let bytes = 0;
    for (const [hex, held] of Array.from(this.#memory.entries())) {
      if (kind !== undefined && held.kind !== kind) continue;
      if (tag !== undefined && !held.tags.some(([name]) => name === tag)) continue;
      this.#memory.delete(hex);
      entries++;
      bytes += held.value.length;
    }
    return { entries, bytes };
  }

  async verify({ fix = false }: { readonly fix?: boolean } = {}): Promise<VerifyResult> {
    await this.#settled();
    return this.#disk.verify(fix);
  }

  learn(runKind: string): void {
    if (this.#learning?.runKind !== runKind) this.#learning = { runKind, record: new RunRecord() };
  }

  async warm(runKind: string): Promise<WarmResult> {
    this.learn(runKind);
    const likely = this.#profiles.likely(runKind);
    let room = this.#settings.memoryBytes * WARM_SHARE;
    const chosen = likely.filter(({ hex, bytes }) => !this.#memory.has(hex) && (room -= bytes) >= 0);
    const keys = chosen.map(({ hex, kind }): StoreKey => ({ hex, kind, tags: [] }));
    const found = await this.#disk.getMany(keys);
    const missing = keys.flatMap((_, i) => (found[i] === null ? [i] : []));
    const fromRedis = new Set<number>();
    const redis = missing.length === 0 ? null : await this.#redis;
    if (redis !== null) {
      const fetched = await redis.getMany(missing.map((i) => keys[i]!));
      for (const [at, each] of fetched.entries()) {
        if (each === null) continue;
        found[missing[at]!] = each;
        fromRedis.add(missing[at]!);
        void this.#inBackground(each.value.length, this.#promote(keys[missing[at]!]!, each));
      }
    }
    let loaded = 0;
    let bytes = 0;
    for (const [i, each] of found.entries()) {
      if (!each) continue;
      const { hex, kind } = keys[i]!;
      const { costMs, createdAt, expiresAt } = each.record;
      const tags = fromRedis.has(i) ? this.#disk.tags.stamp(each.record.tags.map(([tag]) => tag)) : each.record.tags;
      const held: Held = { value: each.value, kind, costMs, createdAt, expiresAt, tags, usedAt: this.#now() };
      this.#memory.set(hex, held);
      this.#warmed.add(hex);
      loaded++;
      bytes += each.value.length;
    }
    this.#statistics.warm.loaded += loaded;
    return { likely: likely.length, loaded, fetched: fromRedis.size, bytes };
  }

  profile(runKind: string): { readonly keys: number; readonly bytes: number } {
    const likely = this.#profiles.likely(runKind);
    return { keys: likely.length, bytes: likely.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  async stats(): Promise<StoreStatistics> {
    await this.#settled();
    const { rows, warm } = this.#statistics;
    const onDisk = await this.#disk.count();
    const inMemory = new Map<CacheKind, EntryCount>();
    for (const [, { kind, value }] of this.#memory.entries()) {
      const { entries, bytes } = inMemory.get(kind) ?? { entries: 0, bytes: 0 };
      inMemory.set(kind, { entries: entries + 1, bytes: bytes + value.length });
    }
    const before = this.#statisticsFile.read();
    return {
      run: { rows, warm: { ...warm } },
      all: { ...before, runs: before.runs },
      held: [
        ...[...inMemory].map(([kind, count]) => ({ tier: 'memory' as const, kind, ...count })),
        ...[...onDisk].map(([kind, count]) => ({ tier: 'disk' as const, kind, ...count })),
      ],
      redis: (await this.#redis)?.statistics ?? null,
    };
  }

  async #settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async flush(): Promise<void> {
    await this.#settled();
    await this.#disk.flush();
    await (await this.#redis)?.flush();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#settled();
    this.#isClosed = true;
    await (await this.#redis)?.close();
    await this.#disk.close();
    if (this.#learning !== null) {
      try {
        this.#profiles.learn(this.#learning.runKind, this.#learning.record.keys);
      } catch {
        // The disk tier has said that the folder can't be written to.
      }
    }
    if (!this.#statistics.isEmpty) this.#statisticsFile.add(this.#statistics.asTotals(this.#now()));
    this.#memory.clear();
  }
}

/** Editions before the store had a file an entry in folders of the first two digits, right in the cache's folder. */
function removeOlderEdition(folder: string): EntryCount {
  let entries = 0;
  try {
    for (const shard of readdirSync(folder)) {
      if (!/^[0-9a-f]{2}$/.test(shard)) continue;
      for (const name of readdirSync(path.join(folder, shard))) {
        if (!/^[0-9a-f]{62}/.test(name)) continue;
        rmSync(path.join(folder, shard, name), { force: true });
        entries++;
      }
    }
  } catch {
    // There is none.
  }
  return { entries, bytes: 0 };
}
