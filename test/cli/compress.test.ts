import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import type { PrecompressManifest } from '../../src/precompress/manifest.ts';
import { program as source } from '../precompress/folders.ts';
import { maskSizes, Program } from './program.ts';

const program = new Program();
let shop: string;
beforeEach(async () => {
  shop = await mkdtemp(path.join(tmpdir(), 'pare-shop-'));
  await write('dist/index.html', '<!doctype html><title>Shop</title>');
  await write('dist/assets/main-BBBB2345.js', source(301));
  await write('dist/assets/main-AAAA2345.css', source(60, 2));
  await write('old/assets/main-AAAA2345.js', source(300));
});
const shops: string[] = [];
afterAll(() => Promise.all(shops.map((folder) => rm(folder, { recursive: true, force: true }))));

async function write(name: string, contents: string): Promise<void> {
  const file = path.join(shop, name);
  shops.push(shop);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, contents);
}

const compress = (...args: string[]) => program.run(['compress', ...args], { cwd: shop });
const written = async (): Promise<string[]> =>
  (await readdir(path.join(shop, 'dist'), { recursive: true })).filter((name) =>
    /\.(?:br|gz|zst|dc[bz])$|json$/.test(name),
  );

describe('pare compress', () => {
  test('writes copies and deltas, and says what they save', async () => {
    const { code, stdout, stderr } = await compress('dist', '--previous', 'old', '--formats', 'br,gz,zst');
    expect([code, stderr]).toEqual([0, '']);
    expect(maskSizes(stdout).replace(/Wrote .*\./, 'Wrote …')).toMatchInlineSnapshot(`
      "  file                        bytes      br     gzip     zstd  delta
        assets/main-BBBB2345.js   99.9 kB  9.9 kB  99.9 kB  99.9 kB  999 B
        assets/main-AAAA2345.css   9.9 kB  9.9 kB   9.9 kB   9.9 kB      –

      Wrote …
      A first visit downloads 99.9 kB instead of 99.9 kB (39.1 %).
      Who has an earlier release downloads 999 B instead of 9.9 kB for 1 file that changed.
      "
    `);
    const names = (await written()).sort().map((name) => name.replace(/[0-9a-f]{16}/, 'HASH'));
    expect(names).toEqual(
      expect.arrayContaining(['assets/main-BBBB2345.js.HASH.dcz', 'assets/main-BBBB2345.js.zst', 'pare-compress.json']),
    );
    expect(await compress('dist', '--check')).toMatchObject({ code: 0, stderr: '' });
  });

  test('finds the folder by itself, and writes nothing in a dry run', async () => {
    const { code, stdout } = await compress('--dry-run', '--min-saving', '1 %');
    expect(code).toBe(0);
    expect(stdout).toContain('Would write 4 copies');
    expect(await written()).toEqual([]);
  });

  test('gives the manifest as JSON', async () => {
    const { stdout } = await compress('dist', '--json', '--base', '/shop');
    const manifest = JSON.parse(stdout) as PrecompressManifest;
    expect(manifest.base).toBe('/shop/');
    expect(manifest.files.map(({ file, useAsDictionary }) => [file, useAsDictionary])).toEqual([
      ['assets/main-AAAA2345.css', 'match="/shop/assets/main-*.css", type=raw'],
      ['assets/main-BBBB2345.js', 'match="/shop/assets/main-*.js", type=raw'],
      ['index.html', null],
    ]);
  });

  test('--check finds what changed', async () => {
    await compress('dist');
    await write('dist/assets/main-BBBB2345.js', 'changed');
    const { code, stdout, stderr } = await compress('dist', '--check');
    expect([code, stderr]).toEqual([1, '1 problem: compress the folder again\n']);
    expect(stdout).toMatch(/^assets\/main-BBBB2345\.js has changed since it was compressed \(7 bytes, not \d+\)\n$/);
    const { stdout: json } = await compress('dist', '--check', '--json');
    expect(JSON.parse(json)).toMatchObject({ files: 3, problems: [{ code: 'file-changed' }] });
  });

  test('warns of copies that are not its own, and leaves them', async () => {
    await write('dist/assets/main-BBBB2345.js.gz', 'of another tool');
    const { code, stderr } = await compress('dist');
    expect(code).toBe(0);
    expect(stderr).toContain('main-BBBB2345.js.gz is no copy of assets/main-BBBB2345.js');
    expect(await written()).toContain('assets/main-BBBB2345.js.br');
  });

  test('goes on without an earlier release that the configuration names and that is not there', async () => {
    await write('pare.config.json', JSON.stringify({ compress: { previous: ['releases/1', 'old'] } }));
    const { code, stdout, stderr } = await compress('dist');
    expect(code).toBe(0);
    expect(stderr).toContain(`compress.previous names ${path.join(shop, 'releases/1')}, and there is no such folder`);
    expect(stdout).toContain('for 1 file that changed');
    expect((await compress('dist', '--previous', 'old')).stderr).toBe('');
  });

  test.each([
    [['dist', '--formats', 'brr'], 2, 'Did you mean br?'],
    [['dist', '--min-saving', '200%'], 2, 'For example 2% or 0.02'],
    [['dist', '--previous', 'dist'], 2, 'no earlier release'],
    [['dist', '--previous', 'nowhere'], 3, 'There is no folder'],
    [['nowhere'], 3, 'There is no folder'],
    [['dist', '--check'], 3, 'Compress the folder first'],
    [['dist', '--formts', 'br'], 2, 'Did you mean --formats?'],
  ])('says what is wrong with %j', async (args, exit, message) => {
    const { code, stderr } = await compress(...args);
    expect([code, stderr]).toEqual([exit, expect.stringContaining(message)]);
  });

  test('ends at Ctrl-C with nothing half-written', async () => {
    await write('dist/assets/huge-AAAA2345.js', source(12_000, 3));
    const child = program.start(['compress', 'dist'], { cwd: shop });
    const closed = new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_, signal) => resolve(signal)));
    await expect.poll(() => written(), { timeout: 20_000, interval: 20 }).toContain('assets/main-AAAA2345.css.gz');
    child.kill('SIGINT');
    expect(await closed).toBe('SIGINT');
    expect((await readdir(path.join(shop, 'dist/assets'))).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });
});
