/** The configuration reaches the plugins, and so does its change while a bundler watches. */
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { brotliDecompressSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { rollup, watch } from 'rollup';
import { beforeEach, describe, expect, it } from 'vitest';

import * as forEsbuild from 'pare/esbuild';
import * as forRollup from 'pare/rollup';
import * as forVite from 'pare/vite';
import { application, BUNDLERS, filesIn, run, type AnyPlugin, type BundlerName } from './bundlers.ts';

let root = '';
beforeEach(async () => {
  const text = Array.from({ length: 200 }, (_, i) => `export const word${i} = 'the ${i}th of many words';`).join('\n');
  root = await application({
    'src/words.js': text,
    'src/main.js': `import * as words from './words.js';\nconsole.log(Object.keys(words).length, words);\n`,
  });
});

const configure = (config: object) => writeFile(path.join(root, 'pare.config.json'), JSON.stringify(config));
const at = (file: string) => path.join(root, file);

function pareFor(bundler: BundlerName, options: forEsbuild.PareOptions = {}): AnyPlugin {
  const own = { root, ...options };
  if (bundler === 'esbuild') return forEsbuild.pare(own);
  return bundler.startsWith('vite') ? forVite.pare(own) : forRollup.pare(own);
}

describe.each(BUNDLERS)('%s', (bundler) => {
  it('takes up pare.config.json, and its own options before it', async () => {
    await configure({
      analyzer: { summary: false, json: 'from-file.json', gzip: false },
      report: { file: 'page.html' },
    });
    await run(bundler, root, {
      outdir: at('out'),
      plugins: [pareFor(bundler, { analyzer: { json: 'inline.json' } })],
    });
    expect(existsSync(at('from-file.json'))).toBe(false);
    expect(existsSync(at('page.html'))).toBe(true);
    expect(existsSync(at('pare-report.html'))).toBe(false);
    const build = JSON.parse(await readFile(at('inline.json'), 'utf8')) as { outputs: { bytes: { gzip: unknown } }[] };
    expect(build.outputs.map(({ bytes }) => bytes.gzip)).toEqual(build.outputs.map(() => null));
  });

  it('holds the build to the budgets of the configuration', async () => {
    await configure({ analyzer: { summary: false }, report: false, budgets: [{ kind: 'total', max: 10 }] });
    await expect(run(bundler, root, { outdir: at('out'), plugins: [pareFor(bundler)] })).rejects.toThrow(/10 B/);
  });

  it('stands aside where the configuration is broken', async () => {
    await writeFile(at('pare.config.json'), '{ "report": fals }');
    await run(bundler, root, { outdir: at('out'), plugins: [pareFor(bundler)] });
    expect(existsSync(at('pare-report.html'))).toBe(false);
    expect(Object.keys(filesIn(at('out'))).length).toBeGreaterThan(0);
  });

  it('writes compressed copies where that is on', async () => {
    await configure({ analyzer: { summary: false }, report: false, compress: true });
    await run(bundler, root, { outdir: at('out'), plugins: [pareFor(bundler)] });
    const files = Object.keys(filesIn(at('out')));
    const script = files.find((file) => /^main.*\.js$/.test(path.basename(file)))!;
    const copy = await readFile(path.join(at('out'), `${script}.br`));
    expect(brotliDecompressSync(copy)).toEqual(await readFile(path.join(at('out'), script)));
    expect(files.some((file) => file.endsWith('pare-compress.json'))).toBe(true);
  });

  it('makes a first release, though earlier ones are configured', async () => {
    const compress = { previous: ['releases/none'] };
    await configure({ analyzer: { summary: false }, report: false, compress });
    await run(bundler, root, { outdir: at('out'), plugins: [pareFor(bundler)] });
    expect(Object.keys(filesIn(at('out')))).toEqual(expect.arrayContaining([expect.stringMatching(/\bmain.*\.br$/)]));
  });
});

describe('what is said', () => {
  it('an earlier release that is not there is a warning that names it', async () => {
    const compress = { previous: ['releases/none'] };
    await configure({ analyzer: false, report: false, compress });
    const { warnings } = await esbuild.build({
      absWorkingDir: root,
      entryPoints: ['src/main.js'],
      bundle: true,
      outdir: at('out'),
      logLevel: 'silent',
      plugins: [forEsbuild.pare()],
    });
    expect(warnings.map(({ text }) => text).join('\n')).toContain(`compress.previous names ${at('releases/none')}`);
    expect(existsSync(at('out/pare-compress.json'))).toBe(true);
  });

  it('a broken configuration is a warning that names file, place and mend', async () => {
    await configure({ report: { fiel: 'x' } });
    const { warnings } = await esbuild.build({
      absWorkingDir: root,
      entryPoints: ['src/main.js'],
      bundle: true,
      outdir: 'out',
      logLevel: 'silent',
      plugins: [forEsbuild.pare()],
    });
    expect(warnings.map(({ text }) => text).join('\n')).toMatch(
      /pare\.config\.json:1:\d+ report\.fiel is no option.*"file"/s,
    );
  });

  it('a broken configuration is said once', async () => {
    await writeFile(at('pare.config.json'), '{ "report": fals }');
    const warnings: string[] = [];
    const bundle = await rollup({
      input: at('src/main.js'),
      plugins: [forRollup.pare({ root })],
      onLog: (_, { message }) => void warnings.push(message),
    });
    await bundle.write({ dir: at('out') });
    await bundle.close();
    expect(warnings.filter((text) => text.includes('pare.config.json'))).toHaveLength(1);
  });

  it('a broken configuration lets no budget of the plugin pass', async () => {
    await writeFile(at('pare.config.json'), '{');
    const build = esbuild.build({
      absWorkingDir: root,
      entryPoints: ['src/main.js'],
      bundle: true,
      outdir: 'out',
      logLevel: 'silent',
      plugins: [forEsbuild.pare({ budgets: [{ kind: 'total', max: '1 MB' }] })],
    });
    await expect(build).rejects.toThrow(/could not be checked/);
  });

  it('a trace of the build is written where one is wanted', async () => {
    await configure({ analyzer: { summary: false }, report: false, telemetry: { trace: 'trace.json' } });
    await run('rollup', root, { outdir: at('out'), plugins: [pareFor('rollup')] });
    const trace = JSON.parse(await readFile(at('trace.json'), 'utf8')) as { traceEvents: { name: string }[] };
    expect(trace.traceEvents.map(({ name }) => name)).toContain('measure');
  });
});

describe('while a bundler watches', () => {
  it('esbuild: a changed configuration builds again, a broken one is said and the last good one stays', async () => {
    await configure({ analyzer: { summary: false, json: 'first.json' }, report: false });
    const warnings: string[] = [];
    let ends = 0;
    const context = await esbuild.context({
      absWorkingDir: root,
      entryPoints: ['src/main.js'],
      bundle: true,
      outdir: 'out',
      logLevel: 'silent',
      plugins: [
        forEsbuild.pare(),
        {
          name: 'ends',
          setup: (build) =>
            build.onEnd((result) => {
              ends++;
              warnings.push(...result.warnings.map(({ text }) => text));
            }),
        },
      ],
    });
    const next = async (change: () => Promise<void>) => {
      const before = ends;
      await change();
      await expect.poll(() => ends, { timeout: 10_000 }).toBeGreaterThan(before);
    };
    try {
      await next(() => context.watch());
      expect(existsSync(at('first.json'))).toBe(true);
      // The second build follows the configuration from then on.
      await next(() => writeFile(at('src/main.js'), `console.log('other');\n`));
      await next(() => configure({ analyzer: { summary: false, json: 'second.json' }, report: false }));
      for (let i = 0; !existsSync(at('second.json')) && i < 40; i++) await wait(25);
      if (!existsSync(at('second.json'))) await next(() => writeFile(at('src/main.js'), `console.log('again');\n`));
      expect(existsSync(at('second.json'))).toBe(true);
      await rm(at('second.json'));
      await writeFile(at('pare.config.json'), '{ "analyzer":');
      await wait(500);
      await next(() => writeFile(at('src/main.js'), `console.log('and again');\n`));
      expect(warnings.join('\n')).toMatch(/pare\.config\.json[^]*The last good configuration stays/);
      expect(existsSync(at('second.json'))).toBe(true);
    } finally {
      await context.dispose();
    }
  });

  it('Rollup: one that was broken at first builds again when it is mended', async () => {
    await writeFile(at('pare.config.json'), '{ "analyzer":');
    const watcher = watch({
      input: at('src/main.js'),
      plugins: [forRollup.pare({ root })],
      output: { dir: at('out'), format: 'es' },
      watch: { buildDelay: 10 },
      onLog: () => undefined,
    });
    try {
      let ends = 0;
      watcher.on('event', (event) => {
        if (event.code === 'BUNDLE_END') void event.result.close();
        if (event.code === 'END') ends++;
      });
      await expect.poll(() => ends, { timeout: 10_000 }).toBe(1);
      await wait(150);
      await configure({ analyzer: { summary: false, json: 'mended.json' }, report: false });
      await expect.poll(() => existsSync(at('mended.json')), { timeout: 10_000 }).toBe(true);
    } finally {
      await watcher.close();
    }
  });

  it('Rollup: a changed configuration builds again', async () => {
    await configure({ analyzer: { summary: false, json: 'first.json' }, report: false });
    const watcher = watch({
      input: at('src/main.js'),
      plugins: [forRollup.pare({ root })],
      output: { dir: at('out'), format: 'es' },
      watch: { buildDelay: 10 },
    });
    try {
      let ends = 0;
      watcher.on('event', (event) => {
        if (event.code === 'BUNDLE_END') void event.result.close();
        if (event.code === 'END') ends++;
      });
      const until = async (count: number) => {
        await expect.poll(() => ends, { timeout: 10_000 }).toBeGreaterThanOrEqual(count);
        await wait(150);
      };
      await until(1);
      await configure({ analyzer: { summary: false, json: 'second.json' }, report: false });
      await until(2);
      expect(existsSync(at('second.json'))).toBe(true);
    } finally {
      await watcher.close();
    }
  });
});
