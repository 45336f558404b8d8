import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

import { bytesIn, entry, filesIn, makeFolder, noise, open, settingsOf, valueOf } from './workshop.ts';

const SMALL = 300;
const LARGE = 20_000;
const HOUR = 3_600_000;

/** Names of the files that hold values. */
const kept = (folder: string): string[] => filesIn(folder).filter((name) => /objects|packs/.test(name));

describe('a value that was put', () => {
  test.each([0, 1, SMALL, 4000, 4100, LARGE, 3_000_000])('is found again by another run: %i bytes', async (length) => {
    const settings = settingsOf(makeFolder());
    const { store } = open(settings);
    const value = valueOf('a', length);
    await store.put(entry('a'), value, 12);
    expect(Buffer.from((await store.get(entry('a')))!).equals(value)).toBe(true);
    await store[Symbol.asyncDispose]();
    const { store: next, warnings } = open(settings);
    expect(Buffer.from((await next.get(entry('a')))!).equals(value)).toBe(true);
    expect(await next.get(entry('b'))).toBe(null);
    expect(warnings).toEqual([]);
  });

  test('is named by its kind, by each of its parts, by where they end, by their type, and by the version', async () => {
    const { store } = open(settingsOf(makeFolder()));
    await store.put({ kind: 'facts', of: ['ab', 'c'] }, Buffer.from('x'));
    const others = [
      { kind: 'facts', of: ['a', 'bc'] },
      { kind: 'facts', of: ['abc'] },
      { kind: 'facts', of: ['c', 'ab'] },
      { kind: 'facts', of: [Buffer.from('ab'), 'c'] },
      { kind: 'report', of: ['ab', 'c'] },
    ] as const;
    expect(await store.getMany(others)).toEqual(others.map(() => null));
    expect(await store.get({ kind: 'facts', of: ['ab', 'c'], tags: ['not part of the name'] })).not.toBe(null);
  });

  test('is there for readers that have been open before it was put', async () => {
    const settings = settingsOf(makeFolder());
    const [{ store: writer }, { store: reader }] = [open(settings), open(settings)];
    const names = ['s1', 's2', 'large'];
    expect(await reader.getMany(names.map((name) => entry(name)))).toEqual([null, null, null]);
    for (const name of names) await writer.put(entry(name), valueOf(name, name === 'large' ? LARGE : SMALL));
    await writer.flush();
    const found = await reader.getMany(names.map((name) => entry(name)));
    expect(found.map((value) => value?.length)).toEqual([SMALL, SMALL, LARGE]);
  });
});

describe('many small values', () => {
  test('lie in one file and come back in the order asked', async () => {
    const folder = makeFolder();
    const { store } = open(settingsOf(folder));
    const names = Array.from({ length: 1100 }, (_, i) => `module ${i}`);
    for (const name of names) await store.put(entry(name, 'facts'), valueOf(name, SMALL));
    await store[Symbol.asyncDispose]();
    expect(kept(folder)).toHaveLength(1);
    const { store: next } = open(settingsOf(folder));
    const asked = [...names].reverse().flatMap((name) => [entry(name, 'facts'), entry(`no ${name}`, 'facts')]);
    const found = await next.getMany(asked);
    expect(found.filter((_, i) => i % 2 === 1)).toEqual(names.map(() => null));
    expect(found.filter((_, i) => i % 2 === 0)).toEqual([...names].reverse().map((name) => valueOf(name, SMALL)));
  });

  test('are merged into few files over many runs, and none is lost', async () => {
    const folder = makeFolder();
    for (let run = 0; run < 60; run++) {
      const { store } = open(settingsOf(folder));
      await store.put(entry(`run ${run}`, 'facts'), valueOf(`run ${run}`, SMALL));
      await store[Symbol.asyncDispose]();
    }
    expect(kept(folder).length).toBeLessThan(16);
    const { store } = open(settingsOf(folder));
    const found = await store.getMany(Array.from({ length: 60 }, (_, run) => entry(`run ${run}`, 'facts')));
    expect(found).toEqual(Array.from({ length: 60 }, (_, run) => valueOf(`run ${run}`, SMALL)));
  });
});

