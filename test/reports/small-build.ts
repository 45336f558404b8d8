/** A build small enough to check by hand: an entry, a shared chunk, a lazy chunk, a style sheet. */
import type { Build, Edge, Module, Output, Part } from '../../src/model/build.ts';
import { sumBytes } from '../../src/model/bytes.ts';

/** Names that would run if any of them were ever read as markup or as a regular expression. */
export const HOSTILE_ID = 'src/<img src=x onerror="window.attacked=1">/"\'`&amp;.js';
export const HOSTILE_PACKAGE = '</script><script>window.attacked=2</script>';

const module = (id: string, more: Partial<Module> = {}): Module => ({
  id,
  package: null,
  format: 'esm',
  sourceBytes: 1000,
  sideEffects: null,
  exports: null,
  usedExports: null,
  ...more,
});

const edge = (from: number, to: number, more: Partial<Edge> = {}): Edge => ({
  from,
  to,
  kind: 'static',
  names: ['default'],
  line: 1,
  column: 0,
  ...more,
});

const part = (
  owner: number | Part['rest'],
  raw: number,
  gzip: number | null = raw / 4,
  brotli: number | null = raw / 8,
): Part => ({
  module: typeof owner === 'number' ? owner : null,
  rest: typeof owner === 'number' ? null : owner,
  bytes: { raw, gzip, brotli },
});

const output = (file: string, parts: readonly Part[], more: Partial<Output> = {}): Output => ({
  file,
  kind: 'chunk',
  entry: false,
  entryModule: null,
  imports: [],
  bytes: sumBytes(parts.map(({ bytes }) => bytes)),
  parts,
  ...more,
});

export function smallBuild(): Build {
  const react = { name: 'react', version: '19.0.0' };
  return {
    schema: 'pare/build@1',
    bundler: { name: 'esbuild', version: '0.28.0' },
    modules: [
      module('src/main.ts'),
      module('src/app.ts', { exports: ['App', 'unusedThing'], usedExports: ['App'] }),
      module('node_modules/react/index.js', { package: react, format: 'cjs', sideEffects: true }),
      module('src/lazy.ts'),
      module(HOSTILE_ID, { package: { name: HOSTILE_PACKAGE, version: '1.0.0' } }),
      module('src/style.css', { format: 'css' }),
    ],
    edges: [
      edge(0, 1, { line: 3, names: ['App'] }),
      edge(1, 2, { line: 7, column: 4 }),
      edge(0, 2, { line: 9, names: ['*'], kind: 'require' }),
      edge(1, 3, { line: 12, column: 10, kind: 'dynamic', names: null }),
      edge(3, 4, { line: 2 }),
      edge(0, 5, { kind: 'css', names: null, line: null, column: null }),
    ],
    outputs: [
      output('main.js', [part(0, 400), part(1, 800), part('glue', 160)], {
        entry: true,
        entryModule: 0,
        imports: [
          { file: 'shared.js', kind: 'static' },
          { file: 'lazy.js', kind: 'dynamic' },
          { file: 'main.css', kind: 'css' },
        ],
      }),
      output('shared.js', [part(2, 6400), part('runtime', 80), part('licence', 80)]),
      output('lazy.js', [part(3, 1600), part(4, 800)], {
        entryModule: 3,
        imports: [{ file: 'shared.js', kind: 'static' }],
      }),
      output('main.css', [part(5, 320)], { kind: 'css' }),
    ],
    diagnostics: [
      {
        code: 'map-missing',
        file: 'main.css',
        message: 'There is no source map beside this file.',
        hint: 'Switch source maps on.',
      },
    ],
  };
}

/** As a bundler's output is before anything was compressed. */
export function withoutCompression(build: Build): Build {
  const raw = <T extends { readonly bytes: Output['bytes'] }>(sized: T): T => ({
    ...sized,
    bytes: { raw: sized.bytes.raw, gzip: null, brotli: null },
  });
  return { ...build, outputs: build.outputs.map((one) => raw({ ...one, parts: one.parts.map(raw) })) };
}
