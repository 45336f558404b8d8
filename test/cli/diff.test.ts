import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

import { readBaseline, writeBaseline } from '../../src/budget/baseline.ts';
import type { Diff } from '../../src/budget/diff.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { syntheticBuild } from '../reports/synthetic-build.ts';
import { maskSizes, Program, type Result } from './program.ts';
import { buildShop } from './sample-app.ts';

const program = new Program();
let before: string;
let after: string;
beforeAll(async () => {
  before = await buildShop();
  after = await buildShop({
    'src/admin.js': "export const admin = () => console.log('empty');",
    'src/list.js': "import { money } from 'big-money';\nexport const renderList = () => money(2);",
  });
});

const diff = (...args: string[]): Promise<Result> =>
  program.run(['diff', ...args, '--no-gzip', '--no-cache'], { cwd: before });

describe('pare diff', () => {
  test('says what changed, and why', async () => {
    const { code, stdout, stderr } = await diff('dist', join(after, 'dist'), '--rows', '3');
    expect([code, stderr]).toEqual([EXIT.ok, '']);
    expect(maskSizes(stdout).replaceAll(after, 'AFTER')).toMatchInlineSnapshot(`
      "pare  dist → AFTER/dist

        all files     before   after   change
        raw           9.9 kB  9.9 kB  −9.9 kB  −99.9 %
        brotli         999 B   999 B   −999 B  −99.9 %

        why                                                                  raw  brotli
        src/admin.js shrank from 1958 to 99 B of source                  −9.9 kB  −999 B
        what the bundler writes besides modules (glue)                     −99 B   −99 B
        the same bytes compress differently beside their new neighbours      9 B   −99 B
        … and 3 more

        packages              raw  brotli   from  to (brotli)
        (your code)       −9.9 kB  −999 B  999 B        999 B
        tiny-dates 1.2.3      9 B   −99 B  999 B        999 B
        big-money 4.0.0       9 B   −99 B  999 B        999 B

        files              raw  brotli   from  to (brotli)
        lazy-chunk.js  −9.9 kB  −999 B  999 B          9 B
        lazy-admin.js  −9.9 kB  −999 B  999 B         99 B
        main.js        +9.9 kB  +999 B  999 B        999 B

        modules                               raw  brotli   from  to (brotli)
        src/admin.js                      −9.9 kB  −999 B  999 B         99 B
        node_modules/tiny-dates/names.js      9 B   −99 B  999 B         99 B
        src/main.js                           9 B   +99 B   99 B         99 B
        … and 3 more
      "
    `);
  });

  test('a build and itself have no difference', async () => {
    const { stdout } = await diff('dist', 'dist');
    expect(stdout).toContain('No file changed its size.');
  });

  test('folders, metafiles, Build records and baselines stand for the same build', async () => {
    const record = await program.run(['analyze', 'dist', '--no-gzip', '--no-cache', '-o', 'build.json'], {
      cwd: before,
    });
    expect(record.code).toBe(EXIT.ok);
    await program.run(['baseline', 'build.json', '-o', 'base.json'], { cwd: before });
    const totals = [];
    for (const target of ['dist', 'meta.json', 'build.json', 'base.json']) {
      const { code, stdout } = await diff(target, join(after, 'dist'), '--json');
      expect(code).toBe(EXIT.ok);
      const { schema, total } = JSON.parse(stdout) as Diff & { schema: string };
      expect(schema).toBe('pare/diff@1');
      totals.push(total);
    }
    for (const total of totals) expect(total).toEqual(totals[0]);
  });

  test('as Markdown, also by the name of the file', async () => {
    const { stdout } = await diff('dist', join(after, 'dist'), '--markdown');
    expect(stdout).toMatch(/^## pare: <code>dist<\/code> → <code>/);
    await diff('dist', join(after, 'dist'), '-o', 'change.md');
    expect(readFileSync(join(before, 'change.md'), 'utf8')).toBe(stdout);
  });

  test('refuses two forms at once, and what is no build', async () => {
    expect((await diff('dist', 'dist', '--json', '--markdown')).code).toBe(EXIT.usage);
    expect((await diff('dist')).stderr).toContain('AFTER is missing');
    writeFileSync(join(before, 'old.json'), '{"schema":"pare/build@0"}');
    const { code, stderr } = await diff('old.json', 'dist');
    expect(code).toBe(EXIT.input);
    expect(stderr).toContain('pare/build@0');
  });
});

describe('pare baseline', () => {
  test('is the same each time, and all that a comparison needs', async () => {
    const make = (file: string): Promise<Result> =>
      program.run(['baseline', 'dist', '--no-cache', '-o', file], { cwd: before });
    const { code, stdout, stderr } = await make('one.json');
    expect([code, stdout]).toEqual([EXIT.ok, 'one.json\n']);
    expect(maskSizes(stderr)).toMatch(/^9\.9 kB for \d+ modules\n$/);
    await make('two.json');
    const [one, two] = ['one.json', 'two.json'].map((file) => readFileSync(join(before, file), 'utf8'));
    expect(two).toBe(one);
    expect((await program.run(['diff', 'one.json', 'dist', '--no-cache'], { cwd: before })).stdout).toContain(
      'No file changed',
    );
  });

  test('is under 100 kB for 1,000 modules', () => {
    const build = syntheticBuild(1000);
    const text = writeBaseline(build);
    expect(Buffer.byteLength(text)).toBeLessThan(100_000);
    expect(readBaseline(text).outputs.map(({ bytes }) => bytes)).toEqual(build.outputs.map(({ bytes }) => bytes));
  });
});

describe('pare export', () => {
  const exported = (...args: string[]): Promise<Result> =>
    program.run(['export', ...args, '--no-gzip', '--no-brotli', '--no-cache'], { cwd: before });

  test.each([
    ['visualizer', 'nodeMetas'],
    ['source-map-explorer', 'results'],
    ['metafile', 'inputs'],
  ])('writes %s', async (format, key) => {
    const { code, stdout } = await exported('--format', format);
    expect(code).toBe(EXIT.ok);
    expect(JSON.parse(stdout)).toHaveProperty(key);
  });

  test('refuses a format that there is not', async () => {
    const { code, stderr } = await exported('--format', 'visualiser');
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain('Did you mean visualizer?');
    expect((await exported()).stderr).toContain('pare export needs --format');
  });
});
