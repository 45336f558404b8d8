import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';

import { startPhases, type Phase } from '../../src/scope/phases.ts';

interface Resources {
  config: string;
  store: string;
  pool: string;
  telemetry: string;
}

/** A phase that writes into the log what it does. */
function phase<K extends keyof Resources>(
  log: string[],
  name: K,
  needs: readonly (keyof Resources)[] = [],
  more: object = {},
): Phase<Resources> {
  return {
    name,
    needs,
    start: async () => {
      await sleep(1);
      log.push(`start ${name}`);
      return name;
    },
    stop: () => log.push(`stop ${name}`),
    ...more,
  } as Phase<Resources>;
}

const failing = (message: string) => ({
  start: async () => {
    await sleep(1);
    throw new Error(message);
  },
});

describe('starting', () => {
  test('gives phases what they need, in parallel where nothing stands against it', async () => {
    const running = new Set<string>();
    let together = 0;
    const slow = (name: string) => async () => {
      running.add(name);
      together = Math.max(together, running.size);
      await sleep(5);
      running.delete(name);
      return name;
    };
    await using started = await startPhases<Resources>([
      { name: 'pool', needs: ['config'], start: ({ resource }) => `pool of ${resource('config')}` },
      { name: 'store', needs: ['config'], start: slow('store') },
      { name: 'telemetry', start: slow('telemetry') },
      { name: 'config', start: slow('config') },
    ]);
    expect(started.resources).toEqual({
      config: 'config',
      pool: 'pool of config',
      store: 'store',
      telemetry: 'telemetry',
    });
    expect(together).toBe(2);
    expect([...started.durations.keys()].sort()).toEqual(['config', 'pool', 'store', 'telemetry']);
    expect([...started.durations.values()].every((ms) => ms >= 0)).toBe(true);
  });

  test('stops in the opposite order of being up', async () => {
    const log: string[] = [];
    const started = await startPhases<Resources>([
      phase(log, 'pool', ['store']),
      phase(log, 'store', ['config']),
      phase(log, 'config'),
    ]);
    await Promise.all([started.stop(), started[Symbol.asyncDispose]()]);
    expect(log).toEqual(['start config', 'start store', 'start pool', 'stop pool', 'stop store', 'stop config']);
  });

  test('stops all, whichever of them fail at it', async () => {
    const log: string[] = [];
    const stuck = { stop: () => Promise.reject(new Error('stuck')) };
    const started = await startPhases<Resources>([
      phase(log, 'config'),
      phase(log, 'store', ['config'], stuck),
      phase(log, 'pool', ['store']),
    ]);
    await expect(started.stop()).rejects.toThrow('Stopping: store does not stop: stuck');
    expect(log.slice(3)).toEqual(['stop pool', 'stop config']);
  });

  test.each([
    [
      [
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a']],
      ],
      'These phases need each other: a → b → c → a',
    ],
    [[['a', ['a']]], 'These phases need each other: a → a'],
    [[['a', ['stroe']]], 'The phase "a" needs "stroe", which there is not.'],
    [
      [
        ['a', []],
        ['a', []],
      ],
      'There is more than one phase "a".',
    ],
  ] as [[string, string[]][], string][])('refuses %j before anything starts', async (graph, message) => {
    let begun = 0;
    const phases = graph.map(([name, needs]) => ({ name, needs, start: () => ++begun }));
    await expect(startPhases<Record<string, number>>(phases)).rejects.toThrow(message);
    expect(begun).toBe(0);
  });

  test('refuses a phase what is not among its needs', async () => {
    const starting = startPhases<Resources>([
      { name: 'config', start: () => 'config' },
      { name: 'pool', start: ({ resource }) => resource('config') },
    ]);
    await expect(starting).rejects.toThrow('Starting: pool: "pool" asks for "config", which is not among its needs.');
  });
});

