import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import {
  compressSettings,
  cacheSettings,
  minifySettings,
  telemetrySettings,
  workerSettings,
} from '../../src/config/settings.ts';
import { settingsOfWords } from '../../src/config/text-settings.ts';
import { loadIn, makeProject } from './project.ts';

const report = { report: { file: 'own.html' } };

describe('sources', () => {
  test('later ones win, key by key, and each key knows where it is from', async () => {
    const folder = makeProject({
      'pare.config.json': {
        extends: './base.json',
        workers: { max: 2, queue: 2, memory: '2 MB' },
        minify: { target: 'es2020' },
      },
      'base.json': { workers: { max: 1, timeout: '1 s' }, analyzer: { gzip: false } },
      'package.json': { pare: { workers: { queue: 3 }, telemetry: false } },
    });
    const loaded = await loadIn(folder, {
      env: { PARE_WORKERS_MEMORY: '4 MB', PARE_MINIFY_TARGET: 'es2021' },
      flags: settingsOfWords(['dist', '--no-brotli', '--set', 'minify.target=es2022'], { brotli: 'analyzer.brotli' }),
      inline: { minify: { target: 'es2023' } },
    });
    const { config } = loaded;
    expect(config.workers).toEqual({ max: 2, queue: 3, memory: 4_000_000, timeout: 1000 });
    expect(config.analyzer).toEqual({ gzip: false, brotli: false, summary: true, json: null });
    expect(config.minify).toMatchObject({ target: 'es2023', licences: 'inline' });
    expect(config.telemetry).toBe(false);
    const from = (key: string) => loaded.origin(key)?.name.replace(`${folder}/`, '');
    expect(
      [
        'workers.max',
        'workers.queue',
        'workers.memory',
        'workers.timeout',
        'analyzer.brotli',
        'minify.target',
        'cache.ttl',
        'telemetry',
      ].map(from),
    ).toEqual([
      'pare.config.json',
      'package.json',
      'PARE_WORKERS_MEMORY',
      'base.json',
      '--no-brotli',
      'options of the plugin',
      'defaults',
      'package.json',
    ]);
    expect(loaded.origin('minify')).toEqual({
      kind: 'inline',
      name: 'options of the plugin',
      file: null,
      environment: null,
    });
    expect(loaded.origin('nothing')).toBeNull();
    expect(await loaded.place('workers.queue')).toEqual({ line: 4, column: 7 });
    expect(await loaded.place('workers.memory')).toBeNull();
    expect(loaded.sources.map(({ kind }) => kind)).toEqual([
      'defaults',
      'extends',
      'file',
      'package',
      'environment',
      'flags',
      'inline',
    ]);
  });

  test('without any, everything has its default', async () => {
    const folder = makeProject({});
    const loaded = await loadIn(folder);
    expect(loaded.file).toBeNull();
    expect(loaded.config).toMatchObject({
      root: null,
      report: { file: join(folder, 'pare-report.html'), title: null, sources: true },
      budgets: [],
      baseline: null,
      minify: false,
      compress: false,
      cache: { memory: 64 * 1024 ** 2, disk: 1024 ** 3, ttl: 30 * 86_400_000, redis: false },
    });
    expect(loaded.sources.map(({ kind }) => kind)).toEqual(['defaults']);
  });

  test('what is loaded can not be changed', async () => {
    const { config } = await loadIn(
      makeProject({ 'pare.config.json': { minify: { terser: { mangle: { toplevel: true } } } } }),
    );
    const objects = [
      config,
      config.workers,
      config.minify,
      (config.minify as unknown as { terser: { mangle: object } }).terser.mangle,
    ];
    expect(objects.map((each) => Object.isFrozen(each))).toEqual([true, true, true, true]);
  });

  test.each([
    [
      'pare.config.ts',
      "import { file } from './names.ts';\ninterface Named { file: string }\nexport default { report: { file } satisfies Named };",
    ],
    ['pare.config.ts', "import { file } from './names';\nexport default async () => ({ report: { file } });"],
    ['pare.config.mjs', "export default Promise.resolve({ report: { file: 'own.html' } });"],
    ['pare.config.js', "module.exports = { report: { file: 'own.html' } };"],
    ['pare.config.json', JSON.stringify({ $schema: './schema.json', ...report })],
    ['package.json', JSON.stringify({ pare: report })],
  ])('%s', async (name, text) => {
    const folder = makeProject({
      'names.ts': "export enum Kind { A }\nexport const file: string = 'own.html';",
      'package.json': {},
      [name]: text,
    });
    const { config, file } = await loadIn(folder);
    expect(config.report).toMatchObject({ file: join(folder, 'own.html') });
    expect(file).toBe(join(folder, name));
  });

  test('a function is told the environment and the folder', async () => {
    const text = 'export default ({ environment, folder }) => ({ report: { title: `${environment} in ${folder}` } });';
    const folder = makeProject({ 'pare.config.mjs': text });
    const { config } = await loadIn(folder, { env: { NODE_ENV: 'production' } });
    expect(config.report).toMatchObject({ title: `production in ${folder}` });
  });
});

