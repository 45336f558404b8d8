// What a returning visitor downloads after a one-line edit, and what compressing a build costs, beside Vite's compression plugin.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

import { checkPrecompressed } from '../src/precompress/check.ts';
import type { CompressedFile, PrecompressManifest } from '../src/precompress/manifest.ts';
import { precompress } from '../src/precompress/precompress.ts';
import { COMPRESS_DEFAULTS } from '../src/precompress/settings.ts';
import { openStore } from '../src/store/open-store.ts';
import { measuredOn, median, medianRatio } from './whole-process.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const ROUNDS = 5;

/** One line of the project's own code, as somebody would change it. */
const CASES = [
  { fixture: 'storefront', bundler: 'esbuild', file: /Footer\.tsx$/, from: 'py: 4', to: 'py: 6' },
  { fixture: 'storefront', bundler: 'vite', file: /Footer\.tsx$/, from: 'py: 4', to: 'py: 6' },
  {
    fixture: 'workbench',
    bundler: 'esbuild',
    file: /alarm-rules\.ts$/,
    from: 'must be a list',
    to: 'must be an array',
  },
  { fixture: 'workbench', bundler: 'vite', file: /alarm-rules\.ts$/, from: 'must be a list', to: 'must be an array' },
] as const;
type Case = (typeof CASES)[number];

