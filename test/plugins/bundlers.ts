/** One way to run each bundler on a small application. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Plugin as EsbuildPlugin } from 'esbuild';
import type { Plugin as RollupPlugin } from 'rollup';
import type { InlineConfig, Plugin as VitePlugin } from 'vite';

import * as forEsbuild from 'pare/esbuild';
import * as forRollup from 'pare/rollup';
import * as forVite from 'pare/vite';
import type { AnalyzerOptions } from 'pare/esbuild';
import type { Build } from '../../src/model/build.ts';

export const BUNDLERS = ['esbuild', 'rollup', 'rolldown', 'vite5', 'vite6', 'vite7', 'vite'] as const;
export type BundlerName = (typeof BUNDLERS)[number];
export type AnyPlugin = EsbuildPlugin | RollupPlugin | VitePlugin;

export interface BuildOptions {
  readonly outdir: string;
  readonly plugins?: readonly AnyPlugin[];
  readonly sourcemap?: boolean | 'inline' | 'hidden';
  readonly minify?: boolean;
  readonly entry?: string;
}

/** Writes an application into a new folder; returns the folder. */
export async function application(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'pare-app-'));
  for (const [file, text] of Object.entries({ 'package.json': '{"name":"app","type":"module"}', ...files })) {
    const full = path.join(root, file);
    await mkdir(path.dirname(full), { recursive: true });
    await writeFile(full, text);
  }
  return root;
}

/** pare's analyzer for a bundler. */
export function analyzerFor(bundler: BundlerName, options: AnalyzerOptions): AnyPlugin {
  if (bundler === 'esbuild') return forEsbuild.analyzer(options);
  return bundler.startsWith('vite') ? forVite.analyzer(options) : forRollup.analyzer(options);
}

/** Builds with the analyzer in the config; returns the record. */
export async function analyzed(bundler: BundlerName, root: string, options: BuildOptions): Promise<Build> {
  const builds: Build[] = [];
  const plugin = analyzerFor(bundler, { root, summary: false, onBuild: (build) => void builds.push(build) });
  await run(bundler, root, { ...options, plugins: [...(options.plugins ?? []), plugin] });
  if (builds.length !== 1) throw new Error(`${bundler} gave ${builds.length} records`);
  return builds[0]!;
}

const ROLLUP_PLUGINS = ['@rollup/plugin-node-resolve', '@rollup/plugin-json', '@rollup/plugin-terser'];

/** Their types say CommonJS where Node loads ES modules. */
async function rollupPlugin(name: string): Promise<(options?: object) => RollupPlugin> {
  return ((await import(name)) as { default: (options?: object) => RollupPlugin }).default;
}

/** A production build. */
export async function run(bundler: BundlerName, root: string, options: BuildOptions): Promise<void> {
  const { outdir, plugins = [], sourcemap = false, minify = true, entry = 'src/main.js' } = options;
  const input = { main: path.join(root, entry) };
  const names = { entryFileNames: '[name]-[hash].js', chunkFileNames: '[name]-[hash].js' };
  if (bundler === 'esbuild') {
    const { build } = await import('esbuild');
    await build({
      absWorkingDir: root,
      entryPoints: input,
      outdir,
      bundle: true,
      splitting: true,
      format: 'esm',
      minify,
      sourcemap: sourcemap === 'hidden' ? 'external' : sourcemap === true ? 'linked' : sourcemap,
      entryNames: '[name]-[hash]',
      chunkNames: '[name]-[hash]',
      logLevel: 'silent',
      plugins: plugins as EsbuildPlugin[],
    });
  } else if (bundler === 'rollup') {
    const { rollup } = await import('rollup');
    const [nodeResolve, json, terser] = await Promise.all(ROLLUP_PLUGINS.map(rollupPlugin));
    const build = await rollup({
      input,
      plugins: [
        nodeResolve!(),
        json!(),
        ...(minify ? [terser!({ module: true, maxWorkers: 1 })] : []),
        ...(plugins as RollupPlugin[]),
      ],
      onwarn: () => undefined,
    });
    await build.write({ dir: outdir, ...names, format: 'es', sourcemap });
    await build.close();
  } else if (bundler === 'rolldown') {
    const { rolldown } = await import('rolldown');
    const build = await rolldown({
      cwd: root,
      input,
      platform: 'browser',
      plugins: plugins as never,
      onLog: () => undefined,
    });
    await build.write({ dir: outdir, ...names, format: 'es', sourcemap, minify });
    await build.close();
  } else {
    const vite = (await import(bundler)) as { build(config: InlineConfig): Promise<unknown> };
    await vite.build({
      root,
      configFile: false,
      logLevel: 'silent',
      plugins: plugins as VitePlugin[],
      build: {
        outDir: outdir,
        emptyOutDir: true,
        minify,
        sourcemap,
        modulePreload: { polyfill: false },
        rollupOptions: { input },
      },
    });
  }
}

/** Everything that was written, by name. */
export function filesIn(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = names.map((entry) => path.join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(files.map((file) => [path.relative(folder, file), readFileSync(file, 'latin1')]));
}

/** What each output's parts miss of its bytes: nothing, if all is well. */
export function remainders(build: Build): Record<string, number> {
  const wrong: Record<string, number> = {};
  for (const { file, bytes, parts } of build.outputs) {
    for (const size of ['raw', 'gzip', 'brotli'] as const) {
      const sum = parts.reduce((total, part) => total + part.bytes[size]!, 0);
      if (sum !== bytes[size]) wrong[`${file} ${size}`] = bytes[size]! - sum;
    }
  }
  return wrong;
}
