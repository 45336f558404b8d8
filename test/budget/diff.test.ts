import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readBaseline, writeBaseline } from '../../src/budget/baseline.ts';
import { describeCause, diffBuilds } from '../../src/budget/diff.ts';
import type { Diff } from '../../src/budget/diff.ts';
import { withoutHash } from '../../src/budget/identity.ts';
import { PareError } from '../../src/model/errors.ts';
import { sumBytes } from '../../src/model/bytes.ts';
import type { Build } from '../../src/model/build.ts';
import { bundle } from '../detect/metafile-build.ts';
import type { App, Bundled } from '../detect/metafile-build.ts';
import { buildOf, builds, edgeOf, moduleOf, outputOf } from '../detect/synthetic.ts';

const deltas = (changes: readonly { readonly delta: Diff['total']['delta'] }[]) =>
  sumBytes(changes.map(({ delta }) => delta));

test('whatever the builds, every listing adds up to the total', () => {
  fc.assert(
    fc.property(builds, builds, (before, after) => {
      const diff = diffBuilds(before, after);
      expect(deltas([...diff.modules, ...diff.rest])).toEqual(diff.total.delta);
      expect(deltas(diff.causes)).toEqual(diff.total.delta);
      expect(deltas(diff.outputs)).toEqual(diff.total.delta);
      expect(deltas([...diff.packages, ...diff.rest])).toEqual(diff.total.delta);
    }),
  );
});

test('a build with renamed hashes, moved packages, moved chunks and another order is the same build', () => {
  fc.assert(
    fc.property(builds, (build) => {
      const last = build.modules.length - 1;
      const turned: Build = {
        ...build,
        modules: build.modules
          .map((module) => ({
            ...module,
            id: module.id.replace('node_modules/', 'node_modules/.pnpm/x@1.0.0/node_modules/'),
          }))
          .reverse(),
        edges: build.edges.map((edge) => ({ ...edge, from: last - edge.from, to: last - edge.to, line: 99 })).reverse(),
        outputs: build.outputs
          .map((output, index) => ({
            ...output,
            file: output.file.replace('.js', '-D9xYq_2b.js'),
            entryModule: output.entryModule === null ? null : last - output.entryModule,
            // The parts go one output on: chunks moved.
            parts: (output.entry ? output : build.outputs[(index + 1) % 3]!).parts.map((part) =>
              part.module === null ? part : { ...part, module: last - part.module },
            ),
            bytes: (output.entry ? output : build.outputs[(index + 1) % 3]!).bytes,
          }))
          .reverse(),
      };
      const diff = diffBuilds(build, turned);
      expect(diff).toMatchObject({ modules: [], packages: [], rest: [], causes: [] });
      expect(diff.total.delta).toEqual({ raw: 0, gzip: 0, brotli: 0 });
    }),
  );
});

test('names of outputs lose their hash and nothing else', () => {
  const names = [
    'main.js',
    'index-BxYz12_k.js',
    'assets/vendor-DmKa82fG.css',
    'chunk-7QZJ2XAB.js',
    'main.3f2a9c1b.js',
    'main-vendors.js',
    'react-router.js',
    'page.client.js',
    'locale-de.js',
    'polyfills-es2015.js',
    'admin-panel-BxY_z-12.js',
  ];
  expect(names.map(withoutHash)).toEqual([
    'main.js',
    'index-*.js',
    'assets/vendor-*.css',
    'chunk-*.js',
    'main.*.js',
    'main-vendors.js',
    'react-router.js',
    'page.client.js',
    'locale-de.js',
    'polyfills-es2015.js',
    'admin-panel-*.js',
  ]);
});