export async function run(): Promise<string> {
  const work = await mkdtemp(path.join(tmpdir(), 'pare-precompress-'));
  try {
    const visits: string[] = [];
    for (const each of CASES) visits.push(await visitRow(each, work));
    const times: string[] = [];
    for (const name of ['storefront-vite', 'workbench-esbuild']) times.push(...(await timeRows(name, work)));
    return [
      `Bytes of all files that changed with a one-line edit, for a browser that has the release before. \`dcb\` was written ` +
        `under Bun. ${measuredOn(['esbuild', 'vite'])}.`,
      '',
      '| build | files that changed | as they are | br | dcz, br where there is none | of br | dcb, br where there is none | of br | a first visit, br |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      ...visits,
      '',
      `gzip 9 and brotli 11 of every file over 1 kB, maps left out: wall time and CPU of all threads (median of ${ROUNDS} rounds; ` +
        `ratios are medians of pairs). The machine was shared. ${measuredOn(['vite-plugin-compression2'])}.`,
      '',
      '| build | by | wall s | CPU s | wall to plain zlib | CPU to plain zlib | bytes written |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      ...times,
    ].join('\n');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function visitRow(each: Case, work: string): Promise<string> {
  const name = `${each.fixture}-${each.bundler}`;
  const before = path.join(work, `${name}-before`);
  const after = path.join(work, name);
  await build(each, before, false);
  await build(each, after, true);
  const former = await precompress(before, COMPRESS_DEFAULTS);
  const now = await precompress(after, { ...COMPRESS_DEFAULTS, previous: [before] });
  if ((await checkPrecompressed(after)).problems.length > 0) throw new Error(`${name}: the copies don't hold`);
  const changed = changedFiles(former, now);
  if (changed.length === 0) throw new Error(`${name}: the edit changed nothing`);
  const plain = sum(changed, smallestCopy);
  const cells = [
    `${each.fixture}, ${each.bundler}`,
    `${changed.length} of ${now.files.length}`,
    thousands(sum(changed, ({ bytes }) => bytes)),
    thousands(plain),
    ...deltaCells(changed, 'dcz', plain),
    ...deltaCells(changedFiles(former, await underBun(after, before)), 'dcb', plain),
    thousands(sum(now.files, smallestCopy)),
  ];
  return `| ${cells.join(' | ')} |`;
}

function deltaCells(changed: readonly CompressedFile[], coding: 'dcb' | 'dcz', plain: number): string[] {
  if (!changed.some(({ deltas }) => deltas.some((delta) => delta.coding === coding))) return ['–', '–'];
  const bytes = sum(
    changed,
    (file) => file.deltas.find((delta) => delta.coding === coding)?.bytes ?? smallestCopy(file),
  );
  return [thousands(bytes), `${((bytes / plain) * 100).toFixed(2)} %`];
}

/** The same by the built program under Bun, whose zlib has brotli with dictionaries. Without Bun what Node wrote. */
async function underBun(folder: string, previous: string): Promise<PrecompressManifest> {
  const copy = `${folder}-bun`;
  await cp(folder, copy, { recursive: true });
  const bun = path.join(ROOT, 'node_modules/@oven/bun-linux-x64/bin/bun');
  const program = existsSync(bun) ? [bun, '--no-install'] : [process.execPath];
  const args = [
    ...program.slice(1),
    path.join(ROOT, 'dist/bin/pare.js'),
    'compress',
    copy,
    '--previous',
    previous,
    '--json',
  ];
  const { stdout } = await promisify(execFile)(program[0]!, args, { maxBuffer: 1 << 28 });
  await rm(copy, { recursive: true });
  return JSON.parse(stdout) as PrecompressManifest;
}

/** What a browser with the files of before asks for: other names, or the same with other contents. Pages are asked for anyway. */
function changedFiles(former: PrecompressManifest, now: PrecompressManifest): CompressedFile[] {
  const known = new Map(former.files.map(({ file, sha256 }) => [file, sha256]));
  return now.files.filter(({ file, sha256 }) => known.get(file) !== sha256);
}

function smallestCopy({ bytes, copies }: CompressedFile): number {
  return Math.min(bytes, ...copies.map((copy) => copy.bytes));
}

/** A fixture's build, of which one line is another. */
async function build({ fixture, bundler, file, from, to }: Case, outdir: string, isEdited: boolean): Promise<void> {
  const script = path.join(ROOT, 'fixtures', fixture, 'build.mjs');
  const module = (await import(pathToFileURL(script).href)) as {
    build(bundler: string, options: { outdir: string; plugins: unknown[] }): Promise<void>;
  };
  const edit = (code: string): string => code.replace(from, to);
  const plugins = {
    esbuild: {
      name: 'edit',
      setup(host: import('esbuild').PluginBuild) {
        host.onLoad({ filter: file }, async (args) => ({
          contents: edit(await readFile(args.path, 'utf8')),
          loader: args.path.endsWith('x') ? 'tsx' : 'ts',
        }));
      },
    },
    vite: {
      name: 'edit',
      enforce: 'pre',
      transform: (code: string, id: string) => (file.test(id) ? { code: edit(code), map: null } : null),
    },
  };
  await module.build(bundler, { outdir, plugins: isEdited ? [plugins[bundler]] : [] });
  for (const name of await readdir(outdir, { recursive: true }))
    if (name.endsWith('.map')) await rm(path.join(outdir, name));
}

interface Measured {
  readonly wall: number[];
  readonly cpu: number[];
  bytes: number;
}

/** Each subject in turn on a fresh copy of the build, every second round backwards. */
async function timeRows(name: string, work: string): Promise<string[]> {
  const source = path.join(work, `${name}-before`);
  const store = path.join(work, `${name}-cache`);
  const subjects: readonly { readonly name: string; readonly compress: (folder: string) => Promise<void> }[] = [
    { name: 'plain zlib, one after the other', compress: syncLoop },
    { name: 'vite-plugin-compression2, same levels', compress: compressWithVite },
    { name: 'pare, cold', compress: async (folder) => void (await precompress(folder, COMPRESS_DEFAULTS)) },
    { name: 'pare, warm', compress: (folder) => throughStore(folder, store) },
  ];
  const clean = path.join(work, `${name}-clean`);
  await cp(source, clean, { recursive: true, filter: (from) => !/\.(?:br|gz)$|pare-compress\.json$/.test(from) });
  await throughStore(await copyOf(clean, work), store);
  const results = new Map(subjects.map((subject) => [subject.name, { wall: [], cpu: [], bytes: 0 } as Measured]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const subject of round % 2 === 0 ? subjects : [...subjects].reverse()) {
      const folder = await copyOf(clean, work);
      const cpu = process.cpuUsage();
      const start = performance.now();
      await subject.compress(folder);
      const result = results.get(subject.name)!;
      result.wall.push((performance.now() - start) / 1000);
      const used = process.cpuUsage(cpu);
      result.cpu.push((used.user + used.system) / 1e6);
      result.bytes = await compressedBytes(folder);
      await rm(folder, { recursive: true });
    }
  }
  const base = results.get(subjects[0]!.name)!;
  return [...results].map(([by, { wall, cpu, bytes }]) => {
    const cells = [name.replace('-', ', '), by, median(wall).toFixed(3), median(cpu).toFixed(3)];
    const ratios = [medianRatio(wall, base.wall), medianRatio(cpu, base.cpu)].map((ratio) => ratio.toFixed(3));
    return `| ${[...cells, ...ratios, thousands(bytes)].join(' | ')} |`;
  });
}

async function copyOf(folder: string, work: string): Promise<string> {
  const copy = await mkdtemp(path.join(work, 'copy-'));
  await cp(folder, copy, { recursive: true });
  return copy;
}

/** Which files get copies: what all of the subjects take for compressible. */
async function compressible(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const wanted: string[] = [];
  for (const name of names.filter((each) => /\.(?:js|css|html|svg)$/.test(each)))
    if ((await readFile(path.join(folder, name))).length >= COMPRESS_DEFAULTS.minBytes) wanted.push(name);
  return wanted;
}

const brotliOptions = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 } };

