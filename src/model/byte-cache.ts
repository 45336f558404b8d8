/** What heavy work asks before it starts. Rooms that compute take a `ByteCache`; `src/store/` is what stands behind it. */

/** What kinds of values are kept; statistics are by kind. */
export const CACHE_KINDS = [
  /** Compressed files, as they are measured. */
  'compressed',
  /** Whose the bytes of an output are, and its compressed shares. */
  'attribution',
  /** What was read out of a module's text: imports, exports, places. */
  'facts',
  /** A chunk as a minifier left it, with its map. */
  'minified',
  /** Files as they are served: .br, .gz, .zst, deltas. */
  'precompressed',
  /** A whole analysis. */
  'analysis',
  /** What a report's page is made of. */
  'report',
  /** What a trial build came to. */
  'trial',
] as const;

export type CacheKind = (typeof CACHE_KINDS)[number];

/** Names a value by everything that it depends on. */
export interface CacheEntry {
  readonly kind: CacheKind;
  /** Contents as bytes, options and tools with their versions as text. The order counts, and where one part ends and the next begins. */
  readonly of: readonly (string | Uint8Array)[];
  /** For taking values back together: `package:react@19.2.0`, `build:storefront`. */
  readonly tags?: readonly string[];
}

/** Keeps values by what they were made from. No trouble of the cache reaches who asks: it is a miss. */
export interface ByteCache {
  /** null: not known. Never throws. The bytes are not to be written to. */
  get(entry: CacheEntry): Promise<Uint8Array | null>;
  /** In the order of the entries; for many small values at once. Never throws. */
  getMany(entries: readonly CacheEntry[]): Promise<(Uint8Array | null)[]>;
  /** @param costMs what it took to make the value, for the statistics. Never throws. */
  put(entry: CacheEntry, value: Uint8Array, costMs?: number): Promise<void>;
  /** The value, computed once however many ask at the same time. Throws what `compute` throws, and nothing else. */
  through(entry: CacheEntry, compute: () => Promise<Uint8Array>): Promise<Uint8Array>;
}
