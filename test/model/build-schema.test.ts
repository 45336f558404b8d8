import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';

import { BUILD_SCHEMA, type Build } from '../../src/model/build.ts';
import { readBuild } from '../../src/model/read-build.ts';

const build: Build = {
  schema: BUILD_SCHEMA,
  bundler: { name: 'esbuild', version: '0.28.2' },
  modules: [
    {
      id: 'src/a.js',
      package: null,
      format: 'esm',
      sourceBytes: 10,
      sideEffects: true,
      exports: ['a'],
      usedExports: [],
    },
    {
      id: 'src/b.js',
      package: null,
      format: 'esm',
      sourceBytes: 10,
      sideEffects: null,
      exports: null,
      usedExports: null,
    },
  ],
  edges: [{ from: 0, to: 1, kind: 'static', names: ['b'], line: 1, column: 0 }],
  outputs: [
    {
      file: 'a.js',
      kind: 'chunk',
      entry: true,
      entryModule: 0,
      imports: [{ file: 'b.js', kind: 'dynamic' }],
      bytes: { raw: 12, gzip: 20.5, brotli: null },
      parts: [{ module: 0, rest: null, bytes: { raw: 12, gzip: 20.5, brotli: null } }],
    },
  ],
  diagnostics: [],
};

describe('readBuild', () => {
  test('gives back what was written', () => {
    expect(readBuild(JSON.stringify(build), 'build.json')).toEqual(build);
  });

  test.each([
    ['no JSON', '{"schema": ', 'build-not-json', 'build.json is not JSON'],
    ['something else', '{"inputs": {}}', 'build-invalid', 'no Build record'],
    [
      'another version',
      JSON.stringify({ ...build, schema: 'pare/build@7' }),
      'build-version',
      'this pare reads pare/build@1',
    ],
    [
      'a wrong place',
      JSON.stringify({ ...build, modules: [{ ...build.modules[0], format: 'amd' }] }),
      'build-invalid',
      'modules.0.format',
    ],
    [
      'an edge to nowhere',
      JSON.stringify({ ...build, edges: [{ ...build.edges[0], to: 2 }] }),
      'build-invalid',
      'edges.0 points at no module',
    ],
  ])('refuses %s', (_, text, code, message) => {
    expect(() => readBuild(text, 'build.json')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});

test('the published schema says the same version and the same fields', async () => {
  const schema = JSON.parse(await readFile(new URL('../../dist/schema/build.json', import.meta.url), 'utf8')) as {
    properties: Record<string, { const?: string }>;
    required: string[];
  };
  expect(schema.properties['schema']?.const).toBe(BUILD_SCHEMA);
  expect(schema.required.sort()).toEqual(Object.keys(build).sort());
});
