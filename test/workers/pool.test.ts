import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { moved, movable } from '../../src/workers/moved.ts';
import { openPool, type PoolOptions, type WorkerSettings } from '../../src/workers/pool.ts';
import { temporaryFolder } from '../support/bundle.ts';
import { heapPerRound, measureLeaks } from '../support/leaks.ts';
import { runScript, Scripts } from '../support/script.ts';
import { tasks } from './tasks.mjs';

const scripts = new Scripts();
let file: string;
beforeAll(async () => {
  file = await scripts.write(`export { tasks } from './test/workers/tasks.mjs';`);
});
afterAll(() => scripts[Symbol.dispose]());

const DEFAULTS: WorkerSettings = { max: 1, queue: 10_000, memoryBytes: null, timeoutMs: null };

function open(settings: Partial<WorkerSettings> = {}, options: Partial<PoolOptions> = {}) {
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const pool = openPool({ ...DEFAULTS, ...settings }, { file, onWarning, ...options });
  return Object.assign(pool, { warnings });
}

const lines = (log: string): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []);

const failure = (promise: Promise<unknown>): Promise<Error & { code?: string; hint?: string }> =>
  promise.then(
    () => new Error('nothing failed'),
    (error: Error) => error,
  );

describe('a task', () => {
  test('runs in a thread of its own, and gives its result', async () => {
    await using pool = open();
    expect(await pool.run('echo', { list: [1, 2], map: new Map([['a', 1n]]) })).toEqual({
      list: [1, 2],
      map: new Map([['a', 1n]]),
    });
    expect(await pool.run('where', null)).toMatchObject({ isMainThread: false });
  });

  test('has its module loaded once in each worker', async () => {
    await using pool = open();
    const results = await Promise.all(Array.from({ length: 5 }, () => pool.run('times', null)));
    expect(results).toEqual([1, 2, 3, 4, 5]);
  });

  test.each([
    ['pare', { name: 'PareError', code: 'terser-failed', hint: 'Mend main.js.', message: 'main.js: unexpected token' }],
    ['text', { name: 'Error', message: 'only text' }],
    ['symbol', { name: 'Error', message: 'Symbol(odd)' }],
    ['function', { name: 'RangeError', message: 'too far', line: 3 }],
    [
      'cause',
      { name: 'Error', message: 'outer', cause: expect.objectContaining({ name: 'SyntaxError', message: 'inner' }) },
    ],
  ])('that throws rejects with what it threw: %s', async (kind, expected) => {
    await using pool = open();
    expect(await failure(pool.run('fail', { kind }))).toMatchObject(expected);
    expect(await pool.run('echo', 'still there')).toBe('still there');
    expect(pool.stats()).toMatchObject({ started: 1, died: 0 });
  });

  test('that nobody knows is told with those that there are', async () => {
    await using pool = open();
    await expect(pool.run('ecko', null)).rejects.toThrow('There is no task "ecko"; there is echo, where');
    await expect(pool.run('toString', null)).rejects.toThrow('There is no task "toString"');
  });

  test.each(['unclonable', 'detachedView'])('whose result is no data is told so: %s', async (task) => {
    await using pool = open();
    expect(await failure(pool.run(task, null))).toMatchObject({ code: 'worker-result' });
    expect(await pool.run('echo', 1)).toBe(1);
  });

  test('whose input is no data is told so, and what its making throws', async () => {
    await using pool = open();
    const refused = await failure(pool.run('echo', { compress: { filter: () => true } }));
    expect(refused).toMatchObject({ code: 'worker-input', hint: expect.stringContaining('workers.max') });
    const broken = () => {
      throw new Error('file is gone');
    };
    expect(await failure(pool.run('echo', broken))).toMatchObject({ code: 'worker-input' });
    expect(await pool.run('echo', 1)).toBe(1);
  });

  test('prints for people, not into the results', async () => {
    const script = await scripts.write(`
      import { openPool } from './src/workers/pool.ts';
      await using pool = openPool(${JSON.stringify(DEFAULTS)}, { file: ${JSON.stringify(file)} });
      await pool.run('print', null);
    `);
    const { code, stdout, stderr } = await runScript(script);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: 'for people\n' });
  });
});

