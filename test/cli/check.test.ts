import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

import { EXIT } from '../../src/cli/exit-codes.ts';
import { joinRepeated } from '../../src/cli/repeated.ts';
import { pathWithin, repositoryRoot } from '../../src/cli/repository.ts';
import { EXIT_BAD_CONFIG, EXIT_OVER_BUDGET, EXIT_REGRESSION, EXIT_WITHIN_BUDGET } from '../../src/budget/budgets.ts';
import { maskSizes, Program, type Result } from './program.ts';
import { buildShop, makeFolder } from './sample-app.ts';

const program = new Program();
let shop: string;
beforeAll(async () => {
  shop = await buildShop();
});

const configure = (config: unknown): void => writeFileSync(join(shop, 'pare.config.json'), JSON.stringify(config));
const run = (...args: string[]): Promise<Result> => program.run([...args, '--no-gzip', '--no-cache'], { cwd: shop });

const OVER = { kind: 'initial', entry: 'src/main.js', max: '1 kB', measure: 'raw' };
const HOLDS = { kind: 'total', max: '1 MB' };

test('the exit codes are those of the budgets', () => {
  expect([EXIT.ok, EXIT.found, EXIT.usage, EXIT.regressed]).toEqual([
    EXIT_WITHIN_BUDGET,
    EXIT_OVER_BUDGET,
    EXIT_BAD_CONFIG,
    EXIT_REGRESSION,
  ]);
  const docs = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');
  for (const code of Object.values(EXIT)) expect(docs).toMatch(new RegExp(`^\\| ${code} +\\|`, 'm'));
});

