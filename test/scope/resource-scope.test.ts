import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';

import { ResourceScope } from '../../src/scope/resource-scope.ts';
import { sweepTempFolders } from '../../src/scope/temp-folders.ts';
import { temporaryFolder } from '../support/bundle.ts';
import { heapPerRound, measureLeaks } from '../support/leaks.ts';
import { runScript, Scripts } from '../support/script.ts';

const scripts = new Scripts();
afterAll(() => scripts[Symbol.dispose]());

/** A resource that writes into the log when it is opened and closed. */
function logging(log: string[], name: string) {
  return async () => {
    await sleep(1);
    log.push(`open ${name}`);
    return {
      name,
      async [Symbol.asyncDispose]() {
        await sleep(1);
        log.push(`close ${name}`);
      },
    };
  };
}

/** One that has ended, and whose end nobody asked for yet, is not alive. */
function isAlive(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}

describe('a resource', () => {
  test('is opened when it is first asked for, once, however many ask', async () => {
    const log: string[] = [];
    await using scope = new ResourceScope('run');
    const store = scope.use('store', logging(log, 'store'));
    expect([log, store.opened]).toEqual([[], null]);
    const [first, ...others] = await Promise.all(Array.from({ length: 100 }, () => store.get()));
    expect(new Set([first, ...others, await store.get(), store.opened]).size).toBe(1);
    expect(log).toEqual(['open store']);
  });

  test('that nobody asked for is neither opened nor closed', async () => {
    const log: string[] = [];
    const scope = new ResourceScope('run');
    scope.use('store', logging(log, 'store'));
    await scope.close();
    expect(log).toEqual([]);
  });

  test('is closed before what it needs, in the opposite order of opening', async () => {
    const log: string[] = [];
    const scope = new ResourceScope('run');
    const tasks = scope.use('tasks', logging(log, 'tasks'), { needs: ['pool', 'store'] });
    scope.use('store', logging(log, 'store'));
    scope.use('pool', logging(log, 'pool'), { needs: ['telemetry'] });
    scope.use('telemetry', logging(log, 'telemetry'));
    await tasks.get();
    expect(log.at(-1)).toBe('open tasks');
    const opened = log.map((line) => line.replace('open ', ''));
    await scope.close();
    const closed = log.slice(4).map((line) => line.replace('close ', ''));
    expect(closed).toEqual(opened.toReversed());
    expect(closed.indexOf('pool')).toBeLessThan(closed.indexOf('telemetry'));
  });

  test('may be asked for by the opening of another, and is closed after it', async () => {
    const log: string[] = [];
    const scope = new ResourceScope('run');
    const store = scope.use('store', logging(log, 'store'));
    const pool = scope.use('pool', async () => {
      await store.get();
      return logging(log, 'pool')();
    });
    await pool.get();
    await scope.close();
    expect(log).toEqual(['open store', 'open pool', 'close pool', 'close store']);
  });

  test('tells the circle of those that need each other', async () => {
    await using scope = new ResourceScope('run');
    scope.use('a', () => 1, { needs: ['b'] });
    scope.use('b', () => 1, { needs: ['c'] });
    const c = scope.use('c', () => 1, { needs: ['a'] });
    await expect(c.get()).rejects.toThrow('c → a → b → c');
  });

  test('tells who needs what is not there', async () => {
    await using scope = new ResourceScope('run');
    const pool = scope.use('pool', () => 1, { needs: ['stroe'] });
    await expect(pool.get()).rejects.toThrow('"pool" needs "stroe", which "run" doesn\'t have');
  });

  test('that could not be opened is tried again by the next who asks', async () => {
    await using scope = new ResourceScope('run');
    let tries = 0;
    const store = scope.use('store', () => {
      if (++tries === 1) throw new Error('locked');
      return 'open';
    });
    await expect(Promise.all([store.get(), store.get()])).rejects.toThrow('locked');
    expect(tries).toBe(1);
    expect(await store.get()).toBe('open');
  });

  test.each([
    ['says no', () => false, 'store: the health check failed'],
    [
      'throws',
      () => {
        throw new Error('no answer');
      },
      'store: the health check failed: no answer',
    ],
  ])('whose health check %s is closed again', async (_, check, message) => {
    const log: string[] = [];
    const scope = new ResourceScope('run');
    const store = scope.use('store', logging(log, 'store'), { check });
    await expect(store.get()).rejects.toThrow(message);
    expect(log).toEqual(['open store', 'close store']);
    await scope.close();
    expect(log).toHaveLength(2);
  });

  test('is closed in its own way, in the named one, or not at all', async () => {
    const log: string[] = [];
    const scope = new ResourceScope('run');
    const made = [
      scope.use('sync', () => ({ [Symbol.dispose]: () => void log.push('sync') })),
      scope.use('named', () => 7, { close: (resource) => log.push(`named ${resource}`) }),
      scope.use('plain', () => ({ value: 1 })),
      scope.use('nothing', () => null),
    ];
    for (const each of made) await each.get();
    await scope.close();
    expect(log).toEqual(['named 7', 'sync']);
  });

  test('cannot have the name of another', () => {
    const scope = new ResourceScope('run');
    scope.use('store', () => 1);
    expect(() => scope.use('store', () => 2)).toThrow('"run" has a resource "store" already');
  });
});

