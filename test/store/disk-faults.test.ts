/** Real faults: processes killed while they write, full and read-only disks, files that are not what they should be. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';

import { bytesIn, ended, entry, filesIn, makeFolder, open, settingsOf, startChild, valueOf } from './workshop.ts';

const SIZES = [200, 1500, 9000, 40_000] as const;
const NAMES = Array.from({ length: 400 }, (_, i) => `v${i}`);
const asEntry = (name: string, i: number) =>
  entry(name, i % 2 === 0 ? 'facts' : 'minified', i % 5 === 0 ? ['fifth'] : []);

/** How many of the writer's values are there; a wrong one fails. */
async function countRight(folder: string): Promise<number> {
  const { store, warnings } = open(settingsOf(folder, { memoryBytes: 0 }));
  const found = await store.getMany(NAMES.map(asEntry));
  const wrong = NAMES.filter((name, i) => {
    const value = found[i];
    return value !== null && value !== undefined && !Buffer.from(value).equals(valueOf(name, SIZES[i % 4]!));
  });
  expect([wrong, warnings]).toEqual([[], []]);
  await store[Symbol.asyncDispose]();
  return found.filter((value) => value !== null).length;
}

test(
  'a writer killed a hundred times: the cache opens each time, and no value is wrong',
  { timeout: 300_000 },
  async () => {
    const folder = makeFolder();
    const settings = settingsOf(folder, { memoryBytes: 0, diskBytes: 3_000_000 });
    let most = 0;
    for (let i = 0; i < 100; i++) {
      const child = await startChild('writer.mjs', { settings, seed: i });
      const end = ended(child);
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await wait((i * 37) % 41);
      child.kill('SIGKILL');
      const { stdout } = await end;
      expect(stdout).toBe('writing\n');
      most = Math.max(most, await countRight(folder));
    }
    expect(most).toBeGreaterThan(100);
    const { store } = open(settings);
    expect((await store.verify()).corrupt).toEqual([]);
    await store.put(entry('after'), valueOf('after', 9000));
    expect(filesIn(folder).filter((name) => name.startsWith('v1/partial/'))).toEqual([]);
    expect(bytesIn(folder)).toBeLessThanOrEqual(settings.diskBytes * 1.1);
  },
);

test('three processes share a folder that is too small for them: no value is wrong, and the bound holds', async () => {
  const folder = makeFolder();
  const settings = settingsOf(folder, { memoryBytes: 50_000, diskBytes: 1_500_000 });
  const children = await Promise.all(
    [1, 2, 3].map((seed) => startChild('writer.mjs', { settings, seed, rounds: 1500 })),
  );
  const results = await Promise.all(children.map(ended));
  const right = { code: 0, stdout: 'writing\n{"warnings":[]}\n', stderr: '' };
  expect(results).toEqual([right, right, right]);
  expect(bytesIn(folder)).toBeLessThanOrEqual(settings.diskBytes);
  expect(await countRight(folder)).toBeGreaterThan(0);
  expect((await open(settings).store.verify()).corrupt).toEqual([]);
});

test('whatever byte is changed and wherever a file is cut, no value is wrong', async () => {
  const sound = makeFolder();
  const names = ['s1', 's2', 's3', 'large', 'tagged'];
  const lengthOf = (name: string): number => (name.startsWith('s') ? 300 : 9000);
  const entries = names.map((name) => entry(name, 'facts', name === 'tagged' ? ['t'] : []));
  const { store } = open(settingsOf(sound));
  for (const [i, name] of names.entries()) await store.put(entries[i]!, valueOf(name, lengthOf(name)));
  await store[Symbol.asyncDispose]();
  const files = filesIn(sound);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (file, at, flip, isCut) => {
        const folder = makeFolder();
        cpSync(sound, folder, { recursive: true });
        const bytes = readFileSync(join(folder, file));
        if (isCut) truncateSync(join(folder, file), at % bytes.length);
        else {
          bytes[at % bytes.length]! ^= flip;
          writeFileSync(join(folder, file), bytes);
        }
        const found = await open(settingsOf(folder)).store.getMany(entries);
        for (const [i, value] of found.entries())
          if (value !== null) expect(Buffer.from(value)).toEqual(Buffer.from(valueOf(names[i]!, lengthOf(names[i]!))));
      },
    ),
    { numRuns: 200 },
  );
});

test('a corrupt or foreign file is a miss, is taken away, and can be written anew', async () => {
  const folder = makeFolder();
  const { store } = open(settingsOf(folder));
  await store.put(entry('a'), valueOf('a', 9000));
  await store.put(entry('b'), valueOf('b', 9000));
  await store.put(entry('small'), valueOf('small', 100));
  await store[Symbol.asyncDispose]();
  const [a, b] = filesIn(join(folder, 'v1/objects')).map((name) => join(folder, 'v1/objects', name)) as [
    string,
    string,
  ];
  const [pack] = filesIn(join(folder, 'v1/packs')).map((name) => join(folder, 'v1/packs', name)) as [string];
  // One value in the place of another is whole, and wrong all the same.
  writeFileSync(a, readFileSync(b));
  writeFileSync(b, 'of somebody else');
  writeFileSync(pack, 'no pack at all');
  const { store: next, warnings } = open(settingsOf(folder));
  expect(await next.getMany([entry('a'), entry('b'), entry('small')])).toEqual([null, null, null]);
  expect(filesIn(folder).filter((name) => /objects|packs/.test(name))).toEqual([]);
  for (const name of ['a', 'b']) await next.put(entry(name), valueOf(name, 9000));
  await next[Symbol.asyncDispose]();
  expect(await open(settingsOf(folder)).store.get(entry('a'))).toEqual(valueOf('a', 9000));
  expect(warnings).toEqual([]);
});