describe('a failure', () => {
  test('takes back what was started, last first, and keeps the rest from starting', async () => {
    const log: string[] = [];
    const starting = startPhases<Resources>([
      phase(log, 'config'),
      phase(log, 'store', ['config']),
      phase(log, 'pool', ['store'], failing('no memory')),
      phase(log, 'telemetry', ['pool']),
    ]);
    await expect(starting).rejects.toThrow('Starting: pool: no memory');
    expect(log).toEqual(['start config', 'start store', 'stop store', 'stop config']);
  });

  test('of a health check takes its own resource back as well', async () => {
    const log: string[] = [];
    const starting = startPhases<Resources>([
      phase(log, 'config'),
      phase(log, 'store', ['config'], { check: (resource: string) => resource !== 'store' }),
    ]);
    await expect(starting).rejects.toThrow('Starting: store: the health check failed');
    expect(log).toEqual(['start config', 'start store', 'stop store', 'stop config']);
  });

  test('is told with all others, and with what does not stop', async () => {
    const log: string[] = [];
    const stuck = {
      stop: () => {
        throw new Error('busy');
      },
    };
    const error = await startPhases<Resources>([
      phase(log, 'config', [], stuck),
      phase(log, 'store', ['config'], failing('disk full')),
      phase(log, 'pool', ['config'], failing('no memory')),
    ]).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(AggregateError);
    const messages = (error as AggregateError).errors.map((each: Error) => each.message);
    expect(messages.toSorted()).toEqual(['config does not stop: busy', 'pool: no memory', 'store: disk full']);
  });

  test('ends those that are starting by their signal, which is not a fault of theirs', async () => {
    const log: string[] = [];
    const starting = startPhases<Resources>([
      phase(log, 'config', [], failing('unreadable')),
      { name: 'store', start: ({ signal }) => sleep(60_000, 'store', { signal }) },
    ]);
    const error = (await starting.catch((error: unknown) => error)) as AggregateError;
    expect(error.errors.map((each: Error) => each.message)).toEqual(['config: unreadable']);
  });

  test('takes back what comes up after it', async () => {
    const log: string[] = [];
    const late = {
      start: async () => {
        await sleep(20);
        log.push('start pool');
        return 'pool';
      },
    };
    const starting = startPhases<Resources>([
      phase(log, 'config', [], failing('unreadable')),
      phase(log, 'pool', [], late),
    ]);
    await expect(starting).rejects.toThrow('unreadable');
    expect(log).toEqual(['start pool', 'stop pool']);
  });

  test('of time takes back what comes up too late, whenever that is', async () => {
    const log: string[] = [];
    const late = {
      timeoutMs: 5,
      start: async () => {
        await sleep(50);
        return 'pool';
      },
    };
    const starting = startPhases<Resources>([phase(log, 'config'), phase(log, 'pool', ['config'], late)]);
    await expect(starting).rejects.toThrow('Starting: pool: not up within 5 ms');
    expect(log).toEqual(['start config', 'stop config']);
    await expect.poll(() => log).toEqual(['start config', 'stop config', 'stop pool']);
  });

  test('of time is told to the phase', async () => {
    const starting = startPhases<Resources>([
      { name: 'store', timeoutMs: 5, start: ({ signal }) => sleep(60_000, 'store', { signal }) },
    ]);
    await expect(starting).rejects.toThrow('not up within 5 ms');
  });

  test('is what an abort is, before and meanwhile', async () => {
    const log: string[] = [];
    const signal = AbortSignal.abort(new Error('Ctrl-C'));
    await expect(startPhases<Resources>([phase(log, 'config')], { signal })).rejects.toThrow('aborted: Ctrl-C');
    const controller = new AbortController();
    const starting = startPhases<Resources>(
      [
        phase(log, 'config'),
        { name: 'store', needs: ['config'], start: ({ signal }) => sleep(60_000, '', { signal }) },
      ],
      { signal: controller.signal },
    );
    setTimeout(() => controller.abort(new Error('Ctrl-C')), 20);
    await expect(starting).rejects.toThrow('aborted: Ctrl-C');
    expect(log).toEqual(['start config', 'stop config']);
  });
});
