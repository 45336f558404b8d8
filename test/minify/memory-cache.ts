/** A cache in memory, as the rooms take one: by content, without limits. */
import { createHash } from 'node:crypto';

import type { ByteCache, CacheEntry } from '../../src/model/byte-cache.ts';

export function memoryCache(): ByteCache & { readonly values: Map<string, Uint8Array> } {
  const values = new Map<string, Uint8Array>();
  const keyOf = ({ kind, of }: CacheEntry): string => {
    const hash = createHash('sha256').update(kind);
    for (const part of of) hash.update(`\0${part.length}\0`).update(part);
    return hash.digest('hex');
  };
  const cache = {
    values,
    get: (entry: CacheEntry) => Promise.resolve(values.get(keyOf(entry)) ?? null),
    getMany: (entries: readonly CacheEntry[]) => Promise.all(entries.map((entry) => cache.get(entry))),
    put(entry: CacheEntry, value: Uint8Array) {
      values.set(keyOf(entry), value);
      return Promise.resolve();
    },
    async through(entry: CacheEntry, compute: () => Promise<Uint8Array>) {
      const known = await cache.get(entry);
      if (known !== null) return known;
      const value = await compute();
      await cache.put(entry, value);
      return value;
    },
  };
  return cache;
}