describe('each change names its cause', () => {
  const main = moduleOf('src/main.ts');
  const before = buildOf(
    [main, moduleOf('src/page.ts'), moduleOf('node_modules/p/index.js'), moduleOf('src/grows.ts')],
    [edgeOf(0, 1), edgeOf(1, 2, { line: 2, column: 0 }), edgeOf(0, 3)],
    [
      outputOf(
        'main.js',
        [
          [0, 10],
          [1, 10],
          [2, 1000],
          [3, 50],
        ],
        { entry: true, entryModule: 0 },
      ),
    ],
  );

  test('an import that appeared', () => {
    const after = buildOf(
      [...before.modules, moduleOf('node_modules/q/a.js'), moduleOf('node_modules/q/b.js')],
      [...before.edges, edgeOf(1, 4, { line: 7, column: 4 }), edgeOf(4, 5)],
      [
        outputOf(
          'main.js',
          [
            [0, 10],
            [1, 10],
            [2, 1000],
            [3, 50],
            [4, 200],
            [5, 300],
          ],
          { entry: true, entryModule: 0 },
        ),
      ],
    );
    const { causes } = diffBuilds(before, after);
    expect(causes).toEqual([
      {
        cause: { kind: 'import-added', import: { from: 'src/page.ts', to: 'node_modules/q/a.js', line: 7, column: 4 } },
        delta: { raw: 500, gzip: 250, brotli: 125 },
        modules: ['node_modules/q/b.js', 'node_modules/q/a.js'],
      },
    ]);
    expect(describeCause(causes[0]!.cause)).toBe('src/page.ts:7:5 now imports node_modules/q/a.js');
    const back = diffBuilds(after, before);
    expect(back.causes[0]).toMatchObject({
      cause: { kind: 'import-removed', import: { line: 7 } },
      delta: { raw: -500 },
    });
  });

  test('a version, code that grew, a new entry', () => {
    const after = buildOf(
      [
        main,
        moduleOf('src/page.ts'),
        moduleOf('node_modules/p/index.js', { package: { name: 'p', version: '2.0.0' } }),
        moduleOf('src/grows.ts', { sourceBytes: 170 }),
        moduleOf('node_modules/p/new.js', { package: { name: 'p', version: '2.0.0' } }),
        moduleOf('src/second.ts'),
      ],
      [...before.edges, edgeOf(2, 4)],
      [
        outputOf(
          'main.js',
          [
            [0, 10],
            [1, 10],
            [2, 1400],
            [3, 90],
            [4, 16],
          ],
          { entry: true, entryModule: 0 },
        ),
        outputOf('second.js', [[5, 20]], { entry: true, entryModule: 5 }),
      ],
    );
    const { causes, packages } = diffBuilds(before, after);
    expect(causes.map(({ cause, delta }) => [cause.kind, delta.raw])).toEqual([
      ['version', 416],
      ['code', 40],
      ['entry-added', 20],
      ['rest', 8],
    ]);
    expect(packages[0]).toMatchObject({
      name: 'p',
      versionsBefore: ['1.0.0'],
      versionsAfter: ['2.0.0'],
      delta: { raw: 416 },
    });
  });

  test('another bundler', () => {
    const after = {
      ...before,
      bundler: { name: 'rollup', version: '4.0.0' },
      outputs: [
        outputOf(
          'main-BxYz12_k.js',
          [
            [0, 9],
            [1, 10],
            [2, 900],
            [3, 50],
          ],
          { entry: true, entryModule: 0 },
        ),
      ],
    };
    const { causes, outputs } = diffBuilds(before, after);
    expect(causes.map(({ cause, delta }) => [cause.kind, delta.raw])).toEqual([['bundler', -101]]);
    expect(outputs).toMatchObject([{ fileBefore: 'main.js', fileAfter: 'main-BxYz12_k.js', delta: { raw: -101 } }]);
  });
});

describe('real builds', () => {
  const app = (files: Record<string, string>): App => ({
    entries: ['main.js'],
    files: {
      'lazy.js': `import * as d3 from 'd3';\nimport { map } from 'rxjs';\nexport const go = () => console.log(d3, map);`,
      'page.js': `import { debounce } from 'lodash-es';\nexport const page = () => debounce(() => {});`,
      ...files,
    },
    options: { entryNames: '[name]-[hash]' },
  });
  let before: Bundled;
  let after: Bundled;

  beforeAll(async () => {
    before = await bundle(
      app({ 'main.js': `import { page } from './page.js';\npage();\nimport('./lazy.js').then((m) => m.go());` }),
    );
    after = await bundle(
      app({
        'main.js': `import { page } from './page.js';\nimport moment from 'moment';\npage(moment);\nimport('./lazy.js').then((m) => m.go());`,
      }),
    );
  });

  test('the first cause of a build that got moment is its import', () => {
    const { causes, packages } = diffBuilds(before.build, after.build);
    expect(causes[0]).toMatchObject({
      cause: {
        kind: 'import-added',
        import: { from: 'test/detect/main.js', to: 'node_modules/moment/moment.js', line: 2, column: 0 },
      },
    });
    expect(causes[0]!.delta.raw).toBeGreaterThan(50_000);
    expect(packages[0]!.name).toBe('moment');
  });

  test('baselines are read back as builds that compare alike', () => {
    const [old, now] = [before, after].map(({ build }) => readBaseline(writeBaseline(build)));
    expect(diffBuilds(old!, now!)).toEqual(diffBuilds(before.build, after.build));
    expect(diffBuilds(old!, after.build)).toEqual(diffBuilds(before.build, after.build));
    expect(diffBuilds(old!, before.build).causes).toEqual([]);
    expect(writeBaseline(old!)).toBe(writeBaseline(before.build));
  });

  test('a baseline takes less than 100 bytes a module', () => {
    const text = writeBaseline(before.build);
    expect(Buffer.byteLength(text) / before.build.modules.length).toBeLessThan(100);
  });
});

describe('a baseline that can not be read says what to do', () => {
  const refused = (text: string): PareError => {
    try {
      readBaseline(text, 'size.json');
    } catch (error) {
      expect(error).toBeInstanceOf(PareError);
      return error as PareError;
    }
    throw new Error('it was read');
  };

  test.each([
    ['not JSON', '{"schema":', 'baseline-syntax', 'not JSON'],
    ['a merge conflict', '<<<<<<< HEAD\n{}', 'baseline-syntax', 'merge conflict'],
    ['another schema', '{"schema":"pare/baseline@2"}', 'baseline-schema', 'pare/baseline@2'],
    ['a whole build', '{"schema":"pare/build@1"}', 'baseline-schema', 'pare/build@1'],
    ['no object', '7', 'baseline-schema', 'no baseline'],
    ['a missing part', '{"schema":"pare/baseline@1"}', 'baseline-damaged', 'bundler'],
    [
      'a module that is not there',
      '{"schema":"pare/baseline@1","bundler":null,"packages":[],"modules":[[0,"a.js",0,0,1,"9"]],"outputs":[]}',
      'baseline-damaged',
      'module 9 of 1',
    ],
  ])('%s', (_, text, code, message) => {
    const error = refused(text);
    expect(error.code).toBe(code);
    expect(error.message).toContain('size.json');
    expect(error.message).toContain(message);
    expect(error.hint).not.toBeNull();
  });
});
