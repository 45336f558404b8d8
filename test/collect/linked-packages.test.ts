/** Packages that are links, as pnpm and workspaces make them: bundlers name their modules by where they really are, and so do we. */
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { importChain } from '../../src/detect/graph.ts';
import { analyze } from '../../src/index.ts';
import { application } from '../plugins/bundlers.ts';

const STORE = 'node_modules/.pnpm';
let root = '';

/** A package in pnpm's store, seen by these folders. */
async function install(name: string, files: Readonly<Record<string, string>>, seers: readonly string[]): Promise<void> {
  const home = path.join(root, STORE, `${name}@1.0.0/node_modules/${name}`);
  await mkdir(home, { recursive: true });
  const manifest = JSON.stringify({ name, version: '1.0.0', type: 'module', main: 'index.js' });
  for (const [file, text] of Object.entries({ 'package.json': manifest, ...files }))
    await writeFile(path.join(home, file), text);
  for (const seer of seers) {
    await mkdir(path.join(root, seer), { recursive: true });
    await symlink(path.relative(path.join(root, seer), home), path.join(root, seer, name), 'junction');
  }
}

const bundle = (entry: string, outdir: string, options: BuildOptions = {}): Promise<unknown> =>
  build({
    absWorkingDir: root,
    entryPoints: [entry],
    outdir,
    bundle: true,
    minify: true,
    sourcemap: true,
    logLevel: 'silent',
    ...options,
  });

beforeAll(async () => {
  root = await application({
    'src/main.js': `import { upper } from 'capitals';\nimport { both } from 'both';\nconsole.log(upper('x'), both('y'));\n`,
  });
  const inBoth = `${STORE}/both@1.0.0/node_modules`;
  await install('capitals', { 'index.js': `export { upper } from './upper.js';\n`, 'upper.js': UPPER }, [
    'node_modules',
    inBoth,
  ]);
  await install('both', { 'index.js': BOTH }, ['node_modules']);
  await bundle('src/main.js', path.join(root, 'dist'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const UPPER = `export const upper = (text) => 'in capitals: ' + text.toUpperCase();\n`;
const BOTH = `import { upper } from 'capitals';\nexport const both = (text) => text + ', and ' + upper(text);\n`;

it('are one module each, with a way in', async () => {
  const measured = await analyze(path.join(root, 'dist'), { root });
  const ids = measured.modules.map(({ id }) => id);
  expect(ids).toEqual([
    `${STORE}/both@1.0.0/node_modules/both/index.js`,
    `${STORE}/capitals@1.0.0/node_modules/capitals/index.js`,
    `${STORE}/capitals@1.0.0/node_modules/capitals/upper.js`,
    'src/main.js',
  ]);
  const chain = importChain(measured, ids.indexOf(`${STORE}/capitals@1.0.0/node_modules/capitals/upper.js`));
  expect(chain!.map(({ from }) => measured.modules[from]!.id)).toEqual([
    'src/main.js',
    `${STORE}/capitals@1.0.0/node_modules/capitals/index.js`,
  ]);
});

it('keep the name of the link where the bundler does', async () => {
  await writeFile(path.join(root, 'src/kept.js'), `import { upper } from 'capitals';\nconsole.log(upper('x'));\n`);
  const outdir = path.join(root, 'kept');
  await bundle('src/kept.js', outdir, { preserveSymlinks: true });
  const { modules } = await analyze(outdir, { root });
  expect(modules.map(({ id }) => id)).toEqual([
    'node_modules/capitals/index.js',
    'node_modules/capitals/upper.js',
    'src/kept.js',
  ]);
});
