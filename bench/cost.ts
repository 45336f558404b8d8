// What pare adds to the CPU time of a build: esbuild, Rollup and Vite with and without its plugin, whole processes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { inRounds, measuredOn, median, medianRatio, type Subject } from './whole-process.ts';

const SCRIPT = fileURLToPath(new URL('build-fixture.mjs', import.meta.url));
const ROUNDS = 9;
/** Brotli 11 takes several times what a build takes. */
const BROTLI_ROUNDS = 3;

const BUILDS = [
  { fixture: 'storefront', bundler: 'esbuild', plugin: 'pare/esbuild' },
  { fixture: 'cli', bundler: 'esbuild', plugin: 'pare/esbuild' },
  { fixture: 'storefront', bundler: 'vite', plugin: 'pare/vite' },
  { fixture: 'legacy', bundler: 'rollup', plugin: 'pare/rollup' },
] as const;

type BuildCase = (typeof BUILDS)[number];

const quiet = { gzip: false, brotli: false, summary: false };

/** Prints a table; takes some minutes. */
export async function run(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pare-cost-'));
  try {
    const rows: string[] = [];
    for (const build of BUILDS) rows.push(await row(build, folder));
    return [
      `CPU time of the whole process, children included; pare's share over the plain build with source maps (median of ` +
        `${ROUNDS} paired rounds, ${BROTLI_ROUNDS} for brotli). ${measuredOn(['esbuild', 'rollup', 'vite'])}.`,
      '',
      '| build | plain, CPU s | import of the plugin | attribution and record | with gzip | with brotli, cached | with brotli, first time |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      ...rows,
    ].join('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function row({ fixture, bundler, plugin }: BuildCase, folder: string): Promise<string> {
  const outdir = join(folder, `${fixture}-${bundler}`);
  const cache = join(folder, 'cache');
  const args = (...more: string[]) => [SCRIPT, fixture, bundler, outdir, ...more];
  const measuring = (options: object) => args(`${plugin}#analyzer`, JSON.stringify({ ...quiet, cache, ...options }));
  const plain: Subject = { name: 'plain', args: args() };
  const usual = await inRounds(ROUNDS, [
    plain,
    { name: 'import', args: args(plugin) },
    { name: 'attribution', args: measuring({}) },
    { name: 'gzip', args: measuring({ gzip: true }), prepare: () => empty(cache) },
  ]);
  const brotli = await inRounds(BROTLI_ROUNDS, [
    plain,
    { name: 'cold', args: measuring({ gzip: true, brotli: true }), prepare: () => empty(cache) },
    { name: 'warm', args: measuring({ gzip: true, brotli: true }), prepare: () => Promise.resolve() },
  ]);
  const cells = [
    ...['import', 'attribution', 'gzip'].map((name) => percent(medianRatio(usual.get(name)!, usual.get('plain')!))),
    ...['warm', 'cold'].map((name) => percent(medianRatio(brotli.get(name)!, brotli.get('plain')!))),
  ];
  return `| ${fixture}, ${bundler} | ${median(usual.get('plain')!).toFixed(2)} | ${cells.join(' | ')} |`;
}

function empty(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}

function percent(ratio: number): string {
  const share = (ratio - 1) * 100;
  return `${share < 0 ? '−' : '+'}${Math.abs(share).toFixed(1)} %`;
}
