// The pass over the source map in a warm process: sources and runs from the map's bytes, beside what decodes every segment.
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TraceMap, eachMapping } from '@jridgewell/trace-mapping';
import { Bench } from 'tinybench';

import { attributeBySourceMap } from '../src/measure/attribute.ts';
import { readSourceMap } from '../src/measure/source-map.ts';
import { measuredOn } from './whole-process.ts';

/** Builds a fixture with esbuild and prints a table; takes half a minute. */
export async function run(): Promise<string> {
  const outdir = await mkdtemp(join(tmpdir(), 'pare-map-pass-'));
  try {
    const { build } = (await import(new URL('../fixtures/storefront/build.mjs', import.meta.url).href)) as {
      build: (bundler: string, options: { outdir: string }) => Promise<unknown>;
    };
    await build('esbuild', { outdir });
    const files = (await readdir(outdir, { recursive: true })).filter((file) => file.endsWith('.js'));
    const pairs = await Promise.all(
      files.map(async (file) => ({
        code: await readFile(join(outdir, file)),
        map: await readFile(join(outdir, `${file}.map`)),
      })),
    );
    return await table(pairs);
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
}

async function table(pairs: readonly { readonly code: Buffer; readonly map: Buffer }[]): Promise<string> {
  const bench = new Bench({ time: 3_000, warmupTime: 1_000 });
  bench.add('pare: one pass over the bytes', () => {
    for (const { code, map } of pairs) attributeBySourceMap(code, readSourceMap(map, 'map'));
  });
  bench.add('JSON.parse and @jridgewell/trace-mapping, each mapping', () => {
    for (const { map } of pairs) {
      let segments = 0;
      eachMapping(new TraceMap(map.toString('utf8')), () => segments++);
      if (segments === 0) throw new Error('The map has no segments.');
    }
  });
  await bench.run();
  const times = bench.tasks.map(({ name, result }) => ({ name, ms: 'latency' in result ? result.latency.p50 : NaN }));
  const own = times[0]!.ms;
  const bytes = pairs.reduce((sum, { map }) => sum + map.length, 0);
  return [
    `Maps of ${(bytes / 1e6).toFixed(1)} MB, warm, median. ${measuredOn(['@jridgewell/trace-mapping'])}.`,
    '',
    '| way | ms | to pare |',
    '| --- | --- | --- |',
    ...times.map(({ name, ms }) => `| ${name} | ${ms.toFixed(1)} | ×${(ms / own).toFixed(2)} |`),
  ].join('\n');
}
