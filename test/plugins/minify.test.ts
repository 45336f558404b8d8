/** `pare({ minify })` in each bundler: smaller, the same program, every byte still accounted for. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import { createBuilder, type Plugin as VitePlugin } from 'vite';
import { describe, expect, it } from 'vitest';

import * as forEsbuild from 'pare/esbuild';
import * as forRollup from 'pare/rollup';
import * as forVite from 'pare/vite';
import type { Budget } from '../../src/budget/budget.ts';
import type { Build } from '../../src/model/build.ts';
import { application, BUNDLERS, filesIn, remainders, run, type AnyPlugin, type BundlerName } from './bundlers.ts';

/** A program whose output says whether it was changed: names, order, getters, text beyond ASCII, a lazy chunk. */
const FILES = {
  'src/main.js': `import { Shape, areas } from './shapes.js';
        /*! A licence of the application. */
    class Square extends Shape { get area() { return this.side * this.side; } constructor(side) { super('square'); this.side = side; } }
    const squares = [1, 2, 3].map((side) => new Square(side));
    import('./later.js').then((later) => console.log(JSON.stringify({ areas: areas(squares), kinds: squares.map((each) => each.kind), text: 'Grüße – 世界', sum: later.sum(squares) })));`,
  'src/shapes.js': `/**
     * @license A licence of the shapes.
     */
    export class Shape { constructor(kind) { this.kind = kind; } }
    export function areas(shapes) { let result = []; for (const shape of shapes) { if (shape.area > 0) { result.push(shape.area); } } return result; }
    export function unused() { return 'nobody asks for this'; }`,
  'src/later.js': `export const sum = (shapes) => shapes.reduce((total, { area }) => { const next = total + area; return next; }, 0);`,
};

function pareFor(bundler: BundlerName, options: forEsbuild.PareOptions): AnyPlugin {
  if (bundler === 'esbuild') return forEsbuild.pare(options);
  return bundler.startsWith('vite') ? forVite.pare(options) : forRollup.pare(options);
}

async function built(bundler: BundlerName, options: forEsbuild.PareOptions) {
  const root = await application(FILES);
  const builds: Build[] = [];
  const outdir = path.join(root, 'out');
  const plugin = pareFor(bundler, {
    root,
    analyzer: { summary: false },
    report: false,
    onBuild: (build) => void builds.push(build),
    ...options,
  });
  await run(bundler, root, { outdir, plugins: [plugin], minify: false, sourcemap: true });
  const files = filesIn(outdir);
  const entry = builds[0]!.outputs.find(({ entry }) => entry)!.file;
  const file = path.join(outdir, entry);
  const printed = execFileSync(process.execPath, [file], { encoding: 'utf8' });
  const scripts = Object.keys(files).filter((file) => /\.js$/.test(file));
  const bytes = scripts.reduce((sum, file) => sum + files[file]!.length, 0);
  return { root, outdir, files, build: builds[0]!, printed, bytes, scripts };
}

describe.each(BUNDLERS)('%s', (bundler) => {
  it('gives the same program in fewer bytes, each with its owner', async () => {
    const plain = await built(bundler, {});
    const minified = await built(bundler, { minify: true });
    expect(minified.printed).toBe(plain.printed);
    expect(minified.bytes).toBeLessThan(plain.bytes * 0.8);
    expect(remainders(minified.build)).toEqual({});
    const owned = (id: string) =>
      minified.build.outputs
        .flatMap(({ parts }) => parts)
        .filter(({ module }) => module !== null && minified.build.modules[module]!.id === id)
        .reduce((sum, part) => sum + part.bytes.raw, 0);
    expect(owned('src/shapes.js')).toBeGreaterThan(60);
    expect(owned('src/later.js')).toBeGreaterThan(30);
    for (const { file, bytes } of minified.build.outputs)
      expect({ file, raw: bytes.raw }).toEqual({ file, raw: readFileSync(path.join(minified.outdir, file)).length });
  });

  it('puts the licences where they were asked for', async () => {
    const linked = await built(bundler, { minify: { tools: ['terser'], licences: 'linked' } });
    const notices = Object.keys(linked.files).filter((file) => file.endsWith('.LICENSE.txt'));
    const text = notices.map((file) => linked.files[file]).join('\n');
    expect(text).toContain('A licence of the application.');
    expect(text).toContain('A licence of the shapes.');
    for (const script of linked.scripts) expect(linked.files[script]).not.toContain('A licence of the shapes.');
    const none = await built(bundler, { minify: { tools: ['terser'], licences: 'none' } });
    expect(Object.keys(none.files).some((file) => file.endsWith('.LICENSE.txt'))).toBe(false);
    expect(existsSync(none.outdir)).toBe(true);
  });
});