describe('bytes', () => {
  test('change hands in both directions', async () => {
    await using pool = open();
    const input = new Uint8Array(1_000_000);
    expect(await pool.run('sizeOf', input, { transfer: movable([input]) })).toBe(1_000_000);
    expect(input.byteLength).toBe(0);
    const { bytes } = await pool.run<{ bytes: Uint8Array }>('bytes', { size: 1_000_000 });
    expect([bytes.length, bytes.every((byte) => byte === 7)]).toEqual([1_000_000, true]);
  });

  test('that are a part of something larger are copied, and shared memory stays shared', () => {
    const whole = new Uint8Array(16);
    const shared = new SharedArrayBuffer(8);
    const views = [whole, whole.subarray(2), Buffer.from('small'), shared, new Uint8Array(shared), whole.buffer];
    expect(movable(views)).toEqual([whole.buffer]);
  });

  test('are made when their turn comes, for a second try anew', async () => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    let made = 0;
    await using pool = open();
    const make = () => {
      const bytes = new Uint8Array(1_000);
      return moved({ log, first: ++made === 1, bytes }, [bytes]);
    };
    expect(await pool.run('exitOnce', make)).toBe('second time');
    expect([made, lines(log).length]).toEqual([2, 2]);
  });

  test('that were handed over leave nothing to try again with', async () => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    await using pool = open();
    const bytes = new Uint8Array(1_000);
    const error = await failure(pool.run('exit', { log, code: 3, bytes }, { transfer: movable([bytes]) }));
    expect(error).toMatchObject({ code: 'worker-crashed' });
    expect(lines(log)).toHaveLength(1);
  });
});

describe('priorities', () => {
  test('come first, and among equals who came first', async () => {
    await using pool = open();
    const order: string[] = [];
    const run = (name: string, priority: number) =>
      pool.run('echo', name, { priority }).then((result) => order.push(result as string));
    await Promise.all([
      run('0 a', 0),
      run('5 a', 5),
      run('-1', -1),
      run('0 b', 0),
      run('9', 9),
      run('5 b', 5),
      run('0 c', 0),
    ]);
    expect(order).toEqual(['9', '5 a', '5 b', '0 a', '0 b', '0 c', '-1']);
  });
});

