// The worker pool against bare piscina, tinypool and worker_threads: dispatch, start, memory, use of cores; what a span costs.
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { Piscina } from 'piscina';
import { Tinypool } from 'tinypool';

import { openTelemetry } from '../src/telemetry/telemetry.ts';
import { openPool } from '../src/workers/pool.ts';
import { cpuSeconds, inRounds, measuredOn, median, medianExcess, medianRatio, type Subject } from './whole-process.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ROOT = path.join(FOLDER, '..');

const BATCH = 100;
const BATCHES = 50;
const ROUNDS = 11;
const QUEUED = 10_000;

/** Something that runs the tasks of the benchmark's worker file. */
interface Runner {
  readonly name: string;
  run(task: 'echo' | 'minify' | 'spin', input: unknown): Promise<unknown>;
  close(): Promise<unknown>;
}

/** The worker's file serves all of them: by our protocol, by exports, and by plain messages. */
const WORKER = `
  import { parentPort, workerData } from 'node:worker_threads';
  import { serveTasks } from './src/workers/serve.ts';
  export const echo = (input) => input;
  export const spin = ({ turns }) => { let sum = 0; for (let i = 0; i < turns; i++) sum = (sum * 31 + i) | 0; return sum; };
  export const minify = async (code) => (await (await import('terser')).minify(code, { module: true })).code.length;
  const task = (run) => async () => ({ run });
  serveTasks({ echo: task(echo), spin: task(spin), minify: task(minify) });
  if (workerData?.raw === true) {
    const table = { echo, spin, minify };
    parentPort.on('message', async ({ id, task, input }) => {
      const result = await table[task](input);
      parentPort.postMessage({ id, result });
    });
  }
`;

/** Prints tables; takes a minute or two. */
export async function run(): Promise<string> {
  // Beside the benchmark, so that it finds terser.
  const file = path.join(FOLDER, `.pool-worker.${process.pid}.mjs`);
  const temp = await mkdtemp(path.join(tmpdir(), 'pare-pool-'));
  try {
    await bundle(WORKER, file);
    const sections = [
      await dispatchTable(file),
      await startTable(file),
      await memoryTable(file, temp),
      await coresTable(file),
      await telemetryTable(temp),
    ];
    return [`${measuredOn(['piscina', 'tinypool', 'terser'])}.`, ...sections].join('\n\n');
  } finally {
    await Promise.all([rm(file, { force: true }), rm(temp, { recursive: true, force: true })]);
  }
}

async function bundle(source: string, outfile: string, minify = false): Promise<void> {
  await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    outfile,
    bundle: true,
    minify,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  });
}

const RUNNERS: readonly ((file: string, threads: number) => Runner)[] = [ours, piscina, tinypool, raw];

function ours(file: string, threads: number): Runner {
  const pool = openPool({ max: threads, queue: QUEUED, memoryBytes: null, timeoutMs: null }, { file });
  return { name: 'pare', run: (task, input) => pool.run(task, input), close: () => pool.close() };
}

function piscina(filename: string, threads: number): Runner {
  const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads });
  return { name: 'piscina', run: (name, input) => pool.run(input, { name }), close: () => pool.destroy() };
}

function tinypool(filename: string, threads: number): Runner {
  const pool = new Tinypool({ filename, minThreads: threads, maxThreads: threads });
  return { name: 'tinypool', run: (name, input) => pool.run(input, { name }), close: () => pool.destroy() };
}

