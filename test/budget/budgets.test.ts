import { beforeAll, describe, expect, test } from 'vitest';
import {
  checkBudgets,
  EXIT_OVER_BUDGET,
  EXIT_REGRESSION,
  EXIT_WITHIN_BUDGET,
  exitCodeOf,
} from '../../src/budget/budgets.ts';
import { readBaseline, writeBaseline } from '../../src/budget/baseline.ts';
import { budgetProblems, parseBudgets } from '../../src/budget/config.ts';
import type { Budget } from '../../src/budget/budget.ts';
import { glob } from '../../src/budget/glob.ts';
import { allowed, formatBytes, parseLimit } from '../../src/budget/limit.ts';
import { didYouMean } from '../../src/budget/did-you-mean.ts';
import { PareError } from '../../src/model/errors.ts';
import { bundle } from '../detect/metafile-build.ts';
import type { App, Bundled } from '../detect/metafile-build.ts';
import { buildOf, edgeOf, moduleOf, outputOf } from '../detect/synthetic.ts';

function thrown(run: () => unknown): PareError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(PareError);
    return error as PareError;
  }
  throw new Error('nothing was thrown');
}

test('limits: thousands for kB, 1,024s for KiB, shares and sums over a baseline, ratchet', () => {
  const cases: [number | string, number | null, number | null][] = [
    [170_000, null, 170_000],
    ['170 kB', null, 170_000],
    ['170KB', null, 170_000],
    ['1.5 MiB', null, 1_572_864],
    ['2KiB', null, 2048],
    ['900', null, 900],
    ['+2%', 1000, 1020],
    ['+5kB', 1000, 6000],
    ['ratchet', 1000, 1000],
    ['+2%', null, null],
  ];
  for (const [text, baseline, most] of cases) expect(allowed(parseLimit(text)!, baseline), String(text)).toBe(most);
  for (const text of ['', '5 parsecs', '2%', '-5 kB', 'kB', -1, Number.NaN])
    expect(parseLimit(text), String(text)).toBeNull();
  expect([999, 1000, 170_049, 1_999_999].map(formatBytes)).toEqual(['999 B', '1.0 kB', '170.0 kB', '2.00 MB']);
});

test('patterns and near names', () => {
  const matches = (pattern: string, path: string): boolean => glob(pattern)(path);
  expect(matches('src/icons/**', 'src/icons/a/b.ts')).toBe(true);
  expect(matches('src/*/b.ts', 'src/icons/a/b.ts')).toBe(false);
  expect(matches('**/*.{css,scss}', 'src/a.scss')).toBe(true);
  expect(matches('*.ts', 'src/deep/a.ts')).toBe(true);
  expect(matches('a+b.ts', 'aab.ts')).toBe(false);
  expect(didYouMean('intial', ['initial', 'total'])).toBe(' Did you mean "initial"?');
  expect(didYouMean('main.tsx', ['src/other.tsx', 'src/main.tsx'])).toBe(' Did you mean "src/main.tsx"?');
  expect(didYouMean('zzz', ['initial'])).toBe('');
});

describe('configuration', () => {
  test('every problem at once, each with its path and what was likely meant', () => {
    const problems = budgetProblems([
      { kind: 'intial', entry: 'src/main.ts', max: 1 },
      { kind: 'initial', entri: 'src/main.ts', max: '170 kb/s', measure: 'zip' },
      { max: 4 },
      { kind: 'requests', max: 4 },
      { kind: 'banned', packages: [] },
      'total',
      { kind: 'total', max: '200 kB' },
    ]);
    expect(problems.map(({ path }) => path)).toEqual([
      'budgets[0].kind',
      'budgets[1].entri',
      'budgets[1].entry',
      'budgets[1].max',
      'budgets[1].measure',
      'budgets[2].kind',
      'budgets[3]',
      'budgets[4].packages',
      'budgets[5]',
    ]);
    expect(problems[0]!.message).toContain('Did you mean "initial"?');
    expect(problems[1]!.message).toContain('Did you mean "entry"?');
    expect(problems[2]!.message).toBe('is missing');
    expect(problems[3]!.message).toContain('"170 kB"');
  });

  test('is refused as a whole', () => {
    const error = thrown(() => parseBudgets([{ kind: 'total', max: '?' }, { kind: 'css' }]));
    expect(error.code).toBe('budget-config');
    expect(error.message).toContain('budgets[0].max');
    expect(error.message).toContain('budgets[1].max is missing');
    expect(budgetProblems({})).toEqual([{ path: 'budgets', message: 'must be a list of budgets' }]);
    const budgets = [{ kind: 'total', max: '1 kB' }];
    expect(parseBudgets(budgets)).toEqual(budgets);
  });
});