test.each([
  [SMALL, LARGE],
  [LARGE, SMALL],
])('a value that is put anew with another size is the one that counts: %i, then %i bytes', async (first, second) => {
  const settings = settingsOf(makeFolder(), { memoryBytes: 0 });
  for (const size of [first, second]) {
    const { store } = open(settings);
    await store.put(entry('v'), valueOf(`v${size}`, size));
    expect(await store.get(entry('v'))).toEqual(valueOf(`v${size}`, size));
    await store[Symbol.asyncDispose]();
  }
  const { store } = open(settings);
  expect(await store.get(entry('v'))).toEqual(valueOf(`v${second}`, second));
  expect(await store.verify()).toMatchObject({ entries: 1 });
});

test('a value that is asked for twice at once is given twice', async () => {
  const folder = makeFolder();
  const { store } = open(settingsOf(folder));
  for (const name of ['a', 'b']) await store.put(entry(name), valueOf(name, SMALL));
  await store[Symbol.asyncDispose]();
  const asked = ['a', 'b', 'a', 'c', 'a', 'c'];
  const found = await open(settingsOf(folder)).store.getMany(asked.map((name) => entry(name)));
  expect(found).toEqual(asked.map((name) => (name === 'c' ? null : valueOf(name, SMALL))));
});

describe('through', () => {
  test('computes once for 1,000 that ask at the same time, wherever the value then lies', async () => {
    const settings = settingsOf(makeFolder());
    let computed = 0;
    const compute = async (): Promise<Uint8Array> => {
      computed++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      return valueOf('v', LARGE);
    };
    const askAll = async (): Promise<void> => {
      const { store } = open(settings);
      const all = await Promise.all(Array.from({ length: 1000 }, () => store.through(entry('v'), compute)));
      expect(new Set(all).size).toBe(1);
      expect(all[0]).toEqual(valueOf('v', LARGE));
      await store[Symbol.asyncDispose]();
    };
    await askAll();
    await askAll();
    expect(computed).toBe(1);
  });

  test('throws what computing throws, to all that wait, and tries again for the next', async () => {
    const { store } = open(settingsOf(makeFolder()));
    const fails = (): Promise<Uint8Array> => Promise.reject(new Error('no luck'));
    const both = await Promise.allSettled([store.through(entry('v'), fails), store.through(entry('v'), fails)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await store.through(entry('v'), async () => valueOf('v', 5))).toEqual(valueOf('v', 5));
  });

  test('gives an ageing value and makes it anew in the background, once', async () => {
    let now = 1_000_000;
    const { store } = open(settingsOf(makeFolder()), () => now);
    let computed = 0;
    const compute = async (): Promise<Uint8Array> => Buffer.from(`value ${++computed}`);
    const ask = async (): Promise<string> =>
      Buffer.from(await store.through(entry('v'), compute, { ttlMs: 1000, refreshAhead: 0.5 })).toString();
    expect(await ask()).toBe('value 1');
    now += 400;
    expect(await ask()).toBe('value 1');
    now += 200;
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['value 1', 'value 1', 'value 1']);
    await store.flush();
    expect(await ask()).toBe('value 2');
    now += 1001;
    expect(await ask()).toBe('value 3');
    expect(computed).toBe(3);
  });

  test('keeps giving an ageing value whose making anew fails, until it has expired', async () => {
    let now = 1_000_000;
    const { store } = open(settingsOf(makeFolder()), () => now);
    await store.put(entry('v'), Buffer.from('old'), 0, { ttlMs: 1000 });
    const fails = (): Promise<Uint8Array> => Promise.reject(new Error('no luck'));
    now += 900;
    expect(await store.through(entry('v'), fails, { ttlMs: 1000 })).toEqual(Buffer.from('old'));
    await store.flush();
    now += 200;
    await expect(store.through(entry('v'), fails, { ttlMs: 1000 })).rejects.toThrow('no luck');
  });
});

