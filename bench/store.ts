// The cache's tiers against the raw stores beneath them and against bentocache, cacache and keyv; what a Redis that hangs costs.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { BentoCache, bentostore } from 'bentocache';
import { fileDriver } from 'bentocache/drivers/file';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisDriver } from 'bentocache/drivers/redis';
import cacache from 'cacache';
import { Redis } from 'ioredis';
import { Keyv } from 'keyv';
import { LRUCache } from 'lru-cache';

import type { CacheEntry } from '../src/model/byte-cache.ts';
import { createKeys } from '../src/store/key.ts';
import { openStore, type CacheSettings, type Store } from '../src/store/open-store.ts';
import { RedisTier } from '../src/store/redis-tier.ts';
import { PartialFiles } from '../src/store/partial-file.ts';
import { measuredOn, median } from './whole-process.ts';

const VALUES = 10_000;
/** Redis has all its values in memory, four times over. */
const SHARED_VALUES = 2000;
const SLICES = 10;
const AT_ONCE = 50;
const GIB = 1024 ** 3;
const DAY_MS = 86_400_000;

interface Subject {
  readonly name: string;
  readonly put: (i: number) => unknown;
  readonly get: (i: number) => unknown;
}

const entryOf = (i: number): CacheEntry => ({ kind: 'minified', of: [`options of the tool`, `value ${i}`] });

/** 1 to 200 KB, as many of each order of magnitude; half as dense as minified code. */
const values = Array.from({ length: VALUES }, (_, i) => {
  const share = createHash('md5').update(`size ${i}`).digest().readUInt32LE(0) / 2 ** 32;
  const size = Math.round(1000 * 200 ** share);
  const dense = createCipheriv('aes-128-ctr', Buffer.alloc(16, i % 251), Buffer.alloc(16)).update(Buffer.alloc(size));
  return Buffer.from(dense.toString('base64').slice(0, size));
});