describe('a worker that', () => {
  test.each([
    ['exits', 'exit', { code: 3 }, 'worker-crashed', 'exit code 3'],
    ['throws where nobody catches', 'throwLater', {}, 'worker-crashed', 'nobody catches me'],
    ['has no memory left', 'memory', {}, 'worker-memory', 'needs more memory than 32 MB'],
  ])('%s is replaced, its task tried once more and not twice', async (_, task, input, code, message) => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    await using pool = open({ memoryBytes: 32 * 2 ** 20 });
    const others = Array.from({ length: 5 }, (_, index) => pool.run('echo', index));
    const error = await failure(pool.run(task, { log, ...input }, { priority: 1 }));
    expect(error).toMatchObject({ name: 'PareError', code, message: expect.stringContaining(message) });
    expect(error.message).toContain(`"${task}"`);
    expect(error.hint).toMatch(/workers\./);
    expect(lines(log)).toEqual(['begins', 'begins']);
    expect(await Promise.all(others)).toEqual([0, 1, 2, 3, 4]);
    expect(pool.stats()).toMatchObject({ started: 3, died: 2, retried: 1, queued: 0, running: 0 });
    expect(pool.warnings).toEqual([expect.stringContaining('It is tried once more.')]);
  });

  test('exits once is no failure of the task', async () => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    await using pool = open();
    let tries = 0;
    const result = await pool.run('exitOnce', () => ({ log, first: ++tries === 1 }));
    expect([result, lines(log).length]).toEqual(['second time', 2]);
  });

  test('hangs is ended when the time is over, and its task is not tried again', async () => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    await using pool = open({ timeoutMs: 300 });
    const next = pool.run('echo', 'next', { priority: -1, timeoutMs: 30_000 });
    const error = await failure(pool.run('hang', { log }));
    expect(error).toMatchObject({ code: 'worker-timeout', message: expect.stringContaining('"hang"') });
    expect(await next).toBe('next');
    expect(lines(log)).toHaveLength(1);
    expect(pool.stats()).toMatchObject({ started: 2, died: 0, retried: 0 });
  });

  test('dies without a task is replaced when there is need, and told of', async () => {
    await using pool = open();
    expect(await pool.run('strayThrow', null)).toBe('done');
    await expect.poll(() => pool.warnings).toEqual(['A worker without a task died: after the end.']);
    expect(await pool.run('echo', 1)).toBe(1);
    expect(pool.stats()).toMatchObject({ started: 2, died: 1, workers: 1 });
  });

  test('does not come up fails the tasks, where nobody else can do them', async () => {
    await using pool = open({ max: 2 }, { file: path.join(scripts.folder, 'is-not-there.mjs') });
    const errors = await Promise.all([1, 2, 3].map((input) => failure(pool.run('echo', input))));
    for (const error of errors) expect(error).toMatchObject({ code: 'worker-start', hint: expect.any(String) });
  });

  test('does not come up leaves the work to this thread', async () => {
    await using pool = open({ max: 2 }, { file: path.join(scripts.folder, 'is-not-there.mjs'), tasks });
    expect(await Promise.all([1, 2, 3].map((input) => pool.run('echo', input)))).toEqual([1, 2, 3]);
    expect(pool.warnings).toEqual([expect.stringContaining("Workers don't start")]);
    expect(pool.stats()).toMatchObject({ doneHere: 3, workers: 0 });
  });

  test('has nothing to do ends after a while', async () => {
    await using pool = open({}, { idleMs: 20 });
    await pool.run('echo', 1);
    await expect.poll(() => pool.stats().workers).toBe(0);
    expect(await pool.run('echo', 2)).toBe(2);
    expect(pool.stats()).toMatchObject({ started: 2, died: 0 });
    expect(pool.warnings).toEqual([]);
  });
});

describe('a worker has its next task ahead, which', () => {
  test('it begins without waiting for a thread that is busy', async () => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    await using pool = open();
    await pool.run('echo', 'warm');
    const both = Promise.all([pool.run('sleep', { ms: 20, log }), pool.run('sleep', { ms: 1, log })]);
    await new Promise((resolve) => setImmediate(resolve));
    // Nothing else runs in this thread meanwhile.
    while (lines(log).length < 2);
    expect(await both).toEqual(['slept', 'slept']);
  });

  test('is no reason to wait behind a long one, where another worker has time', async () => {
    await using pool = open({ max: 2 });
    await Promise.all([pool.run('sleep', { ms: 50 }), pool.run('sleep', { ms: 50 })]);
    const controller = new AbortController();
    const long = failure(pool.run('sleep', { ms: 60_000 }, { signal: controller.signal }));
    const short = [1, 2, 3, 4].map((input) => pool.run('echo', input));
    expect(await Promise.all(short)).toEqual([1, 2, 3, 4]);
    controller.abort(new Error('enough'));
    expect((await long).message).toBe('enough');
    expect(pool.stats()).toMatchObject({ started: 2, workers: 2 });
  });

  test('is not done when its worker dies before, nor blamed for it', async () => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    await using pool = open();
    const error = failure(pool.run('exit', { log, code: 1 }));
    const next = pool.run('exitOnce', { log, first: false });
    expect(await error).toMatchObject({ code: 'worker-crashed' });
    expect(await next).toBe('second time');
    expect(lines(log)).toHaveLength(3);
    expect(pool.stats()).toMatchObject({ retried: 1 });
  });
});

