/** What goes wrong around a plugin: the build goes on, and pare says what happened. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { rollup, watch, type RollupLog } from 'rollup';
import { build as viteBuild } from 'vite';
import { beforeEach, describe, expect, it } from 'vitest';

import * as forEsbuild from 'pare/esbuild';
import * as forRollup from 'pare/rollup';
import * as forVite from 'pare/vite';
import { PareError } from '../../src/model/errors.ts';
import type { Build } from '../../src/model/build.ts';
import { application, filesIn, remainders } from './bundlers.ts';

let root = '';
let builds: Build[] = [];
const onBuild = (build: Build) => void builds.push(build);
beforeEach(async () => {
  builds = [];
  root = await application({
    'src/main.js': `import { text } from './text.js';\nconsole.log(text);\nimport('./lazy.js');\n`,
    'src/text.js': `export const text = 'a text of some length, to be found again';\n`,
    'src/lazy.js': `console.log('loaded late');\n`,
    'src/broken.js': `import { nothing } from './not-there.js';\nconsole.log(nothing);\n`,
    'src/library.js': `export { text } from './text.js';\n`,
  });
});

const entry = () => path.join(root, 'src/main.js');
const quiet = { summary: false, onBuild };
const raw = (build: Build, id: string) =>
  build.outputs
    .flatMap(({ parts }) => parts)
    .filter(({ module }) => module !== null && build.modules[module]!.id === id)
    .reduce((sum, { bytes }) => sum + bytes.raw, 0);

function inEsbuild(options: esbuild.BuildOptions): Promise<esbuild.BuildResult> {
  return esbuild.build({
    absWorkingDir: root,
    entryPoints: ['src/main.js'],
    bundle: true,
    logLevel: 'silent',
    ...options,
  });
}

async function inRollup(plugins: readonly forRollup.ParePlugin[], input = entry()): Promise<RollupLog[]> {
  const logs: RollupLog[] = [];
  const build = await rollup({ input, plugins: [...plugins], onLog: (_, log) => void logs.push(log) });
  await build.write({ dir: path.join(root, 'out'), format: 'es' });
  await build.close();
  return logs;
}

describe('options', () => {
  it.each([
    ['esbuild', forEsbuild],
    ['rollup', forRollup],
    ['vite', forVite],
  ])('%s: a name that is not there is refused with the one that was meant', (_, { pare, analyzer, report }) => {
    expect(() => analyzer({ brotly: false } as never)).toThrow(/brotly is no option. Did you mean "brotli"/);
    expect(() => pare({ report: { fiel: 'a' } } as never)).toThrow(/report\.fiel is no option. Did you mean "file"/);
    expect(() => report({ fil: 'x.html' } as never)).toThrow(/Did you mean "file"/);
    expect(() => pare({ analyser: {} } as never)).toThrow(/Did you mean "analyzer"/);
    expect(() => pare({ gzip: 'yes' } as never)).toThrow(PareError);
  });
});

describe('builds that fail', () => {
  it('esbuild: the plugin stands aside', async () => {
    const failed = inEsbuild({ entryPoints: ['src/broken.js'], outdir: 'out', plugins: [forEsbuild.analyzer(quiet)] });
    await expect(failed).rejects.toThrow(/not-there/);
    expect(builds).toEqual([]);
  });

  it('Rollup: the plugin stands aside', async () => {
    await expect(inRollup([forRollup.analyzer(quiet)], path.join(root, 'src/broken.js'))).rejects.toThrow(/not-there/);
    expect(builds).toEqual([]);
  });
});

describe('what the user gives that does not work', () => {
  const throws = { root: undefined, summary: false, onBuild: () => Promise.reject(new Error('a bug of the user')) };

  it('esbuild: onBuild that throws is a warning', async () => {
    const { warnings } = await inEsbuild({ outdir: 'out', plugins: [forEsbuild.analyzer(throws)] });
    expect(warnings.map(({ id, text }) => [id, text.split('\n')[0]])).toEqual([
      ['pare-on-build-failed', 'onBuild() threw: Error: a bug of the user'],
    ]);
  });

  it('Rollup: onBuild that throws is a warning', async () => {
    const logs = await inRollup([forRollup.analyzer(throws)]);
    expect(logs.map(({ pluginCode }) => pluginCode)).toEqual(['pare-on-build-failed']);
    expect(Object.keys(filesIn(path.join(root, 'out')))).toHaveLength(2);
  });

  it('a report that cannot be written is a warning', async () => {
    await writeFile(path.join(root, 'file'), '');
    const file = 'file/report.html';
    const { warnings } = await inEsbuild({ outdir: 'out', plugins: [forEsbuild.report({ root, file })] });
    expect(warnings.map(({ id }) => id)).toEqual(['pare-write-failed']);
    const logs = await inRollup([forRollup.analyzer({ root, summary: false, json: 'file/build.json' })]);
    expect(logs.map(({ pluginCode }) => pluginCode)).toEqual(['pare-write-failed']);
  });
});

describe('esbuild', () => {
  it.each([
    ['outfile', { outfile: 'out/app.js' }, ['app.js']],
    ['outdir', { outdir: 'out' }, ['main.js']],
    ['nothing written', { outdir: 'out', write: false }, ['main.js']],
    ['nothing written, to standard output', { write: false }, ['main.js']],
    ['nothing written, with maps', { outdir: 'out', write: false, sourcemap: true }, ['main.js']],
    ['without minification', { outdir: 'out', sourcemap: 'inline', minify: false }, ['main.js']],
  ] as const)('%s', async (_, options, files) => {
    await inEsbuild({ minify: true, ...options, plugins: [forEsbuild.analyzer({ root, ...quiet })] });
    expect(builds).toHaveLength(1);
    expect(builds[0]!.outputs.map(({ file }) => file)).toEqual(files);
    expect(remainders(builds[0]!)).toEqual({});
    expect(raw(builds[0]!, 'src/text.js')).toBeGreaterThan(30);
    expect(existsSync(path.join(root, 'out'))).toBe(!('write' in options));
  });

  it('each rebuild is analysed anew, brotli only the first time', async () => {
    const context = await esbuild.context({
      absWorkingDir: root,
      entryPoints: ['src/main.js'],
      outdir: 'out',
      bundle: true,
      logLevel: 'silent',
      plugins: [forEsbuild.analyzer({ root, ...quiet })],
    });
    await context.rebuild();
    await writeFile(path.join(root, 'src/text.js'), `export const text = 'short';\n`);
    await context.rebuild();
    await context.dispose();
    const [first, second] = builds as [Build, Build];
    expect(raw(second, 'src/text.js')).toBeLessThan(raw(first, 'src/text.js'));
    expect([first, second].map(({ outputs }) => outputs[0]!.bytes.brotli === null)).toEqual([false, true]);
  });

  it('a map that an earlier build left is not read', async () => {
    await inEsbuild({ outdir: 'out', sourcemap: 'external', plugins: [] });
    expect(existsSync(path.join(root, 'out/main.js.map'))).toBe(true);
    await inEsbuild({ outdir: 'out', minify: true, plugins: [forEsbuild.analyzer({ root, ...quiet })] });
    expect(builds[0]!.diagnostics).toEqual([]);
    expect(raw(builds[0]!, 'src/text.js')).toBeGreaterThan(30);
  });

  it('two plugins share the work', async () => {
    const plugins = [forEsbuild.analyzer({ root, ...quiet }), forEsbuild.report({ root, onBuild })];
    await inEsbuild({ outdir: 'out', logLevel: 'silent', plugins });
    expect(builds).toHaveLength(2);
    expect(builds[0]).toBe(builds[1]);
  });

  it('pare() without options writes a report', async () => {
    await inEsbuild({ outdir: 'out', plugins: [forEsbuild.pare()] });
    expect(await readFile(path.join(root, 'pare-report.html'), 'utf8')).toContain('</html>');
  });
});

describe('Rollup', () => {
  it('two plugins share the work', async () => {
    await inRollup([forRollup.analyzer({ root, ...quiet }), forRollup.report({ root, onBuild })]);
    expect(builds).toHaveLength(2);
    expect(builds[0]).toBe(builds[1]);
  });

  it('each build of a watch is analysed anew, brotli only the first time', async () => {
    const watcher = watch({
      input: entry(),
      plugins: [forRollup.analyzer({ root, ...quiet })],
      output: { dir: path.join(root, 'out'), format: 'es' },
      watch: { buildDelay: 10 },
    });
    let ends = 0;
    await new Promise<void>((resolve, reject) => {
      watcher.on('event', (event) => {
        if (event.code === 'ERROR') reject(event.error);
        if (event.code !== 'END') return;
        if (++ends === 2) resolve();
        else setTimeout(() => void writeFile(path.join(root, 'src/text.js'), `export const text = 'short';\n`), 300);
      });
    });
    await watcher.close();
    const [first, second] = builds as [Build, Build];
    expect(raw(second, 'src/text.js')).toBeLessThan(raw(first, 'src/text.js'));
    expect([first, second].map(({ outputs }) => outputs[0]!.bytes.brotli === null)).toEqual([false, true]);
  });
});

describe('Vite', () => {
  it('a library in two formats', async () => {
    await viteBuild({
      root,
      configFile: false,
      logLevel: 'silent',
      plugins: [forVite.analyzer(quiet)],
      build: { lib: { entry: 'src/library.js', formats: ['es', 'cjs'], fileName: 'library' } },
    });
    expect(builds.map(({ outputs }) => outputs.length)).toEqual([1, 1]);
    expect(builds.map(remainders)).toEqual([{}, {}]);
    expect(Object.keys(filesIn(path.join(root, 'dist'))).filter((file) => file.endsWith('.map'))).toEqual([]);
  });

  it('nothing written', async () => {
    await viteBuild({
      root,
      configFile: false,
      logLevel: 'silent',
      plugins: [forVite.analyzer(quiet)],
      build: { write: false, rollupOptions: { input: entry() } },
    });
    expect(builds.map(remainders)).toEqual([{}]);
    expect(raw(builds[0]!, 'src/text.js')).toBeGreaterThan(30);
    expect(existsSync(path.join(root, 'dist'))).toBe(false);
  });

  it('a page: the script is asked for by a line of it', async () => {
    await writeFile(
      path.join(root, 'index.html'),
      '<!doctype html>\n<title>Page</title>\n<script type="module" src="/src/main.js"></script>\n',
    );
    await viteBuild({ root, configFile: false, logLevel: 'silent', plugins: [forVite.analyzer(quiet)] });
    const [build] = builds as [Build];
    const idOf = (index: number) => build.modules[index]!.id;
    const asked = build.edges.filter(({ from, to }) => idOf(from) === 'index.html' && idOf(to) === 'src/main.js');
    expect(asked.map(({ line, column }) => ({ line, column }))).toEqual([{ line: 3, column: 0 }]);
  });
});

describe('entries of esbuild', () => {
  it('any name, with a configuration to watch', async () => {
    await writeFile(path.join(root, 'pare.config.json'), '{}');
    for (const name of ['entré.js', 'a (1) [b]+{c}.js', '日本 $.js', './src/../src/main.js', './src/main']) {
      if (!name.includes('src')) await writeFile(path.join(root, name), `import './src/text.js';\n`);
      const entryPoints = [name.includes('src') ? name : `./${name}`];
      const { warnings } = await inEsbuild({ entryPoints, outdir: 'out', plugins: [forEsbuild.analyzer(quiet)] });
      expect(warnings).toEqual([]);
    }
    expect(builds).toHaveLength(5);
  });

  it('are resolved by other plugins as they would be without us', async () => {
    await writeFile(path.join(root, 'pare.config.json'), '{}');
    /** Knows its own questions by their `pluginData`, as many do. */
    const other: esbuild.Plugin = {
      name: 'other',
      setup(build) {
        build.onResolve({ filter: /./ }, async ({ path: wanted, kind, resolveDir, pluginData }) => {
          if (pluginData !== undefined) return undefined;
          const found = await build.resolve(wanted, { kind, resolveDir, pluginData: { asked: true } });
          return { path: found.path, namespace: 'other', pluginData: { kind } };
        });
        build.onLoad({ filter: /./, namespace: 'other' }, ({ path: file, pluginData }) => ({
          contents: `console.log(${JSON.stringify([path.basename(file), pluginData])})`,
        }));
      },
    };
    const text = async (plugins: esbuild.Plugin[]) =>
      (await inEsbuild({ outdir: 'out', write: false, plugins })).outputFiles!.map((file) => file.text);
    const alone = await text([other]);
    expect(await text([forEsbuild.analyzer(quiet), other])).toEqual(alone);
    expect(await text([other, forEsbuild.analyzer(quiet)])).toEqual(alone);
    expect(builds).toHaveLength(2);
  });
});

describe('a Redis that is gone', () => {
  it('holds no process up', async () => {
    const program = `
      const { build } = await import(${JSON.stringify(import.meta.resolve('esbuild'))});
      const { analyzer } = await import(${JSON.stringify(import.meta.resolve('pare/esbuild'))});
      const cache = { folder: 'cache', redis: { url: 'redis://127.0.0.1:1' } };
      const plugins = [analyzer({ summary: false, cache })];
      const { warnings } = await build({ entryPoints: ['src/main.js'], bundle: true, outdir: 'out', logLevel: 'silent', plugins });
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log(JSON.stringify([warnings.map(({ id }) => id), process.getActiveResourcesInfo().filter((kind) => kind !== 'PipeWrap')]));
    `;
    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: root });
    expect(JSON.parse(printed.toString())).toEqual([['pare-cache-redis-away'], []]);
  });
});
