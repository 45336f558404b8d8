/** What a store is told: plain numbers, resolved by the configuration. */

export interface CacheSettings {
  /** Absolute path; made when the first entry is written. */
  readonly folder: string;
  /** Bound of the memory tier; 0 turns it off. */
  readonly memoryBytes: number;
  /** Bound of the disk tier. */
  readonly diskBytes: number;
  /** How long a value stays without being asked for. */
  readonly ttlMs: number;
  /** Whether values may be kept compressed where that pays. */
  readonly compress: boolean;
  readonly redis: RedisSettings | null;
}

export interface RedisSettings {
  readonly url: string;
  /** Put before every key, for example `pare:`. */
  readonly prefix: string;
  readonly ttlMs: number;
  /** The longest that a run waits for an answer which doesn't come, all such waits taken together. */
  readonly timeoutMs: number;
  /** Values go to Redis behind the caller's back; off: `put` waits for them. */
  readonly writeBehind: boolean;
  /** 32 bytes for AES-256-GCM; null: values lie in the open. */
  readonly encryptionKey: Uint8Array | null;
}

/** A trouble that the run goes on without. Each code is reported once a store. */
export interface StoreWarning {
  readonly code:
    | 'cache-not-writable'
    | 'cache-not-readable'
    | 'cache-redis-away'
    | 'cache-redis-slow'
    | 'cache-redis-full'
    | 'cache-redis-refused'
    | 'cache-entry-foreign'
    | 'cache-entry-tampered'
    | 'cache-key-missing';
  readonly message: string;
  readonly hint: string | null;
}

export type Warn = (warning: StoreWarning) => void;

/** Milliseconds since 1970. */
export type Clock = () => number;

/** Lets each code through once. */
export function onceByCode(warn: Warn): Warn {
  const said = new Set<string>();
  return (warning) => {
    if (said.has(warning.code)) return;
    said.add(warning.code);
    warn(warning);
  };
}
