// Peak memory of `pare analyze` on the largest fixture, over a bare Node process: without a cache, with an empty one, with a full one.
import { spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { largestApp, PROGRAM, type LargestApp } from './largest-app.ts';
import { measuredOn, median } from './whole-process.ts';

const ROUNDS = 3;

/** Prints a table. */
export async function run(): Promise<string> {
  const app = await largestApp();
  // Says at the end what the system counted as the most: what is loaded for that is in the bare process too.
  const probe = path.join(app.folder, 'probe.cjs');
  try {
    await app.build();
    await writeFile(
      probe,
      `process.on('exit', () => require('fs').writeSync(2, ' peak ' + process.resourceUsage().maxRSS));`,
    );
    const peak = (...args: string[]) => peakOf(app, probe, args);
    const bare = median(Array.from({ length: ROUNDS }, () => peak('-e', '0')));
    const analyzed = (...more: string[]) => peak(PROGRAM, 'analyze', app.dist, ...more);
    const rows: [string, () => number | Promise<number>][] = [
      ['`--no-cache`', () => analyzed('--no-cache')],
      ['`--no-cache --no-brotli`', () => analyzed('--no-cache', '--no-brotli')],
      ['an empty cache', async () => (await app.forget(), analyzed())],
      [
        'a full cache, files written anew',
        async () => {
          await rm(path.join(app.cache, 'answers'), { recursive: true, force: true });
          return analyzed();
        },
      ],
      ['unchanged', () => (analyzed(), analyzed())],
      ['brotli 11 alone, of the one chunk', () => peak('-e', COMPRESS, path.join(app.folder, app.dist))],
    ];
    const lines: string[] = [];
    for (const [name, measure] of rows) {
      const peaks: number[] = [];
      for (let round = 0; round < ROUNDS; round++) peaks.push(await measure());
      lines.push(`| ${name} | ${(median(peaks) - bare).toFixed(1)} | ${median(peaks).toFixed(1)} |`);
    }
    return [
      `Most memory of the process (maxRSS) in MB, storefront by esbuild, medians of ${ROUNDS}. ${measuredOn([])}; a bare process: ${bare.toFixed(1)}.`,
      '',
      '| `pare analyze dist` with | over a bare process | all |',
      '| --- | --- | --- |',
      ...lines,
    ].join('\n');
  } finally {
    await app.remove();
  }
}

/** What the compressor itself takes: the largest script of the folder, at the quality that is measured. */
const COMPRESS = `
const fs = require('fs'), path = require('path'), zlib = require('zlib');
const files = fs.readdirSync(process.argv[1], { recursive: true }).filter((file) => file.endsWith('.js')).map((file) => path.join(process.argv[1], file));
const largest = files.sort((a, b) => fs.statSync(b).size - fs.statSync(a).size)[0];
zlib.brotliCompress(fs.readFileSync(largest), () => {});
`;

/** MB. */
function peakOf({ folder }: LargestApp, probe: string, args: readonly string[]): number {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const { stderr, status } = spawnSync(process.execPath, ['--require', probe, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const kilobytes = / peak (\d+)/.exec(stderr)?.[1];
  if (status !== 0 || kilobytes === undefined)
    throw new Error(`node ${args.join(' ')} ended with ${status}\n${stderr}`);
  return Number(kilobytes) / 1024;
}