describe('a section', () => {
  test('is turned off by false and on by any of its keys, whichever comes later', async () => {
    const folder = makeProject({ 'pare.config.json': { cache: false, compress: { formats: ['br'] }, report: false } });
    const { config } = await loadIn(folder, {
      env: { PARE_COMPRESS: 'off', PARE_COMPRESS_MIN_BYTES: '5 kB', PARE_REPORT: '1', PARE_CACHE_DISK: '2 GB' },
    });
    expect([config.compress, config.report]).toEqual([false, expect.objectContaining({ sources: true })]);
    expect(config.cache).toMatchObject({ disk: 2e9 });
    const { config: on } = await loadIn(folder, { inline: { compress: true } });
    expect(on.compress).toMatchObject({ formats: ['br'] });
  });

  test('as JSON, in the environment', async () => {
    const { config } = await loadIn(makeProject({}), {
      env: {
        PARE_MINIFY: '{"tools":["terser"]}',
        PARE_BUDGETS: '[{"kind":"total","max":"1 MB"}]',
        PARE_COMPRESS_FORMATS: 'br, gz',
        PARE_MINIFY_TERSER: '{"ecma":2020}',
      },
    });
    expect(config.minify).toMatchObject({ tools: ['terser'], terser: { ecma: 2020 } });
    expect(config.budgets).toEqual([{ kind: 'total', max: '1 MB' }]);
    expect(config.compress).toMatchObject({ formats: ['br', 'gz'] });
  });
});

describe('environments', () => {
  const files = {
    'pare.config.json': {
      workers: { max: 1, queue: 1 },
      env: { production: { workers: { max: 2 } }, ci: { workers: { max: 3 } } },
    },
  };

  test('PARE_ENV comes before NODE_ENV, and an option before both', async () => {
    const folder = makeProject(files);
    const max = async (env: NodeJS.ProcessEnv, environment?: string) =>
      (await loadIn(folder, { env, environment })).config.workers;
    expect(await max({})).toMatchObject({ max: 1, queue: 1 });
    expect(await max({ NODE_ENV: 'production' })).toMatchObject({ max: 2, queue: 1 });
    expect(await max({ NODE_ENV: 'production', PARE_ENV: 'ci' })).toMatchObject({ max: 3 });
    expect(await max({ PARE_ENV: 'ci' }, 'production')).toMatchObject({ max: 2 });
  });

  test('the origin names it', async () => {
    const loaded = await loadIn(makeProject(files), { environment: 'ci' });
    expect(loaded.origin('workers.max')).toMatchObject({ kind: 'file', environment: 'ci' });
    expect(await loaded.place('workers.max')).toEqual({ line: 14, column: 9 });
  });
});

