/** A small split program in Chromium: what V8 says ran of it, and whose its bytes are. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import type { Build } from '../../src/model/build.ts';
import { assemble, type OwnedOutput } from '../../src/measure/assemble.ts';
import { parseCoverage } from '../../src/measure/coverage.ts';
import type { CoveragePoint } from '../../src/measure/executed.ts';
import { openBrowser } from '../../src/verify/chromium.ts';
import { appOrigin, serveApp } from '../../src/verify/server.ts';
import { bundle, temporaryFolder, writeProgram, type Program } from '../support/bundle.ts';
import { evidenceOfMetafile } from '../support/evidence.ts';

export interface CoveredApp {
  readonly build: Build;
  readonly outputs: readonly OwnedOutput[];
  /** After the load, and after a click on the button. */
  readonly points: readonly CoveragePoint[];
  /** What Playwright's own coverage gave for the same two steps together. */
  readonly playwright: unknown;
}

/** The program's `main.js` shows a button; a click on it says `done` in the title when its work is over. */
export async function coverApp(program: Program): Promise<CoveredApp> {
  using root = temporaryFolder();
  writeProgram(root.folder, program);
  const bundled = await bundle('esbuild', root.folder, { entries: ['main.js'], minify: true, charset: 'utf8' });
  const outputs: OwnedOutput[] = [];
  const build = await assemble(evidenceOfMetafile(bundled), {
    compress: { gzip: false, brotli: false },
    onOwnership: (owned) => outputs.push(owned),
  });
  writeFileSync(
    path.join(bundled.outdir, 'index.html'),
    '<!doctype html><meta charset="utf-8"><title>app</title><button>Go</button><script type="module" src="/main.js"></script>',
  );
  await using server = await serveApp(bundled.outdir);
  await using shared = await openBrowser();
  const context = await shared.browser.newContext({ proxy: { server: server.address } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Profiler.enable');
  await session.send('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const take = async (name: string): Promise<CoveragePoint> => ({
    name,
    scripts: parseCoverage(await session.send('Profiler.takePreciseCoverage'), name),
  });
  await page.goto(appOrigin);
  await page.waitForFunction(() => document.title === 'ready');
  const load = await take('load');
  await page.click('button');
  await page.waitForFunction(() => document.title === 'done');
  const points = [load, await take('interaction')];
  await page.close();
  const second = await context.newPage();
  await second.coverage.startJSCoverage();
  await second.goto(appOrigin);
  await second.waitForFunction(() => document.title === 'ready');
  await second.click('button');
  await second.waitForFunction(() => document.title === 'done');
  const playwright = await second.coverage.stopJSCoverage();
  return { build, outputs, points, playwright };
}
