import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';

import { describeFailure } from '../../src/cli/failure.ts';
import { cleanEnvironment, outcome, Program } from './program.ts';
import { buildShop, makeFolder } from './sample-app.ts';

const program = new Program();
let shop: string;
beforeAll(async () => {
  shop = await buildShop();
});

describe('the command line', () => {
  test('says the version', async () => {
    const { version } = JSON.parse(readFileSync(join(program.folder, 'package.json'), 'utf8')) as { version: string };
    expect(await program.run(['--version'])).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
  });

  test('gives help with 0, and without a command with 2', async () => {
    const asked = await program.run(['--help']);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toContain('Usage  pare COMMAND [options]\n');
    for (const name of ['analyze', 'report', 'why']) expect(asked.stdout).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
    for (const code of [0, 1, 2, 3, 70]) expect(asked.stdout).toMatch(new RegExp(`^  ${code} +\\S`, 'm'));
    expect(await program.run([])).toMatchObject({ code: 2, stdout: '', stderr: asked.stdout });
  });

  test.each(['analyze', 'report', 'why'])(
    'gives the help of %s with examples, however it is asked for',
    async (name) => {
      const after = await program.run([name, '--help']);
      expect(after).toMatchObject({ code: 0, stderr: '' });
      expect(after.stdout).toContain(`  pare ${name} `);
      expect(await program.run(['help', name])).toEqual(after);
      expect(await program.run([name, 'dist', '-h', '--no-such'])).toEqual(after);
    },
  );

  test.each([
    [['anlyze'], 'error pare has no command anlyze\n  Did you mean: pare analyze\n'],
    [['--verson'], 'error pare has no option --verson\n  Did you mean: pare --version\n'],
    [['help', 'wy'], 'error pare has no command wy\n  Did you mean: pare why\n'],
    [['analyze', '--jsn'], 'error pare analyze has no option --jsn\n  Did you mean --json?\n'],
    [['analyze', '--no-brotl'], 'error pare analyze has no option --no-brotl\n  Did you mean --no-brotli?\n'],
    [['analyze', '--out'], 'error --out needs a value: --out FILE\n  How it is used: pare analyze --help\n'],
    [
      ['analyze', '--json=yes'],
      'error --json is on or off and takes no value\n  How it is used: pare analyze --help\n',
    ],
    [
      ['analyze', 'a', 'b'],
      'error there is an argument too many in: pare analyze a b\n  How it is used: pare analyze --help\n',
    ],
    [
      ['analyze', '--rows', 'few'],
      'error --rows takes a number from 1 on, or "all", not few\n  How it is used: pare analyze --help\n',
    ],
    [
      ['analyze', '--rows', '-1'],
      'error --rows takes a number from 1 on, or "all", not -1\n  How it is used: pare analyze --help\n',
    ],
    [
      ['why', ' '],
      'error The name is empty: pare why takes a package or a file\n  Which packages there are: pare analyze --packages --rows all\n',
    ],
    [['why'], 'error NAME is missing\n  How it is used: pare why --help\n'],
  ])('refuses %j with 2', async (args, stderr) => {
    expect(await program.run(args)).toEqual({ code: 2, signal: null, stdout: '', stderr });
  });

  test('loads one file for the version, and nothing that measures for a mistake', async () => {
    const hooks = `export async function load(url, context, next) {
      if (url.startsWith('file:')) process._rawDebug(url);
      return next(url, context);
    }`;
    const register = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hooks))});`;
    const loaded = async (args: readonly string[]) => {
      const { stderr } = await program.run(args, { cwd: shop, node: ['--no-warnings', '--import', dataUrl(register)] });
      return stderr.split('\n').filter((line) => line.includes('/dist/'));
    };
    expect(await loaded(['--version'])).toHaveLength(1);
    const sizeOf = (files: readonly string[]) => files.reduce((sum, url) => sum + statSync(new URL(url)).size, 0);
    const mistake = await loaded(['analyze', '--jsn']);
    const analysis = await loaded(['analyze', 'dist']);
    expect(mistake.length).toBeGreaterThan(1);
    expect(sizeOf(mistake)).toBeLessThan(sizeOf(analysis) / 4);
  });
});

const dataUrl = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`;

