import { existsSync, readFileSync } from 'node:fs';
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
});