describe('age', () => {
  test.each([SMALL, LARGE])(
    'a value that nobody asks for is gone after the TTL, one that is asked for stays: %i bytes',
    async (size) => {
      let now = Date.now();
      const settings = settingsOf(makeFolder(), { ttlMs: 100 * HOUR });
      const putBoth = open(settings, () => now).store;
      await putBoth.put(entry('asked'), valueOf('asked', size));
      await putBoth.put(entry('left'), valueOf('left', size));
      await putBoth[Symbol.asyncDispose]();
      for (let i = 0; i < 5; i++) {
        now += 60 * HOUR;
        const { store } = open(settings, () => now);
        expect(await store.get(entry('asked'))).toEqual(valueOf('asked', size));
        await store[Symbol.asyncDispose]();
      }
      expect(await open(settings, () => now).store.get(entry('left'))).toBe(null);
    },
  );

  test('a TTL of its own ends a value however often it is asked for', async () => {
    let now = Date.now();
    const settings = settingsOf(makeFolder());
    const { store } = open(settings, () => now);
    await store.put(entry('v'), valueOf('v', LARGE), 0, { ttlMs: 1000 });
    now += 999;
    expect(await store.get(entry('v'))).not.toBe(null);
    now += 2;
    expect(await store.get(entry('v'))).toBe(null);
    expect(await open(settings, () => now).store.get(entry('v'))).toBe(null);
  });
});

describe('room', () => {
  test('on disk stays within its bound, and what was used last stays', async () => {
    let now = Date.now() - 1e9;
    const folder = makeFolder();
    const diskBytes = 2 * 1024 * 1024;
    const settings = settingsOf(folder, { diskBytes, memoryBytes: 0, compress: false });
    const { store } = open(settings, () => now);
    const hot = entry('hot');
    await store.put(hot, noise('hot', LARGE));
    let most = 0;
    for (let i = 0; i < 400; i++) {
      now += 2 * HOUR;
      await store.put(entry(`v${i}`), noise(`v${i}`, LARGE + (i % 7) * 1000));
      expect(await store.get(hot)).not.toBe(null);
      if (i % 20 === 0) most = Math.max(most, bytesIn(folder));
    }
    expect(most).toBeGreaterThan(diskBytes / 2);
    expect(Math.max(most, bytesIn(folder))).toBeLessThanOrEqual(diskBytes);
    expect(await store.get(entry('v399'))).not.toBe(null);
    expect(await store.get(entry('v0'))).toBe(null);
  });

  test('small values have their share of it, and the one used last stays', async () => {
    let now = Date.now() - 1e9;
    const folder = makeFolder();
    const diskBytes = 1024 * 1024;
    for (let run = 0; run < 30; run++) {
      const { store } = open(settingsOf(folder, { diskBytes, memoryBytes: 0 }), () => now);
      await store.get(entry('hot', 'facts'));
      if (run === 0) await store.put(entry('hot', 'facts'), valueOf('hot', SMALL));
      for (let i = 0; i < 60; i++) await store.put(entry(`${run} ${i}`, 'facts'), noise(`${run} ${i}`, 2000));
      await store[Symbol.asyncDispose]();
      now += 30 * HOUR;
      expect(bytesIn(folder)).toBeLessThanOrEqual(diskBytes);
    }
    expect(await open(settingsOf(folder, { diskBytes }), () => now).store.get(entry('hot', 'facts'))).not.toBe(null);
  });

  test('in memory stays within its bound', async () => {
    const { store } = open(settingsOf(makeFolder(), { memoryBytes: 100_000 }));
    for (let i = 0; i < 50; i++) await store.put(entry(`v${i}`), noise(`v${i}`, 9000));
    const inMemory = (await store.stats()).held.filter(({ tier }) => tier === 'memory');
    const bytes = inMemory.reduce((sum, each) => sum + each.bytes, 0);
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThanOrEqual(100_000);
  });

  test('that gets short makes values be compressed where that pays', async () => {
    const folder = makeFolder();
    const { store } = open(settingsOf(folder, { diskBytes: 1024 * 1024, memoryBytes: 0 }));
    const sizeOf = async (name: string, value: Uint8Array): Promise<number> => {
      const before = bytesIn(folder);
      await store.put(entry(name), value);
      await store.flush();
      return bytesIn(folder) - before;
    };
    expect(await sizeOf('plain', valueOf('plain', LARGE))).toBeGreaterThan(LARGE);
    for (let i = 0; i < 30; i++) await store.put(entry(`v${i}`), noise(`v${i}`, LARGE));
    expect(await sizeOf('short', valueOf('short', LARGE))).toBeLessThan(LARGE / 10);
    expect(await sizeOf('done', gzipSync(noise('done', LARGE)))).toBeGreaterThan(LARGE);
    expect(await store.get(entry('short'))).toEqual(valueOf('short', LARGE));
    expect(Buffer.from((await store.get(entry('done')))!)).toEqual(gzipSync(noise('done', LARGE)));
  });
});

