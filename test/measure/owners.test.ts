import { describe, expect, test } from 'vitest';

import { attributeBySourceMap, unmappedRuns } from '../../src/measure/attribute.ts';
import { assignOwners, ownerOf } from '../../src/measure/owners.ts';
import { mappings, type Segment } from '../support/mappings.ts';

const SOURCES = ['a', 'b', 'runtime'];

/** Whose the text is, where each piece names the source that the map says; null: no segment marks its begin; '': unmapped. */
function assign(
  pieces: readonly (readonly [source: string | null, text: string])[],
  language: 'js' | 'css' = 'js',
): string[] {
  const lines: Segment[][] = [[]];
  let column = 0;
  for (const [source, text] of pieces) {
    if (source !== null) lines.at(-1)!.push(source === '' ? [column] : [column, SOURCES.indexOf(source)]);
    for (const unit of text) {
      column += unit.length;
      if (unit !== '\n') continue;
      lines.push([]);
      column = 0;
    }
  }
  const code = Buffer.from(pieces.map(([, text]) => text).join(''));
  const section = { line: 0, column: 0, sources: SOURCES, mappings: Buffer.from(mappings(lines)) };
  const runs = attributeBySourceMap(code, { sections: [section] });
  const { ends, owners } = assignOwners(code, runs, { language, runtime: (source) => SOURCES[source] === 'runtime' });
  return Array.from(ends, (end, i) => {
    const owner = ownerOf(owners[i]!);
    return `${'rest' in owner ? `[${owner.rest}]` : SOURCES[owner.source]} ${code.toString('utf8', ends[i - 1] ?? 0, end)}`;
  });
}

describe('names what no source owns', () => {
  test('imports and exports of the chunk', () => {
    expect(
      assign([
        ['', 'import{x}from"./x.js";import"y";'],
        ['a', 'f()'],
        [null, ';'],
        ['', 'export{f as default};'],
      ]),
    ).toEqual(['[glue] import{x}from"./x.js";import"y";', 'a f();', '[glue] export{f as default};']);
  });

  test('exports that hide behind the last token', () => {
    expect(
      assign([
        ['a', 'f('],
        ['a', 'x'],
        [null, ',{y:"z"});export{f as default};'],
      ]).at(-1),
    ).toBe('[glue] export{f as default};');
  });

  test('punctuation and wrappers between modules', () => {
    expect(
      assign([
        ['', '123:(e,t,n)=>{'],
        ['a', 'f()'],
        ['', '},'],
        ['b', 'g()'],
      ]),
    ).toEqual(['[wrapper] 123:(e,t,n)=>{', 'a f()', '[wrapper] },', 'b g()']);
    expect(
      assign([
        ['a', 'f()'],
        ['', ';'],
        ['b', 'g()'],
      ]),
    ).toEqual(['a f()', '[glue] ;', 'b g()']);
  });

  test('the wrapper of the next module behind an unterminated segment', () => {
    expect(
      assign([
        ['a', 'x'],
        [null, '});var r=w((e,t)=>{'],
        ['b', 'y'],
      ]),
    ).toEqual(['a x});', '[wrapper] var r=w((e,t)=>{', 'b y']);
    expect(
      assign([
        ['a', 'x'],
        [null, '},456:(e,t)=>{'],
        ['b', 'y'],
      ]),
    ).toEqual(['a x},', '[wrapper] 456:(e,t)=>{', 'b y']);
  });

  test('what may be code of the source stays the source’s', () => {
    expect(
      assign([
        ['a', 'x'],
        [null, '+1+z;'],
        ['b', 'y'],
      ]),
    ).toEqual(['a x+1+z;', 'b y']);
  });

  test('sources that are the bundler’s own', () => {
    expect(
      assign([
        ['runtime', 'r()'],
        ['a', 'x'],
      ]),
    ).toEqual(['[runtime] r()', 'a x']);
  });

  test('line ends between modules, not those within one', () => {
    expect(
      assign([
        ['a', 'x;\n'],
        ['a', 'y;\n'],
        ['b', 'z'],
      ]),
    ).toEqual(['a x;\ny;', '[line-ends] \n', 'b z']);
  });

  test('licence comments and the source map’s', () => {
    expect(
      assign([
        ['a', 'x;/*! L */y;\n'],
        [null, '//# sourceMappingURL=a.map\n'],
      ]),
    ).toEqual(['a x;', '[licence] /*! L */', 'a y;', '[source-map-comment] \n//# sourceMappingURL=a.map\n']);
  });

  test('a licence in a string is the source’s', () => {
    expect(assign([['a', 'x="/*! L */";']])).toEqual(['a x="/*! L */";']);
  });

  test('in CSS nothing is cut from a source', () => {
    expect(
      assign(
        [
          ['a', '.x{y:z}.w{'],
          ['b', 'v:u}'],
        ],
        'css',
      ),
    ).toEqual(['a .x{y:z}.w{', 'b v:u}']);
  });
});

test('a file without a map is unmapped but for its comments', () => {
  const code = Buffer.from('x;/*! L */y;\n//# sourceMappingURL=a.map');
  const { ends, owners } = assignOwners(code, unmappedRuns(code), { language: 'js', runtime: () => false });
  const shown = Array.from(ends, (end, i) => [ownerOf(owners[i]!), code.toString('utf8', ends[i - 1] ?? 0, end)]);
  expect(shown).toEqual([
    [{ rest: 'unmapped' }, 'x;'],
    [{ rest: 'licence' }, '/*! L */'],
    [{ rest: 'unmapped' }, 'y;'],
    [{ rest: 'source-map-comment' }, '\n//# sourceMappingURL=a.map'],
  ]);
});
