import remapping, { type EncodedSourceMap } from '@jridgewell/remapping';
import { eachMapping, originalPositionFor, TraceMap, type SourceMapInput } from '@jridgewell/trace-mapping';
import { build } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { composeMaps, type ComposedMap } from '../../src/minify/compose-maps.ts';
import { minifyChunk } from '../../src/minify/minify-chunk.ts';
import type { Minifier } from '../../src/minify/settings.ts';
import { root, settingsOf } from './stage-plugins.ts';

const CHAINS: readonly (readonly Minifier[])[] = [
  ['oxc'],
  ['swc'],
  ['terser'],
  ['esbuild'],
  ['oxc', 'swc'],
  ['terser', 'swc'],
];

/** Two files whose names meet, bundled by esbuild without minifying. */
async function bundled(): Promise<{ code: string; map: string }> {
  const files: Record<string, string> = {
    'entry.ts': [
      "import { area as areaOf, label } from './shape.ts';",
      'const label2: string = "😀é";',
      'export function describeShape(width: number, height: number, options: { unit?: string } = {}): string {',
      '  const computedArea = areaOf({ width, height });',
      '  if (options.unit === undefined) return `${label2} ${label(computedArea)}`;',
      '  return [label(computedArea), options.unit].map((part) => part.trim()).join(" ");',
      '}',
    ].join('\n'),
    'shape.ts': [
      'const cache = new Map<string, number>();',
      'export interface Shape { width: number; height: number }',
      'export function area(shape: Shape): number {',
      '  const key = `${shape.width}x${shape.height}`;',
      '  const known = cache.get(key);',
      '  if (known !== undefined) return known;',
      '  const result = shape.width * shape.height;',
      '  cache.set(key, result);',
      '  return result;',
      '}',
      'export function label(size: number): string { const label = "size"; return `${label}: ${size}`; }',
    ].join('\n'),
  };
  const result = await build({
    entryPoints: ['entry.ts'],
    bundle: true,
    format: 'esm',
    sourcemap: 'external',
    outdir: '/out',
    write: false,
    plugins: [
      {
        name: 'memory',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /.*/ }, ({ path }) => ({ path: path.replace('./', ''), namespace: 'memory' }));
          onLoad({ filter: /.*/ }, ({ path }) => ({ contents: files[path]!, loader: 'ts' }));
        },
      },
    ],
  });
  const text = (ending: string) => result.outputFiles.find(({ path }) => path.endsWith(ending))!.text;
  return { code: text('.js'), map: text('.map') };
}

