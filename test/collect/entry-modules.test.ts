/** Which module a finished file starts with, told by its map and the sources alone. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

import { analyze } from '../../src/index.ts';
import { application } from '../plugins/bundlers.ts';

it.each([
  ['in one file, what is loaded late too', false, { 'main.js': 'src/main.js' }],
  ['in chunks', true, { 'main.js': 'src/main.js', 'late.js': 'src/late.js' }],
])('a bundle %s', async (_, splitting, wanted) => {
  const root = await application({
    'src/main.js': `import { word } from './word.js';\nconsole.log(word);\nimport('./late.js').then(console.log);\n`,
    'src/word.js': `export const word = 'a word';\n`,
    'src/late.js': `export const late = 'a late word';\n`,
  });
  await build({
    absWorkingDir: root,
    entryPoints: ['src/main.js'],
    outdir: 'dist',
    chunkNames: '[name]',
    bundle: true,
    format: 'esm',
    splitting,
    minify: true,
    sourcemap: true,
    logLevel: 'silent',
  });
  const { outputs, modules } = await analyze(path.join(root, 'dist'), { root });
  await rm(root, { recursive: true, force: true });
  const found = outputs.flatMap(({ file, entryModule }) =>
    entryModule === null ? [] : [[file, modules[entryModule]!.id]],
  );
  expect(Object.fromEntries(found)).toEqual(wanted);
});