test('a result that is there in time is no late one because this thread was busy', async () => {
  using temp = temporaryFolder();
  const log = path.join(temp.folder, 'log');
  await using pool = open();
  await pool.run('echo', 'warm');
  const result = pool.run('exitOnce', { log, first: false }, { timeoutMs: 1_000 });
  await new Promise((resolve) => setImmediate(resolve));
  while (lines(log).length === 0);
  // The result is there long before the time is over, and this thread looks at neither.
  const end = performance.now() + 1_200;
  while (performance.now() < end);
  expect(await result).toBe('second time');
});

describe('a signal', () => {
  test('takes out what waits, at once', async () => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    await using pool = open();
    const long = pool.run('sleep', { ms: 200 });
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = Array.from({ length: 20 }, () => failure(pool.run('exit', { log, code: 1 }, { signal })));
    const last = pool.run('echo', 'last');
    await sleep(20);
    controller.abort(new Error('enough'));
    expect((await Promise.all(waiting)).map(({ message }) => message)).toEqual(Array(20).fill('enough'));
    expect(pool.stats().queued).toBeLessThanOrEqual(2);
    expect(await Promise.all([long, last])).toEqual(['slept', 'last']);
    expect(lines(log)).toEqual([]);
  });

  test('is told to the task that runs, whose worker goes on', async () => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    await using pool = open();
    const controller = new AbortController();
    const error = failure(pool.run('sleep', { ms: 60_000, log }, { signal: controller.signal }));
    await expect.poll(() => lines(log)).toEqual(['begins']);
    controller.abort();
    expect(await error).toMatchObject({ name: 'AbortError' });
    expect(await pool.run('echo', 'next')).toBe('next');
    expect(lines(log)).toEqual(['begins', 'told']);
    expect(pool.stats()).toMatchObject({ started: 1 });
  });

  test('ends the worker of a task that takes no notice', async () => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    await using pool = open();
    const controller = new AbortController();
    const error = failure(pool.run('hang', { log }, { signal: controller.signal }));
    await expect.poll(() => lines(log)).toEqual(['begins']);
    controller.abort(new Error('enough'));
    expect((await error).message).toBe('enough');
    expect(await pool.run('echo', 'next')).toBe('next');
    expect(pool.stats()).toMatchObject({ started: 2, died: 0, retried: 0 });
    expect(pool.warnings).toEqual([]);
  });

  test('that was there before keeps the task from being asked for', async () => {
    await using pool = open();
    await expect(pool.run('echo', 1, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
    expect(pool.stats()).toMatchObject({ started: 0, done: 0 });
  });
});

describe('the queue', () => {
  test('lets more wait than it has places for, in order', async () => {
    await using pool = open({ queue: 3 });
    const order: unknown[] = [];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => pool.run('echo', index).then((each) => order.push(each))),
    );
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  test('that is full fails those who would not wait', async () => {
    await using pool = open({ queue: 3 });
    const asked = Array.from({ length: 3 }, (_, index) => pool.run('echo', index));
    const error = await failure(pool.run('echo', 3, { whenFull: 'reject' }));
    expect(error).toMatchObject({ code: 'worker-queue-full', hint: expect.stringContaining('workers.queue') });
    expect(await Promise.all(asked)).toEqual([0, 1, 2]);
    expect(await pool.run('echo', 4, { whenFull: 'reject' })).toBe(4);
  });

  test('is never longer than its bound when whoever asks waits for a place', async () => {
    await using pool = open({ queue: 10 });
    let longest = 0;
    const results: Promise<unknown>[] = [];
    for (let index = 0; index < 200; index++) {
      await pool.ready();
      results.push(pool.run('echo', index));
      longest = Math.max(longest, pool.stats().queued);
    }
    expect(await Promise.all(results)).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(longest).toBe(10);
  });

  test('can be left while waiting for a place', async () => {
    await using pool = open({ queue: 1 });
    const long = pool.run('sleep', { ms: 100 });
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = [failure(pool.run('echo', 1, { signal })), failure(pool.ready(signal))];
    controller.abort(new Error('enough'));
    expect((await Promise.all(waiting)).map(({ message }) => message)).toEqual(['enough', 'enough']);
    expect(await long).toBe('slept');
  });

  test('leaves nobody waiting for a place who then asks for nothing', async () => {
    await using pool = open({ queue: 1 });
    const first = pool.run('echo', 1);
    const waiters = Promise.all(Array.from({ length: 10 }, () => pool.ready()));
    expect(await first).toBe(1);
    await expect(waiters).resolves.toHaveLength(10);
  });
});

