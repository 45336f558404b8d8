// The minify stage beside the bundlers' minifier plugins: bytes and CPU time, chunk by chunk of the fixtures' builds.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build as esbuild } from 'esbuild';
import type { Plugin } from 'rollup';

import { inRounds, measuredOn, median, medianExcess, type Subject } from './whole-process.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SCRIPT = join(HERE, 'minify-plugin.mjs');
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const MAIN_PEER = 'plugin-terser';

const FIXTURES = [
  ['parts', 'rollup'],
  ['viewer', 'rollup'],
  ['legacy', 'rollup'],
  ['cli', 'rollup'],
  ['workbench', 'vite'],
  ['storefront', 'vite'],
] as const;

const SUBJECTS: readonly (readonly [string, string])[] = [
  [MAIN_PEER, '@rollup/plugin-terser'],
  ['pare-default', '**pare, default**'],
  ['pare-default-cached', 'pare, default, warm store'],
  ['pare-terser', 'pare, terser alone'],
  ['pare-terser-cached', 'pare, terser alone, warm store'],
  ['pare-all', 'pare, oxc, swc and terser'],
  ['plugin-swc', 'rollup-plugin-swc3'],
  ['plugin-esbuild', 'rollup-plugin-esbuild'],
  ['esbuild', "esbuild's own"],
  ['vite-default', "Vite's default (oxc)"],
];

/** Prints a table; takes a quarter of an hour. `FIXTURES=parts,cli` does some of them. */
export async function run(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pare-minify-'));
  const room = join(HERE, `.minify-room.${process.pid}.mjs`);
  const asked = process.env['FIXTURES']?.split(',');
  try {
    await bundleRooms(room);
    const tables: string[] = [];
    for (const [fixture, bundler] of FIXTURES) {
      if (asked !== undefined && !asked.includes(fixture)) continue;
      tables.push(`### ${fixture}, ${bundler}`, '', await table(fixture, bundler, join(folder, fixture), room), '');
    }
    const packages = ['terser', '@swc/core', 'oxc-minify', 'esbuild', 'rolldown'];
    return [
      `CPU time of whole processes less that of one which minifies nothing, all with source maps, over the time of ` +
        `\`@rollup/plugin-terser\` (median of ${ROUNDS} paired rounds; other work shared the machine). ` +
        `Brotli 11, gzip 9. ${measuredOn(packages)}.`,
      '',
      ...tables,
    ].join('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(room, { force: true });
  }
}

/** The stage and the store as one module that Node can load. */
async function bundleRooms(outfile: string): Promise<void> {
  await esbuild({
    stdin: {
      contents: `export * from '../src/minify/index.ts'; export { openStore } from '../src/store/open-store.ts';`,
      resolveDir: HERE,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    tsconfigRaw: {},
    logLevel: 'warning',
  });
}

async function table(fixture: string, bundler: string, folder: string, room: string): Promise<string> {
  const chunks = join(folder, 'chunks');
  await writeChunks(fixture, bundler, chunks, join(folder, 'plain'));
  const argsOf = (name: string): string[] => [
    SCRIPT,
    name,
    chunks,
    join(folder, name),
    room,
    join(folder, 'cache', name),
  ];
  const subjects: Subject[] = [['nothing', ''] as const, ...SUBJECTS].map(([name]) => ({ name, args: argsOf(name) }));
  const seconds = await inRounds(ROUNDS, subjects);
  const nothing = seconds.get('nothing')!;
  const peer = seconds.get(MAIN_PEER)!.map((value, round) => value - nothing[round]!);
  const sizes = new Map<string, Sizes>();
  for (const [name] of SUBJECTS) sizes.set(name, await sizesOf(chunks, join(folder, name)));
  const reference = sizes.get(MAIN_PEER)!;
  const rows = SUBJECTS.map(([name, label]) => {
    const own = seconds.get(name)!;
    const { raw, gzip, brotli } = sizes.get(name)!;
    const ratio = median(own.map((value, round) => (value - nothing[round]!) / peer[round]!));
    const percent = ((brotli / reference.brotli - 1) * 100).toFixed(2);
    const change = name === MAIN_PEER ? '' : ` (${percent.replace('-', '−')} %)`;
    return `| ${label} | ${raw} | ${gzip} | ${brotli}${change} | ${medianExcess(own, nothing).toFixed(2)} | ×${ratio.toFixed(2)} |`;
  });
  return [
    '| | raw | gzip | brotli | CPU s | of plugin-terser |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

interface Sizes {
  raw: number;
  gzip: number;
  brotli: number;
}

/** The chunks of a production build as they come to `renderChunk`, before anything is minified. */
async function writeChunks(fixture: string, bundler: string, folder: string, outdir: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  process.env['NODE_ENV'] = 'production';
  const { build } = (await import(pathToFileURL(join(HERE, '..', 'fixtures', fixture, 'build.mjs')).href)) as {
    build: (bundler: string, options: object) => Promise<unknown>;
  };
  const list: { file: string; fileName: string; format: string }[] = [];
  const codes: string[] = [];
  const plugin: Plugin = {
    name: 'chunks',
    renderChunk: {
      order: 'pre',
      handler(code, { fileName }, { format }) {
        list.push({ file: `${list.length}.js`, fileName, format });
        codes.push(code);
        return null;
      },
    },
  };
  await build(bundler, { outdir, plugins: [plugin] });
  await Promise.all(codes.map((code, at) => writeFile(join(folder, `${at}.js`), code)));
  await writeFile(join(folder, 'chunks.json'), JSON.stringify(list));
}

async function sizesOf(chunks: string, folder: string): Promise<Sizes> {
  const list = JSON.parse(await readFile(join(chunks, 'chunks.json'), 'utf8')) as { file: string }[];
  const sums: Sizes = { raw: 0, gzip: 0, brotli: 0 };
  for (const { file } of list) {
    const bytes = await readFile(join(folder, file));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    const [gz, br] = await Promise.all([
      promisify(gzip)(bytes, { level: 9 }),
      promisify(brotliCompress)(bytes, { params }),
    ]);
    sums.raw += bytes.length;
    sums.gzip += gz.length;
    sums.brotli += br.length;
  }
  return sums;
}
