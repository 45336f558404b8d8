/** What the cache was good for: counts of this run, and of all runs together in one small file. */
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import type { CacheKind } from '../model/byte-cache.ts';
import { tryLock } from './lock.ts';
import { namesIn, type PartialFiles } from './partial-file.ts';

export const STORE_TIERS = ['memory', 'disk', 'redis'] as const;
export type StoreTier = (typeof STORE_TIERS)[number];

/** Of one tier and kind. A question that one tier can't answer is its miss, and goes to the next. */
export interface TierCounts {
  hits: number;
  misses: number;
  /** Of the values that were hits. */
  hitBytes: number;
  puts: number;
  putBytes: number;
  /** What making the hits again would have taken. */
  savedMs: number;
}

export interface TierRow extends Readonly<TierCounts> {
  readonly tier: StoreTier;
  readonly kind: CacheKind;
}

/** Values that were loaded ahead: how many were then asked for. */
export interface WarmCounts {
  loaded: number;
  used: number;
}

interface Totals {
  since: number;
  runs: number;
  counts: Record<string, TierCounts>;
  warm: WarmCounts;
}

export class Statistics {
  readonly #counts: Readonly<Record<StoreTier, Map<CacheKind, TierCounts>>> = {
    memory: new Map(),
    disk: new Map(),
    redis: new Map(),
  };
  readonly warm: WarmCounts = { loaded: 0, used: 0 };

  hit(tier: StoreTier, kind: CacheKind, bytes: number, savedMs: number): void {
    const counts = this.#of(tier, kind);
    counts.hits++;
    counts.hitBytes += bytes;
    counts.savedMs += savedMs;
  }

  miss(tier: StoreTier, kind: CacheKind): void {
    this.#of(tier, kind).misses++;
  }

  put(tier: StoreTier, kind: CacheKind, bytes: number): void {
    const counts = this.#of(tier, kind);
    counts.puts++;
    counts.putBytes += bytes;
  }

  #of(tier: StoreTier, kind: CacheKind): TierCounts {
    let counts = this.#counts[tier].get(kind);
    if (counts === undefined) this.#counts[tier].set(kind, (counts = noCounts()));
    return counts;
  }

  get rows(): TierRow[] {
    return rowsOf(this.#named());
  }

  /** As the totals of a single run. */
  asTotals(now: number): Totals {
    return { since: now, runs: 1, counts: this.#named(), warm: this.warm };
  }

  get isEmpty(): boolean {
    return this.warm.loaded === 0 && STORE_TIERS.every((tier) => this.#counts[tier].size === 0);
  }

  #named(): Record<string, TierCounts> {
    const all = STORE_TIERS.flatMap((tier) =>
      Array.from(this.#counts[tier], ([kind, counts]): [string, TierCounts] => [`${tier} ${kind}`, counts]),
    );
    return Object.fromEntries(all);
  }
}

/** The counts of all runs. Several processes may add at once: who doesn't get the lock leaves its counts beside the file. */
export class StatisticsFile {
  readonly #folder: string;
  readonly #partial: PartialFiles;

  constructor(folder: string, partial: PartialFiles) {
    this.#folder = folder;
    this.#partial = partial;
  }

  /** Never throws: a run isn't worth less for not being counted. */
  add(run: Totals): void {
    try {
      const release = tryLock(this.#file('lock'));
      if (release === null) {
        this.#partial.write(this.#file(`${process.pid}-${randomBytes(4).toString('hex')}.json`), json(run));
        return;
      }
      try {
        const beside = this.#beside();
        this.#partial.write(this.#file('all.json'), json(this.#sum([run, ...this.#readAll(beside)])));
        for (const name of beside) rmSync(this.#file(name), { force: true });
      } finally {
        release();
      }
    } catch {
      // A folder that can't be written to has been reported.
    }
  }

  read(): {
    readonly since: number | null;
    readonly runs: number;
    readonly rows: TierRow[];
    readonly warm: WarmCounts;
  } {
    const { since, runs, counts, warm } = this.#sum(this.#readAll(this.#beside()));
    return { since: runs === 0 ? null : since, runs, rows: rowsOf(counts), warm };
  }

  #file(name: string): string {
    return path.join(this.#folder, name);
  }

  #beside(): string[] {
    return namesIn(this.#folder).filter((name) => name.endsWith('.json') && name !== 'all.json');
  }

  #readAll(beside: readonly string[]): Totals[] {
    return ['all.json', ...beside].flatMap((name) => {
      try {
        const totals = JSON.parse(readFileSync(this.#file(name), 'utf8')) as Totals;
        return typeof totals.counts === 'object' && typeof totals.warm === 'object' ? [totals] : [];
      } catch {
        return [];
      }
    });
  }

  #sum(all: readonly Totals[]): Totals {
    const sum: Totals = { since: Infinity, runs: 0, counts: {}, warm: { loaded: 0, used: 0 } };
    for (const { since, runs, counts, warm } of all) {
      sum.since = Math.min(sum.since, since);
      sum.runs += runs;
      sum.warm.loaded += warm.loaded;
      sum.warm.used += warm.used;
      for (const [name, each] of Object.entries(counts)) {
        const into = (sum.counts[name] ??= noCounts());
        for (const field of FIELDS) into[field] += each[field];
      }
    }
    return sum;
  }
}

function noCounts(): TierCounts {
  return { hits: 0, misses: 0, hitBytes: 0, puts: 0, putBytes: 0, savedMs: 0 };
}

const FIELDS = Object.keys(noCounts()) as (keyof TierCounts)[];

function json(totals: Totals): Buffer {
  return Buffer.from(`${JSON.stringify(totals)}\n`);
}

function rowsOf(counts: Readonly<Record<string, TierCounts>>): TierRow[] {
  return Object.entries(counts)
    .map(([name, each]) => {
      const [tier, kind] = name.split(' ') as [StoreTier, CacheKind];
      return { tier, kind, ...each };
    })
    .sort((a, b) => STORE_TIERS.indexOf(a.tier) - STORE_TIERS.indexOf(b.tier) || (a.kind < b.kind ? -1 : 1));
}
