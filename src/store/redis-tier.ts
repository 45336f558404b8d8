/** The cache that a team's machines share. What comes from there is checked like a file that somebody else has written. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Redis } from 'ioredis';

import type { CacheKind } from '../model/byte-cache.ts';
import { CODEC, compress } from './codec.ts';
import type { EntryCount, Found, Selection } from './disk-tier.ts';
import { decrypt, encrypt, isEncrypted } from './encryption.ts';
import type { StoreKey } from './key.ts';
import type { PartialFiles } from './partial-file.ts';
import { decodeRecord, encodeRecord, valueOf, type RecordFields, type StampedTag } from './record.ts';
import { RedisLink, withoutPassword } from './redis-link.ts';
import type { RedisStatistics } from './redis-statistics.ts';
import type { CacheSettings, RedisSettings, Warn } from './settings.ts';
import { epochOf } from './tag-epochs.ts';

/** Questions that are under way at a time; each has its own limit of time, so a long list isn't one long answer. */
const ASKS_AT_ONCE = 4;
const KEYS_PER_ASK = 16;
const SMALL_KEYS_PER_ASK = 256;
/** What waits to be written. Beyond that, values are not shared. */
const QUEUE_BYTES = 32 * 1024 * 1024;
const QUEUE_COUNT = 10_000;
const LEAST_BATCH_BYTES = 64 * 1024;
const MOST_BATCH_BYTES = 1024 * 1024;
const LARGEST_BYTES = 16 * 1024 * 1024;
/** A batch that nobody waits for. */
const BACKGROUND_MS = 2000;
/** A full Redis is not asked to take more for so long. */
const FULL_MS = 60_000;

interface Queued {
  readonly fields: Omit<RecordFields, 'tags'>;
  readonly tags: readonly string[];
  readonly value: Uint8Array;
}

interface Remote {
  base: string;
  counts: Record<string, number>;
}

export interface RedisTierParts {
  readonly settings: RedisSettings;
  readonly compress: CacheSettings['compress'];
  readonly warn: Warn;
  /** Where it is kept what other machines have taken back by tag. */
  readonly tagsFile: string;
  readonly partial: PartialFiles;
  /** Tags that another machine has taken back. */
  readonly onInvalidated: (tags: readonly string[]) => Promise<void>;
}

export class RedisTier {
  readonly #parts: RedisTierParts;
  readonly #settings: RedisSettings;
  readonly #warn: Warn;
  readonly #link: RedisLink;
  #remote: Remote = { base: '', counts: {} };
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #draining: Promise<void> | null = null;
  #batchBytes = LEAST_BATCH_BYTES;
  #isClosing = false;
  #fullUntil = 0;
  #spared = 0;
  #written = 0;
  #dropped = 0;

  constructor(parts: RedisTierParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
    this.#warn = parts.warn;
    this.#link = new RedisLink(parts.settings, parts.warn, (client) => this.#readTags(client));
    this.#link.start();
  }