describe('pare check', () => {
  test('says what is over, with its three largest causes, the imports that lead to them and those that must go', async () => {
    configure({ budgets: [HOLDS, OVER] });
    const { code, stdout, stderr } = await run('check', 'dist');
    expect([code, stderr]).toEqual([EXIT.found, '']);
    expect(maskSizes(stdout)).toMatchInlineSnapshot(`
      "pare  1 of 2 budgets does not hold
        ok    total all files: 999 B of 9.99 MB (brotli).
        over  initial src/main.js: 9.9 kB is 9.9 kB over 9.9 kB (raw).
              1. 9.9 kB  big-money
                 src/main.js:1:1
                 src/list.js:2:1 imports node_modules/big-money/index.js
                 big-money leaves without the imports at src/admin.js:1:1, src/list.js:2:1: saves 9.9 kB raw.
              2. 9.9 kB  tiny-dates
                 src/main.js:2:1 imports node_modules/tiny-dates/index.js
                 tiny-dates leaves without the imports at src/list.js:1:1, src/main.js:2:1: saves 9.9 kB raw.
              3. 99 B  src/main.js
      "
    `);
  });

  test('holds what holds', async () => {
    configure({ budgets: [HOLDS] });
    const { code, stdout } = await run('check');
    expect(code).toBe(EXIT.ok);
    expect(maskSizes(stdout)).toBe('pare  the budget holds\n  ok    total all files: 999 B of 9.99 MB (brotli).\n');
  });

  test('takes the configuration from a module, from package.json, or from where it is told', async () => {
    const own = (files: Record<string, string>): string =>
      makeFolder({ 'out/a.js': 'console.log(1);', 'package.json': '{}', ...files });
    const budgets = '{ budgets: [{ kind: "total", max: 1, measure: "raw" }] }';
    const json = '{ "budgets": [{ "kind": "total", "max": 1, "measure": "raw" }] }';
    for (const [files, args] of [
      [{ 'pare.config.mjs': `export default ${budgets};` }, []],
      [{ 'pare.config.js': `export default ${budgets};`, 'package.json': '{ "type": "module" }' }, []],
      [{ 'package.json': `{ "pare": ${json} }` }, []],
      [{ 'ci/budgets.json': json }, ['--config', 'ci/budgets.json']],
    ] as const) {
      const { code, stdout } = await program.run(['check', 'out', '--no-cache', ...args], { cwd: own(files) });
      expect([code, stdout.split('\n')[0]]).toEqual([EXIT.found, 'pare  the budget does not hold']);
    }
  });

  test('writes each format to where it is asked for, and those of the configuration', async () => {
    configure({ budgets: [OVER], outputs: { junit: 'reports/pare.xml' } });
    const { code, stdout, stderr } = await run(
      'check',
      '--format',
      'github,json=pare.json',
      '--format=sarif=pare.sarif',
      '-f',
      'markdown=pare.md',
    );
    expect(code).toBe(EXIT.found);
    expect(stdout).toMatch(/^::error file=src\/list\.js,line=2,col=1,title=/);
    expect(stderr).toBe(
      'json written to pare.json\nsarif written to pare.sarif\nmarkdown written to pare.md\njunit written to reports/pare.xml\n',
    );
    const read = (file: string): string => readFileSync(join(shop, file), 'utf8');
    expect(JSON.parse(read('pare.json'))).toMatchObject({ schema: 'pare/check@1', status: 'over', diff: null });
    const version = (JSON.parse(readFileSync(join(program.folder, 'package.json'), 'utf8')) as { version: string })
      .version;
    expect(read('pare.sarif')).toContain(`"version": "${version}"`);
    expect(read('reports/pare.xml')).toContain('failures="1"');
  });

  test('says a regression with an exit code of its own; another format of the same gives the same', async () => {
    const grown = await buildShop({
      'src/list.js': [
        "import { formatDate } from 'tiny-dates';",
        "import { money } from 'big-money';",
        `export const renderList = () => [formatDate(1), money(2), ${'x'.repeat(3)}].join();`,
        `const xxx = ${JSON.stringify(Array.from({ length: 300 }, (_, i) => i * 7919))};`,
      ].join('\n'),
    });
    await run('baseline', 'dist');
    writeFileSync(
      join(grown, 'pare.config.json'),
      JSON.stringify({ budgets: [{ kind: 'total', max: '+2%' }], baseline: join(shop, 'pare-baseline.json') }),
    );
    const { code, stdout } = await program.run(['check', '--no-gzip', '--no-cache'], { cwd: grown });
    expect(code).toBe(EXIT.regressed);
    expect(maskSizes(stdout)).toMatch(/^ {8}1\. \+[\d.]+ k?B {2}src\/list\.js grew from \d+ to \d+ B of source$/m);
  });

  test('without budgets a baseline is enough', async () => {
    await run('baseline', 'dist', '--out', 'ci/base.json');
    configure({});
    const { code, stdout, stderr } = await run('check', '--baseline', 'ci/base.json');
    expect(code).toBe(EXIT.ok);
    expect(stderr).toContain('No budgets are configured: all files together may be 2 % larger');
    expect(stdout).toContain('the budget holds');
  });
});

