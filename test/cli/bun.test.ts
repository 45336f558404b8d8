/** The program and the library under Bun say what they say under Node. Where npm brought no Bun, all of this is skipped. */
import { execFile, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

import { analyze } from 'pare';
import type { Build } from '../../src/model/build.ts';
import { BUN } from '../golden/builders.ts';
import { remainders } from '../plugins/bundlers.ts';
import { cleanEnvironment, outcome, Program, type Result } from './program.ts';
import { buildShop } from './sample-app.ts';

it('Bun is here', ({ skip }) => {
  if (BUN === null) skip('npm brought no program of Bun for this machine');
  expect(BUN).toBeTypeOf('string');
});

describe.skipIf(BUN === null)('under Bun', () => {
  const pare = BUN === null ? null : new Program();
  let shop = '';
  beforeAll(async () => {
    shop = await buildShop({
      'pare.config.json': JSON.stringify({
        budgets: [
          { kind: 'total', max: '1 kB' },
          { kind: 'total', max: '1 MB' },
        ],
      }),
    });
    // A build before this one: without the packages.
    const before = await analyze(path.join(shop, 'dist'), { root: shop });
    writeFileSync(path.join(shop, 'before.json'), JSON.stringify({ ...before, outputs: before.outputs.slice(0, 1) }));
  });

  // Without a node_modules around it, Bun would fetch what is imported and optional.
  const underBun = (args: readonly string[]): Promise<Result> =>
    outcome(
      spawn(BUN!, ['--no-install', pare!.bin, ...args], {
        cwd: shop,
        env: cleanEnvironment(),
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );

  it.each([
    ['--version'],
    ['--help'],
    ['analyze', 'dist', '--no-gzip'],
    ['analyze', 'dist', '--json', '--no-gzip'],
    ['analyze', 'meta.json', '--packages', '--no-gzip'],
    ['why', 'big-money', 'dist', '--json', '--no-gzip'],
    ['why', 'nothing', 'dist'],
    ['check', 'dist'],
    ['check', 'dist', '--format', 'sarif'],
    ['diff', 'before.json', 'dist', '--json', '--no-gzip'],
    ['export', 'dist', '--format', 'metafile'],
    ['export', 'dist', '--format', 'source-map-explorer'],
    ['compress', 'dist', '--dry-run', '--formats=br'],
    ['config', '--json'],
    ['analyze', 'nowhere'],
    ['analyse', 'dist'],
  ])('pare %s %s %s %s', async (...args) => {
    const given = args.filter((each) => each !== undefined);
    const [bun, node] = [await underBun(given), await pare!.run(given, { cwd: shop })];
    expect(bun).toEqual(node);
    expect(node.stdout + node.stderr).not.toBe('');
  });

  it('a report and a baseline are written, with the same text', async () => {
    const files: string[][] = [];
    for (const run of [underBun, (args: readonly string[]) => pare!.run(args, { cwd: shop })]) {
      for (const args of [
        ['report', 'dist', '--out', 'report.html', '--no-gzip'],
        ['baseline', 'dist', '--out', 'baseline.json', '--no-gzip'],
      ])
        expect(await run(args)).toMatchObject({ code: 0 });
      files.push(['report.html', 'baseline.json'].map((file) => readFileSync(path.join(shop, file), 'utf8')));
    }
    expect(files[0]).toEqual(files[1]);
  });

  it('gzip sizes are those of the library that ran', async () => {
    const { stdout } = await underBun(['analyze', 'dist', '--json']);
    const build = JSON.parse(stdout) as Build;
    expect(remainders(build)).toEqual({});
    const code = `
      import { gzipSync } from 'node:zlib';
      import { readFileSync } from 'node:fs';
      console.log(JSON.stringify(process.argv.slice(1).map((file) => gzipSync(readFileSync(file), { level: 9 }).length)));`;
    const files = build.outputs.map(({ file }) => path.join(shop, 'dist', file));
    const sizes = await promisify(execFile)(BUN!, ['-e', code, ...files]);
    expect(build.outputs.map(({ bytes }) => bytes.gzip)).toEqual(JSON.parse(sizes.stdout));
  });

  it('the library gives the same record', async () => {
    const code = `
      import { analyze, diff } from 'pare';
      const [dist, root] = process.argv.slice(-2);
      const build = await analyze(dist, { root, gzip: false });
      console.log(JSON.stringify({ build, diff: diff(build, build) }));`;
    const dist = path.join(shop, 'dist');
    const cwd = path.join(import.meta.dirname, '../..');
    const { stdout } = await promisify(execFile)(BUN!, ['-e', code, dist, shop], { cwd, maxBuffer: 2 ** 26 });
    const { build } = JSON.parse(stdout) as { build: Build };
    expect(build).toEqual(JSON.parse(JSON.stringify(await analyze(dist, { root: shop, gzip: false }))));
  });
});
