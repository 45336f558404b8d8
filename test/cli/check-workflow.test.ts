/** A repository as people have it: main keeps a baseline; a pull request adds moment. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';

import { EXIT } from '../../src/cli/exit-codes.ts';
import { Program, type Result } from './program.ts';
import { makeFolder } from './sample-app.ts';

const program = new Program();
const root = join(import.meta.dirname, '../..');

const ORDERS = [
  "import { clsx } from 'clsx';",
  '',
  "export const row = (order) => clsx('order', order.late && 'late');",
  'export const day = (order) => new Date(order.at).toISOString();',
].join('\n');

const CHANGED = ORDERS.replace("'clsx';\n", "'clsx';\nimport moment from 'moment';\n").replace(
  'new Date(order.at).toISOString()',
  "moment(order.at).format('LL')",
);

/** The checked-out repository: sources, packages as they are installed here, the build into dist/. */
async function checkout(orders: string): Promise<string> {
  const folder = makeFolder({
    'package.json': '{ "name": "orders", "type": "module" }',
    'pare.config.json': JSON.stringify({ budgets: [{ kind: 'initial', entry: 'src/main.js', max: '+2%' }] }),
    'src/main.js': "import { day, row } from './orders.js';\ndocument.title = row({}) + day({ at: 0 });\n",
    'src/orders.js': orders,
  });
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['clsx', 'moment'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  await build({
    absWorkingDir: folder,
    entryPoints: ['src/main.js'],
    entryNames: '[name]-[hash]',
    outdir: 'dist',
    bundle: true,
    minify: true,
    sourcemap: true,
    format: 'esm',
    preserveSymlinks: true,
    logLevel: 'silent',
  });
  return folder;
}

let main: string;
let change: string;
let checked: Result;
let markdown: string;
const report = (): Report => JSON.parse(readFileSync(join(change, 'pare.json'), 'utf8')) as Report;

interface Report {
  readonly diff: { readonly total: { readonly delta: { readonly brotli: number } } };
  readonly results: readonly {
    readonly actual: number;
    readonly baseline: number;
    readonly causes: readonly {
      readonly what: string;
      readonly size: number;
      readonly cut: { readonly statements: readonly object[]; readonly saves: { readonly brotli: number } };
    }[];
  }[];
}

beforeAll(async () => {
  [main, change] = [await checkout(ORDERS), await checkout(CHANGED)];
  const made = await program.run(['baseline', 'dist', '--no-cache'], { cwd: main });
  if (made.code !== EXIT.ok) throw new Error(made.stderr);
  writeFileSync(join(change, 'pare-baseline.json'), readFileSync(join(main, 'pare-baseline.json')));
  checked = await program.run(
    [
      'check',
      'dist',
      '--no-cache',
      '--baseline',
      'pare-baseline.json',
      '--format',
      'markdown=pr.md',
      '--format',
      'github,json=pare.json',
    ],
    { cwd: change, env: { GITHUB_WORKSPACE: change } },
  );
  markdown = readFileSync(join(change, 'pr.md'), 'utf8').replace(/<\/?code>/g, '');
}, 60_000);

describe('a pull request that adds moment', () => {
  test('regresses', () => {
    expect(checked.code).toBe(EXIT.regressed);
  });

  test('the comment names the import, the bytes and the cut', () => {
    const line = CHANGED.split('\n').indexOf("import moment from 'moment';") + 1;
    const [first] = report().results[0]!.causes;
    const size = (first!.size / 1000).toFixed(1);
    expect(first!.size).toBeGreaterThan(15_000);
    expect(markdown).toContain(`**+${size} kB** src/orders.js:${line}:1 now imports node_modules/moment/moment.js`);
    expect(markdown).toContain(`way in: src/main.js:1:1 → src/orders.js:${line}:1 → node_modules/moment/moment.js`);
    const saves = (first!.cut.saves.brotli / 1000).toFixed(1);
    expect(markdown).toContain(`moment leaves without the import at src/orders.js:${line}:1: saves ${saves} kB brotli`);
  });

  test('the comment has the whole change as well', () => {
    expect(markdown).toMatch(/<summary>Packages that changed: \d+<\/summary>/);
    expect(markdown).toMatch(/^\| moment [\d.]+ \| 0 B \|/m);
    expect(markdown).toContain('main-');
  });

  test('the annotation stands at the import', () => {
    expect(checked.stdout).toMatch(/^::error file=src\/orders\.js,line=2,col=1,title=/);
  });

  test('what the causes weigh is what was added', () => {
    const [result] = report().results;
    const { delta } = report().diff.total;
    expect(result!.actual - result!.baseline).toBe(delta.brotli);
    const sum = result!.causes.reduce((total, { size }) => total + size, 0);
    expect(sum).toBeGreaterThan(0.95 * delta.brotli);
    expect(sum).toBeLessThan(1.05 * delta.brotli);
  });

  test('without the import all is well again', async () => {
    const { code } = await program.run(
      ['check', join(main, 'dist'), '--no-cache', '--baseline', 'pare-baseline.json'],
      { cwd: main },
    );
    expect(code).toBe(EXIT.ok);
  });
});