/** Prints tables; takes some minutes and 2 GB of disk. */
export async function run(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pare-bench-store-'));
  try {
    const total = values.reduce((sum, { length }) => sum + length, 0);
    const tables = [
      `${VALUES} values of 1 to 200 kB, ${Math.round(total / 1e6)} MB. CPU time of this process and its threads, in µs a call, ` +
        `and its ratio to the raw store's in the same slice (median of ${SLICES} slices, the subjects in turn). ` +
        `${measuredOn(['lru-cache', 'ioredis', 'bentocache', 'cacache', 'keyv'])}, on a machine that was shared.`,
      await table('memory', await memorySubjects(folder), VALUES),
      await table('disk', await diskSubjects(folder), VALUES),
      ...(await redisTables(folder)),
      await smallTable(folder),
      await hangTable(folder),
    ];
    return tables.join('\n\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function settingsOf(folder: string, changes: Partial<CacheSettings>): CacheSettings {
  return {
    folder,
    memoryBytes: 0,
    diskBytes: 4 * GIB,
    ttlMs: 30 * DAY_MS,
    compress: true,
    redis: null,
    ...changes,
  };
}

function open(folder: string, changes: Partial<CacheSettings>): Store {
  return openStore(settingsOf(folder, changes), { onWarning: ({ message }) => process.stderr.write(`${message}\n`) });
}

async function memorySubjects(folder: string): Promise<Subject[]> {
  const raw = new LRUCache<string, Buffer>({ maxSize: GIB, sizeCalculation: ({ length }) => length + 1 });
  const store = open(join(folder, 'memory'), { memoryBytes: GIB, diskBytes: 0 });
  const known = Array.from({ length: VALUES }, (_, i) => entryOf(i));
  const bento = new BentoCache({
    default: 'm',
    // A bound in bytes it has only for values that it makes JSON of.
    stores: { m: bentostore().useL1Layer(memoryDriver({ serialize: false, maxItems: VALUES })) },
  });
  const keyv = new Keyv({ store: new Map() });
  return [
    { name: 'raw lru-cache', put: (i) => raw.set(`${i}`, values[i]!), get: (i) => raw.get(`${i}`) },
    { name: 'pare, key made anew', put: (i) => store.put(entryOf(i), values[i]!), get: (i) => store.get(entryOf(i)) },
    { name: 'pare, entry kept', put: (i) => store.put(known[i]!, values[i]!), get: (i) => store.get(known[i]!) },
    {
      name: 'bentocache',
      put: (i) => bento.set({ key: `${i}`, value: values[i] }),
      get: (i) => bento.get({ key: `${i}` }),
    },
    { name: 'keyv', put: (i) => keyv.set(`${i}`, values[i]), get: (i) => keyv.get(`${i}`) },
  ];
}

async function diskSubjects(folder: string): Promise<Subject[]> {
  const rawFolder = join(folder, 'raw');
  for (let i = 0; i < 256; i++) mkdirSync(join(rawFolder, String(i)), { recursive: true });
  const rawFile = (i: number): string => join(rawFolder, String(i % 256), `${i}`);
  const store = open(join(folder, 'disk'), {});
  const bento = new BentoCache({
    default: 'f',
    stores: {
      f: bentostore().useL2Layer(fileDriver({ directory: join(folder, 'bento'), pruneInterval: false })),
    },
  });
  const cacacheFolder = join(folder, 'cacache');
  return [
    {
      name: 'raw: readFile; write aside and rename',
      put: (i) => {
        writeFileSync(`${rawFile(i)}.partial`, values[i]!);
        renameSync(`${rawFile(i)}.partial`, rawFile(i));
      },
      get: (i) => readFile(rawFile(i)),
    },
    { name: 'pare', put: (i) => store.put(entryOf(i), values[i]!), get: (i) => store.get(entryOf(i)) },
    {
      name: 'bentocache',
      put: (i) => bento.set({ key: `${i}`, value: values[i] }),
      get: (i) => bento.get({ key: `${i}` }),
    },
    {
      name: 'cacache',
      put: (i) => cacache.put(cacacheFolder, `${i}`, values[i]!),
      get: (i) => cacache.get(cacacheFolder, `${i}`),
    },
  ];
}

async function redisTables(folder: string): Promise<string[]> {
  const server = await startRedis();
  if (server === null) return ['There is no redis-server here: the tables of Redis are left out.'];
  const raw = new Redis(server.port, '127.0.0.1', { enableAutoPipelining: true });
  const bento = new BentoCache({
    default: 'r',
    stores: {
      r: bentostore().useL2Layer(redisDriver({ connection: { host: '127.0.0.1', port: server.port } as never })),
    },
  });
  const keyOf = createKeys('0');
  const tiers = [
    ['pare', false, null],
    ['pare, compressed', true, null],
    ['pare, compressed and encrypted', true, Buffer.alloc(32, 7)],
  ] as const;
  const made = tiers.map(([name, compress, encryptionKey], i) => {
    const tier = new RedisTier({
      settings: {
        url: `redis://127.0.0.1:${server.port}`,
        prefix: `t${i}:`,
        ttlMs: DAY_MS,
        timeoutMs: 60_000,
        writeBehind: false,
        encryptionKey,
      },
      compress,
      warn: ({ message }) => process.stderr.write(`${message}\n`),
      tagsFile: join(folder, `tags${i}`),
      partial: new PartialFiles(join(folder, 'partial')),
      onInvalidated: async () => undefined,
    });
    return { name, tier };
  });
  try {
    const subjects: Subject[] = [
      { name: 'raw ioredis', put: (i) => raw.set(`${i}`, values[i]!), get: (i) => raw.getBuffer(`${i}`) },
      ...made.map(({ name, tier }): Subject => ({
        name,
        put: (i) => {
          const { hex, kind } = keyOf(entryOf(i));
          return tier.put({ hex, kind, costMs: 0, createdAt: Date.now(), expiresAt: 0 }, [], values[i]!);
        },
        get: async (i) => (await tier.getMany([keyOf(entryOf(i))]))[0]?.value,
      })),
      {
        name: 'bentocache',
        put: (i) => bento.set({ key: `${i}`, value: values[i] }),
        get: (i) => bento.get({ key: `${i}` }),
      },
    ];
    return [await table(`Redis, ${AT_ONCE} at a time`, subjects, SHARED_VALUES, AT_ONCE)];
  } finally {
    for (const { tier } of made) await tier.close();
    raw.disconnect();
    await bento.disconnectAll();
    server.child.kill('SIGKILL');
  }
}

async function table(title: string, subjects: readonly Subject[], count: number, atOnce = 1): Promise<string> {
  const puts = await timed(subjects, 'put', count, atOnce);
  const gets = await timed(subjects, 'get', count, atOnce);
  const raw = subjects[0]!.name;
  return [
    `| ${title} | get, µs | over raw | put, µs | over raw |`,
    '| --- | --- | --- | --- | --- |',
    ...subjects.map(({ name }) => {
      const cells = [gets, puts].flatMap((times) => {
        const own = times.get(name)!;
        const ratios = own.map((time, slice) => time / times.get(raw)![slice]!);
        return [micros(median(own)), `×${median(ratios).toFixed(2)}`];
      });
      return `| ${name} | ${cells.join(' | ')} |`;
    }),
  ].join('\n');
}

/** µs of CPU a call, slice by slice; in each slice all subjects in turn, every second one backwards. */
async function timed(
  subjects: readonly Subject[],
  what: 'get' | 'put',
  count: number,
  atOnce: number,
): Promise<Map<string, number[]>> {
  const times = new Map(subjects.map(({ name }) => [name, [] as number[]]));
  const size = count / SLICES;
  for (let slice = 0; slice < SLICES; slice++) {
    for (const subject of slice % 2 === 0 ? subjects : [...subjects].reverse()) {
      const before = process.cpuUsage();
      for (let i = slice * size; i < (slice + 1) * size; i += atOnce) {
        if (atOnce === 1) check(await subject[what](i), what, i);
        else {
          const all = await Promise.all(Array.from({ length: atOnce }, (_, j) => subject[what](i + j)));
          for (const [j, result] of all.entries()) check(result, what, i + j);
        }
      }
      const { user, system } = process.cpuUsage(before);
      times.get(subject.name)!.push((user + system) / size);
    }
  }
  return times;
}

/** A cache that is quick because it has lost the value would win. */
function check(result: unknown, what: 'get' | 'put', i: number): void {
  if (what === 'put') return;
  const found = result as { length?: number; data?: { length: number } } | null | undefined;
  const length = found?.length ?? found?.data?.length;
  if (length !== values[i]!.length)
    throw new Error(`value ${i} is lost: ${String(length)} of ${values[i]!.length} bytes`);
}

function micros(time: number): string {
  return time.toFixed(time < 10 ? 1 : 0);
}

const MODULES = 1100;
const ROUNDS = 9;

/** What a warm analysis asks first: the facts about each module, all at once, from a store that was just opened. */
async function smallTable(folder: string): Promise<string> {
  const facts = Array.from({ length: MODULES }, (_, i) => values[i]!.subarray(0, 300 + (i % 20) * 100));
  const entries = facts.map((_, i): CacheEntry => ({ kind: 'facts', of: ['options', `module ${i}`] }));
  const places = {
    pare: join(folder, 'small'),
    raw: join(folder, 'small-raw'),
    cacache: join(folder, 'small-cacache'),
  };
  const store = open(places.pare, {});
  mkdirSync(places.raw);
  for (const [i, value] of facts.entries()) {
    await store.put(entries[i]!, value);
    writeFileSync(join(places.raw, `${i}`), value);
    await cacache.put(places.cacache, `${i}`, value);
  }
  await store[Symbol.asyncDispose]();
  const subjects: readonly (readonly [name: string, load: () => Promise<number>])[] = [
    [
      'raw: a file each, all read at once',
      async () => (await Promise.all(facts.map((_, i) => readFile(join(places.raw, `${i}`))))).length,
    ],
    [
      'pare, getMany',
      async () => {
        const opened = open(places.pare, { memoryBytes: 64 * 1024 * 1024 });
        const found = await opened.getMany(entries.map((each) => ({ ...each })));
        return found.filter((value) => value !== null).length;
      },
    ],
    ['cacache', async () => (await Promise.all(facts.map((_, i) => cacache.get(places.cacache, `${i}`)))).length],
  ];
  const times = new Map(subjects.map(([name]) => [name, { cpu: [] as number[], wall: [] as number[] }]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, load] of subjects) {
      const [before, start] = [process.cpuUsage(), performance.now()];
      if ((await load()) !== MODULES) throw new Error(`${name} has lost values`);
      const { user, system } = process.cpuUsage(before);
      if (round === 0) continue;
      times.get(name)!.cpu.push((user + system) / 1000);
      times.get(name)!.wall.push(performance.now() - start);
    }
  }
  const raw = times.get(subjects[0]![0])!;
  return [
    `| ${MODULES} values of 0.3 to 2.2 kB, opening the cache included | CPU, ms | over raw | ms |`,
    '| --- | --- | --- | --- |',
    ...subjects.map(([name]) => {
      const { cpu, wall } = times.get(name)!;
      const ratio = median(cpu.map((time, round) => time / raw.cpu[round]!));
      return `| ${name} | ${median(cpu).toFixed(1)} | ×${ratio.toFixed(2)} | ${median(wall).toFixed(1)} |`;
    }),
  ].join('\n');
}

/** A run that asks 1,000 times, one after the other, and then closes: with a Redis that takes connections and never answers. */
async function hangTable(folder: string): Promise<string> {
  const server = await startRedis();
  if (server === null) return 'There is no redis-server here: what one costs that hangs is not measured.';
  server.child.kill('SIGSTOP');
  let count = 0;
  const runOnce = async (url: string | null): Promise<number> => {
    const redis =
      url === null
        ? null
        : { url, prefix: 'pare:', ttlMs: DAY_MS, timeoutMs: 50, writeBehind: true, encryptionKey: null };
    const store = openStore(settingsOf(join(folder, `hang${count++}`), { redis }), { onWarning: () => undefined });
    // Time in which the thread had nothing to do: on a busy machine the rest varies by more than a wait.
    const start = performance.eventLoopUtilization().idle;
    for (let i = 0; i < 1000; i++) await store.through(entryOf(i), async () => values[i]!);
    await store[Symbol.asyncDispose]();
    return performance.eventLoopUtilization().idle - start;
  };
  try {
    const subjects = [
      ['hangs', `redis://127.0.0.1:${server.port}`],
      ['refuses connections', `redis://127.0.0.1:${await freePort()}`],
    ] as const;
    const rows: string[] = [];
    for (const [name, url] of subjects) {
      const added: number[] = [];
      // The first run loads the client, which is work and no waiting.
      await runOnce(url);
      for (let round = 0; round < ROUNDS; round++) added.push((await runOnce(url)) - (await runOnce(null)));
      rows.push(`| ${name} | ${median(added).toFixed(0)} | ${Math.max(...added).toFixed(0)} |`);
    }
    const header =
      '| waiting that a Redis adds to a run of 1,000 values, asked for one after the other, which … | ms | at most, ms |';
    return [header, '| --- | --- | --- |', ...rows].join('\n');
  } finally {
    server.child.kill('SIGKILL');
  }
}

async function startRedis(): Promise<{ port: number; child: ChildProcess } | null> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return null;
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', tmpdir(), '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => text.includes('Ready to accept') && resolve());
    child.on('exit', () => reject(new Error('redis-server ended')));
  });
  child.removeAllListeners('exit');
  return { port, child };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
