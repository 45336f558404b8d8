/** Whatever is done in whatever order: the tiers together are a map that may forget and never lies. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CacheEntry } from '../../src/model/byte-cache.ts';
import type { Store } from '../../src/store/open-store.ts';
import { hasRedis, makeFolder, open, RedisServer, settingsOf, valueOf } from './workshop.ts';

const TAGS = ['x', 'y', 'z'] as const;
/** Some in packs, some in files, some on the border between. */
const SIZES = [0, 10, 900, 3900, 4016, 4100, 30_000] as const;

const name = fc.integer({ min: 0, max: 11 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), name, size: fc.constantFrom(...SIZES) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('get' as const), names: fc.array(name, { maxLength: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('through' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('invalidate' as const), tag: fc.constantFrom(...TAGS) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('clear' as const),
      kind: fc.constantFrom('facts' as const, 'minified' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);

const kindOf = (name: number) => (name % 2 === 0 ? 'facts' : 'minified');
const tagOf = (name: number) => TAGS[name % TAGS.length]!;
const asEntry = (name: number): CacheEntry => ({ kind: kindOf(name), of: [`v${name}`], tags: [tagOf(name)] });
const sameBytes = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : Buffer.from(a).equals(b);

/** @param reopen closes the store and opens it, or another machine's */
async function agrees(
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
  reopen: () => Store,
): Promise<void> {
  const model = new Map<number, Uint8Array>();
  const forget = (isMeant: (name: number) => boolean): void => {
    for (const known of Array.from(model.keys())) if (isMeant(known)) model.delete(known);
  };
  let store = reopen();
  for (const [at, each] of steps.entries()) {
    if (each.do === 'put') {
      const value = valueOf(`${each.name} ${at}`, each.size);
      await store.put(asEntry(each.name), value);
      model.set(each.name, value);
    } else if (each.do === 'get') {
      const found = await store.getMany(each.names.map(asEntry));
      for (const [i, name] of each.names.entries()) expect(sameBytes(found[i]!, model.get(name) ?? null)).toBe(true);
    } else if (each.do === 'through') {
      const value = await store.through(asEntry(each.name), async () => valueOf(`${each.name} ${at}`, 500));
      const known = model.get(each.name) ?? valueOf(`${each.name} ${at}`, 500);
      expect(sameBytes(value, known)).toBe(true);
      model.set(each.name, known);
    } else if (each.do === 'invalidate') {
      await store.invalidateTag(each.tag);
      forget((name) => tagOf(name) === each.tag);
    } else if (each.do === 'clear') {
      await store.clear({ kind: each.kind });
      forget((name) => kindOf(name) === each.kind);
    } else if (each.do === 'flush') await store.flush();
    else {
      await store[Symbol.asyncDispose]();
      store = reopen();
    }
  }
  await store[Symbol.asyncDispose]();
}

test.each([0, 20_000, 8_000_000])('memory of %i bytes over disk', async (memoryBytes) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const settings = settingsOf(makeFolder(), { memoryBytes });
      await agrees(steps, () => open(settings).store);
    }),
    { numRuns: 100 },
  );
});

test('memory over disk over Redis, and each time another machine', async ({ skip }) => {
  skip(!hasRedis, 'there is no redis-server here');
  const server = await RedisServer.start();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const redis = server.settings({ prefix: `run ${run++}:`, writeBehind: run % 2 === 0, timeoutMs: 5000 });
      await agrees(steps, () => open(settingsOf(makeFolder(), { redis, memoryBytes: 20_000 })).store);
    }),
    { numRuns: 40 },
  );
});