describe('closing', () => {
  test('lets no failure keep the others from closing, and tells all by name', async () => {
    const log: string[] = [];
    const scope = new ResourceScope('run');
    for (const name of ['a', 'b', 'c', 'd']) {
      scope.onClose(name, () => {
        log.push(name);
        if (name === 'b') throw new Error('b is stuck');
        return name === 'd' ? Promise.reject(new TypeError('d is gone')) : undefined;
      });
    }
    const error = await scope.close().catch((error: unknown) => error);
    expect(log).toEqual(['d', 'c', 'b', 'a']);
    expect(error).toBeInstanceOf(AggregateError);
    const { message, errors } = error as AggregateError;
    expect(message).toBe('Closing "run": d: d is gone; b: b is stuck');
    expect((errors[0] as Error).cause).toBeInstanceOf(TypeError);
  });

  test('happens once', async () => {
    let times = 0;
    const scope = new ResourceScope('run');
    scope.onClose('count', () => times++);
    await Promise.all([scope.close(), scope.close(), scope[Symbol.asyncDispose]()]);
    expect(times).toBe(1);
  });

  test('waits for what is being opened, and closes it too', async () => {
    const log: string[] = [];
    const scope = new ResourceScope('run');
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const store = scope.use('store', () => {
      begin();
      return logging(log, 'store')();
    });
    await Promise.all([expect(store.get()).rejects.toThrow('"run" is closed'), begun.then(() => scope.close())]);
    expect(log).toEqual(['open store', 'close store']);
  });

  test('tells what is being opened by the signal', async () => {
    const scope = new ResourceScope('run');
    const store = scope.use('store', ({ signal }) => sleep(60_000, 'open', { signal }));
    const asking = store.get();
    await Promise.all([expect(asking).rejects.toMatchObject({ name: 'AbortError' }), scope.close()]);
  });

  test('leaves nothing to be opened afterwards', async () => {
    const scope = new ResourceScope('run');
    const store = scope.use('store', () => 1);
    await scope.close();
    await expect(store.get()).rejects.toThrow('"run" is closed');
    await expect(scope.tempFolder()).rejects.toThrow('"run" is closed');
    expect(() => scope.spawn('true')).toThrow('"run" is closed');
    expect(() => scope.timeout(1, () => undefined)).toThrow('"run" is closed');
    expect(() => scope.child('part')).toThrow('"run" is closed');
  });

  test('gives their turn to closers that are left by closing', async () => {
    const log: string[] = [];
    const scope = new ResourceScope('run');
    const late = scope.use('late', () => 1, { close: () => log.push('late') });
    scope.onClose('first', () => log.push('first'));
    await late.get();
    await scope.close();
    expect(log).toEqual(['late', 'first']);
  });

  test('does not do what was taken back', async () => {
    let done = false;
    const scope = new ResourceScope('run');
    const takeBack = scope.onClose('report', () => (done = true));
    takeBack();
    await scope.close();
    expect(done).toBe(false);
  });
});

describe('a child scope', () => {
  test('is closed in its turn, and told at once', async () => {
    const log: string[] = [];
    const run = new ResourceScope('run');
    run.onClose('below', () => log.push('below'));
    const part = run.child('part');
    part.onClose('inner', () => log.push('inner'));
    run.onClose('above', () => log.push(`above, part told: ${part.signal.aborted}`));
    await run.close();
    expect(log).toEqual(['above, part told: true', 'inner', 'below']);
  });

  test('that is closed on its own leaves the other open, and is forgotten', async () => {
    let times = 0;
    const run = new ResourceScope('run');
    const part = run.child('part');
    part.onClose('inner', () => times++);
    await part.close();
    expect(run.signal.aborted).toBe(false);
    await run.close();
    expect(times).toBe(1);
  });

  test('puts its errors into those of the whole', async () => {
    const run = new ResourceScope('run');
    run.child('part').onClose('inner', () => {
      throw new Error('stuck');
    });
    await expect(run.close()).rejects.toThrow('Closing "run": part: Closing "part": inner: stuck');
  });
});

