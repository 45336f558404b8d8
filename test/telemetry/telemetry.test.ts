import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { OFF, openTelemetry, type Telemetry } from '../../src/telemetry/telemetry.ts';
import { traceJson, type Span } from '../../src/telemetry/trace.ts';
import { temporaryFolder } from '../support/bundle.ts';

interface TraceEvent {
  readonly ph: 'X' | 'C' | 'M';
  readonly name: string;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Records what `act` does, and gives the events of the file that was written. */
async function recorded(act: (telemetry: Telemetry) => unknown): Promise<TraceEvent[]> {
  using temp = temporaryFolder();
  const file = path.join(temp.folder, 'traces/run.json');
  await using telemetry = openTelemetry({ trace: file });
  await act(telemetry);
  await telemetry.close();
  expect(readdirSync(path.dirname(file))).toEqual(['run.json']);
  return (JSON.parse(readFileSync(file, 'utf8')) as { traceEvents: TraceEvent[] }).traceEvents;
}

const within = (inner: TraceEvent, outer: TraceEvent): boolean =>
  inner.tid === outer.tid && inner.ts >= outer.ts && inner.ts + inner.dur <= outer.ts + outer.dur;

describe('a span', () => {
  test('gives what its work gives, and lies within the one around it', async () => {
    const events = await recorded((telemetry) => {
      const sum = telemetry.span(
        'outer',
        { file: 'main.js', bytes: 10 },
        () => telemetry.span('inner', () => 1) + telemetry.span('inner', () => 2),
      );
      expect(sum).toBe(3);
    });
    const [outer, ...inner] = events.filter(({ ph }) => ph === 'X');
    expect(outer).toMatchObject({ name: 'outer', args: { file: 'main.js', bytes: 10 } });
    expect(inner.map((each) => [each.name, within(each, outer!)])).toEqual([
      ['inner', true],
      ['inner', true],
    ]);
  });

  test('of a promise lasts until it settles', async () => {
    let inside = 0;
    const events = await recorded(async (telemetry) => {
      const wait = async (): Promise<string> => {
        const begun = performance.now();
        await sleep(5);
        inside = performance.now() - begun;
        return 'done';
      };
      expect(await telemetry.span('wait', wait)).toBe('done');
    });
    const wait = events.find(({ ph }) => ph === 'X');
    expect(wait!.dur).toBeGreaterThanOrEqual(Math.floor(inside * 1_000));
  });

  test('of what fails says so, and lets the error pass', async () => {
    const events = await recorded(async (telemetry) => {
      const fail = (): never => {
        throw new TypeError('no');
      };
      expect(() => telemetry.span('sync', fail)).toThrow(TypeError);
      await expect(telemetry.span('async', async () => fail())).rejects.toThrow(TypeError);
      telemetry.span('well', () => 1);
    });
    const failed = events.filter(({ ph }) => ph === 'X').map(({ name, args }) => [name, args['failed']]);
    expect(failed).toEqual([
      ['sync', true],
      ['async', true],
      ['well', undefined],
    ]);
  });

  test('that ran beside another has a line of its own, and so has a track', async () => {
    const events = await recorded(async (telemetry) => {
      await Promise.all([
        telemetry.span('a', () => sleep(5)),
        telemetry.span('b', async () => {
          await sleep(15);
        }),
      ]);
      telemetry.record('task', 1, 2, { queued: 3 }, 'worker 1');
    });
    const lines = new Map(events.filter(({ ph }) => ph === 'M').map(({ tid, args }) => [tid, args['name']]));
    const line = (name: string) => lines.get(events.find((event) => event.ph === 'X' && event.name === name)!.tid);
    expect([line('a'), line('b'), line('task')]).toEqual(['main', 'main (2)', 'worker 1']);
  });
});

test('counters add up, gauges are set, and the last value is there', async () => {
  const events = await recorded((telemetry) => {
    for (let index = 0; index < 1_000; index++) telemetry.count('hits');
    telemetry.count('hits', 5);
    telemetry.gauge('queue', 7);
    telemetry.gauge('queue', 3);
  });
  const values = (name: string) =>
    events.filter((event) => event.ph === 'C' && event.name === name).map(({ args }) => args['value'] as number);
  expect([values('hits').at(-1), values('queue').at(-1)]).toEqual([1_005, 3]);
  expect(values('hits').length).toBeLessThan(1_000);
});

test('lines of the picture hold spans that lie within or beside each other, and every span is there', () => {
  const span = fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 20 }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 40 }), (times) => {
      const spans = times.map(([start, length], index): Span => ({
        name: String(index),
        start,
        end: start + length,
        attributes: null,
        track: '',
        failed: false,
      }));
      const { traceEvents } = JSON.parse(traceJson(spans, [], 0)) as { traceEvents: TraceEvent[] };
      const drawn = traceEvents.filter(({ ph }) => ph === 'X');
      expect(drawn.map(({ name }) => Number(name)).toSorted((a, b) => a - b)).toEqual(spans.map((_, index) => index));
      for (const one of drawn) {
        for (const other of drawn) {
          if (one.tid !== other.tid) continue;
          const apart = one.ts + one.dur <= other.ts || other.ts + other.dur <= one.ts;
          expect(apart || within(one, other) || within(other, one)).toBe(true);
        }
      }
    }),
  );
});

describe('turned off', () => {
  test('it does the work and nothing else', async () => {
    const telemetry = openTelemetry({ trace: null });
    expect(telemetry).toBe(OFF);
    expect(telemetry.on).toBe(false);
    expect(telemetry.span('a', () => 1) + telemetry.span('b', { x: 1 }, () => 2)).toBe(3);
    expect(() =>
      telemetry.span('c', () => {
        throw new TypeError('no');
      }),
    ).toThrow(TypeError);
    telemetry.count('hits');
    telemetry.gauge('queue', 1);
    telemetry.record('task', 0, 1);
    await telemetry.close();
  });
});

test('a file that cannot be written is told, with the mend', async () => {
  using temp = temporaryFolder();
  const blocked = path.join(temp.folder, 'file');
  writeFileSync(blocked, '');
  const telemetry = openTelemetry({ trace: path.join(blocked, 'run.json') });
  telemetry.span('a', () => 1);
  await expect(telemetry.close()).rejects.toMatchObject({
    name: 'PareError',
    code: 'trace-failed',
    hint: expect.stringContaining('telemetry.trace'),
  });
  expect(existsSync(path.join(temp.folder, 'run.json'))).toBe(false);
});
