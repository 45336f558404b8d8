import { copyFile, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import type { WhyAnswer } from '../../src/cli/why-answer.ts';
import { maskSizes, Program } from './program.ts';
import { buildShop } from './sample-app.ts';

const program = new Program();
let shop: string;
beforeAll(async () => {
  shop = await buildShop();
});

const why = (...args: string[]) => program.run(['why', ...args, '--no-gzip', '--no-brotli'], { cwd: shop });

describe('pare why', () => {
  test('shows the ways in, the importers, the sizes and the cut', async () => {
    const { code, stdout, stderr } = await why('tiny-dates');
    expect([code, stderr]).toEqual([0, '']);
    expect(maskSizes(stdout)).toMatchInlineSnapshot(`
      "tiny-dates 1.2.3
      a package with 2 modules in main.js

                           raw
        own size        9.9 kB
        leaves with it  9.9 kB

      The shortest ways in
        src/main.js:2:1  import { formatDate }
        node_modules/tiny-dates/index.js

        src/main.js:1:1  import { renderList }
        src/list.js:1:1  import { formatDate }
        node_modules/tiny-dates/index.js

      Imported by 2 statements
        src/list.js:1:1  import { formatDate }
        src/main.js:2:1  import { formatDate }

      The fewest imports that have to go for it to leave: 2
        src/list.js:1:1  import { formatDate }
        src/main.js:2:1  import { formatDate }
                         raw
        saves         9.9 kB
      "
    `);
  });

  test('shows a module that only a lazy page asks for', async () => {
    const { stdout } = await why('src/admin.js');
    expect(maskSizes(stdout)).toMatchInlineSnapshot(`
      "src/admin.js
      a module in lazy-admin.js

                           raw
        own size        9.9 kB
        leaves with it  9.9 kB

      The way in
        src/main.js:4:26  import()
        src/admin.js

      Imported by 1 statement
        src/main.js:4:26  import()

      The fewest imports that have to go for it to leave: 1
        src/main.js:4:26  import()
                         raw
        saves         9.9 kB
      "
    `);
  });

  test('says that an entry is one', async () => {
    expect((await why('main')).stdout).toContain('It is an entry: the build starts with it.');
  });

  test('finds a module by its path, the end of it, with or without its extension, and a package with its version', async () => {
    const target = async (name: string) => (JSON.parse((await why(name, '--json')).stdout) as WhyAnswer).target;
    const list = { kind: 'module', id: 'src/list.js' };
    for (const name of ['src/list.js', './src/list.js', 'list.js', 'src/list', 'list'])
      expect(await target(name)).toEqual(list);
    expect(await target('tiny-dates/names')).toEqual({ kind: 'module', id: 'node_modules/tiny-dates/names.js' });
    expect(await target('big-money@4.0.0')).toEqual({ kind: 'package', name: 'big-money', versions: ['4.0.0'] });
  });

  test('answers in JSON with what the statements are', async () => {
    const { stdout } = await why('big-money', 'meta.json', '--json');
    const answer = JSON.parse(stdout) as WhyAnswer;
    expect(answer.chains.map((chain) => chain.map(({ from, line }) => `${from}:${line}`))).toEqual([
      ['src/main.js:4', 'src/admin.js:1'],
      ['src/main.js:1', 'src/list.js:2'],
    ]);
    expect(answer.importers.map(({ from, names }) => [from, names])).toEqual([
      ['src/admin.js', ['money']],
      ['src/list.js', ['money']],
    ]);
    expect(answer.cut?.statements).toHaveLength(2);
    expect(answer.self.raw).toBe(answer.outputs.reduce((sum, { bytes }) => sum + bytes.raw, 0));
    expect(answer.retained.bytes.raw).toBeGreaterThanOrEqual(answer.self.raw);
  });

  test("names the project's own imports behind what only a package asks for", async () => {
    const folder = await buildShop({
      'src/main.js': "import './list.js';\nimport { wallet } from 'wallet';\nconsole.log(wallet());",
      'src/list.js': "import { wallet } from 'wallet';\nconsole.log(wallet);",
      'node_modules/wallet/package.json':
        '{ "name": "wallet", "version": "2.0.0", "type": "module", "main": "index.js" }',
      'node_modules/wallet/index.js': "import { money } from 'big-money';\nexport const wallet = () => money(8);",
    });
    const { stdout } = await program.run(['why', 'big-money', '--json', '--no-brotli'], { cwd: folder });
    const answer = JSON.parse(stdout) as WhyAnswer;
    const places = (list: WhyAnswer['importers']) => list.map(({ from, line }) => `${from}:${line}`);
    expect(places(answer.importers)).toEqual(['node_modules/wallet/index.js:1']);
    expect(places(answer.ownImports.statements)).toEqual(['src/list.js:1', 'src/main.js:2']);
    // The wallet goes with the money.
    expect(answer.ownImports.saves.bytes.raw).toBeGreaterThan(answer.self.raw);
  });

  test('ends with 1 for a name that is not there, and says what may be meant', async () => {
    const { code, stdout, stderr } = await why('big-mony');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatchInlineSnapshot(`
      "error Neither a package nor a module of this build is called big-mony
        Did you mean big-money?
      "
    `);
  });

  test('names missing source maps as the reason why nothing has the name', async () => {
    const bare = path.join(await mkdtemp(path.join(tmpdir(), 'pare-bare-')), 'dist');
    await mkdir(bare);
    await copyFile(path.join(shop, 'dist/main.js'), path.join(bare, 'main.js'));
    const { code, stderr } = await why('tiny-dates', bare);
    expect(code).toBe(1);
    expect(stderr).toMatch(/tiny-dates is not among the modules that are known, and files lack source maps/);
    expect(stderr).toMatch(/Turn source maps on in the bundler/);
  });

  test('ends with 2 where several modules have the name', async () => {
    const { code, stderr } = await why('index.js');
    expect(code).toBe(2);
    expect(stderr).toMatchInlineSnapshot(`
      "error index.js may be any of 2 modules
        Say more of the path: node_modules/big-money/index.js, node_modules/tiny-dates/index.js
      "
    `);
  });
});