describe('bad input', () => {
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run('check', 'dist', ...args);
    expect([code, stdout]).toEqual([EXIT.usage, '']);
    return stderr;
  };

  test('an entry that does not exist: those that do', async () => {
    configure({ budgets: [{ kind: 'initial', entry: 'main.jsx', max: '1 kB' }] });
    const text = await refused();
    expect(text).toContain('budgets[0]: there is no entry "main.jsx" in this build. Did you mean "src/main.js"?');
    expect(text).toContain("This build's entry names are: src/main.js.");
  });

  test('a typo in the configuration: what was meant', async () => {
    configure({ budget: [], outputs: { markdwn: 'x.md' }, baseline: 3 });
    expect(await refused()).toBe(
      [
        'error pare.config.json is not right:',
        '  pare.config.json:1:2 budget is no option. Did you mean "budgets"? The options are root, analyzer, report, deadCode, splitter, runtime, budgets, baseline, outputs, cache, workers, minify, compress, telemetry, extends, env.',
        '  pare.config.json:1:25 outputs.markdwn is no option. Did you mean "markdown"? The options are text, json, jsonl, markdown, github, sarif, junit, gitlab.',
        '  pare.config.json:1:43 baseline must be the name of a file, not 3',
        '  Mend the configuration; nothing was done.',
        '',
      ].join('\n'),
    );
    configure({ budgets: [{ kind: 'intial', entry: 'src/main.js', max: 1 }] });
    expect(await refused()).toContain('budgets[0].kind "intial" is no kind of budget. Did you mean "initial"?');
  });

  test('a configuration that is no JSON, has no default export, or is not there', async () => {
    writeFileSync(join(shop, 'broken.json'), '{ budgets }');
    expect(await refused('--config', 'broken.json')).toContain("broken.json can't be read: ");
    writeFileSync(join(shop, 'named.mjs'), 'export const budgets = [];');
    expect(await refused('--config', 'named.mjs')).toContain('named.mjs has no default export');
    expect(await refused('--config', 'nowhere.mjs')).toContain("nowhere.mjs can't be read: ");
  });

  test('nothing to check', async () => {
    configure({});
    expect(await refused()).toContain('There is nothing to check: neither budgets nor a baseline');
  });

  test('a relative budget without a baseline', async () => {
    configure({ budgets: [{ kind: 'total', max: 'ratchet' }] });
    expect(await refused()).toContain('budgets[0]: "ratchet" needs a baseline.');
  });

  test('a baseline of another schema, damaged, or in conflict', async () => {
    configure({ budgets: [HOLDS] });
    const baseline = (text: string): Promise<string> => {
      writeFileSync(join(shop, 'other.json'), text);
      return refused('--baseline', 'other.json');
    };
    expect(await baseline('{"schema":"pare/baseline@9"}')).toContain(
      'other.json is of the schema pare/baseline@9; this version of pare reads pare/baseline@1.',
    );
    expect(await baseline('{"outputs":{},"inputs":{}}')).toContain('other.json is no baseline');
    expect(await baseline('{"schema":"pare/baseline@1"}')).toContain('other.json is damaged');
    await run('baseline', 'dist', '--out', 'good.json');
    const good = readFileSync(join(shop, 'good.json'), 'utf8');
    expect(await baseline(`<<<<<<< ours\n${good}=======\n${good}>>>>>>> theirs\n`)).toContain(
      'it has a merge conflict in it',
    );
  });

  test('a format that there is not', async () => {
    configure({ budgets: [HOLDS] });
    expect(await refused('--format', 'text,sariff')).toContain('Did you mean sarif?');
    expect(await refused('--format', 'json=')).toContain('--format json= lacks the name of the file');
  });

  test('a baseline that is not there is a file that can not be read', async () => {
    const { code, stderr } = await run('check', 'dist', '--baseline', 'nowhere.json');
    expect(code).toBe(EXIT.input);
    expect(stderr).toContain('There is no baseline nowhere.json');
    expect(stderr).toContain('pare baseline DIR --out nowhere.json');
  });
});

test('an option given twice is one with a list', () => {
  expect(joinRepeated(['dist', '--format', 'a', '--x', '--format=b=c.md'], '--format')).toEqual([
    '--format=a,b=c.md',
    'dist',
    '--x',
  ]);
  expect(joinRepeated(['--', '--format', 'a'], '--format')).toEqual(['--', '--format', 'a']);
  expect(joinRepeated(['--format'], '--format')).toEqual(['--format']);
  expect(joinRepeated(['-f', 'a', '--format', 'b', '-f=c'], '--format', '-f')).toEqual(['--format=a,b,c']);
});

test('places are relative to the repository', async () => {
  const folder = makeFolder({ '.git/HEAD': '', 'apps/shop/package.json': '{}' });
  const project = join(folder, 'apps/shop');
  const root = await repositoryRoot(project, {});
  expect(pathWithin(root, project)).toBe('apps/shop');
  expect(await repositoryRoot(project, { GITHUB_WORKSPACE: join(folder, 'apps') })).toBe(join(folder, 'apps'));
  expect(await repositoryRoot(project, { CI_PROJECT_DIR: '/elsewhere' })).toBe(folder);
});
