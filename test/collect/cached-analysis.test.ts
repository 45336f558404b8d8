/** An analysis from the cache is, byte for byte, the analysis without one: for real builds, in all modes, and after any edit. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { analyze, type AnalyzeOptions } from '../../src/collect/analyze.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { buildShop } from '../cli/sample-app.ts';

const MEGABYTE = 1024 * 1024;
const space = mkdtempSync(path.join(tmpdir(), 'pare-cached-'));
afterAll(() => rmSync(space, { recursive: true, force: true }));

let opened = 0;
function open(folder = path.join(space, `store-${opened++}`)): Store {
  const settings = {
    folder,
    memoryBytes: 16 * MEGABYTE,
    diskBytes: 512 * MEGABYTE,
    ttlMs: 3_600_000,
    compress: true,
    redis: null,
  };
  return openStore(settings, {
    onWarning: ({ message }) => {
      throw new Error(message);
    },
  });
}

async function record(target: string, options: AnalyzeOptions): Promise<string> {
  return JSON.stringify(await analyze(target, options));
}

async function askedBy(store: Store): Promise<{ hits: number; misses: number }> {
  const { run } = await store.stats();
  const of = (kind: string) => run.rows.filter((row) => row.tier === kind);
  const hits = run.rows.reduce((sum, row) => sum + row.hits, 0);
  return { hits, misses: of('disk').reduce((sum, row) => sum + row.misses, 0) };
}

const FIXTURES = [
  ['parts', 'esbuild'],
  ['parts', 'vite'],
  ['legacy', 'webpack'],
] as const;

describe.each(FIXTURES)('%s built by %s', (fixture, bundler) => {
  test(
    'is the same from the cache, whichever sizes are asked for and whatever evidence there is',
    { timeout: 120_000 },
    async () => {
      const root = fileURLToPath(new URL(`../../fixtures/${fixture}`, import.meta.url));
      const outdir = path.join(space, `${fixture}-${bundler}`);
      const { build } = (await import(pathToFileURL(path.join(root, 'build.mjs')).href)) as {
        build: (name: string, options: { outdir: string }) => Promise<{ metafile?: object } | undefined>;
      };
      const built = await build(bundler, { outdir });
      const meta = path.join(space, `${fixture}-${bundler}.json`);
      if (built?.metafile !== undefined) writeFileSync(meta, JSON.stringify(built.metafile));
      const modes: AnalyzeOptions[] = [
        { gzip: true, brotli: false },
        { gzip: false, brotli: false },
        ...(built?.metafile === undefined ? [] : [{ gzip: true, brotli: false, evidence: meta }]),
      ];
      const folder = path.join(space, `store-${fixture}-${bundler}`);
      for (const mode of modes) {
        const plain = await record(outdir, { root, ...mode });
        const first = open(folder);
        expect(await record(outdir, { root, ...mode, cache: first })).toBe(plain);
        await first[Symbol.asyncDispose]();
        const second = open(folder);
        expect(await record(outdir, { root, ...mode, cache: second })).toBe(plain);
        const asked = await askedBy(second);
        await second[Symbol.asyncDispose]();
        expect(asked.misses).toBe(0);
      }
    },
  );
});

describe('a shop', () => {
  test('has the owners of its bytes told, though its sizes are from the cache', async () => {
    const shop = await buildShop();
    const store = open();
    const owners = async (cache?: Store) => {
      const told: unknown[] = [];
      const onOwnership: AnalyzeOptions['onOwnership'] = ({ file, ownership, holders }) =>
        told.push([file, [...ownership.ends], [...ownership.owners], holders]);
      await record(path.join(shop, 'dist'), { root: shop, cache, onOwnership });
      return told;
    };
    const plain = await owners();
    await owners(store);
    expect(await owners(store)).toEqual(plain);
    await store[Symbol.asyncDispose]();
  });

  test('is analyzed anew wherever it was edited, and nowhere wrongly from before', { timeout: 120_000 }, async () => {
    const shop = await buildShop();
    const store = open();
    const dist = path.join(shop, 'dist');
    const options = { root: shop, gzip: true, brotli: false };
    const files = {
      'dist/main.js': readFileSync(path.join(dist, 'main.js'), 'utf8'),
      'dist/main.js.map': readFileSync(path.join(dist, 'main.js.map'), 'utf8'),
      'node_modules/tiny-dates/package.json':
        '{ "name": "tiny-dates", "version": "1.2.3", "type": "module", "main": "index.js" }',
      'src/list.js': readFileSync(path.join(shop, 'src/list.js'), 'utf8'),
    };
    const edit = fc.oneof(
      fc.record({
        file: fc.constant('dist/main.js'),
        text: fc.constantFrom(';console.log(1)', '/*! new */', '\nimport "./lazy.js";'),
      }),
      fc.record({
        file: fc.constant('dist/main.js.map'),
        text: fc.constantFrom('formatDate', '"mappings":"', 'big-money', '../src/list.js', '"sourcesContent":['),
      }),
      fc.record({
        file: fc.constant('node_modules/tiny-dates/package.json'),
        text: fc.constantFrom('1.2.3', '"module"', 'index.js'),
      }),
      fc.record({ file: fc.constant('src/list.js'), text: fc.constantFrom('./admin.js', 'money', 'import') }),
    );
    const change = (file: string, text: string, before: string): string => {
      if (file === 'dist/main.js') return before + text;
      return before.includes(text) ? before.replace(text, text === '1.2.3' ? '9.9.9' : `${text} `) : before;
    };
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean(), async (edits, withSources) => {
        const now: Record<string, string> = { ...files };
        for (const { file, text } of edits) now[file] = change(file, text, now[file]!);
        if (!withSources)
          now['dist/main.js.map'] = now['dist/main.js.map']!.replace('"sourcesContent":', '"left-out":');
        for (const [file, text] of Object.entries(now)) {
          mkdirSync(path.dirname(path.join(shop, file)), { recursive: true });
          writeFileSync(path.join(shop, file), text);
        }
        const plain = await record(dist, options);
        expect(await record(dist, { ...options, cache: store })).toBe(plain);
        expect(await record(dist, { ...options, cache: store })).toBe(plain);
      }),
      { numRuns: 60 },
    );
    await store[Symbol.asyncDispose]();
  });
});
