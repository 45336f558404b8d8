import { expect, test } from 'vitest';

import { layOut } from '../../src/measure/layout.ts';
import { ownerOf, REST } from '../../src/measure/owners.ts';

const A = REST.length;

function lay(text: string, lengths: readonly number[], language: 'js' | 'css' | null = 'js'): string[] {
  const code = Buffer.from(text);
  const modules = lengths.map((bytes, i) => ({ owner: A + i, bytes }));
  const { ends, owners, length } = layOut(code, modules, A + lengths.length, language);
  expect(length).toBe(code.length);
  return Array.from(ends, (end, i) => {
    const owner = ownerOf(owners[i]!);
    return `${'rest' in owner ? owner.rest : String.fromCharCode(97 + owner.source)} ${code.toString('utf8', ends[i - 1] ?? 0, end)}`;
  });
}

test('modules lie between what the bundler writes before and behind them', () => {
  const text = 'import"./c.js";aaaa;é();export{a as b};\n/*! L */\n//# sourceMappingURL=x.map';
  expect(lay(text, [5, 5])).toEqual([
    'glue import"./c.js";',
    'a aaaa;',
    'b é();',
    'glue export{a as b};',
    'licence \n/*! L */',
    'source-map-comment \n//# sourceMappingURL=x.map',
  ]);
});

test('lengths that fill the file leave nothing', () => {
  expect(lay('aaabb', [3, 2])).toEqual(['a aaa', 'b bb']);
  expect(lay('aaabb', [3, 0, 2])).toEqual(['a aaa', 'c bb']);
});

test('lengths beyond the file are cut', () => {
  expect(lay('aaab', [3, 20])).toEqual(['a aaa', 'b b']);
});

test('an asset is its module’s; what it has beyond that is unmapped', () => {
  expect(lay('export{a};', [10], null)).toEqual(['a export{a};']);
  expect(lay('xxyy', [2], null)).toEqual(['unmapped xx', 'a yy']);
});

test('an empty file has no parts', () => {
  expect(lay('', [])).toEqual([]);
  expect(lay('', [5])).toEqual([]);
});