describe('what each kind measures', () => {
  const build = buildOf(
    [
      moduleOf('src/main.ts'),
      moduleOf('src/shared.ts'),
      moduleOf('src/admin.ts'),
      moduleOf('node_modules/p/index.js'),
      moduleOf('src/style.css', { format: 'css' }),
      moduleOf('src/embed.ts'),
    ],
    [
      edgeOf(0, 1, { line: 1, column: 0 }),
      edgeOf(0, 2, { kind: 'dynamic', line: 5, column: 2 }),
      edgeOf(2, 3, { line: 2, column: 0 }),
      edgeOf(0, 4, { kind: 'css' }),
      edgeOf(2, 1),
    ],
    [
      outputOf('main-BxYz12_k.js', [[0, 100]], {
        entry: true,
        entryModule: 0,
        imports: [
          { file: 'shared-DmKa82fG.js', kind: 'static' },
          { file: 'admin-Qm81_xYz.js', kind: 'dynamic' },
          { file: 'main-Aa11Bb22.css', kind: 'css' },
        ],
      }),
      outputOf('shared-DmKa82fG.js', [[1, 50]]),
      outputOf(
        'admin-Qm81_xYz.js',
        [
          [2, 10],
          [3, 700],
        ],
        { entryModule: 2, imports: [{ file: 'shared-DmKa82fG.js', kind: 'static' }] },
      ),
      outputOf('main-Aa11Bb22.css', [[4, 30]], { kind: 'css' }),
      outputOf('embed.js', [[5, 5]], { entry: true, entryModule: 5 }),
    ],
  );
  // Each output has 8 bytes of glue.
  const raw: [Budget, number][] = [
    [{ kind: 'initial', entry: 'src/main.ts', max: 1, measure: 'raw' }, 180 + 24],
    [{ kind: 'initial', entry: 'main', max: 1, measure: 'raw' }, 180 + 24],
    [{ kind: 'route', route: 'src/admin.ts', max: 1, measure: 'raw' }, 890 + 32],
    [{ kind: 'chunk', chunk: 'shared-*.js', max: 1, measure: 'raw' }, 58],
    [{ kind: 'chunk', chunk: 'admin', max: 1, measure: 'raw' }, 718],
    [{ kind: 'package', package: 'p', max: 1, measure: 'raw' }, 700],
    [{ kind: 'modules', modules: 'src/**', max: 1, measure: 'raw' }, 195],
    [{ kind: 'total', max: 1, measure: 'raw' }, 895 + 40],
    [{ kind: 'css', max: 1, measure: 'raw' }, 38],
    [{ kind: 'requests', entry: 'src/main.ts', max: 1 }, 3],
    [{ kind: 'requests', route: 'src/admin.ts', max: 1 }, 4],
    [{ kind: 'total', max: 1 }, (895 + 40) / 4],
  ];
  test.each(raw)('%o', (budget, value) => {
    const [result] = checkBudgets(build, [budget]);
    expect(result).toMatchObject({ actual: value, limit: 1, status: 'over' });
    expect(checkBudgets(build, [{ ...budget, max: value } as Budget])[0]).toMatchObject({ status: 'ok', causes: [] });
  });

  test('a pattern has a result for each thing that it matches', () => {
    const results = checkBudgets(build, [{ kind: 'initial', entry: '*', max: 100, measure: 'raw' }]);
    expect(results.map(({ subject, status }) => [subject, status])).toEqual([
      ['src/main.ts', 'over'],
      ['src/embed.ts', 'ok'],
    ]);
  });

  test('the causes are the largest things in it, with their chains', () => {
    const [result] = checkBudgets(build, [{ kind: 'route', route: 'src/admin.ts', max: 1, measure: 'raw' }]);
    expect(result!.causes).toEqual([
      {
        what: 'p',
        size: 700,
        isGrowth: false,
        chain: [
          { from: 'src/main.ts', to: 'src/admin.ts', line: 5, column: 2 },
          { from: 'src/admin.ts', to: 'node_modules/p/index.js', line: 2, column: 0 },
        ],
      },
      { what: 'src/main.ts', size: 100, isGrowth: false, chain: [] },
      {
        what: 'src/shared.ts',
        size: 50,
        isGrowth: false,
        chain: [{ from: 'src/main.ts', to: 'src/shared.ts', line: 1, column: 0 }],
      },
    ]);
  });

  test('banned packages', () => {
    const [bad, good] = checkBudgets(build, [
      { kind: 'banned', packages: ['p', 'moment'], reason: 'Use Intl.' },
      { kind: 'banned', packages: ['moment'] },
    ]);
    expect(bad).toMatchObject({ status: 'over', subject: 'p', actual: 1 });
    expect(bad!.message).toContain('Use Intl.');
    expect(bad!.causes[0]!.chain.at(-1)).toMatchObject({ from: 'src/admin.ts', line: 2 });
    expect(good!.status).toBe('ok');
  });

  test('what is named must be there; all that is not is said at once, with what there is', () => {
    const error = thrown(() =>
      checkBudgets(build, [
        { kind: 'initial', entry: 'src/mian.ts', max: 1 },
        { kind: 'route', route: 'src/nowhere.ts', max: 1 },
        { kind: 'chunk', chunk: 'none.js', max: 1 },
      ]),
    );
    expect(error.code).toBe('budget-unknown');
    expect(error.message).toContain(
      'budgets[0]: there is no entry "src/mian.ts" in this build. Did you mean "src/main.ts"?',
    );
    expect(error.message).toContain('budgets[2]');
    expect(error.hint).toContain('src/embed.ts, src/main.ts');
    expect(error.hint).toContain('src/admin.ts');
  });

  test('a relative limit needs a baseline, and a measure must have been taken', () => {
    expect(thrown(() => checkBudgets(build, [{ kind: 'total', max: 'ratchet' }])).code).toBe('budget-baseline');
    const unmeasured = {
      ...build,
      outputs: build.outputs.map((output) => ({ ...output, bytes: { ...output.bytes, brotli: null } })),
    };
    expect(thrown(() => checkBudgets(unmeasured, [{ kind: 'total', max: 1 }])).code).toBe('budget-unmeasured');
    expect(checkBudgets(unmeasured, [{ kind: 'total', max: 1, measure: 'gzip' }])[0]!.status).toBe('over');
  });

  test('something that the baseline did not have yet is not held to it', () => {
    const before = { ...build, outputs: build.outputs.slice(0, 4) };
    const results = checkBudgets(build, [{ kind: 'initial', entry: '*', max: 'ratchet' }], { baseline: before });
    expect(results.map(({ status }) => status)).toEqual(['ok', 'new']);
    expect(exitCodeOf(results)).toBe(EXIT_WITHIN_BUDGET);
  });
});

