import { afterAll, beforeAll, expect, test } from 'vitest';

import { scanModule } from '../../src/measure/module-syntax.ts';
import { linkSources, type ResolvedModule } from '../../src/collect/sources.ts';
import { temporaryFolder, writeProgram } from '../support/bundle.ts';

const space = temporaryFolder();
afterAll(() => space[Symbol.dispose]());
beforeAll(() =>
  writeProgram(space.folder, {
    'a.js': 'import { one } from "./b.js";\nimport("./c.js");\nconst d = require("./d.js");\n',
    'b.js': 'export const one = 1, two = 2;\nexport * from "./e.js";\n',
    'c.js': 'export default 1;\nexport const other = 2;\n',
    'd.js': 'exports.x = 1;\n',
    'e.js': 'export function deep() {}\n',
    'f.css': 'a{}',
  }),
);

const module = (id: string, imports: ResolvedModule['imports'] = []): ResolvedModule => ({
  id,
  format: 'unknown',
  sourceBytes: null,
  sideEffects: null,
  exports: null,
  usedExports: null,
  imports,
});

const GRAPH = [
  module('a.js', [
    { to: 'b.js', kind: 'static', specifier: './b.js' },
    { to: 'c.js', kind: 'dynamic', specifier: './c.js' },
    { to: 'd.js', kind: 'require', specifier: './d.js' },
  ]),
  module('b.js', [{ to: 'e.js', kind: 'static', specifier: './e.js' }]),
  module('c.js'),
  module('d.js'),
  module('e.js'),
  module('f.css'),
  module('virtual:x'),
  module('absent.js'),
];

test('modules get format, exports and the exports that somebody asks for', () => {
  const { modules } = linkSources(space.folder, GRAPH);
  expect(modules.map(({ id, format, exports, usedExports }) => [id, format, exports, usedExports])).toEqual([
    ['a.js', 'esm', [], null],
    ['b.js', 'esm', ['one', '*'], ['one', '*']],
    ['c.js', 'esm', ['default', 'other'], ['default', 'other']],
    ['d.js', 'cjs', null, null],
    ['e.js', 'esm', ['deep'], ['deep']],
    ['f.css', 'unknown', null, null],
    ['virtual:x', 'unknown', null, null],
    ['absent.js', 'unknown', null, null],
  ]);
});

test('edges get names and places', () => {
  const { edges } = linkSources(space.folder, GRAPH);
  expect(edges.map(({ from, to, kind, names, line, column }) => [from, to, kind, names, line, column])).toEqual([
    ['a.js', 'b.js', 'static', ['one'], 1, 0],
    ['a.js', 'c.js', 'dynamic', null, 2, 0],
    ['a.js', 'd.js', 'require', null, 3, 10],
    ['b.js', 'e.js', 'static', ['*'], 2, 0],
  ]);
});

test('a source that the caller has is not read from disk', () => {
  const source = Buffer.from('\n\nimport two from "./b.js"');
  const { edges } = linkSources(space.folder, GRAPH.slice(0, 2), new Map([['a.js', scanModule(source)]]));
  expect(edges[0]).toMatchObject({ names: ['default'], line: 3 });
});
