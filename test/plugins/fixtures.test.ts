/** Every application in every bundler that it builds with: nothing of any output is left over, in raw, gzip and brotli. */
import { mkdtemp, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import * as forEsbuild from 'pare/esbuild';
import * as forRollup from 'pare/rollup';
import type { Build } from '../../src/model/build.ts';
import { filesIn, remainders } from './bundlers.ts';

interface Fixture {
  readonly bundlers: readonly string[];
  build(bundler: string, options: { outdir: string; plugins: readonly unknown[] }): Promise<unknown>;
}

const folder = path.resolve('fixtures');
const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const cases = await Promise.all(
  names.map(async ({ name }) => {
    const fixture = (await import(pathToFileURL(path.join(folder, name, 'build.mjs')).href)) as Fixture;
    // webpack has no adapter: its output is analysed from the folder.
    return fixture.bundlers.filter((bundler) => bundler !== 'webpack').map((bundler) => ({ name, bundler, fixture }));
  }),
);

/** Shares of the code (raw) that no module and no named bucket has. */
const MOST_UNMAPPED = 0.005;

let outputs = '';
beforeAll(async () => {
  outputs = await mkdtemp(path.join(os.tmpdir(), 'pare-fixtures-'));
});
afterAll(() => rm(outputs, { recursive: true, force: true }));

describe('fixtures', () => {
  it.each(cases.flat())('$name by $bundler', { timeout: 240_000 }, async ({ name, bundler, fixture }) => {
    const builds: Build[] = [];
    const { analyzer } = bundler === 'esbuild' ? forEsbuild : forRollup;
    const root = path.join(folder, name);
    const outdir = path.join(outputs, `${name}-${bundler}`);
    const plugin = analyzer({
      root,
      summary: false,
      cache: path.resolve('node_modules/.cache/pare'),
      onBuild: (build) => void builds.push(build),
    });
    await fixture.build(bundler, { outdir, plugins: [plugin] });
    expect(builds).toHaveLength(1);
    const [build] = builds as [Build];
    expect(remainders(build)).toEqual({});
    const written = filesIn(outdir);
    for (const { file, bytes } of build.outputs)
      expect({ file, raw: bytes.raw }).toEqual({ file, raw: written[file]!.length });
    const parts = build.outputs.filter(({ kind }) => kind !== 'asset').flatMap((output) => output.parts);
    const sum = (list: typeof parts) => list.reduce((total, { bytes }) => total + bytes.raw, 0);
    const unmapped = sum(parts.filter(({ rest }) => rest === 'unmapped'));
    expect(unmapped / sum(parts)).toBeLessThan(MOST_UNMAPPED);
    expect(build.diagnostics).toEqual([]);
  });
});
