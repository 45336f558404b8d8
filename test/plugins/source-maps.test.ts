/** Maps that pare turned on for itself are never written, and those that the user asked for are as they would be without it. */
import path from 'node:path';
import { rolldown } from 'rolldown';
import { rollup } from 'rollup';
import { beforeAll, describe, expect, it } from 'vitest';

import { analyzer, report } from 'pare/rollup';
import type { Build } from '../../src/model/build.ts';
import { analyzed, application, BUNDLERS, filesIn, remainders, run } from './bundlers.ts';

const KINDS = [false, true, 'inline', 'hidden'] as const;
let root = '';
beforeAll(async () => {
  root = await application({
    'src/main.js': `import { first } from './first.js';\nimport './style.css';\nconsole.log(first('main', 'module'));\nimport('./lazy.js');\n`,
    'src/first.js': `export const first = (...all) => { console.log('the first of all'); return all[0]; };\n`,
    'src/lazy.js': `console.log('loaded late, after all else was loaded');\n`,
    'src/style.css': `.a { color: red }\n`,
    'src/plain.js': `import { first } from './first.js';\nconsole.log(first('main', 'module'));\nimport('./lazy.js');\n`,
  });
});

const cases = BUNDLERS.flatMap((bundler) => KINDS.map((sourcemap) => ({ bundler, sourcemap })));

describe('source maps', () => {
  it.each(cases)('$bundler, sourcemap: $sourcemap', async ({ bundler, sourcemap }) => {
    const entry = bundler.startsWith('vite') ? 'src/main.js' : 'src/plain.js';
    const outdir = path.join(root, 'with', bundler, String(sourcemap));
    const bare = path.join(root, 'bare', bundler, String(sourcemap));
    await run(bundler, root, { outdir: bare, sourcemap, entry });
    const build = await analyzed(bundler, root, { outdir, sourcemap, entry });
    expect(filesIn(outdir)).toEqual(filesIn(bare));
    expect(remainders(build)).toEqual({});
    const owned = build.outputs.flatMap(({ parts }) => parts).filter(({ module }) => module !== null);
    expect(owned.map(({ module }) => build.modules[module!]!.id)).toEqual(
      expect.arrayContaining(['src/first.js', 'src/lazy.js']),
    );
    expect(build.diagnostics).toEqual([]);
  });

  it.each([
    ['rollup', rollup],
    ['rolldown', rolldown as unknown as typeof rollup],
  ])('%s: an output with maps beside one without', async (name, bundler) => {
    const builds: Build[] = [];
    const outputs = [
      { dir: path.join(root, 'several', name, 'es'), format: 'es', sourcemap: 'hidden' },
      { dir: path.join(root, 'several', name, 'cjs'), format: 'cjs', sourcemap: false },
    ] as const;
    const keep = analyzer({ root, summary: false, onBuild: (build) => void builds.push(build) });
    const page = path.join(root, 'several', `${name}.html`);
    const build = await bundler({
      input: path.join(root, 'src/plain.js'),
      plugins: [keep, report({ root, file: page })],
      logLevel: 'silent',
    });
    for (const output of outputs) await build.write(output);
    await build.close();
    const names = outputs.map(({ dir }) => Object.keys(filesIn(dir)).filter((file) => file.endsWith('.map')).length);
    expect(names).toEqual([2, 0]);
    expect(builds.map(remainders)).toEqual([{}, {}]);
    expect(builds.map(({ outputs: files }) => files.length)).toEqual([2, 2]);
    expect(Object.keys(filesIn(path.dirname(page)))).toContain(`${name}.html`);
  });

  it('Rollup: what is generated and not written has no map that was not asked for', async () => {
    const builds: Build[] = [];
    const keep = analyzer({ root, summary: false, onBuild: (build) => void builds.push(build) });
    const build = await rollup({ input: path.join(root, 'src/plain.js'), plugins: [keep], logLevel: 'silent' });
    const { output } = await build.generate({ format: 'es' });
    await build.close();
    expect(output.map((file) => (file.type === 'chunk' ? file.map : file.fileName))).toEqual([null, null]);
    expect(builds.map(remainders)).toEqual([{}]);
  });
});