/** One worker that is sent everything at once: nothing is queued, nothing can be cancelled. */
function raw(file: string): Runner {
  const worker = new Worker(file, { workerData: { raw: true } });
  const waiting = new Map<number, (result: unknown) => void>();
  let last = 0;
  worker.on('message', ({ id, result }: { id: number; result: unknown }) => {
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  return {
    name: 'raw worker_threads',
    run: (task, input) =>
      new Promise((resolve) => {
        waiting.set(++last, resolve);
        worker.postMessage({ id: last, task, input }, []);
      }),
    close: () => worker.terminate(),
  };
}

async function dispatchTable(file: string): Promise<string> {
  const runners = RUNNERS.map((open) => open(file, 1));
  const cpu = new Map(runners.map(({ name }) => [name, [] as number[]]));
  const wall = new Map(runners.map(({ name }) => [name, [] as number[]]));
  for (const { run } of runners) await run('echo', 0);
  for (let round = -2; round < ROUNDS; round++) {
    for (const { name, run } of round % 2 === 0 ? runners : runners.toReversed()) {
      const begun = performance.now();
      const before = process.cpuUsage();
      for (let batch = 0; batch < BATCHES; batch++) {
        await Promise.all(Array.from({ length: BATCH }, (_, index) => run('echo', { index, name: 'main.js' })));
      }
      const { user, system } = process.cpuUsage(before);
      const tasks = BATCH * BATCHES;
      if (round < 0) continue;
      cpu.get(name)!.push((user + system) / tasks);
      wall.get(name)!.push(((performance.now() - begun) * 1000) / tasks);
    }
  }
  await Promise.all(runners.map(({ close }) => close()));
  const own = cpu.get('pare')!;
  const rows = runners.map(({ name }) => {
    const ratio = medianRatio(cpu.get(name)!, own).toFixed(2);
    return [name, median(cpu.get(name)!).toFixed(1), `×${ratio}`, median(wall.get(name)!).toFixed(1)];
  });
  return table(
    `### Dispatch\n\nOne worker, batches of ${BATCH} tasks that do nothing, warm; median of ${ROUNDS} rounds.`,
    ['pool', 'CPU a task, µs', 'to pare', 'time a task, µs'],
    rows,
  );
}

async function startTable(file: string): Promise<string> {
  const worker = JSON.stringify(file);
  const programs: Readonly<Record<string, string>> = {
    'pare, imported': `import { openPool } from './src/workers/pool.ts'; void openPool;`,
    'piscina, imported': `import { Piscina } from 'piscina'; void Piscina;`,
    'tinypool, imported': `import { Tinypool } from 'tinypool'; void Tinypool;`,
    'pare, one task': `
      import { openPool } from './src/workers/pool.ts';
      const pool = openPool({ max: 1, queue: 10, memoryBytes: null, timeoutMs: null }, { file: ${worker} });
      await pool.run('echo', 1); await pool.close();`,
    'piscina, one task': `
      import { Piscina } from 'piscina';
      const pool = new Piscina({ filename: ${worker}, minThreads: 1, maxThreads: 1 });
      await pool.run(1, { name: 'echo' }); await pool.destroy();`,
    'tinypool, one task': `
      import { Tinypool } from 'tinypool';
      const pool = new Tinypool({ filename: ${worker}, minThreads: 1, maxThreads: 1 });
      await pool.run(1, { name: 'echo' }); await pool.destroy();`,
    'raw worker_threads, one task': `
      import { Worker } from 'node:worker_threads';
      const worker = new Worker(${worker}, { workerData: { raw: true } });
      worker.once('message', () => worker.terminate()); worker.postMessage({ id: 1, task: 'echo', input: 1 });`,
    'pare, one small task with an estimate': `
      import { openPool } from './src/workers/pool.ts';
      const tasks = { echo: async () => ({ run: (input) => input }) };
      const pool = openPool({ max: 1, queue: 10, memoryBytes: null, timeoutMs: null }, { file: ${worker}, tasks });
      await pool.run('echo', 1, { estimateMs: 1 }); await pool.close();`,
  };
  const subjects: Subject[] = [{ name: 'node -e 0', args: ['-e', '0'] }];
  const made: string[] = [];
  try {
    for (const [index, [name, source]] of Object.entries(programs).entries()) {
      const script = path.join(FOLDER, `.pool-start-${index}.${process.pid}.mjs`);
      made.push(script);
      await bundle(source, script, true);
      subjects.push({ name, args: [script] });
    }
    const seconds = await inRounds(9, subjects);
    const base = seconds.get('node -e 0')!;
    const rows = Object.keys(programs).map((name) => [
      name,
      (medianExcess(seconds.get(name)!, base) * 1000).toFixed(0),
    ]);
    return table('### Start\n\nCPU of the whole process.', ['process', 'more than `node -e 0`, ms'], rows);
  } finally {
    await Promise.all(made.map((script) => rm(script, { force: true })));
  }
}

async function memoryTable(file: string, temp: string): Promise<string> {
  const worker = JSON.stringify(file);
  const opens: Readonly<Record<string, string>> = {
    pare: `
      import { openPool } from './src/workers/pool.ts';
      const pool = openPool({ max: 1, queue: ${QUEUED}, memoryBytes: null, timeoutMs: null }, { file: ${worker} });
      const run = (task, input) => pool.run(task, input); const close = () => pool.close();`,
    piscina: `
      import { Piscina } from 'piscina';
      const pool = new Piscina({ filename: ${worker}, minThreads: 1, maxThreads: 1 });
      const run = (name, input) => pool.run(input, { name }); const close = () => pool.destroy();`,
    tinypool: `
      import { Tinypool } from 'tinypool';
      const pool = new Tinypool({ filename: ${worker}, minThreads: 1, maxThreads: 1 });
      const run = (name, input) => pool.run(input, { name }); const close = () => pool.destroy();`,
  };
  const rows: string[][] = [];
  const out = path.join(temp, 'memory.json');
  for (const [name, source] of Object.entries(opens)) {
    const script = path.join(FOLDER, `.pool-memory.${process.pid}.mjs`);
    const rest = `
      import { writeFileSync } from 'node:fs';
      const used = async () => {
        for (let time = 0; time < 4; time++) { await new Promise((resolve) => setTimeout(resolve, 5)); globalThis.gc(); }
        return process.memoryUsage().heapUsed;
      };
      const round = async () => {
        const results = [run('spin', { turns: 3e8 })];
        for (let index = 1; index < ${QUEUED}; index++) results.push(run('echo', index));
        const queued = await used();
        await Promise.all(results);
        return queued;
      };
      await round();
      const before = await used();
      const queued = await round();
      const after = await used();
      for (let time = 0; time < 5; time++) await round();
      const later = await used();
      writeFileSync(${JSON.stringify(out)}, JSON.stringify([queued - before, after - before, later - before]));
      await close();`;
    try {
      await bundle(source + rest, script);
      await cpuSeconds(['--expose-gc', script]);
    } finally {
      await rm(script, { force: true });
    }
    const [queued, after, later] = JSON.parse(await readFile(out, 'utf8')) as [number, number, number];
    rows.push([name, (queued / QUEUED).toFixed(0), (after / 1024).toFixed(0), (later / 1024).toFixed(0)]);
  }
  return table(
    `### Memory\n\n${QUEUED.toLocaleString('en')} tasks at once, one worker; heap after collection, against before.`,
    ['pool', 'bytes a waiting task', 'KB when all are done', 'KB five rounds later'],
    rows,
  );
}

/**
 * On a machine that others use, the best of many short rounds comes nearest to what two cores give. What bare threads, each
 * with half of the same tasks, make of them is measured beside.
 */
async function coresTable(file: string): Promise<string> {
  const minified = (await terserInputs()).map((source) => ['minify', source] as const);
  const spun = Array.from({ length: 12 }, () => ['spin', { turns: 2.5e7 }] as const);
  const works: readonly { name: string; tasks: readonly (readonly [task: 'minify' | 'spin', input: unknown])[] }[] = [
    { name: `terser, ${minified.length} files of 14 to 60 KB`, tasks: minified },
    { name: `a loop of integers, ${spun.length} tasks`, tasks: spun },
  ];
  const rows: string[][] = [];
  for (const { name, tasks } of works) {
    const subjects = [ours(file, 1), ours(file, 2), bareThreads(file, 1), bareThreads(file, 2)];
    const best = subjects.map(() => Infinity);
    const cpu = subjects.map(() => [] as number[]);
    for (let round = -3; round < 15; round++) {
      const order = subjects.map((_, index) => index);
      for (const index of round % 2 === 0 ? order : order.toReversed()) {
        const begun = performance.now();
        const before = process.cpuUsage();
        await Promise.all(tasks.map(([task, input]) => subjects[index]!.run(task, input)));
        const { user, system } = process.cpuUsage(before);
        if (round < 0) continue;
        best[index] = Math.min(best[index]!, performance.now() - begun);
        cpu[index]!.push(user + system);
      }
    }
    await Promise.all(subjects.map(({ close }) => close()));
    const [one, two, bareOne, bareTwo] = best as [number, number, number, number];
    const cells = [one / two, bareOne / bareTwo, bareTwo / two, medianRatio(cpu[1]!, cpu[0]!)];
    rows.push([name, ...cells.map((cell) => `×${cell.toFixed(2)}`)]);
  }
  return table(
    '### From one worker to two\n\nWarm; best of 15 rounds in which all four ran in turn; CPU: median.',
    ['work', 'throughput', 'of bare threads', 'two workers to two bare threads', 'CPU'],
    rows,
  );
}

/** Tasks dealt out by turns. */
function bareThreads(file: string, threads: number): Runner {
  const workers = Array.from({ length: threads }, () => raw(file));
  let turn = 0;
  return {
    name: 'bare threads',
    run: (task, input) => workers[turn++ % threads]!.run(task, input),
    close: () => Promise.all(workers.map(({ close }) => close())),
  };
}

/** Real modules, as a minifier gets them, of much the same size. */
async function terserInputs(): Promise<string[]> {
  const folders = ['node_modules/terser/lib', 'node_modules/terser/lib/compress'].map((folder) =>
    path.join(ROOT, folder),
  );
  const texts = await Promise.all(
    folders.map(async (folder) => {
      const names = (await readdir(folder)).filter((name) => name.endsWith('.js'));
      return Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
    }),
  );
  return texts.flat().filter((text) => text.length > 14_000 && text.length < 60_000);
}

async function telemetryTable(temp: string): Promise<string> {
  const rows: string[][] = [];
  const kinds = { off: null, on: path.join(temp, 'trace.json') };
  for (const [kind, trace] of Object.entries(kinds)) {
    const sync: number[] = [];
    const asynchronous: number[] = [];
    const counted: number[] = [];
    for (let round = 0; round < 9; round++) {
      const telemetry = openTelemetry({ trace });
      const plainSync = await nanoseconds(50_000, () => work());
      const plainAsync = await nanoseconds(50_000, async () => work());
      sync.push((await nanoseconds(50_000, () => telemetry.span('attribute', () => work()))) - plainSync);
      asynchronous.push((await nanoseconds(50_000, () => telemetry.span('read', async () => work()))) - plainAsync);
      counted.push(await nanoseconds(50_000, () => telemetry.count('hits')));
      if (round === 8) await telemetry.close();
    }
    rows.push([kind, ...[sync, asynchronous, counted].map((each) => Math.max(0, median(each)).toFixed(0))]);
  }
  const awaiting = await localStorageCost();
  return [
    table('### Telemetry', ['telemetry', 'a span, ns', 'a span of a promise, ns', 'a count, ns'], rows),
    '',
    `Once an AsyncLocalStorage is in use, awaiting a promise costs ×${awaiting.toFixed(2)} in the whole process.`,
  ].join('\n');
}

let sink = 0;
function work(): number {
  return (sink = (sink * 31 + 7) | 0);
}

async function nanoseconds(times: number, act: () => unknown): Promise<number> {
  const begun = performance.now();
  for (let index = 0; index < times; index++) {
    const result = act();
    if (result instanceof Promise) await result;
  }
  return ((performance.now() - begun) * 1e6) / times;
}

async function localStorageCost(): Promise<number> {
  const await10 = async (): Promise<void> => {
    for (let index = 0; index < 10; index++) await Promise.resolve(index);
  };
  await nanoseconds(50_000, await10);
  const ratios: number[] = [];
  for (let round = 0; round < 7; round++) {
    const plain = await nanoseconds(20_000, await10);
    const storage = new AsyncLocalStorage<number>();
    const stored = await storage.run(1, () => nanoseconds(20_000, await10));
    storage.disable();
    ratios.push(stored / plain);
  }
  return median(ratios);
}

function table(intro: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [intro, '', line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
