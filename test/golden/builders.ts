/** The golden application's plain production builds with external source maps, one for each bundler, and each minifier alone. */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Plugin as EsbuildPlugin } from 'esbuild';
import type { Plugin as RollupPlugin } from 'rollup';
import type { Plugin as VitePlugin } from 'vite';

export const APP = path.join(import.meta.dirname, 'app');
const ENTRY = path.join(APP, 'src/main.js');
const PRODUCTION = { 'process.env.NODE_ENV': '"production"' };
const NAMES = { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js', assetFileNames: '[name][extname]' };

export type Minifier = (code: string) => Promise<string>;

export interface Builder {
  readonly name: string;
  /** Builds into the folder; webpack also writes `stats.json` into `evidence`. */
  build(outdir: string, plugins?: readonly unknown[], evidence?: string): Promise<void>;
  /** The bundler's own minifier on a file that stands alone. */
  readonly minify: Minifier;
  /** Which of pare's adapters goes into its config; null: there is none. */
  readonly adapter: 'esbuild' | 'rollup' | 'vite' | null;
}

/** Bun's program as npm brings it: where its package's install script leaves it, run or not; null where there is none for here. */
export const BUN = ((): string | null => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const { resolve } = createRequire(import.meta.url);
  const places = [
    ['bun/package.json', 'bun.exe'],
    [`@oven/bun-${platform}-${process.arch}/package.json`, platform === 'windows' ? 'bun.exe' : 'bun'],
  ] as const;
  for (const [manifest, name] of places) {
    try {
      const program = path.join(path.dirname(resolve(manifest)), 'bin', name);
      // Before the script has run there is only a text that says so.
      if (statSync(program).size > 1_000_000) return program;
    } catch {
      // Not there.
    }
  }
  return null;
})();

const ALL: readonly Builder[] = [
  { name: 'webpack', build: withWebpack, minify: terserAlone, adapter: null },
  { name: 'rollup', build: withRollup, minify: terserAlone, adapter: 'rollup' },
  { name: 'esbuild', build: withEsbuild, minify: esbuildAlone, adapter: 'esbuild' },
  { name: 'vite', build: withVite, minify: oxcAlone, adapter: 'vite' },
  { name: 'rolldown', build: withRolldown, minify: oxcAlone, adapter: 'rollup' },
  { name: 'bun', build: withBun, minify: bunAlone, adapter: null },
];

export const BUILDERS = ALL.filter(({ name }) => name !== 'bun' || BUN !== null);

async function withWebpack(outdir: string, _plugins: readonly unknown[] = [], evidence?: string): Promise<void> {
  const { default: webpack } = await import('webpack');
  const compiler = webpack({
    mode: 'production',
    context: APP,
    entry: { main: ENTRY },
    output: { path: outdir, filename: '[name].js', chunkFilename: '[name]-[contenthash].js' },
    devtool: 'source-map',
    experiments: { css: true },
    performance: { hints: false },
  });
  const stats = await new Promise<NonNullable<Parameters<Parameters<typeof compiler.run>[0]>[1]>>((done, fail) => {
    compiler.run((error, result) =>
      compiler.close((closeError) => (error ?? closeError ? fail(error ?? closeError) : done(result!))),
    );
  });
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
  if (evidence !== undefined)
    await writeFile(path.join(evidence, 'stats.json'), JSON.stringify(stats.toJson({ all: true })));
}

async function withRollup(outdir: string, plugins: readonly unknown[] = []): Promise<void> {
  const { rollup } = await import('rollup');
  const [nodeResolve, commonjs, replace, terser] = await Promise.all(
    ['node-resolve', 'commonjs', 'replace', 'terser'].map(rollupPlugin),
  );
  const bundle = await rollup({
    input: { main: ENTRY },
    plugins: [
      replace!({ preventAssignment: true, values: PRODUCTION }),
      nodeResolve!({ browser: true }),
      commonjs!(),
      styles(),
      terser!({ module: true, maxWorkers: 1 }),
      ...(plugins as RollupPlugin[]),
    ],
    onwarn: () => undefined,
  });
  await bundle.write({ dir: outdir, ...NAMES, format: 'es', sourcemap: true });
  await bundle.close();
}

async function withEsbuild(outdir: string, plugins: readonly unknown[] = []): Promise<void> {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: APP,
    entryPoints: { main: ENTRY },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    minify: true,
    sourcemap: 'linked',
    define: PRODUCTION,
    logLevel: 'silent',
    plugins: plugins as EsbuildPlugin[],
  });
}

async function withVite(outdir: string, plugins: readonly unknown[] = []): Promise<void> {
  const { build } = await import('vite');
  await build({
    root: APP,
    configFile: false,
    logLevel: 'silent',
    plugins: plugins as VitePlugin[],
    build: {
      outDir: outdir,
      emptyOutDir: true,
      sourcemap: true,
      rolldownOptions: { input: { main: ENTRY } },
    },
  });
}

async function withRolldown(outdir: string, plugins: readonly unknown[] = []): Promise<void> {
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    cwd: APP,
    input: { main: ENTRY },
    platform: 'browser',
    transform: { define: PRODUCTION },
    // Rolldown itself takes no style sheets: here they leave the program by a plugin, as they do in Rollup.
    plugins: [styles(), ...plugins] as never,
    onLog: () => undefined,
  });
  await bundle.write({ dir: outdir, ...NAMES, format: 'es', sourcemap: true, minify: true });
  await bundle.close();
}

async function withBun(outdir: string): Promise<void> {
  const options = ['--minify', '--splitting', '--sourcemap=linked', '--target=browser', '--production'];
  await bun(['build', ENTRY, `--outdir=${outdir}`, '--root=src', ...options]);
}

/** Each style sheet as a file of its own, `@import` and all. */
function styles(): RollupPlugin {
  return {
    name: 'styles',
    async transform(code, id) {
      if (!id.endsWith('.css')) return null;
      this.emitFile({ type: 'asset', name: path.basename(id), source: code });
      return { code: '', map: null, moduleSideEffects: true, moduleType: 'js' };
    },
  };
}

/** Their types say CommonJS where Node loads ES modules. */
async function rollupPlugin(name: string): Promise<(options?: object) => RollupPlugin> {
  return ((await import(`@rollup/plugin-${name}`)) as { default: (options?: object) => RollupPlugin }).default;
}

async function terserAlone(code: string): Promise<string> {
  const { minify } = await import('terser');
  return (await minify(code, { toplevel: true, compress: { global_defs: { 'process.env.NODE_ENV': 'production' } } }))
    .code!;
}

async function esbuildAlone(code: string): Promise<string> {
  const { transform } = await import('esbuild');
  return (await transform(code, { minify: true, format: 'esm', define: PRODUCTION, legalComments: 'none' })).code;
}

async function oxcAlone(code: string): Promise<string> {
  const { minify } = await import('rolldown/utils');
  return (await minify('module.js', code, { module: true, compress: {}, mangle: { toplevel: true } })).code;
}

async function bunAlone(code: string): Promise<string> {
  const { mkdtemp, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const folder = await mkdtemp(path.join(tmpdir(), 'pare-golden-alone-'));
  try {
    await writeFile(path.join(folder, 'module.js'), code);
    await bun(['build', path.join(folder, 'module.js'), `--outfile=${folder}/out.js`, '--no-bundle', '--minify']);
    return await readFile(path.join(folder, 'out.js'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bun(args: readonly string[]): Promise<void> {
  await promisify(execFile)(BUN!, [...args], { cwd: APP, env: { ...process.env, NODE_ENV: 'production' } });
}
