// What an analysis costs with and without the cache: cold, with all files written anew, after an edit of one module, unchanged.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { analyze } from '../src/collect/analyze.ts';
import type { CacheKind } from '../src/model/byte-cache.ts';
import { openStore } from '../src/store/open-store.ts';
import { largestApp, PROGRAM, type LargestApp } from './largest-app.ts';
import { cpuSeconds, inRounds, measuredOn, median, medianExcess } from './whole-process.ts';

const ROUNDS = 3;
const QUICK_ROUNDS = 15;
const GIB = 1024 ** 3;

/** Prints three tables; takes some minutes. */
export async function run(): Promise<string> {
  const app = await largestApp();
  try {
    await app.build();
    return [
      `\`pare analyze\` of storefront by esbuild, CPU of the whole process (medians). ${measuredOn(['esbuild'])}, shared with others.`,
      '',
      ...(await worked(app)),
      '',
      `What the cache was asked after an edit of one module, in the order of the kinds:`,
      '',
      ...(await hitRates(app)),
      '',
      `An unchanged analysis against the start of the program (${QUICK_ROUNDS} paired rounds):`,
      '',
      ...(await unchanged(app)),
    ].join('\n');
  } finally {
    await app.remove();
  }
}

const analyzeArgs = (app: LargestApp, ...more: string[]) => [PROGRAM, 'analyze', app.dist, ...more];

/** Paired: each round takes all of them in turn. */
async function worked(app: LargestApp): Promise<string[]> {
  const seconds = { cold: [] as number[], anew: [] as number[], edited: [] as number[] };
  const answers = path.join(app.cache, 'answers');
  for (let round = 0; round < ROUNDS; round++) {
    await app.build();
    await app.forget();
    seconds.cold.push(await cpuSeconds(analyzeArgs(app), app.folder));
    await app.build();
    await rm(answers, { recursive: true, force: true });
    seconds.anew.push(await cpuSeconds(analyzeArgs(app), app.folder));
    await app.edit();
    await app.build();
    seconds.edited.push(await cpuSeconds(analyzeArgs(app), app.folder));
  }
  const row = (name: string, of: readonly number[]) => {
    const times = median(seconds.cold.map((cold, i) => cold / of[i]!));
    return `| ${name} | ${(median(of) * 1000).toFixed(0)} | ${times.toFixed(1)} times faster |`;
  };
  return [
    '| run | ms | than cold |',
    '| --- | --- | --- |',
    row('no cache yet', seconds.cold),
    row('all files written anew, with the same content', seconds.anew),
    row('after an edit of one module: the one chunk, 2 MB, is compressed anew', seconds.edited),
  ];
}

async function hitRates(app: LargestApp): Promise<string[]> {
  const settings = {
    folder: path.join(app.cache, 'rates'),
    memoryBytes: 64 * 1024 ** 2,
    diskBytes: GIB,
    ttlMs: 24 * 3_600_000,
    compress: true,
    redis: null,
  };
  const analyzed = async () => {
    const store = openStore(settings, { onWarning: () => undefined });
    await store.warm('analyze');
    const build = await analyze(path.join(app.folder, app.dist), { root: app.folder, cache: store });
    const { run: counts } = await store.stats();
    await store[Symbol.asyncDispose]();
    return { build, rows: counts.rows, warm: counts.warm };
  };
  await analyzed();
  await app.edit();
  await app.build();
  const { rows, warm } = await analyzed();
  const kinds = [...new Set(rows.map(({ kind }) => kind))];
  const hitsOf = (kind: CacheKind) => rows.filter((row) => row.kind === kind).reduce((sum, { hits }) => sum + hits, 0);
  const missesOf = (kind: CacheKind) =>
    rows.filter((row) => row.kind === kind && row.tier === 'disk').reduce((sum, { misses }) => sum + misses, 0);
  const line = (name: string, hits: number, misses: number) =>
    `| ${name} | ${hits} | ${misses} | ${((100 * hits) / Math.max(1, hits + misses)).toFixed(1)} % |`;
  const sum = (of: (kind: CacheKind) => number) => kinds.reduce((total, kind) => total + of(kind), 0);
  return [
    '| kind | hits | misses | rate |',
    '| --- | --- | --- | --- |',
    ...kinds.map((kind) => line(kind, hitsOf(kind), missesOf(kind))),
    line('all', sum(hitsOf), sum(missesOf)),
    '',
    `Of ${warm.loaded} values that were loaded ahead, ${warm.used} were asked for.`,
  ];
}

async function unchanged(app: LargestApp): Promise<string[]> {
  await app.build();
  // Files that are as young as the run that reads them are not relied on.
  await wait(100);
  const questions = [[], ['--json'], ['--packages', '--rows', 'all']];
  for (const words of questions) await cpuSeconds(analyzeArgs(app, ...words), app.folder);
  const name = (words: readonly string[]) => ['pare analyze dist', ...words].join(' ');
  const seconds = await inRounds(QUICK_ROUNDS, [
    { name: 'pare --version', args: [PROGRAM, '--version'], cwd: app.folder },
    ...questions.map((words) => ({ name: name(words), args: analyzeArgs(app, ...words), cwd: app.folder })),
  ]);
  const start = seconds.get('pare --version')!;
  return [
    '| command | ms | over `pare --version`, ms |',
    '| --- | --- | --- |',
    ...[...seconds].map(([command, own]) => {
      const over = medianExcess(own, start) * 1000;
      return `| \`${command}\` | ${(median(own) * 1000).toFixed(1)} | ${over.toFixed(1)} |`;
    }),
  ];
}
