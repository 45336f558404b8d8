import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

import type { Build } from '../../src/model/build.ts';
import { maskSizes, Program } from './program.ts';
import { buildShop, makeFolder } from './sample-app.ts';

const program = new Program();
let shop: string;
beforeAll(async () => {
  shop = await buildShop();
});

const PLAIN = ['--no-gzip', '--no-brotli'];

describe('pare analyze', () => {
  test('sums a build up', async () => {
    const { code, stdout, stderr } = await program.run(['analyze', 'dist', '--no-gzip', '--no-brotli'], { cwd: shop });
    expect([code, stderr]).toEqual([0, '']);
    expect(maskSizes(stdout)).toMatchInlineSnapshot(`
      "pare  3 files, 6 modules in them

        code and CSS                                          raw      gzip    brotli     share
        initial (what the entries load before they run)    9.9 kB         –         –    99.9 %
        total                                              9.9 kB         –         –   999.9 %

        largest outputs       raw      gzip    brotli     share
        lazy-chunk.js      9.9 kB         –         –    99.9 %
        lazy-admin.js      9.9 kB         –         –    99.9 %
        main.js (entry)    9.9 kB         –         –    99.9 %

        largest packages             raw      gzip    brotli     share
        big-money@4.0.0           9.9 kB         –         –    99.9 %
        (your code)               9.9 kB         –         –    99.9 %
        tiny-dates@1.2.3          9.9 kB         –         –    99.9 %
        (bundler and comments)     999 B         –         –     9.9 %
      "
    `);
    const compressed = await program.run(['analyze', 'dist'], { cwd: shop });
    expect(compressed.stdout).toMatch(/^ {2}total +[\d.]+ kB +[\d.]+ k?B +[\d.]+ k?B +100\.0 %$/m);
  });

  test('lists all packages, and their sizes add up to the files', async () => {
    const { code, stdout } = await program.run(['analyze', 'dist', '--packages', ...PLAIN], { cwd: shop });
    expect(code).toBe(0);
    expect(maskSizes(stdout)).toMatchInlineSnapshot(`
      "  package                 modules     raw    share
        big-money@4.0.0               1  9.9 kB   99.9 %
        (your code)                   3  9.9 kB   99.9 %
        tiny-dates@1.2.3              2  9.9 kB   99.9 %
        (bundler and comments)        0   999 B    9.9 %
        total                         6  9.9 kB  999.9 %
      "
    `);
    const json = await program.run(['analyze', 'dist', '--packages', '--json'], { cwd: shop });
    const { sizes } = JSON.parse(json.stdout) as { sizes: { bytes: { raw: number } }[] };
    const { outputs } = await record(['analyze', 'dist', '--json']);
    const whole = outputs.filter(({ kind }) => kind !== 'asset').reduce((sum, { bytes }) => sum + bytes.raw, 0);
    expect(sizes.reduce((sum, { bytes }) => sum + bytes.raw, 0)).toBe(whole);
  });

  test('lists the modules, as many rows as asked for', async () => {
    const { stdout } = await program.run(['analyze', 'dist', '--modules', '--rows', '2', ...PLAIN], { cwd: shop });
    expect(maskSizes(stdout)).toMatchInlineSnapshot(`
      "  module                              raw    share
        node_modules/big-money/index.js  9.9 kB   99.9 %
        src/admin.js                     9.9 kB   99.9 %
        … and 5 more
        total                            9.9 kB  999.9 %
      "
    `);
  });

  test('prints the record as one line of JSON, whose sums are the files on disk', async () => {
    const { code, stdout } = await program.run(['analyze', 'dist', '--json'], { cwd: shop });
    expect(code).toBe(0);
    expect(stdout.trimEnd()).not.toContain('\n');
    const build = JSON.parse(stdout) as Build;
    expect(build.schema).toBe('pare/build@1');
    expect(build.outputs.length).toBeGreaterThan(2);
    for (const { file, bytes, parts } of build.outputs) {
      expect(bytes.raw).toBe(statSync(join(shop, 'dist', file)).size);
      for (const measure of ['raw', 'gzip', 'brotli'] as const)
        expect(parts.reduce((sum, part) => sum + part.bytes[measure]!, 0)).toBe(bytes[measure]);
    }
  });

  test('takes a metafile, alone or beside the folder', async () => {
    const alone = await record(['analyze', 'meta.json', '--json']);
    const beside = await record(['analyze', 'dist', '--evidence', 'meta.json', '--json']);
    expect(alone.bundler?.name).toBe('esbuild');
    expect(beside).toEqual(alone);
  });

  test('finds the output folder by itself', async () => {
    const here = await program.run(['analyze', ...PLAIN], { cwd: shop });
    const named = await program.run(['analyze', 'dist', ...PLAIN], { cwd: shop });
    expect(here).toEqual(named);
    const nowhere = await program.run(['analyze'], { cwd: makeFolder({ 'dist/readme.txt': 'nothing built' }) });
    expect(nowhere.code).toBe(3);
    expect(nowhere.stderr).toMatchInlineSnapshot(`
      "error None of dist, build, out, .output/public, public/build has JavaScript in it
        Build the project first, or name the output folder, for example: pare analyze packages/app/dist
      "
    `);
  });

  test('writes to a file, whole and JSON by its name', async () => {
    const { code, stdout, stderr } = await program.run(['analyze', 'dist', '-o=out/build.json'], { cwd: shop });
    expect([code, stdout, stderr]).toEqual([0, '', 'written to out/build.json\n']);
    expect((JSON.parse(readFileSync(join(shop, 'out/build.json'), 'utf8')) as Build).schema).toBe('pare/build@1');
  });

  test('says when a file cannot be written, and leaves nothing', async () => {
    const folder = await buildShop({ blocked: 'a file, no folder' });
    const { code, stderr } = await program.run(['analyze', 'dist', '-o', 'blocked/build.json'], { cwd: folder });
    expect(code).toBe(3);
    expect(stderr).toContain("error blocked/build.json can't be written");
  });

  test('keeps compressed files in the cache, unless told not to', async () => {
    const folder = await buildShop();
    const cache = join(folder, 'node_modules/.cache/pare');
    const first = await program.run(['analyze', 'dist', '--no-cache', '--json'], { cwd: folder });
    expect(existsSync(cache)).toBe(false);
    const second = await program.run(['analyze', 'dist', '--json'], { cwd: folder });
    expect(existsSync(cache)).toBe(true);
    const third = await program.run(['analyze', 'dist', '--json'], { cwd: folder });
    expect(second).toEqual(first);
    expect(third).toEqual(first);
  });

  async function record(args: readonly string[]): Promise<Build> {
    return JSON.parse((await program.run(args, { cwd: shop })).stdout) as Build;
  }
});

