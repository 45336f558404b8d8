import { expect, test } from 'vitest';
import { findDuplicates, wastedBytes } from '../../src/detect/duplicates.ts';
import type { Duplicate, DuplicateKind } from '../../src/detect/duplicates.ts';
import { similarity, sketch } from '../../src/detect/similarity.ts';
import { bundle } from './metafile-build.ts';
import { buildOf, edgeOf, moduleOf, outputOf } from './synthetic.ts';

function only(found: readonly Duplicate[], kind: DuplicateKind): Duplicate {
  const those = found.filter((each) => each.kind === kind);
  expect(those.map(({ subject }) => subject)).toHaveLength(1);
  return those[0]!;
}

const v = (version: string) => ({ package: { name: 'p', version } });

test('a package in several versions: the newest is kept, and who asks for the old one is named', () => {
  const build = buildOf(
    [
      moduleOf('src/main.ts'),
      moduleOf('node_modules/p/index.js', v('2.10.0')),
      moduleOf('node_modules/q/index.js'),
      moduleOf('node_modules/q/node_modules/p/index.js', v('2.9.0')),
    ],
    [edgeOf(0, 1), edgeOf(0, 2), edgeOf(2, 3, { line: 3, column: 1 })],
    [
      outputOf(
        'main.js',
        [
          [0, 1],
          [1, 100],
          [2, 5],
          [3, 80],
        ],
        { entry: true, entryModule: 0 },
      ),
    ],
  );
  const found = findDuplicates(build);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ kind: 'versions', subject: 'p', wasted: { raw: 80, gzip: 40, brotli: 20 } });
  expect(found[0]!.copies.map(({ version }) => version)).toEqual(['2.10.0', '2.9.0']);
  expect(found[0]!.copies[1]!.broughtInBy).toEqual([{ package: 'q', version: '1.0.0', imports: [build.edges[2]] }]);
  expect(found[0]!.mend).toContain('p@2.9.0 is brought in by q');
});

test('one version at two paths', () => {
  const build = buildOf(
    [
      moduleOf('src/main.ts'),
      moduleOf('node_modules/p/index.js', v('1.0.0')),
      moduleOf('node_modules/q/node_modules/p/index.js', v('1.0.0')),
    ],
    [edgeOf(0, 1), edgeOf(0, 2)],
    [
      outputOf(
        'main.js',
        [
          [0, 1],
          [1, 100],
          [2, 100],
        ],
        { entry: true, entryModule: 0 },
      ),
    ],
  );
  const found = only(findDuplicates(build), 'paths');
  expect(found.copies.map(({ label }) => label)).toEqual(['node_modules/p', 'node_modules/q/node_modules/p']);
  expect(found.wasted.raw).toBe(100);
});

test('a module in two chunks wastes the smaller of its places; its style is no duplicate of its script', () => {
  const build = buildOf(
    [moduleOf('src/a.vue'), moduleOf('src/b.ts')],
    [],
    [
      outputOf('a.js', [[0, 100]], { entry: true, entryModule: 0 }),
      outputOf(
        'b.js',
        [
          [0, 90],
          [1, 10],
        ],
        { entry: true, entryModule: 1 },
      ),
      outputOf('a.css', [[0, 50]], { kind: 'css' }),
    ],
  );
  const found = only(findDuplicates(build), 'chunks');
  expect(found).toMatchObject({ subject: 'src/a.vue', wasted: { raw: 90 } });
  expect(found.copies.map(({ label }) => label)).toEqual(['a.js', 'b.js']);
});

