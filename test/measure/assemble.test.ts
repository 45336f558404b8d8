import { describe, expect, test } from 'vitest';

import { assemble } from '../../src/measure/assemble.ts';
import type { BuildEvidence, GraphEvidence, OutputEvidence } from '../../src/measure/evidence.ts';
import { formatOf } from '../../src/measure/module-id.ts';
import { assembleRaw, bytesByModule, bytesByRest, partsMinusOutput } from '../support/evidence.ts';
import { mappings, type Segment } from '../support/mappings.ts';

const CODE = 'aaa();bbb();';
const mapOf = (lines: readonly (readonly Segment[])[], sources: (string | null)[] = ['a.js', 'b.js']) =>
  JSON.stringify({ version: 3, sources, names: [], mappings: mappings(lines) });
const GOOD = mapOf([
  [
    [0, 0],
    [6, 1],
  ],
]);

function evidence(
  outputs: readonly Partial<OutputEvidence & { text: string; mapText: string }>[],
  { modules = [], edges = [], ...more }: Partial<BuildEvidence & GraphEvidence> = {},
): BuildEvidence {
  return {
    root: '/app',
    bundler: null,
    moduleIds: modules.map(({ id }) => id),
    graph: () => ({ modules, edges }),
    outputs: outputs.map(({ text = CODE, mapText, ...rest }) => ({
      file: 'out.js',
      kind: 'chunk',
      entry: true,
      entryModule: null,
      imports: [],
      contents: Buffer.from(text),
      map: mapText === undefined ? null : { bytes: Buffer.from(mapText), file: 'out.js.map', base: '/app' },
      witness: null,
      ...rest,
    })),
    diagnostics: [],
    packages: { version: () => '1.2.3' },
    ...more,
  };
}

async function measured(output: Partial<OutputEvidence & { text: string; mapText: string }>) {
  const build = await assembleRaw(evidence([output]));
  const only = build.outputs[0]!;
  expect(partsMinusOutput(only).raw).toBe(0);
  return {
    modules: Object.fromEntries(bytesByModule(build, only)),
    rest: Object.fromEntries(bytesByRest(only)),
    codes: build.diagnostics.map(({ code }) => code),
    build,
  };
}

describe('one output', () => {
  test('by its map', async () => {
    expect(await measured({ mapText: GOOD })).toMatchObject({ modules: { 'a.js': 6, 'b.js': 6 }, rest: {}, codes: [] });
  });

  test('one source under several names', async () => {
    const mapText = mapOf(
      [
        [
          [0, 0],
          [6, 1],
        ],
      ],
      ['./a.js', '/app/a.js?v=1'],
    );
    expect(await measured({ mapText })).toMatchObject({ modules: { 'a.js': 12 } });
  });

  test('a source without a name is unmapped', async () => {
    expect(
      await measured({
        mapText: mapOf(
          [
            [
              [0, 0],
              [6, 1],
            ],
          ],
          ['a.js', null],
        ),
      }),
    ).toMatchObject({ modules: { 'a.js': 6 }, rest: { unmapped: 6 } });
  });

  test.each<[string, Partial<OutputEvidence & { text: string; mapText: string }>, string]>([
    ['no map', {}, 'map-missing'],
    ['an empty map', { mapText: '' }, 'map-empty'],
    ['a cut map', { mapText: GOOD.slice(0, -3) }, 'map-truncated'],
    ['a page instead of a map', { mapText: '<!doctype html>' }, 'map-not-json'],
    [
      'a map of another file',
      {
        mapText: mapOf([
          [
            [0, 0],
            [60, 1],
            [70, 0],
          ],
          [
            [0, 1],
            [4, 0],
          ],
        ]),
      },
      'map-of-another-file',
    ],
  ])('with %s: a warning, and the bytes are unmapped', async (_, output, code) => {
    expect(await measured(output)).toMatchObject({ modules: {}, rest: { unmapped: CODE.length }, codes: [code] });
  });

  test('that is empty has no parts and no warning', async () => {
    const { build, codes } = await measured({ text: '' });
    expect(build.outputs[0]!.parts).toEqual([]);
    expect(codes).toEqual([]);
  });

  test('that only links chunks is glue', async () => {
    const text = 'import{a}from"./a.js";export*from"./b.js";export{a as b};';
    expect(await measured({ text })).toMatchObject({ modules: {}, rest: { glue: text.length }, codes: [] });
  });

  test('that is Rolldown’s runtime', async () => {
    expect(await measured({ file: 'rolldown-runtime-x.js' })).toMatchObject({ rest: { runtime: 12 }, codes: [] });
  });

  test('with a second witness that knows better', async () => {
    const witness = {
      kind: 'lengths' as const,
      modules: [
        { id: '/app/a.js', bytes: 5 },
        { id: '/app/b.js', bytes: 7 },
      ],
    };
    expect(await measured({ mapText: GOOD, witness })).toMatchObject({ modules: { 'a.js': 5, 'b.js': 7 }, codes: [] });
    expect(await measured({ witness })).toMatchObject({ modules: { 'a.js': 5, 'b.js': 7 }, codes: [] });
  });

  test('with a second witness that says something else altogether', async () => {
    const witness = {
      kind: 'lengths' as const,
      modules: [
        { id: '/app/a.js', bytes: 500 },
        { id: '/app/b.js', bytes: 6 },
      ],
    };
    const { codes, build } = await measured({ mapText: GOOD, witness });
    expect(codes).toEqual(['witnesses-disagree']);
    expect(build.diagnostics[0]!.message).toContain('a.js: 6 by the map, 500 by the bundler');
  });
});

