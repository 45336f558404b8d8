/** Budgets in each bundler: the build fails where they don't hold, says why, and only then. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import { beforeEach, describe, expect, it } from 'vitest';

import * as forEsbuild from 'pare/esbuild';
import * as forRollup from 'pare/rollup';
import * as forVite from 'pare/vite';
import type { PareOptions } from 'pare/esbuild';
import { writeBaseline } from '../../src/budget/baseline.ts';
import type { Budget } from '../../src/budget/budget.ts';
import type { Build } from '../../src/model/build.ts';
import { PareError } from '../../src/model/errors.ts';
import { application, BUNDLERS, run, type AnyPlugin, type BundlerName } from './bundlers.ts';

const MAIN = `import { text } from './text.js';\nconsole.log(text);\n`;

let root = '';
beforeEach(async () => {
  const words = Array.from({ length: 80 }, (_, i) => `'a word ${i * 7919}'`).join(', ');
  root = await application({
    'src/main.js': MAIN,
    'src/text.js': `export const text = 'a text of some length';\n`,
    'src/words.js': `export const words = [${words}];\n`,
  });
});

const addWords = (): Promise<void> =>
  writeFile(path.join(root, 'src/main.js'), `import { words } from './words.js';\n${MAIN}console.log(words);\n`);

function pareFor(bundler: BundlerName, options: PareOptions): AnyPlugin {
  const all = { root, cache: false as const, analyzer: { summary: false }, report: false, ...options };
  if (bundler === 'esbuild') return forEsbuild.pare(all);
  return bundler.startsWith('vite') ? forVite.pare(all) : forRollup.pare(all);
}

const TOTAL: Budget = { kind: 'total', max: '500 B', measure: 'raw' };

describe.each(BUNDLERS)('in %s', (bundler) => {
  const build = (options: PareOptions): Promise<unknown> =>
    run(bundler, root, { outdir: path.join(root, 'out'), plugins: [pareFor(bundler, options)] });
  const failure = async (options: PareOptions): Promise<string> => {
    const error: unknown = await build(options).then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof Error)) throw new Error('the build did not fail');
    const { errors = [] } = error as { errors?: readonly esbuild.Message[] };
    return [
      error.message,
      ...errors.flatMap(({ text, notes }) => [text, ...(notes ?? []).map((note) => note.text)]),
    ].join('\n');
  };

  it('builds within its budgets', async () => {
    await expect(build({ budgets: [TOTAL] })).resolves.toBeUndefined();
    await expect(build({ budgets: [] })).resolves.toBeUndefined();
  });

  it('fails over a budget, with the import that leads to the cause', async () => {
    await addWords();
    const text = await failure({ budgets: [TOTAL] });
    expect(text).toContain('over 500 B (raw)');
    expect(text).toContain('src/main.js:1:1 imports src/words.js');
    expect(await readFile(path.join(root, 'src/main.js'), 'utf8')).toContain('words');
  });

  it('fails over what the baseline allows, with what changed', async () => {
    let before: Build | undefined;
    await build({ onBuild: (each) => void (before = each) });
    await writeFile(path.join(root, 'base.json'), writeBaseline(before!));
    const ratchet: PareOptions = { budgets: [{ kind: 'total', max: 'ratchet' }], baseline: 'base.json' };
    await build(ratchet);
    await addWords();
    expect(await failure(ratchet)).toContain('src/main.js:1:1 now imports src/words.js');
  });

  it('fails where the budgets can not be checked', async () => {
    const text = await failure({ budgets: [{ kind: 'initial', entry: 'src/mian.js', max: 1 }] });
    expect(text).toContain('The budgets could not be checked.');
    expect(text).toContain('Did you mean "src/main.js"?');
  });
});

describe('everywhere', () => {
  it('budgets that are wrong are refused before the build', () => {
    const wrong = { budgets: [{ kind: 'totl', max: 1 }] } as unknown as PareOptions;
    for (const { pare } of [forEsbuild, forRollup, forVite]) {
      expect(() => pare(wrong)).toThrow(PareError);
      expect(() => pare(wrong)).toThrow(/budgets\[0\]\.kind "totl" is no kind of budget\. Did you mean "total"\?/);
    }
    expect(() => forVite.pare({ budget: [] } as PareOptions)).toThrow(/Did you mean "budgets"\?/);
  });

  it('a baseline that is missing or of another schema fails the build', async () => {
    await writeFile(path.join(root, 'other.json'), '{"schema":"pare/baseline@0"}');
    for (const [baseline, said] of [
      ['nowhere.json', "can't be read"],
      ['other.json', 'is of the schema pare/baseline@0'],
    ] as const) {
      const bundle = await rollup({
        input: path.join(root, 'src/main.js'),
        plugins: [pareFor('rollup', { budgets: [{ kind: 'total', max: '+1%' }], baseline }) as forRollup.ParePlugin],
      });
      await expect(bundle.write({ dir: path.join(root, 'out') })).rejects.toThrow(said);
    }
  });

  it('esbuild shows the import in its source, rollup says its place', async () => {
    await addWords();
    const options: PareOptions = { budgets: [{ kind: 'modules', modules: 'src/words.js', max: 1, measure: 'raw' }] };
    const result = await esbuild
      .build({
        absWorkingDir: root,
        entryPoints: ['src/main.js'],
        bundle: true,
        outdir: 'out',
        logLevel: 'silent',
        plugins: [pareFor('esbuild', options) as esbuild.Plugin],
      })
      .catch((error: esbuild.BuildFailure) => error);
    expect(result.errors[0]!.location).toMatchObject({
      file: 'src/main.js',
      line: 1,
      column: 0,
      lineText: "import { words } from './words.js';",
    });
    const bundle = await rollup({
      input: path.join(root, 'src/main.js'),
      plugins: [pareFor('rollup', options) as forRollup.ParePlugin],
    });
    await expect(bundle.write({ dir: path.join(root, 'out') })).rejects.toMatchObject({
      pluginCode: 'pare-budget-over',
      loc: { file: path.join(root, 'src/main.js'), line: 1, column: 0 },
    });
  });

  it("an error of the user's own function, or in the report, lets no budget pass", async () => {
    await addWords();
    const plugin = pareFor('rollup', {
      budgets: [TOTAL],
      report: { file: path.join(root, 'src') },
      onBuild: () => {
        throw new Error('mine');
      },
    });
    const bundle = await rollup({
      input: path.join(root, 'src/main.js'),
      plugins: [plugin as forRollup.ParePlugin],
      onLog: () => {},
    });
    await expect(bundle.write({ dir: path.join(root, 'out') })).rejects.toThrow('over 500 B');
  });

  it('rebuilds are not checked', async () => {
    const context = await esbuild.context({
      absWorkingDir: root,
      entryPoints: ['src/main.js'],
      bundle: true,
      outdir: 'out',
      logLevel: 'silent',
      plugins: [pareFor('esbuild', { budgets: [{ kind: 'total', max: 1 }] }) as esbuild.Plugin],
    });
    await expect(context.rebuild()).rejects.toThrow();
    expect((await context.rebuild()).errors).toEqual([]);
    await context.dispose();
  });
});
