import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

/** A folder with these files, gone after the tests. */
export function makeFolder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'pare-app-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const words = (name: string, count: number): string =>
  Array.from({ length: count }, (_, i) => `  '${name} number ${i} of the list',`).join('\n');

/** A shop: an entry, a lazy page, two packages. */
const SHOP: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "shop", "type": "module" }',
  'src/main.js': [
    "import { renderList } from './list.js';",
    "import { formatDate } from 'tiny-dates';",
    'console.log(renderList(), formatDate(7));',
    "document.onclick = () => import('./admin.js').then(({ admin }) => admin());",
  ].join('\n'),
  'src/list.js': [
    "import { formatDate } from 'tiny-dates';",
    "import { money } from 'big-money';",
    'export const renderList = () => [formatDate(1), money(2)].join();',
  ].join('\n'),
  'src/admin.js': [
    "import { money } from 'big-money';",
    `const rows = [\n${words('row', 60)}\n];`,
    'export const admin = () => console.log(rows, money(3));',
  ].join('\n'),
  'node_modules/tiny-dates/package.json':
    '{ "name": "tiny-dates", "version": "1.2.3", "type": "module", "main": "index.js", "sideEffects": false }',
  'node_modules/tiny-dates/index.js': [
    "import { names } from './names.js';",
    'export const formatDate = (day) => names[day % names.length].concat(day);',
  ].join('\n'),
  'node_modules/tiny-dates/names.js': `export const names = [\n${words('day', 40)}\n];`,
  'node_modules/big-money/package.json':
    '{ "name": "big-money", "version": "4.0.0", "type": "module", "main": "index.js" }',
  'node_modules/big-money/index.js': `const coins = [\n${words('coin', 90)}\n];\nexport const money = (n) => coins[n];`,
};

/** The shop, built into dist/ with source maps, and its metafile in meta.json. */
export async function buildShop(more: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = makeFolder({ ...SHOP, ...more });
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: ['src/main.js'],
    outdir: 'dist',
    chunkNames: 'lazy-[name]',
    bundle: true,
    splitting: true,
    minify: true,
    sourcemap: true,
    metafile: true,
    format: 'esm',
    logLevel: 'silent',
  });
  writeFileSync(join(folder, 'meta.json'), JSON.stringify(metafile));
  return folder;
}
