/** With a real redis-server: shared between machines, killed, restarted, paused, full, garbage, flooded. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import type { RedisSettings, Store } from '../../src/store/open-store.ts';
import {
  ended,
  entry,
  freePort,
  hasRedis,
  makeFolder,
  noise,
  open,
  RedisServer,
  settingsOf,
  startChild,
  until,
  valueOf,
} from './workshop.ts';

/** A machine of its own: another folder, the same Redis. */
const machine = (redis: RedisSettings, folder = makeFolder()) => open(settingsOf(folder, { redis }));

function raw(server: RedisServer): Redis {
  const client = new Redis(server.port, '127.0.0.1');
  onTestFinished(() => client.disconnect());
  return client;
}

/** Values of a store that has been filled and closed. */
async function fill(store: Store, names: readonly string[], length = 2000): Promise<void> {
  for (const name of names) await store.put(entry(name), valueOf(name, length), 1000);
  await store[Symbol.asyncDispose]();
}

const NAMES = Array.from({ length: 40 }, (_, i) => `v${i}`);
const KEY = Buffer.alloc(32, 7);

describe('a shared Redis', () => {
  beforeEach(({ skip }) => skip(!hasRedis, 'there is no redis-server here'));

  test('gives one machine what another has put, which then has it itself', async () => {
    const server = await RedisServer.start();
    await fill(machine(server.settings()).store, NAMES);
    const folder = makeFolder();
    const { store, warnings } = machine(server.settings(), folder);
    const found = await store.getMany(NAMES.map((name) => entry(name)));
    expect(found).toEqual(NAMES.map((name) => valueOf(name, 2000)));
    await store[Symbol.asyncDispose]();
    const alone = open(settingsOf(folder)).store;
    expect(await alone.get(entry('v7'))).toEqual(valueOf('v7', 2000));
    expect(warnings).toEqual([]);
  });

  test('gets what compresses compressed, under the prefix, for as long as it was set', async () => {
    const server = await RedisServer.start();
    await fill(machine(server.settings({ prefix: 'team:' })).store, ['v'], 50_000);
    const client = raw(server);
    const [name, tags] = (await client.keys('*')).sort();
    expect(name).toMatch(/^team:1:minified:[0-9a-f]{64}$/);
    expect(tags).toBe('team:tags');
    expect(await client.strlen(name!)).toBeLessThan(2000);
    expect(await client.pttl(name!)).toBeGreaterThan(3_500_000);
  });

  test.each([true, false])('has a value at once or a little later: write-behind %s', async (writeBehind) => {
    const server = await RedisServer.start();
    const { store } = machine(server.settings({ writeBehind }));
    await store.put(entry('v'), valueOf('v', 2000));
    if (writeBehind) await store.flush();
    expect(await raw(server).keys('pare:1:*')).toHaveLength(1);
  });

  test('tells the other machines what was taken back by tag', async () => {
    const server = await RedisServer.start();
    const [folder, tagged] = [makeFolder(), entry('v', 'minified', ['package:a@1'])];
    const first = machine(server.settings()).store;
    await first.put(tagged, valueOf('v', 2000));
    await first.flush();
    const second = machine(server.settings(), folder).store;
    expect(await second.get(tagged)).toEqual(valueOf('v', 2000));
    await second[Symbol.asyncDispose]();
    await first.invalidateTag('package:a@1');
    expect(await machine(server.settings()).store.get(tagged)).toBe(null);
    // What lies on the other machine's disk is taken back when it next connects.
    const again = machine(server.settings(), folder).store;
    await again.get(entry('something else'));
    expect(await again.get(tagged)).toBe(null);
    await first.put(tagged, valueOf('new', 2000));
    await first.flush();
    expect(await again.get(tagged)).toEqual(valueOf('new', 2000));
  });

  test('can be cleared by kind and as a whole, without touching what others keep in it', async () => {
    const server = await RedisServer.start();
    const client = raw(server);
    await client.set('theirs', 'x');
    const { store } = machine(server.settings());
    await store.put(entry('a', 'facts'), valueOf('a', 2000));
    await store.put(entry('b'), valueOf('b', 2000));
    await store.flush();
    expect(await store.clear({ kind: 'facts', tier: 'redis' })).toMatchObject([{ tier: 'redis', entries: 1 }]);
    expect(await store.clear({ tier: 'redis' })).toMatchObject([{ tier: 'redis', entries: 1 }]);
    expect((await client.keys('*')).sort()).toEqual(['pare:tags', 'theirs']);
  });

  test('warms a machine that has nothing but its profile', async () => {
    const server = await RedisServer.start();
    const folder = makeFolder();
    const { store } = machine(server.settings(), folder);
    store.learn('k');
    await fill(store, NAMES);
    await open(settingsOf(folder)).store.clear({ kind: 'minified' });
    const next = machine(server.settings(), folder).store;
    expect(await next.warm('k')).toMatchObject({ likely: 40, loaded: 40, fetched: 40 });
    await next.getMany(NAMES.map((name) => entry(name)));
    expect((await next.stats()).run.warm).toEqual({ loaded: 40, used: 40 });
  });
});

