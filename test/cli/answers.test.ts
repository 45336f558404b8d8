/** A command that was asked before about the same files only says again what it said; and what starts, starts with little. */
import { appendFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';

import { Program, type Result } from './program.ts';
import { buildShop } from './sample-app.ts';

const program = new Program();
let shop: string;
beforeAll(async () => {
  shop = await buildShop({
    'pare.config.json': '{ "budgets": [{ "kind": "total", "max": "1 kB", "measure": "raw" }] }',
  });
  writeFileSync(join(shop, 'dist/bare.js'), 'console.log(1);\n');
  // Files as young as the run that reads them could change unseen.
  await wait(100);
});

const FAST = ['--no-brotli'];

/** Runs a command where the analysis itself can't be loaded: all it can do is say what it said before. */
async function withoutAnalysis(args: readonly string[]): Promise<Result> {
  const chunks = join(program.folder, 'dist/chunks');
  const hidden = readdirSync(chunks).filter((name) => /^(?:analyze|check|run)-/.test(name));
  expect(hidden.length).toBeGreaterThan(2);
  for (const name of hidden) renameSync(join(chunks, name), join(chunks, `${name}.away`));
  try {
    return await program.run(args, { cwd: shop });
  } finally {
    for (const name of hidden) renameSync(join(chunks, `${name}.away`), join(chunks, name));
  }
}

describe('the same question about the same files', () => {
  test.each<[string, string[], number]>([
    ['the summary', ['analyze', 'dist', ...FAST], 0],
    ['the record', ['analyze', 'dist', '--json', ...FAST], 0],
    ['a list', ['analyze', 'dist', '--packages', ...FAST], 0],
    ['a budget that is over', ['check', 'dist', ...FAST], 1],
    ['the usual folder', ['check', ...FAST], 1],
  ])('%s is answered as before, warnings and exit code too', async (_, args, code) => {
    const plain = await program.run([...args, '--no-cache'], { cwd: shop });
    const first = await program.run(args, { cwd: shop });
    expect(first).toEqual(plain);
    expect([first.code, first.stderr]).not.toEqual([code, '']);
    expect(await withoutAnalysis(args)).toEqual(plain);
  });

  test('is no longer the same after an edit, nor in a terminal of another width', async () => {
    const args = ['analyze', 'dist', '--no-gzip', '--no-brotli'];
    const first = await program.run(args, { cwd: shop });
    const narrow = await program.run(args, { cwd: shop, env: { COLUMNS: '50' } });
    expect(narrow.stdout).not.toBe(first.stdout);
    appendFileSync(join(shop, 'dist/bare.js'), 'console.log(2);\n'.repeat(500));
    const edited = await program.run(args, { cwd: shop });
    expect(edited.stdout).not.toBe(first.stdout);
    expect(edited).toEqual(await program.run([...args, '--no-cache'], { cwd: shop }));
  });

  test('is not answered from a cache that was turned off, and writes none', async () => {
    rmSync(join(shop, 'node_modules/.cache'), { recursive: true, force: true });
    await program.run(['analyze', 'dist', '--no-cache', ...FAST], { cwd: shop });
    expect(readdirSync(join(shop, 'node_modules'))).not.toContain('.cache');
  });
});

describe('what is loaded', () => {
  /** Files of the program that Node's loader opened. */
  async function loadedBy(args: readonly string[]): Promise<number> {
    const { stderr } = await program.run(args, { cwd: shop, env: { NODE_DEBUG: 'esm' } });
    return new Set(stderr.match(/dist\/(?:bin|chunks)\/[\w-]+\.js/g)).size;
  }

  test('is one file for the version, five for the help, two for an answer of before', async () => {
    const question = ['analyze', 'dist', ...FAST];
    await wait(100);
    await program.run(question, { cwd: shop, env: { NODE_DEBUG: 'esm' } });
    expect(await loadedBy(['--version'])).toBe(1);
    expect(await loadedBy(['--help'])).toBeLessThanOrEqual(5);
    expect(await loadedBy(question)).toBe(2);
  });
});
