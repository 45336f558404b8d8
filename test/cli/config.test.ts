import { describe, expect, test } from 'vitest';

import { EXIT } from '../../src/cli/exit-codes.ts';
import { Program } from './program.ts';
import { makeFolder } from './sample-app.ts';

const program = new Program();
const run = (cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  program.run(['config', ...args], { cwd, env });

const CONFIG = `{
  "report": { "title": "Shop" },
  "cache": { "memory": "128 MB", "redis": { "url": "redis://me:secret@cache.local:6379" } },
  "env": { "production": { "workers": { "max": 2 } } }
}`;
const folder = makeFolder({ 'package.json': '{ "type": "module" }', 'pare.config.json': CONFIG });

describe('pare config', () => {
  test('prints every value and where it came from, section by section', async () => {
    const { code, stdout, stderr } = await run(folder, ['--set', 'analyzer.gzip=no'], {
      PARE_ENV: 'production',
      PARE_CACHE_TTL: '2 d',
    });
    expect([code, stderr]).toEqual([EXIT.ok, '']);
    const lines = stdout.split('\n').map((line) => line.trimEnd().replace(/ {2,}/g, '  '));
    for (const line of [
      '  budgets  none  defaults',
      '  analyzer  on  --set',
      '  analyzer.gzip  false  --set',
      '  report.title  Shop  pare.config.json:2:15',
      '  cache.memory  128 MB  pare.config.json:3:14',
      '  cache.ttl  2 d  PARE_CACHE_TTL',
      '  cache.redis.url  redis://me:***@cache.local:6379  pare.config.json:3:45',
      '  cache.redis.timeout  50 ms  defaults',
      '  workers.max  2  pare.config.json:4:41 (production)',
      "  workers.memory  Node's own limit  defaults",
      '  minify  off  defaults',
    ])
      expect(lines).toContain(line);
    expect(stdout).not.toContain('secret');
    expect(stdout).not.toContain('minify.');
    const columns = stdout.split('\n').filter((line) => line.includes('workers.') || line.includes('cache.memory'));
    expect(new Set(columns.map((line) => /^ {2}\S+ +/.exec(line)![0].length)).size).toBe(1);
  });

  test('of one key or one section', async () => {
    expect((await run(folder, ['cache.memory'])).stdout).toBe('  cache.memory  128 MB  pare.config.json:3:14\n');
    expect((await run(folder, ['workers'])).stdout).toMatch(/^( {2}workers\.\w+ .*\n){4}$/);
    const { code, stderr } = await run(folder, ['redis']);
    expect([code, stderr]).toEqual([
      EXIT.usage,
      'error The configuration has no key "redis"\n  Did you mean cache.redis?\n',
    ]);
  });

  test('as JSON: sizes in bytes, passwords masked', async () => {
    const { stdout } = await run(folder, ['cache.redis', '--json']);
    const { keys, sources } = JSON.parse(stdout) as { keys: Record<string, unknown>; sources: { name: string }[] };
    expect(sources.map(({ name }) => name)).toEqual(['defaults', 'pare.config.json']);
    expect(keys['cache.redis.url']).toMatchObject({
      value: 'redis://me:***@cache.local:6379',
      source: { kind: 'file', name: 'pare.config.json', line: 3, column: 45 },
    });
    expect(keys['cache.redis.ttl']).toMatchObject({ value: 30 * 86_400_000, source: { kind: 'defaults' } });
  });

  test('the key for encryption is never shown', async () => {
    const key = 'c0ffee00'.repeat(8);
    const all = await Promise.all(
      [[], ['--json'], ['--check', '--json']].map((args) => run(folder, args, { PARE_CACHE_KEY: key })),
    );
    expect(all.map(({ stdout, stderr }) => (stdout + stderr).includes('c0ffee'))).toEqual([false, false, false]);
    expect(all[0]!.stdout).toMatch(/cache\.redis\.encrypt +true/);
  });

  test('--check says that all is well', async () => {
    expect(await run(folder, ['--check'])).toMatchObject({
      code: EXIT.ok,
      stdout: 'The configuration is right: pare.config.json\n',
    });
    expect(await run(makeFolder({ 'package.json': '{}' }), ['--check'])).toMatchObject({
      code: EXIT.ok,
      stdout: 'The configuration is right: it is that of the defaults\n',
    });
  });

  test('--check says what is not, for people and for programs', async () => {
    const broken = makeFolder({ 'package.json': '{}', 'pare.config.json': '{ "repot": 1 }' });
    const env = { PARE_WORKERS_MAX: 'many' };
    const { code, stdout, stderr } = await run(broken, ['--check'], env);
    expect([code, stdout]).toEqual([EXIT.usage, '']);
    expect(stderr.split('\n')).toEqual([
      'error The configuration is not right:',
      expect.stringMatching(/^ {2}pare\.config\.json:1:3 repot is no option\. Did you mean "report"\?/),
      '  PARE_WORKERS_MAX workers.max must be a whole number from 1, not "many"',
      '  Mend the configuration; nothing was done.',
      '',
    ]);
    const json = await run(broken, ['--check', '--json'], env);
    expect(json.code).toBe(EXIT.usage);
    expect(JSON.parse(json.stdout)).toMatchObject({
      problems: [
        { path: 'repot', meant: 'report', line: 1, column: 3 },
        { path: 'workers.max', source: 'PARE_WORKERS_MAX' },
      ],
    });
  });

  test('warns of a variable that is none', async () => {
    const { code, stderr } = await run(folder, ['workers.max'], { PARE_WORKER_MAX: '2' });
    expect(code).toBe(EXIT.ok);
    expect(stderr).toContain(
      'PARE_WORKER_MAX is set, and there is no such setting [config-environment-name]\n  Did you mean PARE_WORKERS_MAX?',
    );
  });

  test('--set without a value, or a key that there is not', async () => {
    expect(await run(folder, ['--set', 'cache'])).toMatchObject({
      code: EXIT.usage,
      stderr: 'error --set takes a key and a value, not "cache"\n  For example: --set cache.memory="128 MB"\n',
    });
    expect((await run(folder, ['--set', 'cache.memroy=1'])).stderr).toContain(
      '--set cache.memroy is no key of the configuration. Did you mean "cache.memory"?',
    );
  });

  test('a file in JavaScript with a syntax error: where it is', async () => {
    const broken = makeFolder({
      'package.json': '{ "type": "module" }',
      'pare.config.js': 'export default {\n  budgets: [\n};\n',
    });
    const { code, stderr } = await run(broken, []);
    expect([code, stderr]).toEqual([
      EXIT.usage,
      "error pare.config.js can't be read: Unexpected token (line 3:1)\n  Mend the configuration; nothing was done.\n",
    ]);
  });

  test('a file in JavaScript that asks for what is not exported', async () => {
    const broken = makeFolder({
      'package.json': '{ "type": "module" }',
      'lib.js': 'export const a = 1;',
      'pare.config.js': "import { b } from './lib.js';\nexport default { b };\n",
    });
    expect((await run(broken, [])).stderr).toContain(
      "pare.config.js can't be read: The requested module './lib.js' does not provide an export named 'b'",
    );
  });
});

test('what only looks at a build does so with a broken environment, too', async () => {
  const folder = makeFolder({ 'dist/a.js': 'console.log(1);', 'package.json': '{}', 'pare.config.json': '{' });
  const wrong = { PARE_CACHE_KEY: 'short', PARE_WORKERS_MAX: 'many' };
  const { code, stdout, stderr } = await program.run(['analyze', 'dist'], { cwd: folder, env: wrong });
  expect(code).toBe(EXIT.ok);
  expect(stdout).toMatch(/^pare {2}1 file/);
  expect(stderr).toContain('It is not used for this.');
});

test('a configuration in TypeScript leads pare check', async () => {
  const project = makeFolder({
    'package.json': '{}',
    'dist/a.js': 'console.log(1);',
    'pare.config.ts':
      "const max: number = 1;\nexport default { budgets: [{ kind: 'total' as const, max, measure: 'raw' as const }] };\n",
  });
  const { code, stdout } = await program.run(['check', 'dist', '--no-cache'], { cwd: project });
  expect([code, stdout.split('\n')[0]]).toEqual([EXIT.found, 'pare  the budget does not hold']);
});