describe('encryption', () => {
  beforeEach(({ skip }) => skip(!hasRedis, 'there is no redis-server here'));

  test('leaves nothing to read in Redis', async () => {
    const server = await RedisServer.start();
    const secret = Buffer.from('the secret of the source');
    const { store } = machine(server.settings({ encryptionKey: KEY }));
    await store.put(entry('v', 'facts', ['package:hidden']), secret);
    await store.flush();
    const client = raw(server);
    const [name] = await client.keys('pare:1:*');
    const kept = (await client.getBuffer(name!))!;
    expect([kept.includes('secret'), kept.includes('hidden')]).toEqual([false, false]);
    const other = machine(server.settings({ encryptionKey: KEY }));
    expect(Buffer.from((await other.store.get(entry('v', 'facts')))!)).toEqual(secret);
  });

  test('a changed entry, one in the place of another, one in the open: each is a miss, with one warning', async () => {
    const server = await RedisServer.start();
    const settings = server.settings({ encryptionKey: KEY });
    await fill(machine(settings).store, ['a', 'b', 'c', 'd']);
    const client = raw(server);
    const names = (await client.keys('pare:1:*')).sort();
    const [first, second, third, fourth] = await Promise.all(names.map((name) => client.getBuffer(name)));
    first![first!.length - 1]! ^= 1;
    await client.set(names[0]!, first!);
    await client.set(names[1]!, third!);
    await client.set(names[2]!, 'in the open');
    expect([second!.length > 0, fourth!.length > 0]).toEqual([true, true]);
    const { store, warnings } = machine(settings);
    const found = await store.getMany(['a', 'b', 'c', 'd'].map((name) => entry(name)));
    const right = found.filter((value) => value !== null);
    expect(right).toHaveLength(1);
    const at = found.findIndex((value) => value !== null);
    expect(right[0]).toEqual(valueOf('abcd'[at]!, 2000));
    expect(warnings).toMatchObject([{ code: 'cache-entry-tampered' }]);
  });

  test('without the key, and with another one, there is nothing to be had', async () => {
    const server = await RedisServer.start();
    await fill(machine(server.settings({ encryptionKey: KEY })).store, ['v']);
    for (const [encryptionKey, code] of [
      [null, 'cache-key-missing'],
      [Buffer.alloc(32, 8), 'cache-entry-tampered'],
    ] as const) {
      const { store, warnings } = machine(server.settings({ encryptionKey }));
      expect(await store.get(entry('v'))).toBe(null);
      expect(warnings).toMatchObject([{ code }]);
    }
  });
});