describe('a temporary folder', () => {
  test('is gone with the scope, with all that is in it', async () => {
    const scope = new ResourceScope('run');
    const folder = await scope.tempFolder();
    const file = await scope.tempFile('list.txt', 'one\n');
    mkdirSync(path.join(folder, 'a/b'), { recursive: true });
    expect(readFileSync(file, 'utf8')).toBe('one\n');
    await scope.close();
    expect([folder, file, path.dirname(file)].filter((each) => existsSync(each))).toEqual([]);
  });

  test('is gone when the process ends by process.exit()', async () => {
    using temp = temporaryFolder();
    const script = await scripts.write(`
      import { ResourceScope } from './src/scope/resource-scope.ts';
      const folder = await new ResourceScope('run').tempFolder(${JSON.stringify(temp.folder)});
      console.log(folder);
      process.exit(7);
    `);
    const { code, stdout } = await runScript(script);
    expect([code, stdout.startsWith(temp.folder)]).toEqual([7, true]);
    expect(readdirSync(temp.folder)).toEqual([]);
  });

  test('of a killed process is swept by the next one, of a living one it stays', async () => {
    using temp = temporaryFolder();
    const killed = await scripts.write(`
      import { ResourceScope } from './src/scope/resource-scope.ts';
      await new ResourceScope('run').tempFolder(${JSON.stringify(temp.folder)});
      process.kill(process.pid, 'SIGKILL');
    `);
    expect((await runScript(killed)).signal).toBe('SIGKILL');
    const [left] = readdirSync(temp.folder);
    expect(left).toMatch(/^pare-[0-9a-f]{8}-\d+-/);
    const elsewhere = left!.replace(/^pare-[0-9a-f]{8}/, 'pare-00000000');
    for (const name of [elsewhere, 'pare-report', 'other']) mkdirSync(path.join(temp.folder, name));

    const scope = new ResourceScope('run');
    const own = path.basename(await scope.tempFolder(temp.folder));
    await expect.poll(() => readdirSync(temp.folder).sort()).toEqual([elsewhere, own, 'pare-report', 'other'].sort());
    expect(await sweepTempFolders(temp.folder)).toEqual([]);
    await scope.close();
    expect(readdirSync(temp.folder)).not.toContain(own);
  });
});

describe('a child process', () => {
  test('ends with the scope', async () => {
    const scope = new ResourceScope('run');
    const child = scope.spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    expect(isAlive(child.pid!)).toBe(true);
    await scope.close();
    expect([child.signalCode, isAlive(child.pid!)]).toEqual(['SIGTERM', false]);
  });

  test('that takes no notice is killed after the grace', async () => {
    const scope = new ResourceScope('run');
    const deaf = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('deaf')`;
    const child = scope.spawn(process.execPath, ['-e', deaf], { graceMs: 50, stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    await scope.close();
    expect(child.signalCode).toBe('SIGKILL');
  });

  test.skipIf(process.platform === 'win32')('takes those with it that it has started, as a group', async () => {
    const scope = new ResourceScope('run');
    const program = `"${process.execPath}" -e "console.log(process.pid); setInterval(() => {}, 1000)"; true`;
    const child = scope.spawn('sh', ['-c', program], { group: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = await new Promise<number>((resolve) => {
      child.stdout?.once('data', (data: Buffer) => resolve(Number(data.toString())));
    });
    await scope.close();
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('that cannot be started says so by its event, and closing goes on', async () => {
    const scope = new ResourceScope('run');
    const child = scope.spawn('no-such-program-of-ours');
    const error = await new Promise((resolve) => child.once('error', resolve));
    expect(error).toMatchObject({ code: 'ENOENT' });
    await expect(scope.close()).resolves.toBeUndefined();
  });

  test('does not outlive a process that ends by process.exit()', async () => {
    const script = await scripts.write(`
      import { ResourceScope } from './src/scope/resource-scope.ts';
      const child = new ResourceScope('run').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      child.once('spawn', () => { console.log(child.pid); process.exit(0); });
    `);
    const { stdout } = await runScript(script);
    expect(Number(stdout)).toBeGreaterThan(1);
    await expect.poll(() => isAlive(Number(stdout))).toBe(false);
  });
});

describe('timers', () => {
  test('fire, until they are cleared or the scope is closed', async () => {
    const scope = new ResourceScope('run');
    const log: string[] = [];
    scope.timeout(1, () => log.push('fired'));
    scope.timeout(1, () => log.push('cleared'))();
    scope.interval(1, () => log.push('tick'));
    await expect.poll(() => log.filter((each) => each === 'tick').length).toBeGreaterThan(2);
    scope.timeout(5, () => log.push('late'));
    await scope.close();
    const before = log.length;
    await sleep(20);
    expect(log).toHaveLength(before);
    expect(log).toContain('fired');
    expect(log).not.toContain('cleared');
    expect(log).not.toContain('late');
  });
});

test('a thousand parts of a run leave neither heap nor handles', async () => {
  const leaks = await measureLeaks(scripts, {
    source: `
      import { ResourceScope } from './src/scope/resource-scope.ts';
      const run = new ResourceScope('run');
      export async function round(index) {
        const part = run.child('part ' + index);
        const store = part.use('store', () => ({ bytes: new Array(1000).fill(index), [Symbol.asyncDispose]: async () => {} }));
        const pool = part.use('pool', () => new Array(1000).fill(index), { needs: ['store'] });
        await pool.get();
        run.onClose('never', () => {})();
        run.timeout(60_000, () => {})();
        part.interval(60_000, () => {});
        if (index % 100 === 0) await part.tempFolder();
        await part.close();
      }
      export const end = () => run.close();
    `,
    rounds: 1_000,
  });
  // One part holds 16 KB while it is open.
  expect(heapPerRound(leaks)).toBeLessThan(200);
  expect(new Set(leaks.looks.map(({ handles }) => handles.join())).size).toBe(1);
  expect(leaks.handlesAtEnd).toEqual([]);
});