  get statistics(): RedisStatistics {
    return { ...this.#link.statistics, spared: this.#spared, written: this.#written, dropped: this.#dropped };
  }

  get isUsable(): boolean {
    return this.#link.isUsable;
  }

  /** In the order of the keys. Never throws. */
  async getMany(keys: readonly StoreKey[]): Promise<(Found | null)[]> {
    const results: (Found | null)[] = keys.map(() => null);
    if (!this.#link.isWorthAsking) {
      this.#spared += keys.length;
      return results;
    }
    const chunks = chunked(keys);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < chunks.length && this.#link.isUsable) {
        const { from, keys: part } = chunks[next++]!;
        const found = await this.#getChunk(part);
        for (const [i, each] of found.entries()) results[from + i] = each;
      }
    };
    await Promise.all(Array.from({ length: Math.min(ASKS_AT_ONCE, chunks.length) }, worker));
    return results;
  }

  async #getChunk(keys: readonly StoreKey[]): Promise<(Found | null)[]> {
    const names = keys.map((key) => this.#nameOf(key.kind, key.hex));
    const tags = [...new Set(keys.flatMap((key) => key.tags))];
    const answer = await this.#link.ask(
      async (client) => {
        // Both go out together; the epochs are those of the moment.
        const [values, epochs] = await Promise.all([
          client.mgetBuffer(...names),
          tags.length === 0 ? [] : client.hmget(this.#tagsName, '', ...tags),
        ]);
        this.#learnEpochs(tags, epochs);
        const found: (Found | null)[] = [];
        for (const [i, bytes] of values.entries())
          found.push(bytes === null ? null : await this.#open(keys[i]!, names[i]!, bytes));
        return found;
      },
      (found) => ({
        savedMs: found.reduce((sum, each) => sum + (each?.record.costMs ?? 0), 0),
        inVain: found.filter((each) => each === null).length / found.length,
      }),
    );
    return answer ?? keys.map(() => null);
  }

  /** What is in the answer, if it is what it should be. */
  async #open(key: StoreKey, name: string, bytes: Buffer): Promise<Found | null> {
    const plain = this.#decrypt(name, bytes);
    if (plain === null) return null;
    const record = decodeRecord(plain);
    const value = record?.hex === key.hex ? await valueOf(record) : null;
    if (record === null || value === null) {
      this.#warn({
        code: 'cache-entry-foreign',
        message: `Redis at ${withoutPassword(this.#settings.url)} has something under ${name} that is no entry of pare's, or a damaged one`,
        hint: 'It is passed over and removed. If other programs use this Redis, give pare a cache.redis.prefix of its own.',
      });
      this.#remove([name]);
      return null;
    }
    const isStale = record.tags.some(([tag, epoch]) => epoch !== epochOf(this.#remote, tag));
    return isStale ? null : { value, record };
  }

  #decrypt(name: string, bytes: Buffer): Buffer | null {
    const { encryptionKey } = this.#settings;
    if (encryptionKey === null) {
      if (!isEncrypted(bytes)) return bytes;
      this.#warn({
        code: 'cache-key-missing',
        message: `The entries in Redis at ${withoutPassword(this.#settings.url)} are encrypted`,
        hint: 'Set PARE_CACHE_KEY to the key of your team. Until then they are passed over.',
      });
      return null;
    }
    const plain = decrypt(bytes, encryptionKey, name);
    if (plain === null) {
      this.#warn({
        code: 'cache-entry-tampered',
        message: `An entry in Redis at ${withoutPassword(this.#settings.url)} was not encrypted with this key, or was changed since: ${name}`,
        hint: 'It is passed over. See that everybody uses the same PARE_CACHE_KEY and who may write to this Redis.',
      });
    }
    return plain;
  }

  /** In the background; or, where it was set so, waiting for it within the budget. Never throws. */
  async put(fields: Omit<RecordFields, 'tags'>, tags: readonly string[], value: Uint8Array): Promise<void> {
    const queued = { fields, tags, value };
    if (value.length > LARGEST_BYTES || this.#isFull()) return;
    if (!this.#settings.writeBehind) {
      if (!this.#link.isUsable) return this.#drop(1);
      const written = await this.#link.ask(async (client) => this.#write(client, [queued]));
      if (written === null) this.#drop(1);
      return;
    }
    if (this.#queue.length >= QUEUE_COUNT || this.#queuedBytes + value.length > QUEUE_BYTES) return this.#drop(1);
    this.#queue.push(queued);
    this.#queuedBytes += value.length;
    this.#draining ??= this.#drain().finally(() => (this.#draining = null));
  }

  #isFull(): boolean {
    return performance.now() < this.#fullUntil;
  }

  #drop(count: number): void {
    this.#dropped += count;
  }

  /** Batches grow as long as Redis takes them quickly, so that the last one before the end is never a long one. */
  async #drain(): Promise<void> {
    // What is put in the same turn goes out together.
    await turn();
    while (this.#queue.length > 0) {
      if (this.#isFull() || (this.#isClosing && !this.#link.isUsable)) return this.#dropAll();
      // What has gathered waits for Redis to come back; the queue is bounded.
      if (!this.#link.isUsable) return;
      const batch = this.#takeBatch();
      const start = performance.now();
      const written = await this.#link.send((client) => this.#write(client, batch), BACKGROUND_MS);
      if (written === null) this.#drop(batch.length);
      const isQuick = performance.now() - start < this.#settings.timeoutMs / 2;
      this.#batchBytes = isQuick ? Math.min(this.#batchBytes * 2, MOST_BATCH_BYTES) : LEAST_BATCH_BYTES;
    }
  }

  #takeBatch(): Queued[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && (count === 0 || bytes + this.#queue[count]!.value.length <= this.#batchBytes))
      bytes += this.#queue[count++]!.value.length;
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  #dropAll(): void {
    this.#drop(this.#queue.length);
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  /** @returns how many were taken */
  async #write(client: Redis, batch: readonly Queued[]): Promise<number> {
    const pipeline = client.pipeline();
    for (const each of batch) {
      const name = this.#nameOf(each.fields.kind, each.fields.hex);
      const ttl = each.fields.expiresAt === 0 ? this.#settings.ttlMs : each.fields.expiresAt - each.fields.createdAt;
      pipeline.set(name, await this.#seal(each, name), 'PX', Math.max(1, Math.round(ttl)));
    }
    const replies = (await pipeline.exec()) ?? [];
    let taken = 0;
    for (const [error] of replies) {
      if (error === null) taken++;
      else this.#refused(error);
    }
    this.#written += taken;
    this.#drop(batch.length - taken);
    return taken;
  }

  #refused(error: Error): void {
    if (/^(OOM|MISCONF|READONLY|NOREPLICAS)/.test(error.message)) {
      this.#fullUntil = performance.now() + FULL_MS;
      this.#warn({
        code: 'cache-redis-full',
        message: `Redis at ${withoutPassword(this.#settings.url)} takes nothing more: ${error.message}`,
        hint: 'Raise maxmemory, or let it evict (maxmemory-policy allkeys-lru). The run goes on and shares nothing new.',
      });
    } else if (error.name !== 'ReplyError') throw error;
  }

  async #seal({ fields, tags, value }: Queued, name: string): Promise<Buffer> {
    const stamped = tags.map((tag): StampedTag => [tag, epochOf(this.#remote, tag)]);
    const isCompressed = fields.kind === 'compressed' || fields.kind === 'precompressed';
    const { codec, bytes } =
      this.#parts.compress && !isCompressed ? await compress(value) : { codec: CODEC.none, bytes: value };
    const record = encodeRecord({ ...fields, tags: stamped }, codec, bytes, value.length);
    const { encryptionKey } = this.#settings;
    return encryptionKey === null ? record : encrypt(record, encryptionKey, name);
  }

  /** @returns whether the other machines will know */
  async invalidate(tags: readonly string[]): Promise<boolean> {
    // What was put before is among what is taken back.
    await this.flush();
    const counts = await this.#link.ask((client) =>
      Promise.all(tags.map((tag) => client.hincrby(this.#tagsName, tag, 1))),
    );
    if (counts === null) return false;
    this.#learnEpochs(tags, [this.#remote.base, ...counts.map(String)]);
    this.#remember();
    return true;
  }

  /** Looks through the keys, which is for people who clear and not for runs. */
  async clear({ kind, tag }: Selection): Promise<EntryCount | null> {
    if (tag !== undefined && kind === undefined) {
      const isKnown = await this.invalidate([tag]);
      return isKnown ? { entries: 0, bytes: 0 } : null;
    }
    await this.flush();
    const LIMIT_MS = 10_000;
    return this.#link.send(
      async (client) => {
        let cursor = '0';
        let entries = 0;
        let bytes = 0;
        do {
          const pattern = `${globEscaped(this.#settings.prefix)}1:${kind ?? '*'}:*`;
          const [next, names] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
          cursor = next;
          if (names.length === 0) continue;
          const sizes = await Promise.all(names.map((name) => client.strlen(name)));
          bytes += sizes.reduce((sum, size) => sum + size, 0);
          entries += await client.unlink(...names);
        } while (cursor !== '0');
        return { entries, bytes };
      },
      LIMIT_MS,
      true,
    );
  }

  /** Ends when what waits to be written is written, or when for as long as the run may wait nothing of it has been. */
  async flush(): Promise<void> {
    if (this.#queue.length === 0 && this.#draining === null) return;
    this.#draining ??= this.#drain().finally(() => (this.#draining = null));
    let before = this.#written + this.#dropped;
    const watch = setInterval(() => {
      const done = this.#written + this.#dropped;
      if (done === before) this.#link.giveUp();
      before = done;
    }, this.#settings.timeoutMs);
    try {
      await this.#draining;
    } finally {
      clearInterval(watch);
    }
  }

  /** What waits to be written is written, as long as Redis takes it without making anybody wait. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.flush();
    this.#dropAll();
    this.#link.close();
  }

  #nameOf(kind: CacheKind, hex: string): string {
    return `${this.#settings.prefix}1:${kind}:${hex}`;
  }

  get #tagsName(): string {
    return `${this.#settings.prefix}tags`;
  }

  #remove(names: readonly string[]): void {
    void this.#link.send((client) => client.unlink(...names), BACKGROUND_MS);
  }

  /** On each new connection: what was taken back elsewhere is taken back here too. */
  async #readTags(client: Redis): Promise<void> {
    // A full Redis, or a copy that is only read from, refuses this and can be read all the same.
    const begun = client.hsetnx(this.#tagsName, '', randomBytes(8).toString('hex')).catch((error: Error) => {
      if (error.name !== 'ReplyError' || /^NO(AUTH|PERM)/.test(error.message)) throw error;
    });
    // Both go out together.
    const [{ '': base = '', ...fields }] = await Promise.all([client.hgetall(this.#tagsName), begun]);
    this.#remote = {
      base,
      counts: Object.fromEntries(Object.entries(fields).map(([tag, count]) => [tag, Number(count)])),
    };
    const before = this.#remembered();
    const changed = Object.keys(fields).filter(
      (tag) => before === null || epochOf(before, tag) !== epochOf(this.#remote, tag),
    );
    if (changed.length > 0) await this.#parts.onInvalidated(changed);
    if (before === null || changed.length > 0) this.#remember();
  }

  #learnEpochs(tags: readonly string[], [base, ...counts]: readonly (string | null)[]): void {
    if (tags.length === 0) return;
    this.#remote.base = base ?? '';
    for (const [i, tag] of tags.entries()) this.#remote.counts[tag] = Number(counts[i] ?? 0);
  }

  #remembered(): Remote | null {
    try {
      const { base, counts } = JSON.parse(readFileSync(this.#parts.tagsFile, 'utf8')) as Remote;
      return typeof base === 'string' && typeof counts === 'object' && counts !== null ? { base, counts } : null;
    } catch {
      return null;
    }
  }

  #remember(): void {
    try {
      this.#parts.partial.write(this.#parts.tagsFile, Buffer.from(JSON.stringify(this.#remote)));
    } catch {
      // The disk tier says so itself.
    }
  }
}

function chunked(keys: readonly StoreKey[]): { from: number; keys: StoreKey[] }[] {
  const chunks: { from: number; keys: StoreKey[] }[] = [];
  for (let from = 0; from < keys.length;) {
    const size = keys[from]!.kind === 'facts' ? SMALL_KEYS_PER_ASK : KEYS_PER_ASK;
    chunks.push({ from, keys: keys.slice(from, from + size) });
    from += size;
  }
  return chunks;
}

function globEscaped(text: string): string {
  return text.replace(/[*?[\]\\]/g, String.raw`\$&`);
}
