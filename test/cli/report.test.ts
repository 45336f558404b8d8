import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

import { Program } from './program.ts';
import { buildShop } from './sample-app.ts';

const program = new Program();
let shop: string;
let other: string;
beforeAll(async () => {
  shop = await buildShop();
  other = await buildShop();
});

interface Head {
  readonly title: string;
  readonly builds: readonly string[];
}

function headOf(page: string): Head {
  return JSON.parse(/id="pare-report">(.*?)<\/script>/s.exec(page)![1]!) as Head;
}

describe('pare report', () => {
  test('writes a page and says where it is', async () => {
    const { code, stdout, stderr } = await program.run(['report'], { cwd: shop });
    expect([code, stdout, stderr]).toEqual([0, 'pare-report.html\n', '']);
    const page = readFileSync(join(shop, 'pare-report.html'), 'utf8');
    expect(headOf(page)).toMatchObject({ title: 'shop', builds: ['dist'] });
    expect(page).toContain('"retained"');
  });

  test('puts several builds into one page, by names that tell them apart', async () => {
    const args = ['report', join(shop, 'dist'), join(other, 'dist'), `lazy=${join(other, 'meta.json')}`];
    const { code } = await program.run([...args, '-o', 'pages/all.html', '--title', '<b>All</b>'], { cwd: shop });
    expect(code).toBe(0);
    const page = readFileSync(join(shop, 'pages/all.html'), 'utf8');
    const { title, builds } = headOf(page);
    expect(title).toBe('<b>All</b>');
    expect(new Set(builds).size).toBe(3);
    expect(builds[2]).toBe('lazy');
    expect(page).not.toContain('<b>All</b>');
  });

  test('writes no page where one of the builds is not there', async () => {
    const { code, stderr } = await program.run(['report', 'dist', 'gone', '-o', 'none.html'], { cwd: shop });
    expect(code).toBe(3);
    expect(stderr).toContain('There is no gone');
    expect(existsSync(join(shop, 'none.html'))).toBe(false);
  });

  test('says so where it cannot show the page', async () => {
    const env = { PATH: join(shop, 'src') };
    const { code, stderr } = await program.run(['report', '--open'], { cwd: shop, env });
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /The page can't be shown from here: there is no \S+ here\. Open pare-report\.html in a browser\./,
    );
  });

  test('shows what changed, the budgets and what had run', async () => {
    const entry = readdirSync(join(shop, 'dist')).find((file) => file.endsWith('.js'))!;
    const length = readFileSync(join(shop, 'dist', entry), 'utf8').length;
    const range = { startOffset: 0, endOffset: length, count: 1 };
    const functions = [{ functionName: '', ranges: [range], isBlockCoverage: true }];
    writeFileSync(join(shop, 'load.json'), JSON.stringify([{ url: `http://localhost/${entry}`, functions }]));
    writeFileSync(join(shop, 'pare.config.json'), JSON.stringify({ budgets: [{ kind: 'total', max: '1 B' }] }));
    expect((await program.run(['baseline', 'dist', '--out', 'base.json'], { cwd: shop })).code).toBe(0);
    const args = ['report', 'dist', '--baseline', 'base.json', '--coverage', 'first=load.json', '-o', 'full.html'];
    const { code, stderr } = await program.run(args, { cwd: shop });
    expect([code, stderr]).toEqual([0, '']);
    const page = readFileSync(join(shop, 'full.html'), 'utf8');
    const build = JSON.parse(/id="pare-build-0">(.*?)<\/script>/s.exec(page)![1]!) as {
      diff: { base: string };
      budgets: { passed: boolean }[];
      coverage: { point: string; modules: { loaded: number; executed: number }[] }[];
    };
    expect(build.diff.base).toBe('base.json');
    expect(build.budgets.map(({ passed }) => passed)).toEqual([false]);
    expect(build.coverage.map(({ point }) => point)).toEqual(['first']);
    const modules = build.coverage[0]!.modules.filter(({ loaded }) => loaded > 0);
    expect(modules.length).toBeGreaterThan(0);
    for (const { loaded, executed } of modules) expect(executed).toBe(loaded);
  });

  test.each([
    ['--baseline', 'gone.json', 3, 'gone.json'],
    ['--coverage', 'gone.json', 3, 'There is no coverage file gone.json'],
    ['--coverage', 'package.json', 3, 'package.json'],
  ])('says what is wrong with %s %s', async (option, file, code, message) => {
    const result = await program.run(['report', 'dist', option, file, '-o', 'wrong.html'], { cwd: shop });
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
    expect(existsSync(join(shop, 'wrong.html'))).toBe(false);
  });

  test('takes a baseline for one build only', async () => {
    const { code, stderr } = await program.run(['report', 'dist', join(other, 'dist'), '--baseline', 'x'], {
      cwd: shop,
    });
    expect([code, stderr]).toEqual([2, expect.stringContaining('--baseline is about one build, and 2 are named')]);
  });
});
