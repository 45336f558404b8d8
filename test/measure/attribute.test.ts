import { describe, expect, test } from 'vitest';

import {
  attributeBySourceMap,
  FIRST_SOURCE,
  LINE_END,
  UNMAPPED,
  unmappedRuns,
  type SourceRuns,
} from '../../src/measure/attribute.ts';
import type { MapSection } from '../../src/measure/source-map.ts';
import { mappings, type Segment } from '../support/mappings.ts';

const NAMES = ['a', 'b', 'c'];

function section(lines: readonly (readonly Segment[])[], at: Partial<MapSection> = {}): MapSection {
  return { line: 0, column: 0, sources: NAMES, mappings: Buffer.from(mappings(lines)), ...at };
}

/** Runs as `owner:text`. */
function show(code: Buffer, runs: SourceRuns): string[] {
  const nameOf = (owner: number) =>
    owner === UNMAPPED ? '-' : owner === LINE_END ? '$' : (runs.sources[owner - FIRST_SOURCE] ?? '?');
  return Array.from(
    runs.ends,
    (end, i) => `${nameOf(runs.owners[i]!)}:${code.toString('utf8', runs.ends[i - 1] ?? 0, end)}`,
  );
}

function attribute(text: string | Buffer, ...sections: MapSection[]): SourceRuns & { shown: string[] } {
  const code = Buffer.from(text as string);
  const runs = attributeBySourceMap(code, { sections });
  expect(runs.length).toBe(code.length);
  expect(runs.ends.at(-1) ?? 0).toBe(code.length);
  return { ...runs, shown: show(code, runs) };
}

describe('segments', () => {
  test('own the text up to the next one or the end of the line', () => {
    expect(
      attribute(
        'aaabbc',
        section([
          [
            [0, 0],
            [3, 1],
            [5, 2],
          ],
        ]),
      ).shown,
    ).toEqual(['a:aaa', 'b:bb', 'c:c']);
  });

  test('of one field own nothing', () => {
    expect(attribute('aaa--b', section([[[0, 0], [3], [5, 1]]])).shown).toEqual(['a:aaa', '-:--', 'b:b']);
  });

  test('text before the first is unmapped, white space is the source’s own', () => {
    expect(attribute('--aa', section([[[2, 0]]])).shown).toEqual(['-:--', 'a:aa']);
    expect(attribute(' \taa', section([[[2, 0]]])).shown).toEqual(['a: \taa']);
  });

  test('may stand in any order on a line', () => {
    expect(
      attribute(
        'aaabbc',
        section([
          [
            [5, 2],
            [0, 0],
            [3, 1],
          ],
        ]),
      ).shown,
    ).toEqual(['a:aaa', 'b:bb', 'c:c']);
  });

  test('of a source without a name own nothing', () => {
    const { shown, strays } = attribute(
      'aabb',
      section(
        [
          [
            [0, 0],
            [2, 1],
          ],
        ],
        { sources: ['a', null] },
      ),
    );
    expect(shown).toEqual(['a:aa', '-:bb']);
    expect(strays).toBe(0);
  });

  test('at the very end of a line take nothing from the owner before', () => {
    expect(
      attribute(
        'aa\naa',
        section([
          [
            [0, 0],
            [2, 1],
          ],
          [[0, 0]],
        ]),
      ).shown,
    ).toEqual(['a:aa\naa']);
  });

  test('the last of each run is known', () => {
    const runs = attribute(
      'aaaabb',
      section([
        [
          [0, 0],
          [2, 0],
          [4, 1],
        ],
      ]),
    );
    expect([...runs.lastSegments]).toEqual([2, 4]);
  });
});

describe('what points outside of the file is a stray', () => {
  test.each<[string, Segment[][], number]>([
    [
      'behind the end of a line',
      [
        [
          [0, 0],
          [9, 1],
        ],
      ],
      1,
    ],
    [
      'at a negative column',
      [
        [
          [0, 0],
          [-2, 1],
        ],
      ],
      2,
    ],
    [
      'on a line that is not there',
      [
        [[0, 0]],
        [],
        [
          [0, 0],
          [1, 1],
        ],
      ],
      2,
    ],
    ['a source that is not there', [[[0, 7]]], 1],
  ])('%s', (_, lines, strays) => {
    expect(attribute('aaaa', section(lines)).strays).toBe(strays);
  });

  test('a map that fits has none', () => {
    const { strays, segments } = attribute(
      'aa\nbb',
      section([
        [[0, 0]],
        [
          [0, 1],
          [1, 2],
        ],
      ]),
    );
    expect([strays, segments]).toEqual([0, 3]);
  });
});