describe('without workers', () => {
  test('runs what is not worth their start', async () => {
    await using pool = open({ max: 2 }, { tasks });
    const results = await Promise.all(Array.from({ length: 10 }, () => pool.run('where', null, { estimateMs: 30 })));
    expect(results).toEqual(Array(10).fill(expect.objectContaining({ threadId: expect.any(Number) })));
    expect(pool.stats()).toMatchObject({ started: 0, doneHere: 10 });
  });

  test.each([
    ['when all that is asked for together is', 20, { estimateMs: 30 }],
    ['for work of unknown length', 1, {}],
    ['for work with a limit, which only a worker can keep', 1, { estimateMs: 1, timeoutMs: 60_000 }],
  ])('starts them %s', async (_, count, options) => {
    await using pool = open({ max: 2 }, { tasks });
    await Promise.all(Array.from({ length: count }, () => pool.run('echo', 1, options)));
    expect(pool.stats()).toMatchObject({ doneHere: 0 });
    expect(pool.stats().started).toBeGreaterThan(0);
  });

  test('uses those that are there already', async () => {
    await using pool = open({ max: 2 }, { tasks });
    await pool.run('echo', 1);
    expect(await pool.run('where', null, { estimateMs: 1 })).toMatchObject({ isMainThread: false });
  });

  test('obeys signals, errors, handed over results and closing all the same', async () => {
    const pool = open({ max: 0 }, { tasks });
    expect(await pool.run('bytes', { size: 3 })).toEqual({ bytes: Uint8Array.of(7, 7, 7) });
    expect(await failure(pool.run('fail', { kind: 'pare' }))).toMatchObject({ code: 'terser-failed' });
    const controller = new AbortController();
    const aborted = failure(pool.run('sleep', { ms: 60_000 }, { signal: controller.signal }));
    await sleep(10);
    controller.abort(new Error('enough'));
    expect((await aborted).message).toBe('enough');
    expect(await failure(pool.run('sleep', { ms: 60_000 }, { timeoutMs: 10 }))).toMatchObject({
      code: 'worker-timeout',
    });
    const left = failure(pool.run('sleep', { ms: 60_000 }));
    await sleep(10);
    await pool.close();
    expect(await left).toMatchObject({ name: 'AbortError' });
  });
});