describe('the composed map', () => {
  it.for(CHAINS.map((tools) => ({ tools })))(
    'of $tools gives each name that it has as the source has it',
    async ({ tools }) => {
      const { code, map } = await bundled();
      const chunk = { file: 'out.js', code, map, format: 'es' } as const;
      const minified = await minifyChunk(chunk, settingsOf({ tools }), { root });
      expect(minified.tool).not.toBeNull();
      const composed = JSON.parse(minified.map!) as ComposedMap;
      expect(composed.sources.toSorted()).toEqual(['memory:entry.ts', 'memory:shape.ts']);

      const named: string[] = [];
      eachMapping(new TraceMap(composed as SourceMapInput), ({ name, source, originalLine, originalColumn }) => {
        if (name === null || source === null) return;
        const content = composed.sourcesContent[composed.sources.indexOf(source)]!;
        const there = content.split('\n')[originalLine - 1]!.slice(originalColumn);
        expect(there.startsWith(name), `${name} is not at ${source}:${originalLine}:${originalColumn} (${there})`).toBe(
          true,
        );
        named.push(name);
      });
      // Renamed names of both files, whatever the minifier inlines.
      expect(named).toEqual(expect.arrayContaining(['width', 'height', 'options', 'shape']));
    },
  );

  it.for(CHAINS.map((tools) => ({ tools })))(
    'of $tools leads every text that is unique to where it was written',
    async ({ tools }) => {
      const { code, map } = await bundled();
      const { code: output, map: json } = await minifyChunk(
        { file: 'out.js', code, map, format: 'es' },
        settingsOf({ tools }),
        { root },
      );
      const composed = JSON.parse(json!) as ComposedMap;
      const trace = new TraceMap(composed as SourceMapInput);
      const lines = output.split('\n');
      for (const text of ['.trim(', '.unit', '.set(', 'new Map']) {
        const line = lines.findIndex((each) => each.includes(text));
        const column = lines[line]!.indexOf(text) + (text.startsWith('.') ? 1 : 0);
        const place = originalPositionFor(trace, { line: line + 1, column });
        const content = composed.sourcesContent[composed.sources.indexOf(place.source!)]!;
        expect(content.split('\n')[place.line! - 1]).toContain(text);
      }
    },
  );

  it('is the one that @jridgewell/remapping makes, but for names and for text that no source knows', () => {
    fc.assert(
      fc.property(mapOf(8), mapOf(12), (outer, inner) => {
        const ours = composeMaps({
          steps: [{ mappings: outer.mappings, names: [] }],
          output: '',
          input: inner,
          source: { name: 'chunk.js', content: '' },
          file: 'out.js',
          linesBefore: 0,
        });
        const theirs = remapping([{ ...outer, sources: ['chunk.js'] }, inner] as EncodedSourceMap[], () => null);
        expect(places(ours as unknown as EncodedSourceMap)).toEqual(places(theirs as EncodedSourceMap));
      }),
      { numRuns: 300 },
    );
  });

  it('begins behind the lines that were put before the code', async () => {
    const { code, map } = await bundled();
    const chunk = {
      file: 'out.js',
      code: `#!/usr/bin/env node\n/*! a */\n/*! b */\n${code}`,
      map: null,
      sourceMap: true,
    };
    const minified = await minifyChunk({ ...chunk, format: 'es' }, settingsOf(), { root });
    const trace = new TraceMap(minified.map!);
    const lines = minified.code.split('\n');
    expect(lines.slice(0, 3)).toEqual(['#!/usr/bin/env node', '/*! a */', '/*! b */']);
    const line = lines.findIndex((each) => each.includes('.trim('));
    const place = originalPositionFor(trace, { line: line + 1, column: lines[line]!.indexOf('trim(') });
    expect(chunk.code.split('\n')[place.line! - 1]).toContain('.trim()');
    expect(map).toContain('mappings');
  });
});

interface RandomMap {
  readonly version: 3;
  readonly sources: string[];
  readonly names: string[];
  readonly mappings: string;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function vlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = '';
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}

/** A map of few lines and columns, so that two of them meet often; every line begins with a segment, so that nothing is unknown. */
function mapOf(sources: number): fc.Arbitrary<RandomMap> {
  const position = fc.record({ source: fc.nat(sources - 1), line: fc.nat(3), column: fc.nat(30) });
  const segments = fc.array(fc.tuple(fc.nat(40), position), { maxLength: 8 });
  return fc.array(fc.tuple(position, segments), { minLength: 4, maxLength: 4 }).map((lines) => {
    let [source, line, column] = [0, 0, 0];
    const mappings = lines.map(([first, rest]) => {
      const ordered = [...new Map([[0, first] as const, ...rest])].sort(([a], [b]) => a - b);
      let generated = 0;
      return ordered
        .map(([at, to]) => {
          const only = sources === 8 ? 0 : to.source;
          const text = [at - generated, only - source, to.line - line, to.column - column].map(vlq).join('');
          [generated, source, line, column] = [at, only, to.line, to.column];
          return text;
        })
        .join(',');
    });
    return {
      version: 3,
      sources: Array.from({ length: sources }, (_, at) => `source-${at}.js`),
      names: [],
      mappings: mappings.join(';'),
    };
  });
}

/** Where each column of each line leads. */
function places(map: EncodedSourceMap): unknown[] {
  const trace = new TraceMap(map);
  return Array.from({ length: 4 * 42 }, (_, at) => {
    const { source, line, column } = originalPositionFor(trace, { line: (at % 4) + 1, column: at >> 2 });
    return [source, line, column];
  });
}
