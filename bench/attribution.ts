// Whose the bytes of an output are: accuracy and CPU time against source-map-explorer, sonda, rollup-plugin-visualizer and esbuild.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { build as esbuild, type Plugin as EsbuildPlugin } from 'esbuild';
import { rollup, type Plugin as RollupPlugin } from 'rollup';
import { minify } from 'terser';
import { build as vite, type PluginOption } from 'vite';

import {
  analyzeBuild,
  TOOLS,
  type Analysis,
  type Analyzed,
  type Builder,
  type BundlerName,
  type ToolName,
} from './attribution-tools.ts';
import { MARKED_MODULES, markedBytes, markedFile, writeMarkedProgram } from './attribution-truth.ts';
import { inRounds, measuredOn, medianRatio, type Subject } from './whole-process.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ROUNDS = 5;
/** Packages that accuracy is measured on. */
const LEAST_BYTES = 1_024;

const FIXTURES: readonly { readonly name: string; readonly bundlers: readonly BundlerName[] }[] = [
  { name: 'storefront', bundlers: ['esbuild', 'vite'] },
  { name: 'workbench', bundlers: ['esbuild', 'vite'] },
  { name: 'viewer', bundlers: ['esbuild', 'rollup'] },
  { name: 'cli', bundlers: ['esbuild', 'rollup'] },
  { name: 'legacy', bundlers: ['esbuild', 'rollup'] },
  { name: 'parts', bundlers: ['esbuild', 'rollup'] },
];

interface FixtureCase {
  readonly title: string;
  readonly bundler: BundlerName;
  readonly analyzed: Analyzed;
}

