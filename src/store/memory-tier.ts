/** The cache of this process: the values themselves, bounded by their bytes. */
import { LRUCache } from 'lru-cache';

import type { CacheKind } from '../model/byte-cache.ts';
import type { StampedTag } from './record.ts';

export interface Held {
  /** When it was last asked for. */
  usedAt: number;
  readonly value: Uint8Array;
  readonly kind: CacheKind;
  readonly costMs: number;
  readonly createdAt: number;
  /** Milliseconds since 1970; 0: as long as the process runs. */
  readonly expiresAt: number;
  readonly tags: readonly StampedTag[];
}

/** Key, list node and record of an entry, about. */
const ENTRY_BYTES = 300;
/** One value alone must not push everything else out. */
const LARGEST_SHARE = 1 / 4;

export class MemoryTier {
  readonly #entries: LRUCache<string, Held> | null;

  /** @param limitBytes 0: nothing is held */
  constructor(limitBytes: number) {
    const maxSize = Math.floor(limitBytes);
    this.#entries =
      maxSize < 4 * ENTRY_BYTES
        ? null
        : new LRUCache({
            maxSize,
            maxEntrySize: Math.floor(maxSize * LARGEST_SHARE),
            sizeCalculation: ({ value }) => value.length + ENTRY_BYTES,
          });
  }

  get(hex: string): Held | undefined {
    return this.#entries?.get(hex);
  }

  has(hex: string): boolean {
    return this.#entries?.has(hex) ?? false;
  }

  set(hex: string, held: Held): void {
    this.#entries?.set(hex, held);
  }

  delete(hex: string): void {
    this.#entries?.delete(hex);
  }

  /** Bytes held, with what keeping them costs. */
  get bytes(): number {
    return this.#entries?.calculatedSize ?? 0;
  }

  *entries(): Generator<[hex: string, held: Held]> {
    yield* this.#entries?.entries() ?? [];
  }

  clear(): void {
    this.#entries?.clear();
  }
}
