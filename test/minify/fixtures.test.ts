import { join } from 'node:path';
import { readdirSync, readFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { compareObservations, describeDifference, openBrowser, runScenario } from '../../src/verify/index.ts';
import { PareError } from '../../src/model/errors.ts';
import { inTemporaryFolder, loadFixture, readScenario } from '../fixtures/run-fixture.ts';
import { esbuildPlugin, rollupPlugin, settingsOf } from './stage-plugins.ts';

/** The applications, and with which bundler each is built. More with `ALL_FIXTURES=1`: all others, by all bundlers. */
const CASES: readonly (readonly [string, string])[] = [
  ['cli', 'rollup'],
  ['parts', 'vite'],
  ['parts', 'esbuild'],
  ...(process.env['ALL_FIXTURES'] === '1'
    ? ([
        ['cli', 'esbuild'],
        ['parts', 'rollup'],
        ['parts', 'rolldown'],
        ['storefront', 'vite'],
        ['storefront', 'esbuild'],
        ['workbench', 'vite'],
        ['workbench', 'esbuild'],
        ['viewer', 'rollup'],
        ['viewer', 'vite'],
        ['viewer', 'esbuild'],
        ['legacy', 'rollup'],
        ['legacy', 'esbuild'],
      ] as const)
    : []),
];

describe('an application whose chunks were minified', { timeout: 300_000 }, () => {
  it.for(CASES)('%s by %s behaves as the one that was not', async ([name, bundler], { skip }) => {
    const [fixture, scenario] = await Promise.all([loadFixture(name), readScenario(name)]);
    const browser = scenario.kind === 'node' ? null : await openBrowser().catch(whyNot);
    if (browser instanceof PareError) return skip(browser.message);
    const shared = browser === null ? {} : { browser };
    try {
      await inTemporaryFolder(async (folder) => {
        const [plain, minified] = [join(folder, 'plain'), join(folder, 'minified')];
        const plugin = bundler === 'esbuild' ? esbuildPlugin(settingsOf()) : rollupPlugin(settingsOf());
        const build = fixture.build as (bundler: string, options: object) => Promise<unknown>;
        await build(bundler, { outdir: plain, minify: false });
        await build(bundler, { outdir: minified, minify: false, plugins: [plugin] });
        expect(scriptBytes(minified)).toBeLessThan(scriptBytes(plain) * 0.8);

        const before = await runScenario(scenario, plain, shared);
        const after = await runScenario(scenario, minified, shared);
        expect(after.failure).toBeNull();
        const differences = compareObservations(before, after, {});
        expect(differences.map(describeDifference)).toEqual([]);
      });
    } finally {
      await browser?.close();
    }
  });
});

function scriptBytes(folder: string): number {
  const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.m?js$/.test(file));
  return scripts.reduce((sum, file) => sum + brotliCompressSync(readFileSync(join(folder, file))).length, 0);
}

function whyNot(error: unknown): PareError {
  if (error instanceof PareError) return error;
  throw error;
}