describe('taking back', () => {
  test.each([SMALL, LARGE])(
    'by tag: what carries it is gone, in every process, and can be put anew: %i bytes',
    async (size) => {
      const settings = settingsOf(makeFolder());
      const [{ store }, { store: other }] = [open(settings), open(settings)];
      const tagged = entry('tagged', 'minified', ['package:a@1', 'build:x']);
      const free = entry('free', 'minified', ['package:b@1']);
      for (const each of [tagged, free]) await store.put(each, valueOf('v', size));
      await store.flush();
      expect((await other.getMany([tagged, free])).map(Boolean)).toEqual([true, true]);
      await store.invalidateTag('build:x');
      for (const each of [store, other])
        expect((await each.getMany([tagged, free])).map(Boolean)).toEqual([false, true]);
      await other.put(tagged, valueOf('new', size));
      await other.flush();
      for (const each of [store, other, open(settings).store])
        expect(await each.get(tagged)).toEqual(valueOf('new', size));
    },
  );

  test('by tag from many processes at once loses none of them', async () => {
    const settings = settingsOf(makeFolder());
    const stores = Array.from({ length: 8 }, () => open(settings).store);
    const tags = stores.map((_, i) => `tag ${i}`);
    for (const tag of tags) await stores[0]!.put(entry(tag, 'facts', [tag]), valueOf(tag, SMALL));
    await stores[0]!.flush();
    await Promise.all(stores.map((store, i) => store.invalidateTag(tags[i]!)));
    const found = await open(settings).store.getMany(tags.map((tag) => entry(tag, 'facts', [tag])));
    expect(found).toEqual(tags.map(() => null));
  });

  test('the file of the tags gone, what carries a tag is gone too', async () => {
    const folder = makeFolder();
    const { store } = open(settingsOf(folder));
    await store.put(entry('v', 'minified', ['t']), valueOf('v', LARGE));
    await store[Symbol.asyncDispose]();
    writeFileSync(join(folder, 'v1/tags'), 'no JSON');
    expect(await open(settingsOf(folder)).store.get(entry('v', 'minified', ['t']))).toBe(null);
  });

  test('clear takes what is selected, says what that was, and leaves the rest', async () => {
    const folder = makeFolder();
    const settings = settingsOf(folder);
    const { store } = open(settings);
    const fill = async (): Promise<void> => {
      await store.put(entry('s', 'facts', ['t']), valueOf('s', SMALL));
      await store.put(entry('l', 'facts'), valueOf('l', LARGE));
      await store.put(entry('m', 'minified', ['t']), valueOf('m', LARGE));
      await store.flush();
    };
    const all = [entry('s', 'facts'), entry('l', 'facts'), entry('m')];
    const left = async (): Promise<boolean[]> => (await open(settings).store.getMany(all)).map(Boolean);
    await fill();
    const disk = (await store.clear({ kind: 'facts' })).find(({ tier }) => tier === 'disk')!;
    expect(disk.entries).toBe(2);
    expect(disk.bytes).toBeGreaterThan(SMALL + LARGE);
    expect(await left()).toEqual([false, false, true]);
    await fill();
    await store.clear({ tag: 't' });
    expect(await left()).toEqual([false, true, false]);
    expect((await store.getMany(all)).map(Boolean)).toEqual([false, true, false]);
    await fill();
    expect(await store.clear({ tier: 'memory' })).toMatchObject([{ tier: 'memory', entries: 3 }]);
    expect(await left()).toEqual([true, true, true]);
    await store.clear();
    expect(kept(folder)).toEqual([]);
    expect((await store.getMany(all)).map(Boolean)).toEqual([false, false, false]);
  });
});

