import { expect, test } from 'vitest';

import { walkLexically } from '../../src/measure/lexical.ts';
import { byStatement } from '../../src/measure/statements.ts';
import type { OwnerKind } from '../../src/measure/witness.ts';
import { owned } from './owned.ts';

const kindOf = (owner: number): OwnerKind => (owner === 0 ? 'gap' : owner === 1 ? 'fixed' : 'module');

/** Pieces as the map has them, and as they are by whole statements: `owner:text`. */
function settle(...pieces: [owner: number, text: string][]): string[] {
  const code = Buffer.from(pieces.map(([, text]) => text).join(''));
  const ownership = owned(pieces.map(([owner, text]) => [owner, Buffer.byteLength(text)]));
  const { statementEnds } = walkLexically(code, { language: 'js' });
  const { ends, owners } = byStatement(code, ownership, statementEnds, kindOf);
  return Array.from(ends, (end, i) => `${owners[i]}:${code.toString('utf8', ends[i - 1] ?? 0, end)}`);
}

test('a statement belongs to whom its text belongs to', () => {
  expect(settle([2, 'a();var b=w(()=>{'], [3, 'c()});'])).toEqual(['2:a();', '3:var b=w(()=>{c()});']);
  expect(settle([2, 'a({b:"é"},'], [3, 'c'], [2, ',d);'], [3, 'e();'])).toEqual(['2:a({b:"é"},c,d);', '3:e();']);
});

test('where nobody’s text begins nothing changes', () => {
  expect(settle([0, 'import"x";'], [2, 'a();b();'], [0, 'export{a};'])).toEqual([
    '0:import"x";',
    '2:a();b();',
    '0:export{a};',
  ]);
});

test('a gap within a statement goes with it, a licence comment does not', () => {
  expect(settle([0, 'f('], [2, 'a'], [1, '/*! L */'], [0, ');'])).toEqual(['2:f(a', '1:/*! L */', '2:);']);
});

test('comments between statements stay as they are', () => {
  expect(settle([2, 'a();\n'], [0, '\n// b.js\n'], [3, 'b();\n'])).toEqual(['2:a();\n', '0:\n// b.js\n', '3:b();\n']);
});
