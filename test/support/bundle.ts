/** Bundles small programs with the real bundlers, minified or not, and hands back the very files, each with its source map. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import commonjsModule from '@rollup/plugin-commonjs';
import { build as esbuild, type Metafile } from 'esbuild';
import { rolldown } from 'rolldown';
import { rollup, type Plugin } from 'rollup';
import { minify as terser } from 'terser';
import { build as vite } from 'vite';
import webpack from 'webpack';

// Its types describe the CommonJS build, whose default export is one step deeper than that of the module loaded here.
const commonjs = commonjsModule as unknown as typeof commonjsModule.default;

export type BundlerName = 'esbuild' | 'rollup+terser' | 'rolldown' | 'vite' | 'webpack';

/** Sources by their path in the program's folder. */
export type Program = Readonly<Record<string, string | Uint8Array>>;

export interface BundleOptions {
  /** Paths of the entry modules. */
  readonly entries: readonly string[];
  readonly minify: boolean;
  /** Default: `esm` (webpack: a script). */
  readonly format?: 'esm' | 'iife';
  readonly charset?: 'ascii' | 'utf8';
  readonly legalComments?: 'inline' | 'eof' | 'none';
}

export interface Bundled {
  readonly root: string;
  readonly outdir: string;
  readonly files: readonly BundledFile[];
  /** esbuild's; null for others. */
  readonly metafile: Metafile | null;
}

export interface BundledFile {
  /** Relative to `outdir`. */
  readonly file: string;
  readonly contents: Uint8Array;
  readonly map: Uint8Array | null;
}

/** A folder that is gone when the block that it was made for ends. */
export function temporaryFolder(): { readonly folder: string; [Symbol.dispose](): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'pare-test-'));
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

export function writeProgram(folder: string, program: Program): void {
  for (const [file, text] of Object.entries(program)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
}

/** Builds the program that is in `root` into `root/dist/BUNDLER`. */
export async function bundle(bundler: BundlerName, root: string, options: BundleOptions): Promise<Bundled> {
  const outdir = path.join(root, 'dist', bundler.replace('+', '-'));
  const metafile = await BUILDERS[bundler](root, outdir, options);
  const names = readdirSync(outdir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(outdir, path.join(entry.parentPath, entry.name)));
  const files = names
    .filter((name) => !name.endsWith('.map'))
    .sort()
    .map((file): BundledFile => {
      const map = names.includes(`${file}.map`) ? readFileSync(path.join(outdir, `${file}.map`)) : null;
      return { file, contents: readFileSync(path.join(outdir, file)), map };
    });
  return { root, outdir, files, metafile };
}

/** What @rollup/plugin-terser does, without its pool of worker threads. */
function terserPlugin(ascii: boolean): Plugin {
  return {
    name: 'terser',
    async renderChunk(code, _, { format }) {
      const module = format === 'es';
      const output = { ascii_only: ascii, comments: 'some' } as const;
      const result = await terser(code, { module, toplevel: format === 'cjs', sourceMap: true, format: output });
      return { code: result.code ?? '', map: result.map as string };
    },
  };
}

type Builder = (root: string, outdir: string, options: BundleOptions) => Promise<Metafile | null>;

const BUILDERS: Readonly<Record<BundlerName, Builder>> = {
  async esbuild(root, outdir, { entries, minify, format = 'esm', charset = 'ascii', legalComments = 'eof' }) {
    const result = await esbuild({
      absWorkingDir: root,
      entryPoints: [...entries],
      outdir,
      bundle: true,
      splitting: format === 'esm',
      format,
      minify,
      charset,
      legalComments,
      sourcemap: true,
      metafile: true,
      logLevel: 'silent',
    });
    return result.metafile;
  },
  async 'rollup+terser'(root, outdir, { entries, minify, format = 'esm', charset = 'utf8' }) {
    const result = await rollup({
      input: entries.map((entry) => path.join(root, entry)),
      plugins: [commonjs()],
      onLog: () => undefined,
    });
    await result.write({
      dir: outdir,
      format,
      sourcemap: true,
      plugins: minify ? [terserPlugin(charset === 'ascii')] : [],
    });
    await result.close();
    return null;
  },
  async rolldown(root, outdir, { entries, minify, format = 'esm' }) {
    const result = await rolldown({
      input: entries.map((entry) => path.join(root, entry)),
      onLog: () => undefined,
    });
    await result.write({ dir: outdir, format, sourcemap: true, minify });
    await result.close();
    return null;
  },
  async vite(root, outdir, { entries, minify, format = 'esm' }) {
    await vite({
      root,
      configFile: false,
      logLevel: 'silent',
      build: {
        outDir: outdir,
        sourcemap: true,
        minify,
        rolldownOptions: { input: entries.map((entry) => path.join(root, entry)), output: { format } },
      },
    });
    return null;
  },
  webpack(root, outdir, { entries, minify }) {
    return new Promise((resolve, reject) => {
      webpack(
        {
          mode: minify ? 'production' : 'development',
          context: root,
          entry: Object.fromEntries(entries.map((entry) => [path.parse(entry).name, `./${entry}`])),
          output: { path: outdir },
          devtool: 'source-map',
          cache: false,
          performance: { hints: false },
        },
        (error, stats) => {
          if (error) reject(error);
          else if (stats?.hasErrors()) reject(new Error(stats.toString({ all: false, errors: true })));
          else resolve(null);
        },
      );
    });
  },
};