describe('the terminal', () => {
  const ESC = '\u001B[';

  test('gets no colour in a pipe, and colour when forced', async () => {
    const colours = async (env: Record<string, string>) =>
      (await program.run(['analyze', 'dist', ...PLAIN], { cwd: shop, env })).stdout.includes(ESC);
    expect(await colours({})).toBe(false);
    expect(await colours({ FORCE_COLOR: '1' })).toBe(true);
    expect(await colours({ FORCE_COLOR: '0' })).toBe(false);
    expect(await colours({ NO_COLOR: '1' })).toBe(false);
  });

  test('is never written past its width', async () => {
    const env = { COLUMNS: '50' };
    for (const args of [
      ['analyze'],
      ['analyze', '--modules'],
      ['why', 'tiny-dates'],
      ['--help'],
      ['analyze', '--help'],
    ]) {
      const { code, stdout } = await program.run(args, { cwd: shop, env });
      expect(code).toBe(0);
      // Lines of usage and examples are commands to copy, which must not be broken.
      const lines = stdout.split('\n').filter((line) => !line.includes('pare '));
      expect(lines.filter((line) => line.length > 50)).toEqual([]);
    }
  });
});

test('reads a record that pare wrote', async () => {
  const folder = await buildShop();
  const written = await program.run(['analyze', 'dist', '--out', 'record.json', '--json'], { cwd: folder });
  expect(written.code).toBe(0);
  const { code, stdout } = await program.run(['analyze', 'record.json', '--json'], { cwd: folder });
  expect(code).toBe(0);
  const read = JSON.parse(stdout) as unknown;
  expect(read).toEqual(JSON.parse((await program.run(['analyze', 'dist', '--json'], { cwd: folder })).stdout));
  expect((await program.run(['why', 'big-money', 'record.json'], { cwd: folder })).code).toBe(0);
});