describe('a pipe', () => {
  test('that is closed early is no error', async () => {
    const modules = Array.from({ length: 600 }, (_, i) => `many/m${i}.js`);
    const folder = await buildShop({
      ...Object.fromEntries(modules.map((file) => [`src/${file}`, `console.log('${file}');`])),
      'src/main.js': modules.map((file) => `import './${file}';`).join('\n'),
    });
    const line = `"${process.execPath}" "${program.bin}" analyze dist --json --pretty | head -c 9; echo " \${PIPESTATUS[0]}"`;
    const child = spawn('bash', ['-c', line], {
      cwd: folder,
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = await outcome(child);
    expect(stdout).toBe('{\n  "sche 0\n');
    expect(stderr).toBe('');
  });
});

describe('an interruption', () => {
  test('ends the program by the signal and leaves nothing behind', async () => {
    const line = (i: number) => `console.log(${i * 7919}, "${Buffer.from(String(i * i * 31)).toString('base64')}");\n`;
    const folder = makeFolder({
      'package.json': '{}',
      'node_modules/.keep': '',
      'dist/big.js': Array.from({ length: 120_000 }, (_, i) => line(i)).join(''),
    });
    const child = program.start(['analyze', 'dist', '-o', 'build.json'], { cwd: folder });
    const ended = outcome(child);
    setTimeout(() => child.kill('SIGINT'), 400);
    expect((await ended).signal).toBe('SIGINT');
    expect(readdirSync(folder).sort()).toEqual(['dist', 'node_modules', 'package.json']);
    const cached = readdirSync(join(folder, 'node_modules'), { recursive: true, withFileTypes: true });
    // What is being written lies in a folder of its own, or ends in `.partial`.
    const partial = cached.filter((entry) => entry.isFile() && /partial/.test(join(entry.parentPath, entry.name)));
    expect(partial).toEqual([]);
  });

  test('waits for a step that must not be torn', async () => {
    const folder = makeFolder({});
    buildSync({
      entryPoints: [join(import.meta.dirname, '../../src/scope/signals.ts')],
      outfile: join(folder, 'uninterrupted.mjs'),
      bundle: true,
      format: 'esm',
    });
    const script = `
      import { writeFile } from 'node:fs/promises';
      import { setTimeout } from 'node:timers/promises';
      import { uninterrupted } from ${JSON.stringify(join(folder, 'uninterrupted.mjs'))};
      await uninterrupted(async () => {
        await writeFile('begun', '');
        console.log('begun');
        await setTimeout(300);
        await writeFile('done', '');
      });
      await setTimeout(10_000);`;
    const args = ['--input-type=module', '-e', script];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.once('data', () => child.kill('SIGINT'));
    const { signal, stdout } = await outcome(child);
    expect([signal, stdout]).toEqual(['SIGINT', 'begun\n']);
    expect(readdirSync(folder).sort()).toEqual(['begun', 'done', 'uninterrupted.mjs']);
  });
});

describe('a bug of ours', () => {
  test('ends with 70, asks for a report, and shows the stack only when debugging', () => {
    const error = new TypeError('x is not a function');
    const quiet = describeFailure(error, {}, {});
    expect(quiet.exitCode).toBe(70);
    expect(quiet.text).toMatchInlineSnapshot(`
      "internal error TypeError: x is not a function
        This is a bug in pare. Please report it with what the same command prints under PARE_DEBUG=1.
      "
    `);
    const loud = describeFailure(error, {}, { PARE_DEBUG: '1' });
    expect(loud.text).toContain('command-line.test.ts');
  });
});