/** Prints four tables; takes some minutes. */
export async function run(): Promise<string> {
  const cases: FixtureCase[] = [];
  for (const { name, bundlers } of FIXTURES) {
    const root = path.join(FOLDER, '..', 'fixtures', name);
    const { build } = (await import(path.join(root, 'build.mjs'))) as {
      build: (bundler: string, options: object) => Promise<unknown>;
    };
    for (const bundler of bundlers) {
      const analyzed = await analyzeBuild(bundler, root, (options) => build(bundler, options));
      cases.push({ title: `${name}, ${bundler}`, bundler, analyzed });
    }
  }
  const head = measuredOn(['esbuild', 'rollup', 'vite', 'source-map-explorer', 'sonda', 'rollup-plugin-visualizer']);
  return [
    `${head}. Of sonda this is the latest version that runs on Node 20; later ones ask for Node 22.`,
    '',
    'Parts minus file: bytes, and share of all scripts of the build.',
    '',
    sumsTable(cases),
    '',
    `Packages of at least ${LEAST_BYTES} bytes, in esbuild's output, against the metafile's lengths, which esbuild's printer counted: mean and worst error. ` +
      'pare reads the metafile when it is a plugin; the second column is pare without it.',
    '',
    packagesTable(cases.filter(({ bundler }) => bundler === 'esbuild')),
    '',
    `${MARKED_MODULES} modules with marked text, each against its real bytes in the output's syntax tree: mean and worst error.`,
    '',
    await markedTable(),
    '',
    `CPU time of whole processes, gzip and brotli off, median of ${ROUNDS} paired rounds.`,
    '',
    await timeTables(),
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function sumsTable(cases: readonly FixtureCase[]): string {
  const rows = cases.map(({ title, analyzed: { files, byTool } }) => {
    const total = [...files.values()].reduce((a, b) => a + b, 0);
    const cells = TOOLS.map((tool) => {
      const analysis = byTool.get(tool);
      if (analysis === undefined) return '';
      if (analysis === null) return 'fails';
      const parts = [...files.keys()].flatMap((file) => [...(analysis.get(file)?.values() ?? [])]);
      const difference = parts.reduce((a, b) => a + b, 0) - total;
      return difference === 0
        ? '0'
        : `${signed(difference)} (${signed(Number(((100 * difference) / total).toFixed(2)))} %)`;
    });
    return [title, ...cells];
  });
  return table(['build', ...TOOLS], rows);
}

function packagesTable(cases: readonly FixtureCase[]): string {
  const tools = TOOLS.filter((tool) => tool !== 'esbuild metafile' && !tool.startsWith('visualizer'));
  const rows = cases.map(({ title, analyzed: { files, byTool } }) => {
    const truth = byPackage(byTool.get('esbuild metafile') ?? new Map(), files);
    for (const [name, bytes] of truth) if (bytes < LEAST_BYTES) truth.delete(name);
    const cells = tools.map((tool) => {
      const analysis = byTool.get(tool);
      return analysis == null ? 'fails' : errors(truth, byPackage(analysis, files));
    });
    return [title, String(truth.size), ...cells];
  });
  return table(['build', 'packages', ...tools], rows);
}

function byPackage(analysis: Analysis, scripts: ReadonlyMap<string, number>): Map<string, number> {
  const packages = new Map<string, number>();
  for (const [file, sizes] of analysis) {
    if (!scripts.has(file)) continue;
    for (const [source, bytes] of sizes) {
      if (source === '') continue;
      const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? '(the application)';
      packages.set(name, (packages.get(name) ?? 0) + bytes);
    }
  }
  return packages;
}

/** Mean and worst absolute error as shares of the truth. */
function errors<Key>(truth: ReadonlyMap<Key, number>, measured: ReadonlyMap<Key, number>): string {
  const each = [...truth].map(([key, bytes]) => Math.abs((measured.get(key) ?? 0) - bytes) / bytes);
  const mean = each.reduce((a, b) => a + b, 0) / each.length;
  return `${percent(mean)}, ${percent(Math.max(...each))}`;
}

const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 2 : 0)} %`;
const signed = (value: number) => (value > 0 ? `+${value}` : `${value}`.replace('-', '−'));

/** What @rollup/plugin-terser does, without its worker threads. */
const terser: RollupPlugin = {
  name: 'terser',
  async renderChunk(text) {
    const { code = '', map } = await minify(text, { module: true, sourceMap: true });
    return { code, map: map as string };
  },
};

/** The marked program by three bundlers. */
async function markedTable(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pare-marked-'));
  try {
    writeMarkedProgram(folder);
    const rows: string[][] = [];
    for (const [title, bundler, build] of markedBuilders(folder)) {
      let truth = new Map<number, number>();
      const { byTool } = await analyzeBuild(bundler, folder, async (options) => {
        await build(options);
        const script = readdirSync(options.outdir, { recursive: true }).find((name) => /\.js$/.test(String(name)));
        truth = markedBytes(readFileSync(path.join(options.outdir, String(script)), 'latin1'));
      });
      if (truth.size !== MARKED_MODULES)
        throw new Error(`${title}: ${truth.size} of the marked modules are in the output`);
      rows.push([title, ...TOOLS.map((tool) => markedCell(tool, byTool, truth))]);
    }
    return table(['bundler', ...TOOLS], rows);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function markedCell(tool: ToolName, byTool: Analyzed['byTool'], truth: ReadonlyMap<number, number>): string {
  const analysis = byTool.get(tool);
  if (analysis === undefined) return '';
  if (analysis === null) return 'fails';
  const measured = new Map<number, number>();
  for (const sizes of analysis.values()) {
    for (const [source, bytes] of sizes) {
      const module = /module-(\d+)\.js/.exec(source)?.[1];
      if (module !== undefined) measured.set(Number(module), (measured.get(Number(module)) ?? 0) + bytes);
    }
  }
  return errors(truth, measured);
}

function markedBuilders(root: string): readonly (readonly [title: string, bundler: BundlerName, build: Builder])[] {
  const entry = path.join(root, markedFile(0));
  return [
    [
      'esbuild',
      'esbuild',
      ({ outdir, plugins }) =>
        esbuild({
          absWorkingDir: root,
          entryPoints: [entry],
          outdir,
          bundle: true,
          format: 'esm',
          minify: true,
          sourcemap: true,
          metafile: true,
          logLevel: 'silent',
          plugins: plugins as EsbuildPlugin[],
        }),
    ],
    [
      'Rollup and terser',
      'rollup',
      async ({ outdir, plugins }) => {
        const bundle = await rollup({ input: entry, plugins: [terser, ...(plugins as RollupPlugin[])] });
        await bundle.write({ dir: outdir, format: 'es', sourcemap: true });
        await bundle.close();
      },
    ],
    [
      'Vite',
      'vite',
      ({ outdir, plugins }) =>
        vite({
          root,
          configFile: false,
          logLevel: 'silent',
          plugins: plugins as PluginOption[],
          build: { outDir: outdir, sourcemap: true, rolldownOptions: { input: entry } },
        }),
    ],
  ];
}

async function timeTables(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pare-attribution-time-'));
  try {
    return [await finishedOutputTable(folder), '', await pluginsTable(folder)].join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Stand-alone analyzers over an output that is there already. */
async function finishedOutputTable(folder: string): Promise<string> {
  const script = path.join(FOLDER, 'analyze-output.mjs');
  const tools = ['pare', 'source-map-explorer', 'esbuild'];
  const rows: string[][] = [];
  for (const fixture of ['storefront', 'cli']) {
    const outdir = path.join(folder, fixture);
    const metafile = path.join(folder, `${fixture}.json`);
    const { build } = (await import(path.join(FOLDER, '..', 'fixtures', fixture, 'build.mjs'))) as {
      build: (bundler: string, options: object) => Promise<unknown>;
    };
    const reader: EsbuildPlugin = {
      name: 'metafile-reader',
      setup: ({ onEnd }) => onEnd((result) => void writeFileSync(metafile, JSON.stringify(result.metafile))),
    };
    await build('esbuild', { outdir, plugins: [reader] });
    const seconds = await inRounds(
      ROUNDS,
      tools.map((tool): Subject => ({ name: tool, args: [script, tool, outdir, metafile] })),
    );
    rows.push([
      fixture,
      ...tools.map((tool) => `×${medianRatio(seconds.get(tool)!, seconds.get('pare')!).toFixed(2)}`),
    ]);
  }
  return table(['finished output of', 'pare: `analyze`', 'source-map-explorer', "esbuild's `analyzeMetafile`"], rows);
}

/** Analyzers that are plugins: the build with each over the plain build. */
async function pluginsTable(folder: string): Promise<string> {
  const script = path.join(FOLDER, 'build-fixture.mjs');
  const sonda = JSON.stringify({ format: 'json', filename: 'sonda', outputDir: folder, open: false });
  const raw = { template: 'raw-data', filename: path.join(folder, 'visualizer.json') };
  const pare = JSON.stringify({ gzip: false, brotli: false, summary: false, json: path.join(folder, 'pare.json') });
  const visualizers: Readonly<Record<string, readonly string[]>> = {
    visualizer: ['rollup-plugin-visualizer#visualizer', JSON.stringify(raw)],
    'visualizer, sourcemap': ['rollup-plugin-visualizer#visualizer', JSON.stringify({ ...raw, sourcemap: true })],
  };
  const columns = ['pare', 'sonda', ...Object.keys(visualizers)];
  const rows: string[][] = [];
  for (const [fixture, bundler] of [
    ['storefront', 'esbuild'],
    ['cli', 'esbuild'],
    ['storefront', 'vite'],
    ['legacy', 'rollup'],
  ] as const) {
    const plugins: Record<string, readonly string[]> = {
      pare: [`pare/${bundler}#analyzer`, pare],
      sonda: [`sonda/${bundler}#default`, sonda],
      ...(bundler === 'rollup' ? visualizers : {}),
    };
    const args = [script, fixture, bundler, path.join(folder, 'out')];
    const subjects = Object.entries(plugins).map(([name, plugin]): Subject => ({ name, args: [...args, ...plugin] }));
    const seconds = await inRounds(ROUNDS, [{ name: 'plain', args }, ...subjects]);
    const cells = columns.map((name) => {
      const own = seconds.get(name);
      return own === undefined ? '' : `×${medianRatio(own, seconds.get('plain')!).toFixed(2)}`;
    });
    rows.push([`${fixture}, ${bundler}`, ...cells]);
  }
  return table(['build with the plugin, over the plain build', ...columns], rows);
}