const silent = { analyzer: { summary: false }, report: false } as const;

describe('esbuild without source maps', () => {
  it('holds packages and modules to their budgets all the same', async () => {
    const root = await application(FILES);
    const text = async (budget: Budget) => {
      const plugin = forEsbuild.pare({ ...silent, root, cache: false, minify: true, budgets: [budget] });
      const built = esbuild.build({
        absWorkingDir: root,
        entryPoints: ['src/main.js'],
        bundle: true,
        outdir: 'out',
        logLevel: 'silent',
        plugins: [plugin],
      });
      return built.then(
        () => 'passes',
        (error: Error) => error.message,
      );
    };
    expect(await text({ kind: 'modules', modules: 'src/shapes.js', max: '10 B' })).toMatch(/over 10 B/);
    expect(await text({ kind: 'modules', modules: 'src/shapes.js', max: '10 kB' })).toBe('passes');
  });
});

describe('outputs of Rollup that are made at the same time', () => {
  it('have their licences each', async () => {
    const root = await application(FILES);
    const minify = { tools: ['terser'], licences: 'linked' } as const;
    // The second one finds the licences gone from the code, and so has none to give.
    const plugins = [minify, true].map((minify) => forRollup.pare({ ...silent, root, cache: false, minify }));
    const build = await rollup({ input: path.join(root, 'src/main.js'), plugins });
    const formats = ['es', 'cjs', 'system'] as const;
    const outputs = await Promise.all(
      formats.map((format) => build.write({ dir: path.join(root, 'out', format), format })),
    );
    await build.close();
    for (const { output } of outputs) {
      const files = output.map(({ fileName }) => fileName);
      expect(files).toContain('main.js.LICENSE.txt');
    }
  });
});

describe('environments of Vite', () => {
  it.each([true, false])('share one plugin (and its configuration: %s)', async (sharedConfigBuild) => {
    const root = await application({ ...FILES, 'index.html': `<script type="module" src="/src/main.js"></script>` });
    const files = async (folder: string, plugins: VitePlugin[]) => {
      const builder = await createBuilder({
        root,
        configFile: false,
        logLevel: 'silent',
        plugins,
        builder: { sharedConfigBuild, sharedPlugins: sharedConfigBuild },
        environments: {
          client: { build: { outDir: `${folder}/client` } },
          ssr: { build: { outDir: `${folder}/server`, rollupOptions: { input: path.join(root, 'src/shapes.js') } } },
        },
      });
      await builder.buildApp();
      return filesIn(path.join(root, folder));
    };
    const alone = await files('alone', []);
    const ours = await files('ours', [forVite.pare({ ...silent, root, cache: false, minify: true })]);
    const bytes = (of: typeof ours, name: RegExp) =>
      Object.entries(of).flatMap(([file, { length }]) => (name.test(file) ? [length] : []));
    // No map that nobody asked for; the page's scripts are no larger than Vite makes them, the server's stay readable.
    expect(Object.keys(ours).filter((file) => file.endsWith('.map'))).toEqual([]);
    expect(bytes(ours, /main|index-/)[0]).toBeLessThanOrEqual(bytes(alone, /main|index-/)[0]!);
    expect(bytes(ours, /^server/)[0]).toBeGreaterThanOrEqual(bytes(alone, /^server/)[0]!);
  });
});
