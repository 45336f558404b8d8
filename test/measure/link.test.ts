import { describe, expect, test } from 'vitest';

import { linkImports, specifierFit } from '../../src/measure/link.ts';

const link = (source: string | null, ...resolved: Parameters<typeof linkImports>[2]) =>
  linkImports('src/a.js', source === null ? null : Buffer.from(source), resolved).edges.map(
    ({ to, kind, names, line, column }) => ({ to, kind, names, line, column }),
  );

describe('edges', () => {
  test('have names and place of the statement', () => {
    expect(link('\nimport { x } from "./b";', { to: 'src/b.js', kind: 'static', specifier: './b' })).toEqual([
      { to: 'src/b.js', kind: 'static', names: ['x'], line: 2, column: 0 },
    ]);
  });

  test('are as many as there are statements', () => {
    const edges = link('import { x } from "./b"; import { y } from "./b";', {
      to: 'src/b.js',
      kind: 'static',
      specifier: './b',
    });
    expect(edges.map(({ names, column }) => [names, column])).toEqual([
      [['x'], 0],
      [['y'], 25],
    ]);
  });

  test('are told once where the bundler tells them twice', () => {
    const wanted = { to: 'src/b.js', kind: 'dynamic', specifier: './b' } as const;
    expect(link('import("./b")', wanted, wanted).length).toBe(1);
  });

  test('are found by what they resolved to', () => {
    const source = 'import { x } from "./b"; import c from "pkg/c"; import("@/d")';
    const edges = link(
      source,
      { to: 'src/b/index.ts', kind: 'static', specifier: null },
      { to: 'node_modules/pkg/c.js', kind: 'static', specifier: null },
      { to: 'src/d.vue', kind: 'dynamic', specifier: null },
    );
    expect(edges.map(({ names, column }) => [names, column])).toEqual([
      [['x'], 0],
      [['default'], 25],
      [null, 48],
    ]);
  });

  test('stand without names and place where the source does not show them', () => {
    const bare = { to: 'src/b.js', kind: 'static', names: null, line: null, column: null };
    expect(link(null, { to: 'src/b.js', kind: 'static', specifier: './b' })).toEqual([bare]);
    expect(link('x()', { to: 'src/b.js', kind: 'static', specifier: './b' })).toEqual([bare]);
  });

  test('a static import that is written as require is one', () => {
    expect(link('require("./b")', { to: 'src/b.js', kind: 'static', specifier: './b' })[0]!.kind).toBe('require');
  });

  test('of another kind do not fit', () => {
    expect(link('import("./b")', { to: 'src/b.js', kind: 'require', specifier: null })[0]!.line).toBe(null);
  });
});

test.each([
  ['./b.js', 'src/b.js', 3],
  ['./b', 'src/b.tsx', 2],
  ['./b.js', 'src/b.ts', 2],
  ['./b', 'src/b/index.js', 2],
  ['./b.config', 'src/b.config.ts', 2],
  ['./c', 'src/b.js', 0],
  ['pkg', 'node_modules/pkg/index.js', 2],
  ['pkg', 'node_modules/pkg/dist/x.js', 1],
  ['pkg/x', 'node_modules/pkg/dist/x.mjs', 2],
  ['pkg/x.js', 'node_modules/pkg/x.js', 3],
  ['pkg', 'node_modules/pkg-other/index.js', 0],
  ['@s/p', 'node_modules/@s/p/main.js', 2],
  ['@/pages/home', 'src/pages/home.vue', 1],
  ['virtual-routes', 'virtual:virtual-routes', 3],
])('%s fits %s by %i', (specifier, to, fit) => {
  expect(specifierFit('src/a.js', specifier, to)).toBe(fit);
});