test('verify finds what is corrupt and takes it away when it is told to', async () => {
  const folder = makeFolder();
  const { store } = open(settingsOf(folder));
  for (const name of ['a', 'b']) await store.put(entry(name), valueOf(name, 9000));
  for (const name of ['s', 't']) await store.put(entry(name, 'facts'), valueOf(name, 500));
  await store[Symbol.asyncDispose]();
  for (const room of ['objects', 'packs']) {
    const file = join(folder, 'v1', room, filesIn(join(folder, 'v1', room))[0]!);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
  }
  const first = await open(settingsOf(folder)).store.verify();
  expect(first).toMatchObject({ entries: 4, removed: 0 });
  expect(first.corrupt.map(({ problem }) => problem)).toEqual(Array(2).fill('torn, corrupt or of another program'));
  expect(await open(settingsOf(folder)).store.verify({ fix: true })).toMatchObject({ entries: 4, removed: 2 });
  expect(await open(settingsOf(folder)).store.verify({ fix: true })).toEqual({
    entries: 2,
    bytes: expect.any(Number),
    corrupt: [],
    removed: 0,
  });
});

const isRoot = process.getuid?.() === 0;

test('a folder that can only be read is read, with one warning', async () => {
  const folder = makeFolder();
  const { store } = open(settingsOf(folder));
  await store.put(entry('known'), Buffer.from('as it was'));
  await store[Symbol.asyncDispose]();
  chmodSync(folder, 0o755);
  expect(spawnSync('chmod', ['-R', 'a+rX,a-w', folder]).status).toBe(0);
  onTestFinished(() => void spawnSync('chmod', ['-R', 'u+w', folder]));
  const before = filesIn(folder);
  const child = await startChild('visitor.mjs', {
    settings: settingsOf(folder),
    uid: isRoot ? 65_534 : null,
    length: 9000,
  });
  const { code, stdout, stderr } = await ended(child);
  expect([code, stderr]).toEqual([0, '']);
  const { known, computed, warnings } = JSON.parse(stdout) as { known: string; computed: number; warnings: unknown[] };
  expect([known, computed]).toEqual(['as it was', 200]);
  expect(warnings).toMatchObject([{ code: 'cache-not-writable', hint: expect.stringContaining('Allow writing') }]);
  expect(filesIn(folder)).toEqual(before);
});

test("a folder that can't be looked into is no cache, and the run goes on", async () => {
  const folder = makeFolder();
  const { store } = open(settingsOf(folder));
  await store.put({ ...entry('known'), tags: ['a tag'] }, Buffer.from('as it was'));
  await store[Symbol.asyncDispose]();
  chmodSync(folder, isRoot ? 0o700 : 0);
  onTestFinished(() => chmodSync(folder, 0o700));
  const child = await startChild('visitor.mjs', {
    settings: settingsOf(folder),
    uid: isRoot ? 65_534 : null,
    length: 9000,
  });
  const { code, stdout, stderr } = await ended(child);
  expect([code, stderr]).toEqual([0, '']);
  const { computed, warnings } = JSON.parse(stdout) as { computed: number; warnings: unknown[] };
  expect(computed).toBe(200);
  expect(warnings).toMatchObject([{ code: 'cache-not-readable' }, { code: 'cache-not-writable' }]);
});

test('a file in the place of the folder is no cache, with one warning', async () => {
  const file = join(makeFolder(), 'cache');
  writeFileSync(file, 'a file');
  const { store, warnings } = open(settingsOf(file));
  for (const name of ['a', 'b']) {
    await store.put(entry(name), valueOf(name, 9000));
    expect(await store.get(entry(name))).toEqual(valueOf(name, 9000));
  }
  await store[Symbol.asyncDispose]();
  expect(warnings).toMatchObject([{ code: 'cache-not-writable', hint: expect.stringContaining('There is a file') }]);
  expect(readFileSync(file, 'utf8')).toBe('a file');
});

test('a disk that is full: one warning, nothing half-written, and what is kept is still read', async ({ skip }) => {
  const folder = makeFolder();
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  skip(!mounted, 'a small disk of its own can only be mounted by root');
  onTestFinished(() => void spawnSync('umount', [folder]));
  const { store } = open(settingsOf(folder));
  await store.put(entry('known'), Buffer.from('as it was'));
  await store[Symbol.asyncDispose]();
  const child = await startChild('visitor.mjs', { settings: settingsOf(folder), uid: null, length: 9000 });
  const { code, stdout } = await ended(child);
  const { known, computed, warnings } = JSON.parse(stdout) as { known: string; computed: number; warnings: unknown[] };
  expect([code, known, computed]).toEqual([0, 'as it was', 200]);
  expect(warnings).toMatchObject([{ code: 'cache-not-writable', hint: expect.stringContaining('Make room') }]);
  expect(filesIn(folder).filter((name) => name.startsWith('v1/partial/'))).toEqual([]);
  const { store: next } = open(settingsOf(folder));
  expect((await next.verify()).corrupt).toEqual([]);
  expect(await next.get(entry('new 3', 'minified', ['t']))).toEqual(Buffer.alloc(9000, 3));
  // Where there is room again, there is a cache again.
  expect((await next.clear()).find(({ tier }) => tier === 'disk')!.entries).toBeGreaterThan(10);
  await next.put(entry('again'), valueOf('again', 9000));
  await next[Symbol.asyncDispose]();
  expect(await open(settingsOf(folder)).store.get(entry('again'))).toEqual(valueOf('again', 9000));
});