describe('extends', () => {
  test('of several a later one wins, each is built on its own, and one may be met twice', async () => {
    const folder = makeProject({
      'pare.config.json': { extends: ['./a', './presets'], workers: { max: 9 } },
      'a.json': { extends: './common.json', workers: { max: 1, queue: 1 } },
      'presets/pare.config.mjs': "export default { extends: '../common.json', workers: { queue: 2 } };",
      'common.json': { workers: { timeout: '3 s', queue: 3 } },
    });
    const { config, files } = await loadIn(folder);
    expect(config.workers).toEqual({ max: 9, queue: 2, memory: null, timeout: 3000 });
    expect(files.map((file) => file.slice(folder.length + 1))).toEqual([
      'pare.config.json',
      'a.json',
      'common.json',
      'presets/pare.config.mjs',
    ]);
  });

  test('a package, by its name, a path in it, or its main file', async () => {
    const folder = makeProject({
      'pare.config.json': { extends: ['pare-preset-acme', '@acme/pare/strict.json', 'pare-preset-plain'] },
      'node_modules/pare-preset-acme/package.json': {
        name: 'pare-preset-acme',
        type: 'module',
        exports: { import: './preset.js' },
      },
      'node_modules/pare-preset-acme/preset.js':
        "export default { report: { file: 'acme.html' }, workers: { max: 5 } };",
      'node_modules/@acme/pare/package.json': { name: '@acme/pare' },
      'node_modules/@acme/pare/strict.json': { workers: { queue: 6 } },
      'node_modules/pare-preset-plain/package.json': { name: 'pare-preset-plain' },
      'node_modules/pare-preset-plain/pare.config.json': { workers: { timeout: 7 }, cache: { folder: '.pare' } },
    });
    const { config } = await loadIn(folder);
    expect(config.workers).toEqual({ max: 5, queue: 6, memory: null, timeout: 7 });
    // What a package says is about the project, not about the package.
    expect(config.report).toMatchObject({ file: join(folder, 'acme.html') });
    expect(config.cache).toMatchObject({ folder: join(folder, '.pare') });
  });
});

describe('where it is looked for', () => {
  test('upwards to the nearest package.json, and no further', async () => {
    const folder = makeProject({
      'pare.config.json': { workers: { max: 1 } },
      'app/package.json': {},
      'app/pare.config.json': { workers: { max: 2 } },
      'app/src/deep/x.js': '',
      'lone/package.json': {},
    });
    expect((await loadIn(join(folder, 'app/src/deep'))).config.workers.max).toBe(2);
    expect((await loadIn(join(folder, 'lone'))).config.workers.max).toBeNull();
  });

  const workspace = (more: object) =>
    makeProject({
      'package.json': { workspaces: ['packages/*', '!packages/old'], pare: { workers: { max: 3 } } },
      'pare.config.json': {
        workers: { max: 1, queue: 1, memory: 1 },
        report: { file: 'out/report.html' },
        cache: { folder: '.cache' },
      },
      'packages/shop/package.json': { name: 'shop' },
      'packages/old/package.json': {},
      'tools/package.json': {},
      ...more,
    });

  test("a workspace's package builds on the configuration of the root; paths are its own, the cache is shared", async () => {
    const folder = workspace({ 'packages/shop/pare.config.json': { workers: { queue: 2 } } });
    const shop = await loadIn(join(folder, 'packages/shop'));
    expect(shop.config.workers).toEqual({ max: 3, queue: 2, memory: 1, timeout: null });
    expect(shop.origin('workers.memory')).toMatchObject({ kind: 'workspace', file: join(folder, 'pare.config.json') });
    expect(shop.config.report).toMatchObject({ file: join(folder, 'packages/shop/out/report.html') });
    expect(shop.config.cache).toMatchObject({ folder: join(folder, '.cache') });
    expect((await loadIn(join(folder, 'packages/old'))).config.workers.max).toBeNull();
    expect((await loadIn(join(folder, 'tools'))).config.workers.max).toBeNull();
    expect((await loadIn(folder)).config.workers.max).toBe(3);
  });

  test("pnpm's workspaces too", async () => {
    const folder = makeProject({
      'pnpm-workspace.yaml': "packages:\n  - 'apps/**'\ncatalog:\n  a: 1\n",
      'package.json': {},
      'pare.config.json': { workers: { max: 4 } },
      'apps/web/shop/package.json': {},
    });
    expect((await loadIn(join(folder, 'apps/web/shop'))).config.workers.max).toBe(4);
  });

  test('a named file alone, with its paths relative to it', async () => {
    const folder = makeProject({
      'pare.config.json': { workers: { max: 1 } },
      'ci/pare.json': { baseline: 'base.json' },
    });
    const { config, file } = await loadIn(folder, { file: 'ci/pare.json' });
    expect([config.workers.max, config.baseline, file]).toEqual([
      null,
      join(folder, 'ci/base.json'),
      join(folder, 'ci/pare.json'),
    ]);
  });

  test('paths of the environment, the command line and a plugin are relative to the working directory', async () => {
    const folder = makeProject({ 'package.json': {}, 'pare.config.json': {}, 'src/x.js': '' });
    const { config } = await loadIn(join(folder, 'src'), {
      env: { PARE_BASELINE: 'b.json', PARE_COMPRESS_PREVIOUS: 'v1, v2' },
      flags: settingsOfWords(['--out=o.html'], { out: 'report.file' }),
      inline: { telemetry: { trace: 't.json' } },
    });
    const at = (name: string): string => join(folder, 'src', name);
    expect([config.baseline, config.report, config.telemetry, config.compress]).toMatchObject([
      at('b.json'),
      { file: at('o.html') },
      { trace: at('t.json') },
      { previous: [at('v1'), at('v2')] },
    ]);
  });

  test('the cache lies in the nearest node_modules, linked or not', async () => {
    const folder = makeProject({ 'package.json': {}, 'deep/package.json': {} });
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'node_modules'));
    expect((await loadIn(join(folder, 'deep'))).config.cache).toMatchObject({
      folder: join(folder, 'node_modules/.cache/pare'),
    });
  });
});