async function syncLoop(folder: string): Promise<void> {
  for (const name of await compressible(folder)) {
    const file = path.join(folder, name);
    const contents = await readFile(file);
    await writeFile(`${file}.br`, zlib.brotliCompressSync(contents, brotliOptions));
    await writeFile(`${file}.gz`, zlib.gzipSync(contents, { level: 9 }));
  }
}

/** The plugin works on a bundle of Vite's: one of nothing, into which the files are emitted. */
async function compressWithVite(folder: string): Promise<void> {
  const [{ build: vite }, { compression, defineAlgorithm }] = await Promise.all([
    import('vite'),
    import('vite-plugin-compression2'),
  ]);
  const names = await compressible(folder);
  await vite({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    build: { outDir: folder, emptyOutDir: false, copyPublicDir: false, rollupOptions: { input: 'virtual:empty' } },
    plugins: [
      {
        name: 'emit',
        resolveId: (id) => (id === 'virtual:empty' ? '\0empty' : null),
        load: (id) => (id === '\0empty' ? 'export {}' : null),
        async buildStart() {
          for (const fileName of names)
            this.emitFile({ type: 'asset', fileName, source: await readFile(path.join(folder, fileName)) });
        },
      },
      compression({
        threshold: COMPRESS_DEFAULTS.minBytes,
        include: /\.(?:js|css|html|svg)$/,
        logLevel: 'silent',
        algorithms: [defineAlgorithm('brotliCompress', brotliOptions), defineAlgorithm('gzip', { level: 9 })],
      }),
    ],
  });
}

async function throughStore(folder: string, cacheFolder: string): Promise<void> {
  await using store = openStore(
    {
      folder: cacheFolder,
      memoryBytes: 64 << 20,
      diskBytes: 1 << 30,
      ttlMs: 30 * 24 * 3600 * 1000,
      compress: true,
      redis: null,
    },
    { onWarning: ({ message }) => console.warn(message) },
  );
  await precompress(folder, COMPRESS_DEFAULTS, { cache: store });
}

async function compressedBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    if (!/\.(?:br|gz)$/.test(name)) continue;
    const contents = await readFile(path.join(folder, name));

    bytes += contents.length;
  }
  if (bytes === 0) throw new Error('nothing was compressed');
  return bytes;
}

function sum<Item>(items: readonly Item[], size: (item: Item) => number): number {
  return items.reduce((total, item) => total + size(item), 0);
}

function thousands(bytes: number): string {
  return bytes.toLocaleString('en-US');
}
