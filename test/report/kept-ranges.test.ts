import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { loadParser } from '../../src/detect/not-shaken-syntax.ts';
import { readSourceMap } from '../../src/measure/source-map.ts';
import { keptRanges } from '../../src/report/kept-ranges.ts';
import { columnOf, eachMappedPlace, lineOf, placeAt, type Place } from '../../src/report/mapped-places.ts';

const SOURCE = `// what it is for
export function used(value: number): number {
  if (value > 10) {
    console.log('ten', value);
  }
  return value * 2;
}

/** Nobody asks for it. */
export function unused(value: number): number {
  console.log('never', value);
  return value;
}

interface Shape {
  readonly side: number;
}

export const shape: Shape = { side: used(3) };
const secret = 42;
`;

/** What esbuild leaves of the source, as text. */
async function kept(source: string, parses: boolean): Promise<string[]> {
  const result = await build({
    stdin: { contents: `import { shape } from './source.ts';\nconsole.log(shape);`, resolveDir: '/', loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    sourcemap: 'external',
    outfile: '/out.js',
    plugins: [
      {
        name: 'one source',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /source\.ts$/ }, () => ({ path: '/source.ts', namespace: 'file' }));
          onLoad({ filter: /source\.ts$/ }, () => ({ contents: source, loader: 'ts' }));
        },
      },
    ],
  });
  const view = readSourceMap(result.outputFiles.find(({ path }) => path.endsWith('.map'))!.contents, 'out.js.map');
  const wanted = view.sections[0]!.sources.findIndex((name) => name?.endsWith('source.ts'));
  const places = new Set<Place>();
  eachMappedPlace(view, (from, place) => {
    if (from === wanted) places.add(place);
  });
  const parse = await loadParser();
  const parsed = parses ? parse!('source.ts', source) : null;
  return keptRanges(
    source,
    parsed,
    [...places].sort((a, b) => a - b),
  ).map(([start, end]) => source.slice(start, end));
}

test('what a bundler kept is kept, what it dropped is not', async () => {
  const text = (await kept(SOURCE, true)).join('\n');
  for (const part of ['export function used', "console.log('ten', value);", 'return value * 2;', 'side: used(3)'])
    expect(text).toContain(part);
  for (const part of ['never', 'export function unused', 'interface Shape', 'const secret', 'what it is for'])
    expect(text).not.toContain(part);
});

test('without a parser the parts are lines', async () => {
  const lines = (await kept(SOURCE, false)).join('').split('\n');
  expect(lines).toContain('  return value * 2;');
  expect(lines.some((line) => line.includes('never'))).toBe(false);
});

test('ranges ascend, lie apart and within the text', () => {
  const places = [placeAt(0, 0), placeAt(1, 5), placeAt(900, 0), placeAt(2, 10_000)];
  const text = 'one\ntwo three\nfour\n';
  const ranges = keptRanges(
    text,
    null,
    places.sort((a, b) => a - b),
  );
  let last = -1;
  for (const [start, end] of ranges) {
    expect(start).toBeGreaterThan(last);
    expect(end).toBeGreaterThan(start);
    last = end;
  }
  expect(last).toBeLessThanOrEqual(text.length);
  expect(keptRanges(text, null, [])).toEqual([]);
});

test('where only the begins of lines are mapped, a part is kept with its line', async () => {
  const text = 'first(); second();\nthird();\n';
  const parsed = (await loadParser())!('a.js', text);
  expect(keptRanges(text, parsed, [placeAt(0, 0)])).toEqual([[0, 18]]);
});

test('reads the places of all sections, and none of a text that is no VLQ', () => {
  const found: [number, number, number][] = [];
  const section = (mappings: string, sources: string[]) => ({
    line: 0,
    column: 0,
    sources,
    mappings: Buffer.from(mappings),
  });
  eachMappedPlace(
    { sections: [section('AAAA,IAAI;ACCJ', ['a.js', 'b.js']), section('AAEC,A', ['c.js'])] },
    (source, place) => found.push([source, lineOf(place), columnOf(place)]),
  );
  expect(found).toEqual([
    [0, 0, 0],
    [0, 0, 4],
    [1, 1, 0],
    [2, 2, 1],
  ]);
  const broken: number[] = [];
  eachMappedPlace({ sections: [section('A!AA', ['a.js'])] }, (source) => broken.push(source));
  expect(broken).toEqual([]);
});