describe('update', () => {
  test('puts settings on top and leaves what was loaded as it is', async () => {
    const loaded = await loadIn(makeProject({ 'pare.config.json': { workers: { max: 1 } } }));
    const next = loaded.update({ workers: { max: 2 }, minify: true });
    expect([loaded.config.workers.max, next.config.workers.max, loaded.config.minify]).toEqual([1, 2, false]);
    expect(next.origin('workers.max')).toMatchObject({ kind: 'update' });
    expect(next.update({ minify: false }).config.minify).toBe(false);
  });

  test('refuses what is wrong', async () => {
    const loaded = await loadIn(makeProject({}));
    expect(() => loaded.update({ workers: { max: 'many' } } as never)).toThrow(
      'update() is not right:\n  update() workers.max must be a whole number from 1, not "many"',
    );
    expect(() => loaded.update({ cache: { redis: true } })).toThrow('cache.redis has no url');
    expect(() => loaded.update({ extends: './x' })).toThrow('extends is for files');
  });
});

describe('what rooms are handed', () => {
  test('plain numbers and absolute paths', async () => {
    const folder = makeProject({
      'pare.config.json': {
        cache: { folder: '.c', memory: '1.5 MiB', ttl: '2 h', redis: { url: 'redis://a', timeout: 20 } },
        workers: { max: 2, timeout: '1 min' },
        minify: { tools: ['oxc'], terser: { passes: 2 } },
        compress: { minSaving: '5 %', previous: ['v1'] },
        telemetry: { trace: 'trace.json' },
      },
    });
    const loaded = await loadIn(folder, { env: { PARE_CACHE_KEY: 'ab'.repeat(32) } });
    expect(cacheSettings(loaded)).toEqual({
      folder: join(folder, '.c'),
      memoryBytes: 1.5 * 1024 ** 2,
      diskBytes: 1024 ** 3,
      ttlMs: 7_200_000,
      compress: true,
      redis: {
        url: 'redis://a',
        prefix: 'pare:',
        ttlMs: 30 * 86_400_000,
        timeoutMs: 20,
        writeBehind: true,
        encryptionKey: new Uint8Array(32).fill(0xab),
      },
    });
    expect(workerSettings(loaded)).toEqual({ max: 2, queue: 10_000, memoryBytes: null, timeoutMs: 60_000 });
    expect(minifySettings(loaded)).toEqual({
      tools: ['oxc'],
      terser: { passes: 2 },
      target: 'es2022',
      licences: 'inline',
    });
    expect(compressSettings(loaded)).toMatchObject({ minSaving: 0.05, previous: [join(folder, 'v1')] });
    expect(telemetrySettings(loaded)).toEqual({ trace: join(folder, 'trace.json') });
    expect(JSON.stringify(loaded.config)).not.toContain('abab');
  });

  test('null for what is off, and no key where it is not wanted', async () => {
    const files = { 'pare.config.json': { cache: { folder: 'c', redis: { url: 'redis://a', encrypt: false } } } };
    const loaded = await loadIn(makeProject(files), { env: { PARE_CACHE_KEY: Buffer.alloc(32).toString('base64') } });
    expect(cacheSettings(loaded)?.redis?.encryptionKey).toBeNull();
    expect(loaded.encryptionKey()).toEqual(new Uint8Array(32));
    const off = loaded.update({ cache: false, telemetry: false });
    expect([cacheSettings(off), minifySettings(off), compressSettings(off), telemetrySettings(off)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});
