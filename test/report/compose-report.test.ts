import { expect, test } from 'vitest';
import { checkBudgets } from '../../src/budget/budgets.ts';
import { readBaseline, writeBaseline } from '../../src/budget/baseline.ts';
import { sumBytes } from '../../src/model/bytes.ts';
import type { Build } from '../../src/model/build.ts';
import { composeReport } from '../../src/report/compose-report.ts';
import { bundle } from '../detect/metafile-build.ts';
import { smallBuild } from '../reports/small-build.ts';

/** The small build before `src/lazy.ts` imported what it does now, with an image that has since shrunk. */
function earlier(): Build {
  const build = smallBuild();
  const outputs = build.outputs.map((output) => {
    const parts = output.parts.filter(({ module }) => module !== 4);
    return { ...output, parts, bytes: sumBytes(parts.map(({ bytes }) => bytes)) };
  });
  return { ...build, edges: build.edges.filter(({ to }) => to !== 4), outputs: [...outputs, image(900)] };
}

function image(raw: number): Build['outputs'][number] {
  const bytes = { raw, gzip: raw, brotli: raw };
  return {
    file: 'logo.png',
    kind: 'asset',
    entry: false,
    entryModule: null,
    imports: [],
    bytes,
    parts: [{ module: null, rest: 'unmapped', bytes }],
  };
}

test('the difference is of code and CSS, adds up, and names its causes', async () => {
  const now: Build = { ...smallBuild(), outputs: [...smallBuild().outputs, image(300)] };
  const report = await composeReport('app', [
    { name: 'now', build: now, baseline: { name: 'main', build: readBaseline(writeBaseline(earlier())) } },
  ]);
  const diff = report.builds[0]!.diff!;
  expect(diff.base).toBe('main');
  expect(diff.total.after.raw - diff.total.before.raw).toBe(800);
  expect(diff.assets.after.raw - diff.assets.before.raw).toBe(-600);
  const of = (raw: number | undefined): number => raw ?? 0;
  expect(diff.changes.reduce((sum, { before, after }) => sum + of(after?.raw) - of(before?.raw), 0)).toBe(800);
  expect(diff.causes.reduce((sum, { delta }) => sum + delta.raw, 0)).toBe(800);
  const [largest] = diff.changes;
  expect(largest).toMatchObject({ id: now.modules[4]!.id, before: null, after: { raw: 800 } });
  expect(diff.causes[largest!.cause]).toMatchObject({ kind: 'import-added' });
  expect(diff.causes[largest!.cause]!.text).toContain('src/lazy.ts:2:1 now imports');
});

test('results of budgets and coverage go in as they are', async () => {
  const build = smallBuild();
  const budgets = checkBudgets(build, [
    { kind: 'package', package: 'react', measure: 'raw', max: 6000 },
    { kind: 'total', measure: 'raw', max: 100_000 },
  ]);
  const coverage = [{ point: 'load', modules: [{ module: 1, loaded: 800, executed: 200 }], outputs: [] }];
  const [shown] = (await composeReport('app', [{ name: 'a', build, budgets, coverage }])).builds;
  expect(shown!.budgets!.map(({ passed, actual, limit }) => ({ passed, actual, limit }))).toEqual([
    { passed: false, actual: 6400, limit: 6000 },
    { passed: true, actual: budgets[1]!.actual, limit: 100_000 },
  ]);
  expect(shown!.budgets![0]!.causes[0]!.module).toBe(2);
  expect(shown!.coverage).toEqual([{ point: 'load', modules: coverage[0]!.modules }]);
  expect(shown!.diff).toBeUndefined();
  expect(shown!.notShaken).toBeUndefined();
});

test('cuts say what else leaves with them', async () => {
  const { build } = await bundle({
    entries: ['main.js'],
    files: {
      'main.js': `import { a } from './a.js';\nconsole.log(a);`,
      'a.js': `import { uniq } from 'lodash-es';\nimport { max } from 'd3-array';\nexport const a = [uniq, max];`,
    },
  });
  const [shown] = (await composeReport('app', [{ name: 'a', build }])).builds;
  const lodash = shown!.cutSets!.find(({ target }) => 'package' in target && target.package === 'lodash-es')!;
  expect(lodash.cuts.map((edge) => build.edges[edge]!.line)).toEqual([1]);
  expect(lodash.alsoLeaves).toEqual([]);
  expect(lodash.fewest).toBeNull();
});

test('with the sources, it looks into the code', async () => {
  const files = {
    'main.js': `import * as all from './all.js';\nwindow.all = all;`,
    'all.js': `export const one = () => console.log('${'one '.repeat(200)}');\nexport const two = () => console.log('two');`,
  };
  const { build } = await bundle({ entries: ['main.js'], files });
  const sources = (module: number): string | null =>
    files[build.modules[module]!.id.split('/').at(-1) as keyof typeof files] ?? null;
  const [shown] = (await composeReport('app', [{ name: 'a', build, sources }])).builds;
  expect(shown!.notShaken).toMatchObject([{ kept: 'whole', reason: 'namespace-use' }]);
  expect(build.modules[shown!.notShaken![0]!.module]!.id).toMatch(/all\.js$/);
});

test('builds of one name are told apart', async () => {
  const build = smallBuild();
  const report = await composeReport('app', [
    { name: 'a', build },
    { name: 'a', build },
  ]);
  expect(report.builds.map(({ name }) => name)).toEqual(['a', 'a 2']);
});
