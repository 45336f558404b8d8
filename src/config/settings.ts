/** What each room is handed of the configuration: plain numbers and absolute paths. null: the part is off. */
import type { LoadedConfig } from './load.ts';
import type { Compression, LicencePlace, Minifier } from './pare-config.ts';
import type { ResolvedConfig } from './resolved-config.ts';

export interface CacheSettings {
  /** Absolute. */
  readonly folder: string;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly ttlMs: number;
  readonly compress: boolean;
  readonly redis: RedisSettings | null;
}

export interface RedisSettings {
  readonly url: string;
  readonly prefix: string;
  readonly ttlMs: number;
  /** How long anything waits for Redis. */
  readonly timeoutMs: number;
  readonly writeBehind: boolean;
  /** 32 bytes, of PARE_CACHE_KEY; null: what is written is not encrypted. */
  readonly encryptionKey: Uint8Array | null;
}

export interface WorkerSettings {
  /** null: by cores and free memory. */
  readonly max: number | null;
  /** Tasks that may wait. */
  readonly queue: number;
  /** Of each worker; null: Node's own limit. */
  readonly memoryBytes: number | null;
  /** Of each task; null: no limit. */
  readonly timeoutMs: number | null;
}

export interface MinifySettings {
  readonly tools: readonly Minifier[];
  /** terser's own options. */
  readonly terser: Readonly<Record<string, unknown>>;
  readonly target: string;
  readonly licences: LicencePlace;
}

export interface CompressSettings {
  readonly formats: readonly Compression[];
  /** From 0 to 1: a copy that saves less is not written. */
  readonly minSaving: number;
  readonly minBytes: number;
  /** A glob. */
  readonly include: string;
  /** Folders of earlier releases, absolute. */
  readonly previous: readonly string[];
}

export interface TelemetrySettings {
  /** File of the trace, absolute; null: none. */
  readonly trace: string | null;
}

export interface CheckSettings {
  readonly budgets: ResolvedConfig['budgets'];
  /** Absolute. */
  readonly baseline: string | null;
  /** By format, absolute; null: not written. */
  readonly outputs: ResolvedConfig['outputs'];
}

/** null, too, where no folder is named and there is no node_modules to keep the cache in. */
export function cacheSettings({ config, encryptionKey }: LoadedConfig): CacheSettings | null {
  const { cache } = config;
  if (cache === false || cache.folder === null) return null;
  const { folder, memory, disk, ttl, compress, redis } = cache;
  return {
    folder,
    memoryBytes: memory,
    diskBytes: disk,
    ttlMs: ttl,
    compress,
    redis:
      redis === false
        ? null
        : {
            url: redis.url,
            prefix: redis.prefix,
            ttlMs: redis.ttl,
            timeoutMs: redis.timeout,
            writeBehind: redis.writeBehind,
            encryptionKey: redis.encrypt ? encryptionKey() : null,
          },
  };
}

export function workerSettings({ config: { workers } }: LoadedConfig): WorkerSettings {
  const { max, queue, memory, timeout } = workers;
  return { max, queue, memoryBytes: memory, timeoutMs: timeout };
}

export function minifySettings({ config: { minify } }: LoadedConfig): MinifySettings | null {
  return minify === false ? null : minify;
}

export function compressSettings({ config: { compress } }: LoadedConfig): CompressSettings | null {
  return compress === false ? null : compress;
}

export function telemetrySettings({ config: { telemetry } }: LoadedConfig): TelemetrySettings | null {
  return telemetry === false ? null : telemetry;
}

export function checkSettings({ config: { budgets, baseline, outputs } }: LoadedConfig): CheckSettings {
  return { budgets, baseline, outputs };
}
