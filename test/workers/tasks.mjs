// Tasks that do what tasks do at their worst. Served by a worker, and run in the caller's thread by some tests.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, threadId } from 'node:worker_threads';

import { PareError } from '../../src/model/errors.ts';
import { moved } from '../../src/workers/moved.ts';
import { serveTasks } from '../../src/workers/serve.ts';

const task = (run) => () => Promise.resolve({ run });

/** Says that it was there: a line in a file that the test looks at. */
const sign = (file, line) => appendFileSync(file, `${line}\n`);

let times = 0;

const ODD = { text: 'only text', symbol: Symbol('odd') };

export const tasks = {
  echo: task((input) => input),
  where: task(() => ({ threadId, isMainThread })),
  times: task(() => ++times),
  spin: task(({ ms }) => {
    const end = performance.now() + ms;
    let turns = 0;
    while (performance.now() < end) turns++;
    return turns;
  }),
  sleep: task(async ({ ms, log }, { signal }) => {
    if (log !== undefined) sign(log, 'begins');
    try {
      await sleep(ms, undefined, { signal });
    } catch (error) {
      if (log !== undefined) sign(log, 'told');
      throw error;
    }
    return 'slept';
  }),
  hang: task(({ log }) => {
    if (log !== undefined) sign(log, 'begins');
    for (;;);
  }),
  exit: task(({ log, code }) => {
    sign(log, 'begins');
    process.exit(code);
  }),
  exitOnce: task(({ log, first }) => {
    sign(log, 'begins');
    if (first) process.exit(7);
    return 'second time';
  }),
  throwLater: task(async ({ log }) => {
    sign(log, 'begins');
    setTimeout(() => {
      throw new TypeError('nobody catches me');
    });
    await sleep(60_000);
  }),
  strayThrow: task(() => {
    setTimeout(() => {
      throw new Error('after the end');
    }, 5);
    return 'done';
  }),
  memory: task(({ log }) => {
    sign(log, 'begins');
    const all = [];
    for (let index = 0; ; index++) all.push({ index, text: `text ${index}` });
  }),
  fail: task(({ kind }) => {
    if (kind === 'pare') throw new PareError('terser-failed', 'main.js: unexpected token', { hint: 'Mend main.js.' });
    if (kind in ODD) throw ODD[kind];
    if (kind === 'function') throw Object.assign(new RangeError('too far'), { line: 3, retry: () => undefined });
    throw new Error('outer', { cause: new SyntaxError('inner') });
  }),
  unclonable: task(() => ({ callback: () => undefined })),
  detachedView: task(() => {
    const view = new Uint8Array(8);
    structuredClone(view, { transfer: [view.buffer] });
    return moved(view, [view]);
  }),
  bytes: task(({ size }) => {
    const bytes = new Uint8Array(size).fill(7);
    return moved({ bytes }, [bytes]);
  }),
  sizeOf: task((input) => input.byteLength),
  print: task(() => {
    console.log('for people');
  }),
};

serveTasks(tasks);
