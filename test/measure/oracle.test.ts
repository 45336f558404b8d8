/**
 * source-map-explorer as oracle: it reads maps with Mozilla's `source-map` library, so it shares no code with ours. It is asked
 * without its border checks, which refuse esbuild's output. It differs in two ways, which are undone before the comparison or
 * are what the test asserts:
 * - all line ends are one bucket there; here those within a source's text are that source's, so they are taken out first;
 * - text that no segment names is unmapped there wherever it stands; here it is its neighbours' own where the same source is on
 *   both sides of it (the inner lines of a template literal, closing braces on lines of their own). So a source may only have
 *   more here, and all sources together have more by exactly what is less in the unmapped bucket.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { explore } from 'source-map-explorer';
import { afterAll, describe, expect, test } from 'vitest';

import {
  attributeBySourceMap,
  FIRST_SOURCE,
  LINE_END,
  UNMAPPED,
  type SourceRuns,
} from '../../src/measure/attribute.ts';
import { readSourceMap } from '../../src/measure/source-map.ts';
import { bundle, temporaryFolder, writeProgram } from '../support/bundle.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Names of the oracle's own buckets. */
const BUCKETS = new Set(['[unmapped]', '[sourceMappingURL]', '[no source]', '[EOLs]']);

async function oracle(code: Buffer, map: Buffer): Promise<Map<string, number>> {
  const { bundles, errors } = await explore({ code, map }, { noBorderChecks: true, noRoot: true });
  expect(errors.filter(({ isWarning }) => isWarning !== true)).toEqual([]);
  return new Map(Object.entries(bundles[0]!.files).map(([source, { size }]) => [source, size]));
}

/** Our bytes by source, with all line ends taken out as the oracle does. */
function ours(code: Buffer, runs: SourceRuns): Map<string, number> {
  const bytes = new Map<string, number>();
  let start = 0;
  for (let i = 0; i < runs.count; i++) {
    const end = runs.ends[i]!;
    const owner = runs.owners[i]!;
    const name = owner === UNMAPPED || owner === LINE_END ? '' : (runs.sources[owner - FIRST_SOURCE] ?? '');
    const size = end - start - lineFeeds(code, start, end);
    bytes.set(name, (bytes.get(name) ?? 0) + size);
    start = end;
  }
  return bytes;
}

function lineFeeds(code: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = code.indexOf(0x0a, start); at !== -1 && at < end; at = code.indexOf(0x0a, at + 1)) count++;
  return count;
}

/** Every chunk of a folder with its map. */
function chunksIn(folder: string): { file: string; code: Buffer; map: Buffer }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.js$/.test(file))
    .map((file) => ({
      file,
      code: readFileSync(path.join(folder, file)),
      map: readFileSync(path.join(folder, `${file}.map`)),
    }));
}

/** What each source has here beyond what it has by the oracle; sources without a difference are left out. */
async function beyondOracle(code: Buffer, map: Buffer): Promise<{ more: Map<string, number>; unmapped: number }> {
  const theirs = await oracle(code, map);
  const runs = attributeBySourceMap(code, readSourceMap(map, 'map'));
  const own = ours(code, runs);
  const more = new Map<string, number>();
  for (const name of new Set([...theirs.keys(), ...own.keys()])) {
    if (BUCKETS.has(name) || name === '') continue;
    const difference = (own.get(name) ?? 0) - (theirs.get(name) ?? 0);
    if (difference !== 0) more.set(name, difference);
  }
  const rest = [...BUCKETS].filter((name) => name !== '[EOLs]').reduce((sum, name) => sum + (theirs.get(name) ?? 0), 0);
  return { more, unmapped: rest - (own.get('') ?? 0) };
}

const sum = (values: Iterable<number>) => [...values].reduce((total, each) => total + each, 0);

type Builder = (bundler: string, options: { outdir: string; minify: boolean }) => Promise<void>;

describe.each(['parts', 'viewer'])('%s', (fixture) => {
  const space = temporaryFolder();
  afterAll(() => space[Symbol.dispose]());

  test.each([
    ['esbuild', true],
    ['esbuild', false],
    ['vite', true],
    ['vite', false],
  ] as const)('built by %s (minified: %s)', async (bundler, minify) => {
    const { build } = (await import(pathToFileURL(path.join(ROOT, 'fixtures', fixture, 'build.mjs')).href)) as {
      build: Builder;
    };
    const outdir = path.join(space.folder, `${bundler}-${minify}`);
    await build(bundler, { outdir, minify });
    const chunks = chunksIn(outdir);
    expect(chunks.length).toBeGreaterThan(0);
    for (const { file, code, map } of chunks) {
      const { more, unmapped } = await beyondOracle(code, map);
      expect(Math.min(0, ...more.values()), file).toBe(0);
      expect(sum(more.values()), file).toBe(unmapped);
    }
  });
});

test('text beyond the basic plane, CR LF and a byte order mark', async () => {
  using space = temporaryFolder();
  writeProgram(space.folder, {
    'main.js': '\ufeffimport { greeting } from "./greeting.js";\r\nconsole.log("😀 main", greeting, "日本語");\r\n',
    'greeting.js': 'export const greeting = ["👩‍👩‍👧", "é", "𝒜𝒜"].join("😀");\r\n',
  });
  const { files } = await bundle('esbuild', space.folder, { entries: ['main.js'], minify: true, charset: 'utf8' });
  const { contents, map } = files[0]!;
  const { more, unmapped } = await beyondOracle(Buffer.from(contents), Buffer.from(map!));
  expect([...more]).toEqual([]);
  expect(unmapped).toBe(0);
});
