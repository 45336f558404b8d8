// How pare's report grows with the number of modules: time, memory, first paint, filtering; beside peers at 1,000 and 10,000.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build as esbuild } from 'esbuild';

import { openBrowser } from '../src/verify/chromium.ts';
import { openedPage, type Opened } from './scale-page.ts';
import { measuredOn } from './whole-process.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const SIZES = [1_000, 10_000, 100_000];
const PEER_SIZES = [1_000, 10_000];
const TOOLS = ['pare', 'pare, plugin', 'sonda', 'visualizer', 'source-map-explorer'] as const;
/** Longer than the slowest peer took when this was written, several times over. */
const PATIENCE = 300_000;

interface Synthetic {
  readonly packSeconds: number;
  /** CPU of the process; packing is in it. */
  readonly reportSeconds: number;
  readonly packedBytes: number;
  readonly reportBytes: number;
  readonly megabytes: number;
}

interface PeerRun {
  readonly cpu: number;
  readonly megabytes: number | null;
  readonly page: Opened;
}

/** Prints two tables; takes some minutes, most of them the peers'. */
export async function run(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pare-scale-'));
  const script = join(FOLDER, `.scale-synthetic.${process.pid}.mjs`);
  try {
    await bundleScript(script);
    return [
      `A made-up build of so many modules (three edges each), written as a report and opened in Chromium. ${measuredOn(['playwright-core'])}.`,
      '',
      '| modules | pack, CPU s | write report, CPU s | peak memory, MB | page, MB | first paint, ms | list there, ms | filter keystroke, median ms | worst |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      ...(await syntheticRows(script, folder)),
      '',
      'Report of one program of so many small modules, made from esbuild’s output and map (CPU seconds of the process, without esbuild’s own; of visualizer, which needs Rollup, its hook alone), then opened:',
      '',
      '| tool | modules | CPU, s | over pare | peak memory, MB | page is there after, ms | over pare |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      ...(await peerRows(folder)),
    ].join('\n');
  } finally {
    await rm(script, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

function bundleScript(outfile: string): Promise<unknown> {
  return esbuild({
    entryPoints: [join(FOLDER, 'scale-synthetic.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    tsconfigRaw: {},
    logLevel: 'warning',
  });
}

async function syntheticRows(script: string, folder: string): Promise<string[]> {
  const rows: string[] = [];
  let before: Synthetic | null = null;
  for (const count of SIZES) {
    const file = join(folder, `${count}.html`);
    const made: Synthetic = await answerOf<Synthetic>([script, String(count), file]);
    const page = await opened(file, true);
    const growth: string = before === null ? '' : ` (×${(made.reportSeconds / before.reportSeconds).toFixed(1)})`;
    before = made;
    const cells = [
      count.toLocaleString('en'),
      made.packSeconds.toFixed(2),
      made.reportSeconds.toFixed(2) + growth,
      made.megabytes.toFixed(0),
      (made.reportBytes / 1e6).toFixed(2),
      page.firstPaint.toFixed(0),
      page.ready.toFixed(0),
      page.keystrokes === null ? '' : page.keystrokes.median.toFixed(0),
      page.keystrokes === null ? '' : page.keystrokes.worst.toFixed(0),
    ];
    rows.push(`| ${cells.join(' | ')} |`);
  }
  return rows;
}

async function peerRows(folder: string): Promise<string[]> {
  const rows: string[] = [];
  for (const count of PEER_SIZES) {
    const project = join(folder, `project-${count}`);
    await writeProject(project, count);
    let own: PeerRun | null = null;
    for (const tool of TOOLS) {
      const result = await peerRun(tool, project, join(folder, `${tool.replace(/\W+/g, '-')}-${count}.html`));
      if (typeof result === 'string') {
        rows.push(`| ${tool} | ${count.toLocaleString('en')} | ${result} | | | | |`);
        continue;
      }
      own ??= result;
      const cells = [
        tool,
        count.toLocaleString('en'),
        result.cpu.toFixed(1),
        `×${(result.cpu / own.cpu).toFixed(1)}`,
        result.megabytes === null ? '' : result.megabytes.toFixed(0),
        result.page.ready.toFixed(0),
        `×${(result.page.ready / own.page.ready).toFixed(1)}`,
      ];
      rows.push(`| ${cells.join(' | ')} |`);
    }
  }
  return rows;
}

async function peerRun(tool: string, project: string, report: string): Promise<PeerRun | string> {
  try {
    const { cpu, megabytes } = await answerOf<{ cpu: number; megabytes: number | null }>([
      join(FOLDER, 'scale-tools.mjs'),
      tool,
      project,
      report,
    ]);
    return { cpu, megabytes, page: await opened(report, false) };
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n').slice(-1);
    return `failed: ${(line ?? '').slice(0, 80)}`;
  }
}

async function answerOf<T>(args: readonly string[]): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, [...args], { timeout: PATIENCE, maxBuffer: 1 << 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}

/** A browser of its own, so that nothing is warm. */
async function opened(file: string, withFilter: boolean): Promise<Opened> {
  const shared = await openBrowser();
  try {
    return await openedPage(shared.browser, pathToFileURL(file).href, { withFilter, patience: PATIENCE });
  } finally {
    await shared.close();
  }
}

/** Modules of some 300 bytes, each imported by one before it, in folders and packages of fifty; built by esbuild with a map. */
async function writeProject(project: string, count: number): Promise<void> {
  const fileOf = (i: number): string =>
    i === 0
      ? 'main.js'
      : i % 2 === 0
        ? `src/part-${Math.floor(i / 50)}/m${i}.js`
        : `node_modules/lib-${Math.floor(i / 100)}/m${i}.js`;
  const up = (i: number): string => (i === 0 ? './' : '../'.repeat(2));
  const tasks: (() => Promise<void>)[] = [];
  for (let i = 0; i < count; i++) {
    const children = [1, 2, 3, 4].map((n) => 4 * i + n).filter((n) => n < count);
    const imports = children.map((n) => `import { f${n} } from '${up(i)}${fileOf(n)}';`);
    const text = `${imports.join('\n')}
export function f${i}(value) {
  const label = 'module number ${i} of ' + value;
  if (value > ${i % 7}) console.log(label, [${children.map((n) => `f${n}(value)`).join(', ')}].join());
  return label.length + ${i};
}
${i === 0 ? 'f0(Date.now());\n' : ''}`;
    tasks.push(async () => {
      await mkdir(join(project, fileOf(i), '..'), { recursive: true });
      await writeFile(join(project, fileOf(i)), text);
    });
  }
  for (let i = 0; i < tasks.length; i += 64) await Promise.all(tasks.slice(i, i + 64).map((task) => task()));
  await writeFile(join(project, 'package.json'), '{"name":"scale","type":"module"}');
  await esbuild({
    absWorkingDir: project,
    entryPoints: ['./main.js'],
    outdir: join(project, 'out'),
    bundle: true,
    minify: true,
    format: 'esm',
    sourcemap: true,
    logLevel: 'warning',
  });
}