describe('columns are UTF-16 units, runs are bytes', () => {
  test.each<[string, string, string]>([
    ['two bytes', 'é', 'ß'],
    ['three bytes', '日本', '語'],
    ['a surrogate pair', '😀', '𝒜'],
    ['several joined', '👩‍👩‍👧', 'x'],
  ])('%s', (_, first, second) => {
    const { shown, strays } = attribute(
      `${first}${second}`,
      section([
        [
          [0, 0],
          [first.length, 1],
        ],
      ]),
    );
    expect(shown).toEqual([`a:${first}`, `b:${second}`]);
    expect(strays).toBe(0);
  });

  test('ASCII lines beside others', () => {
    const lines: Segment[][] = [
      [
        [0, 0],
        [3, 1],
      ],
      [
        [0, 1],
        [1, 2],
      ],
      [[0, 0]],
    ];
    expect(attribute('aaab\nécc\naa', section(lines)).shown).toEqual(['a:aaa', 'b:b\né', 'c:cc', '$:\n', 'a:aa']);
  });

  test('bytes that are no UTF-8 are covered, too', () => {
    const code = Buffer.from([0x61, 0xed, 0xa0, 0x80, 0xff, 0x62]);
    expect(attributeBySourceMap(code, { sections: [section([[[0, 0]]])] }).ends.at(-1)).toBe(6);
  });
});

describe('lines', () => {
  test('CR LF is one end; between owners it is nobody’s, within a source it is the source’s', () => {
    const lines: Segment[][] = [[[0, 0]], [[0, 0]], [[0, 1]]];
    expect(attribute('aa\r\naa\r\nbb', section(lines)).shown).toEqual(['a:aa\r\naa', '$:\r\n', 'b:bb']);
  });

  test('without a segment are the source’s on both sides of them, or unmapped', () => {
    expect(attribute('a`\n\nx\n`a', section([[[0, 0]], [], [], [[0, 0]]])).shown).toEqual(['a:a`\n\nx\n`a']);
    expect(attribute('aa\n//\nbb', section([[[0, 0]], [], [[0, 1]]])).shown).toEqual([
      'a:aa',
      '$:\n',
      '-://',
      '$:\n',
      'b:bb',
    ]);
  });

  test('behind the last mapping are unmapped', () => {
    expect(attribute('aa\nxx\n', section([[[0, 0]]])).shown).toEqual(['a:aa', '$:\n', '-:xx', '$:\n']);
  });

  test.each([
    ['U+2028', '\u2028'],
    ['U+2029', '\u2029'],
    ['a lone CR', '\r'],
  ])('%s counts where the map counts it', (_, end) => {
    const text = `a${end}a\nbbbb`;
    const counted = attribute(
      text,
      section([
        [[0, 0]],
        [[0, 0]],
        [
          [0, 1],
          [3, 2],
        ],
      ]),
    );
    expect(counted.shown).toEqual([`a:a${end}a`, '$:\n', 'b:bbb', 'c:b']);
    const plain = attribute(
      text,
      section([
        [[0, 0]],
        [
          [0, 1],
          [3, 2],
        ],
      ]),
    );
    expect(plain.shown).toEqual([`a:a${end}a`, '$:\n', 'b:bbb', 'c:b']);
    expect([counted.strays, plain.strays]).toEqual([0, 0]);
  });
});

describe('sections', () => {
  test('each count from their own offset', () => {
    const first = section([[[0, 0]]]);
    const second = section(
      [
        [
          [0, 0],
          [2, 1],
        ],
        [[1, 2]],
      ],
      { line: 0, column: 3, sources: ['x', 'y', 'z'] },
    );
    expect(attribute('aaaxxyy\n-zz', first, second).shown).toEqual(['a:aaa', 'x:xx', 'y:yy', '$:\n', '-:-', 'z:zz']);
  });

  test('end where the next begins', () => {
    const first = section([
      [
        [0, 0],
        [2, 1],
      ],
      [[0, 1]],
    ]);
    const second = section([[[0, 0]]], { line: 0, column: 2, sources: ['x'] });
    expect(attribute('aaxx', first, second).shown).toEqual(['a:aa', 'x:xx']);
  });
});

describe('edges', () => {
  test('an empty file', () => {
    expect(attribute('', section([])).count).toBe(0);
    expect(unmappedRuns(new Uint8Array()).count).toBe(0);
  });

  test('an empty map', () => {
    expect(attribute('code', section([])).shown).toEqual(['-:code']);
    expect(attribute('code').shown).toEqual(['-:code']);
  });

  test('more runs and segments than the first buffers hold', () => {
    const count = 10_000;
    const line: Segment[] = Array.from({ length: count }, (_, i) => [i, i % 2]);
    const { shown } = attribute('ab'.repeat(count / 2), section([line]));
    expect(shown.length).toBe(count);
    expect(shown.slice(-2)).toEqual(['a:a', 'b:b']);
  });
});
