import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';

import type { LoadedConfig } from '../../src/config/load.ts';
import { watch, type ConfigWatch } from '../../src/config/watch.ts';
import { makeProject, writeFiles } from './project.ts';

const open: ConfigWatch[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** Follows a folder; `next` waits for the next thing that is said of it. */
async function follow(folder: string) {
  const said: (number | null | string)[] = [];
  const waiting: (() => void)[] = [];
  const say = (what: number | null | string): void => {
    said.push(what);
    waiting.splice(0).forEach((resolve) => resolve());
  };
  const watcher = await watch(
    { cwd: folder, env: {} },
    ({ config }: LoadedConfig) => say(config.workers.max),
    (error) => say((error as Error).message.replaceAll(`${folder}/`, '').split('\n').at(-1)!.trim()),
  );
  open.push(watcher);
  const next = async () => {
    while (said.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    return said.shift();
  };
  return { watcher, next, said };
}

const max = (value: number) => ({ workers: { max: value } });

describe('a configuration that is watched', () => {
  test.each([
    ['pare.config.json', (value: number) => JSON.stringify(max(value))],
    ['pare.config.mjs', (value: number) => `export default ${JSON.stringify(max(value))};`],
    ['pare.config.ts', (value: number) => `export default { workers: { max: ${value} as number } };`],
    ['package.json', (value: number) => JSON.stringify({ pare: max(value) })],
  ])('%s: a change arrives, a broken one is said and the last good one stays', async (name, text) => {
    const folder = makeProject({ [name]: text(1) });
    const { watcher, next } = await follow(folder);
    expect(watcher.current()?.config.workers.max).toBe(1);
    writeFileSync(join(folder, name), text(2));
    expect(await next()).toBe(2);
    writeFileSync(join(folder, name), text(3).replace(/[}\]]/, ''));
    expect(await next()).toContain(name);
    expect(watcher.current()?.config.workers.max).toBe(2);
    writeFileSync(join(folder, name), text(2));
    // The same as before, but it is right again.
    expect(await next()).toBe(2);
  });

  test('by an editor that writes aside and renames', async () => {
    const folder = makeProject({ 'pare.config.json': max(1) });
    const { next } = await follow(folder);
    for (const value of [2, 3]) {
      writeFiles(folder, { '.pare.config.json.swp': max(value) });
      renameSync(join(folder, '.pare.config.json.swp'), join(folder, 'pare.config.json'));
      expect(await next()).toBe(value);
    }
  });

  test('what it extends and what it imports, also what it extends only since then', async () => {
    const folder = makeProject({
      'pare.config.ts':
        "import { max } from './lib/max.ts';\nexport default { extends: './base/base.json', workers: { max } };",
      'lib/max.ts': 'export const max: number = 1;',
      'base/base.json': {},
    });
    const { next, watcher } = await follow(folder);
    writeFiles(folder, { 'lib/max.ts': 'export const max: number = 2;' });
    expect(await next()).toBe(2);
    writeFiles(folder, {
      'pare.config.ts': "export default { extends: ['./base/base.json', './later/more.json'] };",
      'later/more.json': max(3),
    });
    expect(await next()).toBe(3);
    writeFiles(folder, { 'later/more.json': max(4) });
    expect(await next()).toBe(4);
    writeFiles(folder, { 'base/base.json': { workers: { queue: 7 } } });
    expect(await next()).toBe(4);
    expect(watcher.current()?.config.workers.queue).toBe(7);
  });

  test('one that appears, and one that goes', async () => {
    const folder = makeProject({ 'package.json': {}, 'src/a.js': '' });
    const { next } = await follow(join(folder, 'src'));
    writeFiles(folder, { 'pare.config.json': max(5) });
    expect(await next()).toBe(5);
    rmSync(join(folder, 'pare.config.json'));
    expect(await next()).toBeNull();
  });

  test('broken at the start: it is said, and the mended one arrives', async () => {
    const folder = makeProject({ 'pare.config.json': '{ "workers": { "max": 0 } }' });
    const { watcher, next } = await follow(folder);
    expect(await next()).toBe('pare.config.json:1:16 workers.max must be a whole number from 1, not 0');
    expect(watcher.current()).toBeNull();
    writeFiles(folder, { 'pare.config.json': max(1) });
    expect(await next()).toBe(1);
  });

  test('a file that comes to the same, and other files beside it, say nothing', async () => {
    const folder = makeProject({ 'pare.config.json': max(1), 'notes.txt': 'a' });
    const { said, next } = await follow(folder);
    writeFiles(folder, { 'notes.txt': 'b', 'pare.config.json': JSON.stringify(max(1)) });
    mkdirSync(join(folder, 'dist'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(said).toEqual([]);
    writeFiles(folder, { 'pare.config.json': max(2) });
    expect(await next()).toBe(2);
  });
});

test('after it is closed nothing is left that keeps a process alive', () => {
  const folder = makeProject({ 'pare.config.json': max(1), 'package.json': { type: 'module' } });
  const source = join(import.meta.dirname, '../../src/config/watch.ts');
  const script = `
    import { build } from 'esbuild';
    const { outputFiles } = await build({ stdin: { contents: 'export { watch } from ${JSON.stringify(source)}', resolveDir: '/' }, bundle: true, platform: 'node', format: 'esm', write: false, external: ['jiti'] });
    const { watch } = await import('data:text/javascript;base64,' + Buffer.from(outputFiles[0].contents).toString('base64'));
    {
      await using watched = await watch({ cwd: ${JSON.stringify(folder)} }, () => {}, () => {});
      console.log(watched.current().config.workers.max);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    console.log(process.getActiveResourcesInfo().filter((name) => /Watch|FSEvent|Timeout/.test(name)).length);
  `
    .replace(/await using (\w+) = ([^;]+);/, 'const $1 = $2; try {')
    .replace('max);\n    }', 'max);\n } finally { await watched[Symbol.asyncDispose](); } }');
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(import.meta.dirname, '../..'),
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(output).toBe('1\n0\n');
});