test('a bad map leaves the other outputs as they are', async () => {
  const build = await assembleRaw(
    evidence([
      { file: 'bad.js', mapText: '{' },
      { file: 'good.js', mapText: GOOD },
    ]),
  );
  expect(build.outputs.map(({ file, parts }) => [file, parts.length])).toEqual([
    ['bad.js', 1],
    ['good.js', 2],
  ]);
  expect(build.diagnostics.map(({ file }) => file)).toEqual(['out.js.map']);
});

test('compressed parts add up, too', async () => {
  const text = CODE.repeat(50);
  const build = await assemble(evidence([{ text, mapText: GOOD }]), { compress: { gzip: true, brotli: true } });
  expect(partsMinusOutput(build.outputs[0]!)).toEqual({ raw: 0, gzip: 0, brotli: 0 });
  expect(build.outputs[0]!.bytes.gzip).toBeGreaterThan(0);
});

test('the record does not depend on the order of the evidence', async () => {
  const outputs = [
    { file: 'x.js', mapText: GOOD },
    {
      file: 'y.js',
      mapText: mapOf([
        [
          [0, 1],
          [6, 0],
        ],
      ]),
    },
  ];
  const facts = { format: 'esm' as const, sourceBytes: 1, sideEffects: null, exports: null, usedExports: null };
  const modules = ['/app/b.js', '/app/a.js', '/app/node_modules/p/i.js'].map((id) => ({ id, ...facts }));
  const edge = { kind: 'static' as const, specifier: null, names: null, line: 1, column: 0 };
  const edges = [
    { from: 'a.js', to: 'b.js', ...edge },
    { from: 'b.js', to: 'a.js', ...edge },
    { from: 'a.js', to: 'b.js', ...edge },
  ];
  const one = await assembleRaw(evidence(outputs, { modules, edges }));
  const other = await assembleRaw(
    evidence(outputs.toReversed(), { modules: modules.toReversed(), edges: edges.toReversed() }),
  );
  expect(other).toEqual(one);
  expect(one.modules.map(({ id, package: owner }) => [id, owner])).toEqual([
    ['a.js', null],
    ['b.js', null],
    ['node_modules/p/i.js', { name: 'p', version: '1.2.3' }],
  ]);
  expect(one.edges.length).toBe(2);
});

test('the graph is asked for when somebody reads it, and once', async () => {
  let asked = 0;
  const facts = { format: 'esm' as const, sourceBytes: 1, sideEffects: null, exports: null, usedExports: null };
  const graph = (): GraphEvidence => {
    asked++;
    return { modules: [{ id: '/app/a.js', ...facts }], edges: [] };
  };
  const build = await assembleRaw(evidence([{ mapText: GOOD }], { moduleIds: ['/app/a.js'], graph }));
  expect(build.outputs[0]!.parts.map(({ module }) => module)).toEqual([0, 1]);
  expect(asked).toBe(0);
  expect(build.modules.map(({ id }) => id)).toEqual(['a.js', 'b.js']);
  expect([build.edges, JSON.parse(JSON.stringify(build)).modules[0].format]).toEqual([[], 'esm']);
  expect(asked).toBe(1);
});

test('parts of one file are one module', async () => {
  const base = { sideEffects: null, usedExports: null };
  const modules = [
    { id: '/app/A.vue', format: 'unknown' as const, sourceBytes: 9, exports: ['default'], ...base },
    { id: '/app/A.vue?vue&type=style', format: 'css' as const, sourceBytes: null, exports: null, ...base },
  ];
  const build = await assembleRaw(evidence([], { modules }));
  expect(build.modules).toEqual([
    {
      id: 'A.vue',
      package: null,
      format: 'css',
      sourceBytes: 9,
      sideEffects: null,
      exports: ['default'],
      usedExports: null,
    },
  ]);
});

test.each([
  ['a.mjs', 'esm'],
  ['a.cts', 'cjs'],
  ['a.json', 'json'],
  ['a.scss', 'css'],
  ['a.tsx', 'unknown'],
  ['a.png', 'asset'],
  ['a', 'unknown'],
])('the format of %s is %s', (id, format) => {
  expect(formatOf(id)).toBe(format);
});