describe('closing', () => {
  test('ends what runs and what waits, and takes nothing more', async () => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    const pool = open({ queue: 2 });
    const running = [failure(pool.run('sleep', { ms: 60_000, log })), failure(pool.run('echo', 1))];
    await expect.poll(() => lines(log)).toEqual(['begins']);
    running.push(failure(pool.run('echo', 2)), failure(pool.run('echo', 3)), failure(pool.ready()));
    await Promise.all([pool.close(), pool.close()]);
    for (const error of await Promise.all(running)) expect(error).toMatchObject({ name: 'AbortError' });
    expect(lines(log)).toEqual(['begins', 'told']);
    expect(await failure(pool.run('echo', 4))).toMatchObject({ message: 'The worker pool is closed.' });
    expect(pool.stats()).toMatchObject({ workers: 0, queued: 0, running: 0 });
  });

  test('ends a worker that hangs, and one that is being started', async () => {
    using temp = temporaryFolder();
    const log = path.join(temp.folder, 'log');
    const pool = open({ max: 2 });
    const hanging = failure(pool.run('hang', { log }));
    await expect.poll(() => lines(log)).toEqual(['begins']);
    const waiting = failure(pool.run('echo', 1));
    await Promise.resolve();
    await pool.close();
    expect(await hanging).toMatchObject({ name: 'AbortError' });
    expect(await waiting).toMatchObject({ name: 'AbortError' });
    expect(pool.stats()).toMatchObject({ workers: 0, retried: 0 });
  });

  test('can wait for the work', async () => {
    await using pool = open({ max: 2 });
    let done = 0;
    for (let index = 0; index < 10; index++) void pool.run('echo', index).then(() => done++);
    await pool.drained();
    expect(done).toBe(10);
    await pool.drained();
  });

  test('is not needed for the process to end, and leaves no handle', async () => {
    const program = (end: string): Promise<string> =>
      scripts.write(`
        import { openPool } from './src/workers/pool.ts';
        const options = { file: ${JSON.stringify(file)}, idleMs: 3_600_000 };
        const pool = openPool(${JSON.stringify({ ...DEFAULTS, max: 2 })}, options);
        console.log(await Promise.all([1, 2, 3].map((input) => pool.run('echo', input))));
        ${end}
      `);
    const idle = await runScript(await program(''));
    expect([idle.code, idle.stdout]).toEqual([0, '[ 1, 2, 3 ]\n']);
    const closed = await runScript(
      await program(`
        await pool.close();
        console.log(process.getActiveResourcesInfo().filter((kind) => kind !== 'PipeWrap'));
      `),
    );
    expect([closed.code, closed.stdout]).toEqual([0, '[ 1, 2, 3 ]\n[]\n']);
  });
});

test('every task is reported, with its times and its thread', async () => {
  const reports: { task: string; worker: number; failed: boolean; ordered: boolean }[] = [];
  await using pool = open(
    { max: 2 },
    {
      tasks,
      onTask: ({ task, worker, failed, queuedAt, startedAt, endedAt }) => {
        reports.push({ task, worker, failed, ordered: queuedAt <= startedAt && startedAt <= endedAt });
      },
    },
  );
  await pool.run('echo', 1, { estimateMs: 1 });
  await pool.run('spin', { ms: 1 });
  await failure(pool.run('fail', { kind: 'text' }));
  expect(reports.map(({ task, failed, ordered }) => [task, failed, ordered])).toEqual([
    ['echo', false, true],
    ['spin', false, true],
    ['fail', true, true],
  ]);
  expect(reports.map(({ worker }) => worker > 0)).toEqual([false, true, true]);
});

test('ten thousand tasks at once, again and again, leave no memory behind', async () => {
  const leaks = await measureLeaks(scripts, {
    source: `
      import { openPool } from './src/workers/pool.ts';
      const pool = openPool(${JSON.stringify({ ...DEFAULTS, max: 2 })}, { file: ${JSON.stringify(file)} });
      const controller = new AbortController();
      export async function round(round) {
        const options = round % 2 === 0 ? {} : { signal: controller.signal, priority: round };
        const results = await Promise.all(Array.from({ length: 10_000 }, (_, index) => pool.run('echo', index, options)));
        if (results.some((result, index) => result !== index)) throw new Error('wrong results');
        const gone = new AbortController();
        const aborted = Array.from({ length: 1_000 }, () => pool.run('echo', 1, { signal: gone.signal }).catch(() => {}));
        gone.abort();
        await Promise.all(aborted);
        await pool.drained();
      }
      export const end = () => pool.close();
    `,
    rounds: 12,
    looks: 6,
  });
  // A task that waits takes some 500 bytes: 5 MB for a round.
  expect(heapPerRound(leaks)).toBeLessThan(100_000);
  expect(leaks.handlesAtEnd).toEqual([]);
});