describe('a pull request that adds moment', () => {
  const app = (main: string): App => ({
    entries: ['main.js'],
    files: {
      'main.js': main,
      'page.js': `import { debounce } from 'lodash-es';\nexport const page = () => debounce(() => {});`,
      'dates.js': `import moment from 'moment';\nexport const now = () => moment();`,
    },
    options: { entryNames: '[name]-[hash]' },
  });
  let before: Bundled;
  let after: Bundled;
  const budgets = parseBudgets([
    { kind: 'initial', entry: 'test/detect/main.js', max: '+2%' },
    { kind: 'total', max: 'ratchet', measure: 'raw' },
    { kind: 'package', package: 'lodash-es', max: '+0', measure: 'raw' },
  ]);

  beforeAll(async () => {
    before = await bundle(app(`import { page } from './page.js';\npage();`));
    after = await bundle(app(`import { page } from './page.js';\nimport { now } from './dates.js';\npage(now);`));
  });

  test('fails as a regression and names the import that did it', () => {
    const results = checkBudgets(after.build, budgets, { baseline: readBaseline(writeBaseline(before.build)) });
    expect(results.slice(0, 2).map(({ status }) => status)).toEqual(['regressed', 'regressed']);
    expect(exitCodeOf(results)).toBe(EXIT_REGRESSION);
    const [cause] = results[0]!.causes;
    expect(cause!.what).toBe('test/detect/main.js:2:1 now imports test/detect/dates.js');
    expect(cause!.chain.map(({ from, line }) => `${from}:${line}`)).toEqual([
      'test/detect/main.js:2',
      'test/detect/dates.js:1',
    ]);
    expect(cause!.chain.at(-1)!.to).toBe('node_modules/moment/moment.js');
    expect(cause!.size / (results[0]!.actual - results[0]!.baseline!)).toBeGreaterThan(0.9);
  });

  test('an absolute limit passed too is the stronger verdict', () => {
    const results = checkBudgets(after.build, [...budgets, { kind: 'total', max: '10 kB', measure: 'raw' }], {
      baseline: before.build,
    });
    expect(exitCodeOf(results)).toBe(EXIT_OVER_BUDGET);
  });

  test('nothing changed, nothing said', () => {
    const results = checkBudgets(before.build, budgets, { baseline: before.build });
    expect(results.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
    expect(exitCodeOf(results)).toBe(EXIT_WITHIN_BUDGET);
  });
});

test('a budget on duplicates counts what the spare copies take', () => {
  const build = buildOf(
    [
      moduleOf('src/main.ts'),
      moduleOf('node_modules/p/index.js', { package: { name: 'p', version: '2.0.0' } }),
      moduleOf('node_modules/q/node_modules/p/index.js', { package: { name: 'p', version: '1.0.0' } }),
    ],
    [edgeOf(0, 1), edgeOf(0, 2, { line: 4, column: 0 })],
    [
      outputOf(
        'main.js',
        [
          [0, 1],
          [1, 100],
          [2, 80],
        ],
        { entry: true, entryModule: 0 },
      ),
    ],
  );
  const [result] = checkBudgets(build, [{ kind: 'duplicates', max: 0, measure: 'raw' }]);
  expect(result).toMatchObject({ status: 'over', actual: 80 });
  expect(result!.causes).toEqual([
    {
      what: 'p',
      size: 80,
      isGrowth: false,
      chain: [{ from: 'src/main.ts', to: 'node_modules/q/node_modules/p/index.js', line: 4, column: 0 }],
    },
  ]);
});

describe('what made a scope grow', () => {
  const modules = ['src/main.ts', 'src/page.ts', 'node_modules/p/index.js'].map((id) => moduleOf(id));
  const lazy = edgeOf(0, 1, { kind: 'dynamic', line: 4, column: 2 });
  const uses = edgeOf(1, 2, { line: 1, column: 0 });
  const page = { entryModule: 1, kind: 'chunk' } as const;
  const before = buildOf(
    modules,
    [lazy, uses],
    [
      outputOf('main.js', [[0, 100]], { entry: true, entryModule: 0, imports: [{ file: 'page.js', kind: 'dynamic' }] }),
      outputOf(
        'page.js',
        [
          [1, 50],
          [2, 700],
        ],
        page,
      ),
    ],
  );
  const budgets: Budget[] = [{ kind: 'initial', entry: 'src/main.ts', max: 'ratchet', measure: 'raw' }];

  test('a lazy import that became a static one is named, though no module has changed', () => {
    const after = buildOf(
      modules,
      [{ ...lazy, kind: 'static', line: 2, column: 0 }, uses],
      [
        outputOf(
          'main.js',
          [
            [0, 100],
            [1, 50],
            [2, 700],
          ],
          { entry: true, entryModule: 0 },
        ),
      ],
    );
    const [result] = checkBudgets(after, budgets, { baseline: before });
    expect(result!.status).toBe('regressed');
    expect(result!.causes.map(({ what, size, isGrowth }) => [what, size, isGrowth])).toEqual([
      ['src/main.ts:2:1 now imports src/page.ts', 750, true],
    ]);
    expect(result!.causes[0]!.chain.map(({ to }) => to)).toEqual(['src/page.ts', 'node_modules/p/index.js']);
  });

  test('a module that the bundler put into another file is said to be there; what is besides modules is named', () => {
    const after = buildOf(
      modules,
      [lazy, uses],
      [
        {
          ...outputOf(
            'main.js',
            [
              [0, 100],
              [2, 700],
            ],
            { entry: true, entryModule: 0 },
          ),
        },
        outputOf('page.js', [[1, 50]], page),
        outputOf('shared.js', [], {}),
      ].map((output, at) => (at === 0 ? { ...output, imports: [{ file: 'shared.js', kind: 'static' }] } : output)),
    );
    const [result] = checkBudgets(after, budgets, { baseline: before });
    expect(result!.causes.map(({ what, size }) => [what, size])).toEqual([
      ['node_modules/p/index.js is in other files than before', 700],
      ['what the bundler writes besides modules', 8],
    ]);
    expect(result!.actual - result!.baseline!).toBe(708);
  });
});