describe('statistics', () => {
  test('count hits, misses, bytes and time saved by tier and kind, over all runs', async () => {
    const settings = settingsOf(makeFolder());
    const first = open(settings).store;
    expect(await first.get(entry('v'))).toBe(null);
    await first.put(entry('v'), valueOf('v', LARGE), 40);
    await first.get(entry('v'));
    await first[Symbol.asyncDispose]();
    const second = open(settings).store;
    await second.get(entry('v'));
    const { run, all, held } = await second.stats();
    const row = { kind: 'minified', hits: 0, misses: 0, hitBytes: 0, puts: 0, putBytes: 0, savedMs: 0 };
    const hit = { hits: 1, hitBytes: LARGE, savedMs: 40 };
    expect(run.rows).toEqual([
      { ...row, tier: 'memory', misses: 1 },
      { ...row, tier: 'disk', ...hit },
    ]);
    const put = { puts: 1, putBytes: LARGE };
    expect(all.rows).toEqual([
      { ...row, tier: 'memory', ...hit, ...put, misses: 1 },
      { ...row, tier: 'disk', ...put, misses: 1 },
    ]);
    expect(all.runs).toBe(1);
    expect(held.map(({ tier, kind, entries }) => [tier, kind, entries])).toEqual([
      ['memory', 'minified', 1],
      ['disk', 'minified', 1],
    ]);
  });

  test('lose nothing when many runs end at once', async () => {
    const settings = settingsOf(makeFolder());
    const stores = Array.from({ length: 10 }, () => open(settings).store);
    await Promise.all(stores.map((store) => store.get(entry('v'))));
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
    const { all } = await open(settings).store.stats();
    expect(all.runs).toBe(10);
    expect(all.rows.map(({ misses }) => misses)).toEqual([10, 10]);
  });
});

describe('warming', () => {
  const names = Array.from({ length: 300 }, (_, i) => `m${i}`);
  const sizeOf = (name: string): number => (name.endsWith('7') ? LARGE : SMALL);
  const runOnce = async (settings: ReturnType<typeof settingsOf>, asked: readonly string[]) => {
    const { store } = open(settings);
    const warmed = await store.warm('analyze:/app');
    const known = await store.getMany(asked.map((name) => entry(name, 'facts')));
    for (const [i, name] of asked.entries())
      if (known[i] === null) await store.put(entry(name, 'facts'), valueOf(name, sizeOf(name)));
    const { run } = await store.stats();
    await store[Symbol.asyncDispose]();
    return { warmed, run };
  };

  test('loads what runs of the kind have asked for, and measures how much of it was used', async () => {
    const settings = settingsOf(makeFolder());
    expect((await runOnce(settings, names)).warmed).toEqual({ likely: 0, loaded: 0, fetched: 0, bytes: 0 });
    const edited = ['edited', ...names.slice(1)];
    const { warmed, run } = await runOnce(settings, edited);
    expect(warmed).toMatchObject({ likely: 300, loaded: 300 });
    expect(run.warm).toEqual({ loaded: 300, used: 299 });
    expect(run.rows.find(({ tier }) => tier === 'memory')).toMatchObject({ hits: 299, misses: 1 });
    const other = open(settings).store;
    expect(other.profile('analyze:/app')).toMatchObject({ keys: 301 });
    expect(other.profile('analyze:/other')).toEqual({ keys: 0, bytes: 0 });
  });

  test('forgets what is not asked for any more', async () => {
    const settings = settingsOf(makeFolder());
    await runOnce(settings, names);
    for (let i = 0; i < 3; i++) await runOnce(settings, ['only']);
    expect((await runOnce(settings, ['only'])).warmed).toMatchObject({ likely: 1, loaded: 1 });
  });

  test('takes no more than half of the memory', async () => {
    const settings = settingsOf(makeFolder(), { memoryBytes: 200_000 });
    const { store } = open(settings);
    store.learn('k');
    for (let i = 0; i < 40; i++) await store.put(entry(`v${i}`), noise(`v${i}`, 10_000));
    await store[Symbol.asyncDispose]();
    const { loaded, bytes } = await open(settings).store.warm('k');
    expect(loaded).toBe(10);
    expect(bytes).toBeLessThanOrEqual(100_000);
  });
});

test('what was opened and never asked leaves no trace', async () => {
  const folder = makeFolder();
  await open(settingsOf(folder)).store[Symbol.asyncDispose]();
  expect(filesIn(folder)).toEqual([]);
});

test('the statistics of all runs are a small file', async () => {
  const folder = makeFolder();
  for (let run = 0; run < 5; run++) {
    const { store } = open(settingsOf(folder));
    await store.get(entry('v'));
    await store[Symbol.asyncDispose]();
  }
  expect(filesIn(folder)).toEqual(['v1/statistics/all.json']);
  expect(readFileSync(join(folder, 'v1/statistics/all.json')).length).toBeLessThan(1000);
});