test('two compiled forms of one module in a package', () => {
  const build = buildOf(
    [
      moduleOf('src/main.ts'),
      moduleOf('node_modules/p/dist/esm/v4.js'),
      moduleOf('node_modules/p/dist/cjs/v4.js', { format: 'cjs' }),
      moduleOf('node_modules/q/main.js', { format: 'cjs' }),
    ],
    [edgeOf(0, 1), edgeOf(0, 3), edgeOf(3, 2, { kind: 'require' })],
    [
      outputOf(
        'main.js',
        [
          [0, 1],
          [1, 100],
          [2, 120],
          [3, 3],
        ],
        { entry: true, entryModule: 0 },
      ),
    ],
  );
  const found = only(findDuplicates(build), 'formats');
  expect(found.wasted.raw).toBe(120);
  expect(found.mend).toContain('Have q import p');
});

test('sketches tell how much of two texts is the same', () => {
  const lines = Array.from(
    { length: 200 },
    (_, at) => `export function name${at}(a, b) { return a * ${at} + other${at}(b); }`,
  );
  const text = lines.join('\n');
  expect(similarity(sketch(text)!, sketch(`/* a comment */\n${lines.join('  \n\n')}`)!)).toBe(1);
  const half = similarity(
    sketch(text)!,
    sketch([...lines.slice(0, 100), ...lines.slice(0, 100).map((line) => line.replaceAll(/\d+/g, '9$&'))].join('\n'))!,
  );
  expect(half).toBeGreaterThan(0.15);
  expect(half).toBeLessThan(0.55);
  expect(sketch('export default 1')).toBeNull();
});

test('a real application with every kind of doubling', async () => {
  const helper = (name: string): string =>
    `export function ${name}(items) {\n  const seen = new Map();\n  for (const item of items) {\n    const key = item.id ?? item.name;\n    if (seen.has(key)) seen.get(key).push(item);\n    else seen.set(key, [item]);\n  }\n  return [...seen.values()].map((group) => ({ size: group.length, first: group[0] }));\n}\n`;
  const { build, sources } = await bundle({
    entries: ['main.js', 'second.js'],
    files: {
      'main.js': `import _ from 'lodash';\nimport get from 'lodash-es/get.js';\nimport { groups } from './groups.js';\nimport { buckets } from './buckets.js';\nconsole.log(_, get, groups([]), buckets([]));`,
      'second.js': `import { groups } from './groups.js';\nconsole.log(groups([1]));`,
      'groups.js': helper('groups'),
      'buckets.js': `// the same again\n${helper('buckets')}`,
    },
    options: { splitting: false },
  });
  const found = findDuplicates(build, { sources });
  const editions = only(found, 'whole-and-parts');
  expect(editions.copies.map(({ label }) => label)).toEqual(['lodash-es', 'lodash']);
  expect(editions.wasted.raw).toBeGreaterThan(60_000);
  expect(only(found, 'chunks').subject).toBe('test/detect/groups.js');
  expect(
    only(found, 'similar')
      .copies.map(({ label }) => label)
      .sort(),
  ).toEqual(['test/detect/buckets.js', 'test/detect/groups.js']);
  expect(found[0]).toBe(editions);
  expect(wastedBytes(build, found).raw).toBeGreaterThan(editions.wasted.raw);
});

test('a library whole beside its single functions', async () => {
  const { build } = await bundle({
    entries: ['main.js'],
    files: {
      'main.js': `import _ from 'lodash';\nimport get from 'lodash/get';\nimport moment from 'moment';\nimport 'moment/locale/de';\nconsole.log(_, get, moment);`,
    },
  });
  const found = findDuplicates(build);
  const lodash = only(found, 'whole-and-parts');
  expect(lodash.subject).toBe('lodash');
  expect(lodash.copies[1]!.label).toBe('node_modules/lodash/lodash.js');
  expect(lodash.mend).toContain('your own code');
});

test('an application without doubles has no finding', async () => {
  const { build, sources } = await bundle({
    entries: ['main.js'],
    files: {
      'main.js': `import { debounce } from 'lodash-es';\nimport { max } from 'd3-array';\nconsole.log(debounce, max);`,
    },
  });
  expect(findDuplicates(build, { sources })).toEqual([]);
});
