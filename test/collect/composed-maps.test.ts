import { afterAll, beforeAll, expect, test } from 'vitest';

import { composedSources } from '../../src/collect/composed-maps.ts';
import { temporaryFolder, writeProgram } from '../support/bundle.ts';

const map = (...sources: string[]) =>
  JSON.stringify({ version: 3, sources, names: [], mappings: 'AAAA', sourcesContent: ['x'.repeat(9_000)] });
const inline = (text: string) => `data:application/json;charset=utf-8;base64,${Buffer.from(text).toString('base64')}`;

const space = temporaryFolder();
afterAll(() => space[Symbol.dispose]());
beforeAll(() =>
  writeProgram(space.folder, {
    'node_modules/beside/dist/a.js': `a;\n//# sourceMappingURL=maps/a%20b.js.map\n`,
    'node_modules/beside/dist/maps/a b.js.map': map('../../src/a.ts', '../../src/b.ts'),
    'node_modules/inline/lib/c.js': `c;\n//# sourceMappingURL=${inline(map('../src/c.ts'))}\n`,
    'node_modules/last/d.js': `d;${' '.repeat(9_000)}\n//# sourceMappingURL=${inline(map('src/d.ts'))}`,
    'node_modules/none/e.js': 'e;\n',
    'node_modules/gone/f.js': 'f;\n//# sourceMappingURL=f.js.map',
    'node_modules/broken/g.js': 'g;\n//# sourceMappingURL=g.js.map',
    'node_modules/broken/g.js.map': '<!doctype html>',
  }),
);

const modules = [
  'beside/dist/a.js',
  'inline/lib/c.js',
  'last/d.js',
  'none/e.js',
  'gone/f.js',
  'broken/g.js',
  'absent/h.js',
].map((id) => `node_modules/${id}`);

test('shipped maps say which module a source stands for', () => {
  const sources = ['beside/src/a.ts', 'beside/src/b.ts', 'inline/src/c.ts', 'last/src/d.ts', 'other/src/x.ts'].map(
    (id) => `node_modules/${id}`,
  );
  expect(Object.fromEntries(composedSources(space.folder, sources, modules))).toEqual({
    'node_modules/beside/src/a.ts': 'node_modules/beside/dist/a.js',
    'node_modules/beside/src/b.ts': 'node_modules/beside/dist/a.js',
    'node_modules/inline/src/c.ts': 'node_modules/inline/lib/c.js',
    'node_modules/last/src/d.ts': 'node_modules/last/d.js',
  });
});

test('nothing is said of sources that were not asked for', () => {
  expect(composedSources(space.folder, [], modules).size).toBe(0);
});
