import { describe, expect, test } from 'vitest';

import { readSourceMap, readSourcesContent } from '../../src/measure/source-map.ts';
import { PareError } from '../../src/model/errors.ts';

const bytes = (text: string) => Buffer.from(text);
const read = (map: unknown) => readSourceMap(bytes(typeof map === 'string' ? map : JSON.stringify(map)), 'app.js.map');
const plain = { version: 3, sources: ['a.js', 'b.js'], sourcesContent: ['a', 'b'], names: [], mappings: 'AAAA,CCAA' };

/** The sections as plain data. */
const sectionsOf = (map: unknown) =>
  read(map).sections.map(({ line, column, sources, mappings }) => ({
    at: [line, column],
    sources,
    mappings: Buffer.from(mappings).toString(),
  }));
const one = (sources: (string | null)[], mappings: string) => [{ at: [0, 0], sources, mappings }];
const EXPECTED = one(['a.js', 'b.js'], 'AAAA,CCAA');

describe('reads sources and mappings', () => {
  test.each<[string, unknown]>([
    ['a plain map', plain],
    ['one with white space', JSON.stringify(plain, null, 2)],
    ['one with its keys in another order', { mappings: plain.mappings, sources: plain.sources, version: 3 }],
    ['one without sourcesContent', { version: 3, sources: plain.sources, mappings: plain.mappings }],
    ['one behind a byte order mark', `\ufeff${JSON.stringify(plain)}`],
    ['one behind a guard against inclusion', `)]}'\n${JSON.stringify(plain)}`],
    ['one with CR LF', JSON.stringify(plain, null, 2).replaceAll('\n', '\r\n')],
    ['one that ends with white space', `${JSON.stringify(plain)}\n\n`],
    ['escaped mappings', JSON.stringify(plain).replace('AAAA,', '\\u0041AAA,')],
    ['an escaped key', JSON.stringify(plain).replace('"mappings"', '"m\\u0061ppings"')],
    [
      'keys named in the sources',
      { ...plain, sourcesContent: ['{"mappings":"X","sources":["no.js"]}', '"sections": []'] },
    ],
    ['a key named as a name', { ...plain, names: ['mappings', 'sources', 'sections'] }],
    ['a key within an extension', { ...plain, x_other: { mappings: 'no', sources: ['no.js'] } }],
    ['a source that ends with a backslash', { ...plain, sourcesContent: ['\\', '\\\\"'] }],
  ])('of %s', (_, map) => {
    expect(sectionsOf(map)).toEqual(EXPECTED);
  });

  test('puts sourceRoot before the sources', () => {
    expect(sectionsOf({ ...plain, sourceRoot: 'src' })).toEqual(one(['src/a.js', 'src/b.js'], plain.mappings));
    expect(sectionsOf({ ...plain, sourceRoot: '/x/' })).toEqual(one(['/x/a.js', '/x/b.js'], plain.mappings));
    expect(sectionsOf({ ...plain, sourceRoot: '' })).toEqual(EXPECTED);
    expect(sectionsOf({ ...plain, sourceRoot: null })).toEqual(EXPECTED);
  });

  test('keeps sources that have no name', () => {
    expect(sectionsOf({ ...plain, sources: [null, 'b.js'] })).toEqual(one([null, 'b.js'], plain.mappings));
  });

  test('reads names with brackets, quotes and escapes', () => {
    const sources = ['[...slug].tsx', 'a "b".js', 'back\\slash.js', 'é😀.js'];
    expect(sectionsOf({ ...plain, sources })).toEqual(one(sources, plain.mappings));
  });

  test('reads sections with their offsets', () => {
    const sections = [
      { offset: { line: 0, column: 0 }, map: plain },
      { offset: { line: 3, column: 14 }, map: { ...plain, sources: ['c.js'], sourceRoot: 'lib' } },
    ];
    expect(sectionsOf({ version: 3, sections })).toEqual([
      { at: [0, 0], sources: ['a.js', 'b.js'], mappings: plain.mappings },
      { at: [3, 14], sources: ['lib/c.js'], mappings: plain.mappings },
    ]);
  });

  test('reads a view into a larger buffer', () => {
    const text = JSON.stringify(plain);
    const within = bytes(`xx${text}yy`).subarray(2, 2 + text.length);
    expect(readSourceMap(within, 'app.js.map').sections[0]!.sources).toEqual(plain.sources);
  });
});

describe('says what is wrong with a map', () => {
  const long = JSON.stringify(plain);
  test.each<[string, string, string]>([
    ['an empty file', '', 'map-empty'],
    ['nothing but white space', ' \n', 'map-empty'],
    ['a page', '<!doctype html><title>404</title>', 'map-not-json'],
    ['a script', 'export default 1;', 'map-not-json'],
    ['broken JSON', '{"version":3,}', 'map-not-json'],
    ['null', 'null', 'map-invalid'],
    ['a list', '[]', 'map-invalid'],
    ['a list of maps', `[${long}]`, 'map-invalid'],
    ['a map cut in its sources', long.slice(0, 30), 'map-truncated'],
    ['a map cut in its mappings', long.slice(0, -4), 'map-truncated'],
    ['a map without mappings', '{"version":3,"sources":[]}', 'map-invalid'],
    ['a map without sources', '{"version":3,"mappings":""}', 'map-invalid'],
    ['a section without offset', '{"sections":[{"map":{"sources":[],"mappings":""}}]}', 'map-invalid'],
    ['a section without map', '{"sections":[{"offset":{"line":0,"column":0}}]}', 'map-invalid'],
  ])('%s', (_, text, code) => {
    const error = (() => {
      try {
        return read(text);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(PareError);
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/\w/) });
    expect((error as PareError).message).toContain('app.js.map');
  });
});

test('the text of the sources, in the order of the sections', () => {
  expect(readSourcesContent(bytes(JSON.stringify(plain)))).toEqual(['a', 'b']);
  expect(readSourcesContent(bytes(JSON.stringify({ ...plain, sourcesContent: ['a'] })))).toEqual(['a', null]);
  const sections = [
    { offset: { line: 0, column: 0 }, map: plain },
    { offset: { line: 1, column: 0 }, map: { sources: ['c'], mappings: '' } },
  ];
  expect(readSourcesContent(bytes(JSON.stringify({ sections })))).toEqual(['a', 'b', null]);
});
