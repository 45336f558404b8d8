import { describe, expect, test } from 'vitest';

import { load, validate } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { loadIn, makeProject, problemsOf } from './project.ts';

const OPTIONS =
  'The options are root, analyzer, report, deadCode, splitter, runtime, budgets, baseline, outputs, cache, workers, minify, compress, telemetry, extends, env.';

describe('mistakes that people make: each message names the file, the key and the mend', () => {
  test('a typo in a key, at the top and below, and a key one level too high', async () => {
    const text = '{\n  "budget": [],\n  "report": { "titel": "Shop" },\n  "gzip": false\n}';
    expect(await problemsOf({ 'pare.config.json': text })).toEqual([
      `pare.config.json:2:3 budget is no option. Did you mean "budgets"? ${OPTIONS}`,
      'pare.config.json:3:15 report.titel is no option. Did you mean "title"? The options are file, title, sources.',
      `pare.config.json:4:3 gzip is no option. Did you mean "analyzer.gzip"? ${OPTIONS}`,
    ]);
  });

  test('a value of the wrong type', async () => {
    const text = '{ "cache": { "compress": "yes" },\n  "analyzer": 3, "workers": { "max": 0 }, "outputs": [] }';
    expect(await problemsOf({ 'pare.config.json': text })).toEqual([
      'pare.config.json:1:14 cache.compress must be true or false, not "yes"',
      'pare.config.json:2:3 analyzer must be false, true or an object, not 3',
      'pare.config.json:2:31 workers.max must be a whole number from 1, not 0',
      'pare.config.json:2:43 outputs must be an object, not an empty list',
    ]);
  });

  test('a unit that there is not', async () => {
    const cache = { memory: '64 megs', ttl: '3 fortnights', disk: 'plenty' };
    expect(await problemsOf({ 'pare.config.mjs': `export default ${JSON.stringify({ cache })};` })).toEqual([
      'pare.config.mjs cache.memory must be a size such as "64 MB" or "1.5 GiB", not "64 megs". There is no unit "megs": the units are B, kB, MB, GB, KiB, MiB and GiB',
      'pare.config.mjs cache.ttl must be a time such as "30 d", "12 h" or "50 ms", not "3 fortnights". There is no unit "fortnights": the units are ms, s, min, h, d and w',
      'pare.config.mjs cache.disk must be a size such as "64 MB" or "1.5 GiB", not "plenty"',
    ]);
  });

  test('a name that is not on the list', async () => {
    const config = { minify: { tools: ['oxc', 'tercer'], licences: 'linkd' }, compress: { formats: ['brotli'] } };
    expect(await problemsOf({ 'package.json': { pare: config } })).toEqual([
      'package.json:6:9 minify.tools[1] "tercer" is none of oxc, swc, terser, esbuild. Did you mean "terser"?',
      'package.json:8:7 minify.licences "linkd" is none of inline, linked, none. Did you mean "linked"?',
      'package.json:12:9 compress.formats[0] "brotli" is none of br, gz, zst. Did you mean "br"?',
    ]);
  });

  test('JSON that is none', async () => {
    const of = async (text: string) => (await problemsOf({ 'pare.config.json': text }))[0];
    expect(await of('{\n  "budgets": [],\n}')).toBe(
      'pare.config.json:3:1 can\'t be read: unexpected "}". JSON has no comma after the last item: take it out',
    );
    expect(await of('{\n  // sizes\n  "budgets": []\n}')).toBe(
      'pare.config.json:2:3 can\'t be read: unexpected "/". JSON has no comments: take them out, or write pare.config.js',
    );
    expect(await of('{ budgets: [] }')).toBe(
      'pare.config.json:1:3 can\'t be read: unexpected "b". In JSON, names stand in double quotes',
    );
    expect(await of("{ 'budgets': [] }")).toContain('JSON has double quotes only');
    expect(await of('{ "budgets": [')).toContain('it ends too early');
  });

  test('TypeScript that is none', async () => {
    expect(await problemsOf({ 'pare.config.ts': 'export default {\n  budgets: [\n}\n' })).toEqual([
      "pare.config.ts:3:1 can't be read: Unexpected token",
    ]);
  });

  test('a file to extend that is not there, a package that is not installed, and ./ left out', async () => {
    const base = '{\n  "extends": ["./base", "pare-preset-acme", "other.json"]\n}';
    expect(await problemsOf({ 'pare.config.json': base, 'other.json': '{}' })).toEqual([
      'pare.config.json:2:3 extends "./base" is not there: there is no file base',
      'pare.config.json:2:3 extends the package "pare-preset-acme" can\'t be found. Install it, or write ./ before the name of a file.',
      'pare.config.json:2:3 extends the package "other.json" can\'t be found. Did you mean "./other.json"?',
    ]);
  });

  test('configurations that extend each other', async () => {
    const files = {
      'pare.config.json': { extends: './a.json' },
      'a.json': { extends: './b' },
      'b.json': { extends: './a.json' },
    };
    expect(await problemsOf(files)).toEqual([
      'b.json:2:3 extends goes in a circle: a.json → b.json → a.json. Take one of them out',
    ]);
    expect(await problemsOf({ 'pare.config.json': { extends: './pare.config.json' } })).toEqual([
      'pare.config.json:2:3 extends goes in a circle: pare.config.json → pare.config.json. Take one of them out',
    ]);
  });

  test('no default export', async () => {
    expect(await problemsOf({ 'pare.config.ts': 'export const config = { report: false };' })).toEqual([
      'pare.config.ts has no default export. Write: export default { budgets: [ … ] }',
    ]);
  });

  test('a function that throws, and one that gives nothing', async () => {
    const text = 'export default () => {\n  throw new Error("CI_TOKEN is not set");\n};';
    expect(await problemsOf({ 'pare.config.ts': text })).toEqual([
      'pare.config.ts:2 exports a function that threw: CI_TOKEN is not set',
    ]);
    expect(await problemsOf({ 'pare.config.mjs': 'export default async () => {};' })).toEqual([
      'pare.config.mjs must be an object, not nothing',
    ]);
  });

  test('an import that leads nowhere', async () => {
    expect(await problemsOf({ 'pare.config.ts': "import base from './nowhere.ts';\nexport default base;" })).toEqual([
      "pare.config.ts:1 can't be read: Cannot find module './nowhere.ts'",
    ]);
  });

  test('the address of Redis without its scheme, and none at all; passwords are not shown', async () => {
    const redis = async (value: object) => problemsOf({ 'pare.config.json': { cache: { redis: value } } });
    expect(await redis({ url: 'me:secret@cache.local:6379' })).toEqual([
      'pare.config.json:4:7 cache.redis.url must begin with redis:// or rediss://, not "me:***@cache.local:6379". Did you mean "redis://me:***@cache.local:6379"?',
    ]);
    expect(await redis({ url: 'http://cache.local' })).toEqual([
      'pare.config.json:4:7 cache.redis.url must begin with redis:// or rediss://, not "http://cache.local".',
    ]);
    expect(await problemsOf({ 'pare.config.json': { cache: { redis: 'redis://me:secret@localhost' } } })).toEqual([
      'pare.config.json:3:5 cache.redis must be false, true or an object, not "redis://me:***@localhost". Write { "url": "redis://me:***@localhost" }',
    ]);
    expect(await redis({ prefix: 'shop:' })).toEqual([
      'pare.config.json:3:5 cache.redis has no url. Write for example { "url": "redis://localhost:6379" }, or set PARE_CACHE_REDIS_URL',
    ]);
  });

  test('encryption without a key, with a bad one, and a key in a file', async () => {
    const files = (more: object) => ({ 'pare.config.json': { cache: { redis: { url: 'redis://a', ...more } } } });
    expect(await problemsOf(files({ encrypt: true }))).toEqual([
      'pare.config.json:5:7 cache.redis.encrypt is true, and there is no key: set PARE_CACHE_KEY to 32 bytes as hex or base64, for example by "openssl rand -hex 32"',
    ]);
    expect(await problemsOf({}, { env: { PARE_CACHE_KEY: 'hunter2' } })).toEqual([
      'PARE_CACHE_KEY must be 32 bytes, as 64 hex digits or in base64; it has 7 characters. Make one: openssl rand -hex 32',
    ]);
    expect(await problemsOf(files({ encryptionKey: 'x' }))).toEqual([
      'pare.config.json:5:7 cache.redis.encryptionKey is no option: the key comes from the environment only, as PARE_CACHE_KEY, and never from a file.',
    ]);
  });

  test('a kind of budget that there is not', async () => {
    const budgets = [
      { kind: 'intial', entry: 'src/main.ts', max: '1 kB' },
      { kind: 'total', max: '170 kilos' },
    ];
    const [kind, max] = await problemsOf({ 'pare.config.json': { budgets } });
    expect(kind).toMatch(
      /^pare\.config\.json:4:7 budgets\[0\]\.kind "intial" is no kind of budget\. Did you mean "initial"\?/,
    );
    expect(max).toMatch(/^pare\.config\.json:10:7 budgets\[1\]\.max must be a number of bytes, "170 kB"/);
  });

  test('something that only stands at the top, in an environment', async () => {
    const text = '{\n "env": { "ci": { "extends": "./x", "cahce": false }, "production": [] } }';
    expect(await problemsOf({ 'pare.config.json': text })).toEqual([
      'pare.config.json:2:19 env.ci.extends is no option of an environment: it stands at the top of the file only',
      expect.stringMatching(/^pare\.config\.json:2:37 env\.ci\.cahce is no option\. Did you mean "cache"\?/),
      'pare.config.json:2:55 env.production must be an object of settings, not an empty list',
    ]);
  });

  test('an environment that is not configured: a warning', async () => {
    const folder = makeProject({ 'pare.config.json': { env: { production: {}, ci: {} } } });
    const { warnings } = await loadIn(folder, { env: { PARE_ENV: 'prodction' } });
    expect(warnings).toEqual([
      {
        code: 'config-environment-unknown',
        file: null,
        message: `PARE_ENV is "prodction", and ${folder}/pare.config.json has settings for production, ci only`,
        hint: 'Did you mean "production"?',
      },
    ]);
    expect((await loadIn(folder, { env: { NODE_ENV: 'test' } })).warnings).toEqual([]);
  });

  test('a variable that is none of ours: a warning with the nearest name', async () => {
    const folder = makeProject({});
    const env = {
      PARE_CACHE_REDIS_ULR: 'redis://a',
      PARE_CACHE_SHARED: '1',
      PARE_DEBUG: '1',
      PARE_ELSEWHERE: '1',
      PARE_CACHE_FOLDER: '',
    };
    const { warnings } = await loadIn(folder, { env });
    expect(warnings.map(({ message, hint }) => [message, hint])).toEqual([
      ['PARE_CACHE_REDIS_ULR is set, and there is no such setting', 'Did you mean PARE_CACHE_REDIS_URL?'],
      ['PARE_CACHE_SHARED is set, and there is no such setting', null],
    ]);
  });

  test('JSON in a variable that is none: in the words of the parser, without what is in it', async () => {
    const env = {
      PARE_BUDGETS: '[{]',
      PARE_CACHE_REDIS: '{"url":secret}',
      PARE_MINIFY_TERSER: '{ a',
    };
    const problems = await problemsOf({}, { env });
    expect(problems).toEqual([
      expect.stringMatching(/^PARE_BUDGETS budgets is no JSON: .+/),
      expect.stringMatching(/^PARE_MINIFY_TERSER minify\.terser is no JSON: .+/),
      expect.stringMatching(/^PARE_CACHE_REDIS cache\.redis is no JSON: .+/),
    ]);
    expect(problems.join()).not.toContain('secret');
    expect(await problemsOf({}, { env: { PARE_BUDGETS: 'many' } })).toEqual([
      'PARE_BUDGETS budgets must be a list of budgets',
    ]);
  });

  test('two configurations in one folder: a warning', async () => {
    const folder = makeProject({ 'pare.config.json': '{ broken', 'pare.config.mjs': 'export default {};' });
    const { warnings } = await loadIn(folder);
    expect(warnings.map(({ message }) => message)).toEqual([
      `${folder}/pare.config.json is passed over: pare.config.mjs beside it comes first`,
    ]);
  });
});

