import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';

import { EXIT } from '../../src/cli/exit-codes.ts';
import { ask } from '../../src/cli/init.ts';
import { detectProject } from '../../src/cli/init-project.ts';
import { cleanEnvironment, Program } from './program.ts';
import { makeFolder } from './sample-app.ts';

const program = new Program();
const root = join(import.meta.dirname, '../..');

beforeAll(() => {
  for (const name of readdirSync(join(root, 'dist')))
    if (name.endsWith('.js')) cpSync(join(root, 'dist', name), join(program.folder, 'dist', name));
});

/** A project with bundlers and pare installed. */
function project(files: Readonly<Record<string, string>>, packages: readonly string[] = []): string {
  const folder = makeFolder({ 'src/main.js': "document.title = 'hello';\n", ...files });
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(program.folder, join(folder, 'node_modules/pare'));
  for (const name of packages) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  return folder;
}

const run = (cwd: string, ...args: string[]) => program.run(['init', ...args], { cwd });
const read = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');
const node = (cwd: string, ...args: string[]): string =>
  execFileSync(process.execPath, args, {
    cwd,
    env: cleanEnvironment(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
const bin = (name: string, file: string): string => join(root, 'node_modules', name, file);

const VITE_TS = [
  "import { defineConfig } from 'vite';",
  '',
  'export default defineConfig({',
  '  plugins: [],',
  "  build: { rollupOptions: { input: 'src/main.js' } },",
  '});',
  '',
].join('\n');

describe('what it writes builds', () => {
  test('Vite, configured in TypeScript', async () => {
    const folder = project(
      { 'package.json': '{ "type": "module", "devDependencies": { "vite": "8" } }', 'vite.config.ts': VITE_TS },
      ['vite'],
    );
    const { code, stdout, stderr } = await run(folder, '--yes');
    expect([code, stderr]).toEqual([
      EXIT.ok,
      'Written: pare.config.ts, vite.config.ts\nTo install pare: npm i -D pare\n',
    ]);
    expect(stdout).toContain('built with vite (vite.config.ts)');
    expect(stdout).not.toContain('Index:');
    expect(stdout).toContain("+import { pare } from 'pare/vite';");
    expect(stdout).toContain('-  plugins: [],\n+  plugins: [pare()],');
    node(folder, bin('vite', 'bin/vite.js'), 'build', '--logLevel', 'error');
    expect(existsSync(join(folder, 'pare-report.html'))).toBe(true);
    const again = await run(folder, '--yes');
    expect([again.code, again.stdout]).toEqual([
      EXIT.ok,
      'pare  built with vite (vite.config.ts)\n\npare.config.ts is there already and stays as it is.\nvite.config.ts has pare already.\n',
    ]);
  });

  test.each([
    [
      'rollup.config.mjs',
      'rollup',
      "import json from '@rollup/plugin-json';\n\nexport default {\n  input: 'src/main.js',\n  output: { dir: 'dist' },\n  plugins: [\n    json(),\n  ],\n};\n",
    ],
    [
      'rollup.config.cjs',
      'rollup',
      "const json = require('@rollup/plugin-json');\n\nmodule.exports = {\n  input: 'src/main.js',\n  output: { dir: 'dist' },\n  plugins: [json()]\n};\n",
    ],
    [
      'rolldown.config.js',
      'rolldown',
      "import { defineConfig } from 'rolldown'\n\nexport default defineConfig({ input: 'src/main.js' })\n",
    ],
  ])('%s', async (file, name, source) => {
    const folder = project({ 'package.json': '{ "type": "module" }', [file]: source }, [name, '@rollup']);
    const { code, stdout } = await run(folder, '--yes');
    expect([code, stdout.split('\n')[0]]).toEqual([EXIT.ok, `pare  built with ${name} (${file})`]);
    const cli = name === 'rollup' ? 'dist/bin/rollup' : 'bin/cli.mjs';
    node(folder, bin(name, cli), '-c', file);
    expect(existsSync(join(folder, 'pare-report.html'))).toBe(true);
  });

  test.each([
    [
      'build.mjs',
      "import * as esbuild from 'esbuild';\n\nawait esbuild.build({\n  entryPoints: ['src/main.js'],\n  bundle: true,\n  outdir: 'dist',\n});\n",
    ],
    [
      'scripts/build.cjs',
      "const { build } = require('esbuild');\n\nbuild({ entryPoints: ['src/main.js'], bundle: true, outdir: 'dist' }).catch(() => process.exit(1));\n",
    ],
  ])('esbuild, from %s', async (file, source) => {
    const folder = project({ 'package.json': `{ "scripts": { "build": "node ${file}" } }`, [file]: source }, [
      'esbuild',
    ]);
    const { code, stdout } = await run(folder, '--yes');
    expect([code, stdout.split('\n')[0]]).toEqual([EXIT.ok, `pare  built with esbuild (${file})`]);
    expect(JSON.parse(read(folder, 'pare.config.json'))).toHaveProperty('$schema');
    node(folder, file);
    expect(existsSync(join(folder, 'pare-report.html'))).toBe(true);
  });
});

describe('it asks before it touches anything', () => {
  const files = { 'package.json': '{ "type": "module" }', 'vite.config.js': VITE_TS };

  test('where nobody can be asked it writes nothing and says how to', async () => {
    const folder = project(files);
    const { code, stdout, stderr } = await run(folder);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toBe(
      'Nothing was touched: this is no terminal, so nobody can be asked. To write it: pare init --yes\n',
    );
    expect(stdout).toContain('+  plugins: [pare()],');
    expect(read(folder, 'vite.config.js')).toBe(VITE_TS);
    expect(existsSync(join(folder, 'pare.config.js'))).toBe(false);
  });

  test('--dry-run only shows', async () => {
    const folder = project(files);
    const { code, stderr } = await run(folder, '--dry-run', '--yes');
    expect([code, stderr.split('\n')[0]]).toEqual([EXIT.ok, 'Nothing was touched.']);
    expect(readdirSync(folder).sort()).toEqual(['node_modules', 'package.json', 'src', 'vite.config.js']);
  });

  test.each([
    ['y', 'yes'],
    ['n', 'no'],
    ['\u0003', 'no'],
  ])('at a terminal, %j is %s', async (key, answer) => {
    const [input, output] = [terminal(), terminal()];
    const question = ask({ files: [{ file: 'pare.config.json', before: null, after: '' }] }, input, output);
    let shown = '';
    output.on('data', (data: Buffer) => {
      if (shown === '') setImmediate(() => input.write(key));
      shown += data.toString();
    });
    expect(await question).toBe(answer);
    expect(shown).toContain('Write pare.config.json?');
  });
});

/** A stream that is a terminal as far as a prompt can see. */
function terminal() {
  return Object.assign(new PassThrough(), { isTTY: true as const, columns: 80, rows: 20, setRawMode: () => undefined });
}

describe('what it leaves to people', () => {
  test('a configuration that it is not sure of', async () => {
    const source = "import base from './base.js';\nexport default { ...base };\n";
    const folder = project({ 'package.json': '{}', 'vite.config.mjs': source, 'pare.config.json': '{}' });
    const { code, stdout } = await run(folder, '--yes');
    expect(code).toBe(EXIT.ok);
    expect(stdout).toBe(
      [
        'pare  built with vite (vite.config.mjs)',
        '',
        'pare.config.json is there already and stays as it is.',
        '',
        'vite.config.mjs is left as it is, because its plugins may be in what is spread into the options. Add to it:',
        "    import { pare } from 'pare/vite';",
        '    plugins: [ …, pare() ]',
        '',
      ].join('\n'),
    );
    expect(read(folder, 'vite.config.mjs')).toBe(source);
    expect(read(folder, 'pare.config.json')).toBe('{}');
  });

  test('a bundler that is called from the command line, and one without a plugin', async () => {
    const folder = project({
      'package.json': '{ "scripts": { "build": "esbuild src/main.js --bundle", "old": "webpack" } }',
      'webpack.config.js': 'module.exports = {};\n',
    });
    const { stdout } = await run(folder, '--dry-run');
    expect(stdout).toContain(
      'esbuild is used without a file to put the plugin in. Write a script that calls esbuild.build()',
    );
    expect(stdout).toContain(
      'There is no plugin for webpack. pare reads its finished output, with its source maps:\n    pare analyze dist --evidence stats.json',
    );
  });

  test('no bundler at all', async () => {
    const { stdout } = await run(project({ 'package.json': '{}' }), '--dry-run');
    expect(stdout).toContain('pare  built with nothing that pare knows');
    expect(stdout).toContain('No bundler was found.');
  });

  test('the install, by the package manager in use', async () => {
    const folder = project({ 'package.json': '{}', 'pnpm-lock.yaml': "lockfileVersion: '9.0'\n" });
    expect((await run(folder, '--dry-run')).stderr).toContain('To install pare: pnpm add -D pare');
    const installed = project({ 'package.json': '{ "devDependencies": { "pare": "1" } }' });
    expect((await run(installed, '--dry-run')).stderr).not.toContain('install');
  });
});

test('the format fits the project, or is what is asked for', async () => {
  const formatOf = async (files: Readonly<Record<string, string>>, ...args: string[]): Promise<string[]> => {
    const folder = project(files);
    await run(folder, '--yes', ...args);
    return readdirSync(folder).filter((name) => name.startsWith('pare.config'));
  };
  expect(await formatOf({ 'package.json': '{}', 'vite.config.ts': VITE_TS })).toEqual(['pare.config.ts']);
  expect(await formatOf({ 'package.json': '{ "type": "module" }', 'vite.config.js': VITE_TS })).toEqual([
    'pare.config.js',
  ]);
  expect(await formatOf({ 'package.json': '{}', 'vite.config.mjs': VITE_TS })).toEqual(['pare.config.json']);
  expect(await formatOf({ 'package.json': '{}', 'vite.config.ts': VITE_TS }, '--format', 'json')).toEqual([
    'pare.config.json',
  ]);
  const { code, stderr } = await run(project({}), '--format', 'yaml');
  expect([code, stderr]).toEqual([EXIT.usage, 'error --format takes ts, js or json, not yaml\n']);
});

test('a project with a field "pare" in package.json has its configuration', () => {
  const folder = makeFolder({ 'package.json': '{ "pare": { "report": false } }' });
  expect(detectProject(folder)).toMatchObject({ config: 'package.json', bundlers: [], others: [] });
});

test('a Bun script is found', () => {
  const folder = makeFolder({
    'package.json': '{ "scripts": { "build": "bun ./tools/make.ts" } }',
    'tools/make.ts': 'await Bun.build({ entrypoints: [] });',
  });
  expect(detectProject(folder).bundlers).toEqual([{ name: 'bun', file: 'tools/make.ts' }]);
});