describe('trouble', () => {
  beforeEach(({ skip }) => skip(!hasRedis, 'there is no redis-server here'));

  /** A run with a hundred values, as a build would make them. */
  async function runThrough(store: Store, name: string): Promise<void> {
    for (let i = 0; i < 20; i++) {
      const five = Array.from({ length: 5 }, (_, j) => `${name} ${i} ${j}`);
      const values = await Promise.all(five.map((each) => store.through(entry(each), async () => valueOf(each, 3000))));
      expect(values).toEqual(five.map((each) => valueOf(each, 3000)));
    }
  }

  test('nobody listens: the run goes on, with one warning, and asks nothing', async () => {
    const port = await freePort();
    const redis = { ...nowhere(), url: `redis://user:secret@127.0.0.1:${port}` };
    const { store, warnings } = machine(redis);
    await runThrough(store, 'x');
    expect((await store.stats()).redis).toMatchObject({ asked: 0, opened: 1 });
    expect(warnings).toMatchObject([{ code: 'cache-redis-away', message: expect.stringContaining('ECONNREFUSED') }]);
    expect(warnings[0]!.message).not.toContain('secret');
  });

  test('an address that is none: the run goes on, with one warning', async () => {
    const { store, warnings } = machine({ ...nowhere(), url: 'redis://[not an address' });
    await runThrough(store, 'x');
    expect(warnings).toHaveLength(1);
  });

  test('a wrong password: one warning that says so', async () => {
    const server = await RedisServer.start('--requirepass', 'secret');
    const url = new URL(server.settings().url);
    url.password = 'wrong';
    const { store, warnings } = machine(server.settings({ url: url.href }));
    await runThrough(store, 'x');
    expect(warnings).toMatchObject([{ code: 'cache-redis-refused', message: expect.stringContaining('WRONGPASS') }]);
  });

  test('a password that is asked for: one warning that says so', async () => {
    const server = await RedisServer.start('--requirepass', 'secret');
    const { store, warnings } = machine(server.settings());
    await runThrough(store, 'x');
    expect(warnings).toMatchObject([{ code: 'cache-redis-refused', hint: expect.stringContaining('password') }]);
  });

  test('it hangs: the circuit opens at the first wait, and what else is asked is answered at once', async () => {
    const server = await RedisServer.start();
    const { store, warnings } = machine(server.settings({ timeoutMs: 500 }));
    await store.get(entry('so that it is connected'));
    server.signal('SIGSTOP');
    await runThrough(store, 'x');
    const redis = (await store.stats()).redis!;
    // Five were asked at a time, so five and no more can have waited.
    expect(redis.asked).toBeLessThanOrEqual(6);
    expect(redis).toMatchObject({ opened: 1, spared: 95 });
    await store[Symbol.asyncDispose]();
    expect(warnings).toMatchObject([{ code: 'cache-redis-slow' }]);
    server.signal('SIGCONT');
  });

  test('it hangs while much waits to be written: closing gives up, and says how much was dropped', async () => {
    const server = await RedisServer.start();
    const { store } = machine(server.settings({ timeoutMs: 500 }));
    await store.get(entry('so that it is connected'));
    server.signal('SIGSTOP');
    for (const name of NAMES) await store.put(entry(name), noise(name, 100_000));
    await store[Symbol.asyncDispose]();
    expect((await store.stats()).redis).toMatchObject({ written: 0, dropped: 40 });
    server.signal('SIGCONT');
  });

  test('it hangs: a process that forgets to close ends all the same', async () => {
    const server = await RedisServer.start();
    server.signal('SIGSTOP');
    const settings = settingsOf(makeFolder(), { redis: server.settings({ timeoutMs: 50 }) });
    const child = await startChild('visitor.mjs', { settings, uid: null, length: 9000, forgets: true });
    const { code, stdout } = await ended(child);
    expect([code, (JSON.parse(stdout) as { computed: number }).computed]).toEqual([0, 200]);
    server.signal('SIGCONT');
  });

  test('killed in the middle, and back again: the run goes on, and uses it again', async () => {
    const server = await RedisServer.start();
    const { store, warnings } = machine(server.settings());
    await runThrough(store, 'before');
    await store.flush();
    await server.kill();
    await runThrough(store, 'during');
    expect((await store.stats()).redis).toMatchObject({ opened: 1 });
    await server.run();
    const asked = (await store.stats()).redis!.asked;
    await until(async () => {
      await store.get(entry(`new ${performance.now()}`));
      return (await store.stats()).redis!.asked > asked;
    });
    await store.put(entry('after'), valueOf('after', 3000));
    await store.flush();
    expect(await machine(server.settings()).store.get(entry('after'))).toEqual(valueOf('after', 3000));
    expect(warnings).toMatchObject([{ code: 'cache-redis-away' }]);
  });

  test('full: one warning, and what is in it is still given', async () => {
    const server = await RedisServer.start('--maxmemory', '3mb', '--maxmemory-policy', 'noeviction');
    await fill(machine(server.settings()).store, ['first']);
    const { store, warnings } = machine(server.settings());
    for (let i = 0; i < 40; i++) {
      await store.put(entry(`n${i}`), noise(`n${i}`, 100_000));
      await store.flush();
    }
    expect(warnings).toMatchObject([{ code: 'cache-redis-full', message: expect.stringContaining('OOM') }]);
    const { store: other } = machine(server.settings());
    expect(await other.get(entry('first'))).toEqual(valueOf('first', 2000));
  });

  test('garbage: every value was overwritten by somebody: misses, one warning, and they are removed', async () => {
    const server = await RedisServer.start();
    await fill(machine(server.settings()).store, NAMES);
    const client = raw(server);
    const names = await client.keys('pare:1:*');
    for (const [i, name] of names.entries()) {
      const sound = (await client.getBuffer(name))!;
      const wrong = [Buffer.from('rubbish'), Buffer.alloc(0), sound.subarray(0, sound.length - 3), noise(name, 500)][
        i % 4
      ]!;
      if (i === 5) {
        await client.del(name);
        await client.lpush(name, 'a list');
      } else await client.set(name, wrong);
    }
    const { store, warnings } = machine(server.settings());
    expect(await store.getMany(NAMES.map((name) => entry(name)))).toEqual(NAMES.map(() => null));
    expect(warnings).toMatchObject([{ code: 'cache-entry-foreign' }]);
    await until(async () => (await client.keys('pare:1:*')).length <= 1);
    await runThrough(store, 'x');
  });

  test('what answers is no Redis at all: the run goes on, with one warning', async () => {
    const server = createServer((socket: Socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write(noise(String(Math.random()), 1000)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const { store, warnings } = machine({ ...nowhere(), url: `redis://127.0.0.1:${port}` });
    await runThrough(store, 'x');
    expect(warnings).toHaveLength(1);
  });

  test('flooded with more than the queue holds: what is too much is dropped, and every value is right', async () => {
    const server = await RedisServer.start();
    const { store, warnings } = machine(server.settings());
    await store.get(entry('so that it is connected'));
    const values = Array.from({ length: 120 }, (_, i) => [`f${i}`, noise(`f${i}`, 500_000)] as const);
    await Promise.all(values.map(([name, value]) => store.put(entry(name), value)));
    await store.flush();
    const { written, dropped } = (await store.stats()).redis!;
    expect(written + dropped).toBe(120);
    expect(written).toBeGreaterThan(20);
    const other = machine(server.settings()).store;
    const found = await other.getMany(values.map(([name]) => entry(name)));
    expect(found.filter((value) => value !== null)).toHaveLength(written);
    for (const [i, value] of found.entries())
      if (value !== null) expect(Buffer.from(value).equals(values[i]![1])).toBe(true);
    expect(warnings).toEqual([]);
  });

  test('busy with others: our own thread computing is not taken for a slow Redis', async () => {
    const server = await RedisServer.start();
    const { store, warnings } = machine(server.settings({ timeoutMs: 300 }));
    for (let i = 0; i < 3; i++) {
      const asked = store.get(entry(`v${i}`));
      await wait(0);
      const end = performance.now() + 700;
      while (performance.now() < end);
      expect(await asked).toBe(null);
    }
    expect((await store.stats()).redis).toMatchObject({ opened: 0, asked: 3 });
    expect(warnings).toEqual([]);
  });
});

function nowhere(): RedisSettings {
  return {
    url: '',
    prefix: 'pare:',
    ttlMs: 3_600_000,
    timeoutMs: 50,
    writeBehind: true,
    encryptionKey: null,
  };
}