test('the problems of all sources come at once', async () => {
  const files = {
    'pare.config.ts': 'export default { cache: { memroy: 1 } };',
    'package.json': '{\n "pare": { "extends": "./base.json", "minify": "yes" } }',
    'base.json': '{ "repot": false }',
  };
  const flags = [
    { path: 'cache.memroy', value: '1', name: '--set' },
    { path: 'analyzer.gzip', value: 'perhaps', name: '--gzip' },
  ];
  const inline = { analyzr: {} } as object;
  expect(await problemsOf(files, { env: { PARE_REPORT: 'maybe' }, flags, inline })).toEqual([
    'pare.config.ts cache.memroy is no option. Did you mean "memory"? The options are folder, memory, disk, ttl, compress, redis.',
    'package.json:2:38 minify must be false, true or an object, not "yes"',
    `base.json:1:3 repot is no option. Did you mean "report"? ${OPTIONS}`,
    'PARE_REPORT report must be false, true or an object, not "maybe"',
    '--set cache.memroy is no key of the configuration. Did you mean "cache.memory"?',
    '--gzip analyzer.gzip must be true or false, not "perhaps"',
    `options of the plugin analyzr is no option. Did you mean "analyzer"? ${OPTIONS}`,
  ]);
});

test('the error is one, with all problems for people and for programs', async () => {
  const folder = makeProject({ 'pare.config.json': '{ "repot": 1, "cache": { "disk": "x" } }' });
  const file = `${folder}/pare.config.json`;
  const error = await loadIn(folder).catch((each: unknown) => each);
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ code: 'config-invalid', hint: 'Mend the configuration; nothing was done.' });
  expect((error as Error).message.split('\n')[0]).toBe(`${file} is not right:`);
  const problems = await validate({ cwd: folder, env: {} });
  expect(problems).toEqual((error as ConfigError).problems);
  expect(problems).toMatchObject([
    { path: 'repot', meant: 'report', file, line: 1, column: 3 },
    { path: 'cache.disk', expected: 'a size such as "64 MB" or "1.5 GiB"', meant: null, file, line: 1, column: 26 },
  ]);
});

test('a file that can not be read has a code of its own', async () => {
  const folder = makeProject({ 'package.json': {} });
  const failing = (file: string) => load({ cwd: folder, file, env: {} });
  await expect(failing('nowhere.json')).rejects.toMatchObject({
    code: 'config-unreadable',
    message: expect.stringContaining("nowhere.json can't be read"),
  });
  await expect(failing('nowhere.ts')).rejects.toMatchObject({
    message: `${folder}/nowhere.ts can't be read: there is no such file`,
  });
  await expect(failing('package.json')).rejects.toMatchObject({
    message: `${folder}/package.json has no field "pare"`,
  });
});
