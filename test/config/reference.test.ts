import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';

import { configJsonSchema } from '../../src/config/json-schema.ts';
import { allKeys, environmentName } from '../../src/config/keys.ts';
import { configReference } from '../../src/config/reference.ts';
import { loadIn, makeProject, problemsOf } from './project.ts';

const file = join(import.meta.dirname, '../../docs/configuration.md');
const TABLES = /(<!-- keys -->\n)[\s\S]*?(\n<!-- \/keys -->)/;

/** To write them anew: UPDATE_DOCS=1 npx vitest run test/config/reference.test.ts */
test("the tables of docs/configuration.md are the schema's", async () => {
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(TABLES);
  const made = text.replace(TABLES, (_, start: string, end: string) => `${start}\n${configReference()}${end}`);
  const expected = await format(made, { ...(await resolveConfig(file)), filepath: file });
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(file, expected);
  expect(readFileSync(file, 'utf8')).toBe(expected);
});

describe('names in the environment', () => {
  test('follow from the keys, and no two are the same', () => {
    expect(environmentName('cache.redis.writeBehind')).toBe('PARE_CACHE_REDIS_WRITE_BEHIND');
    const names = allKeys().flatMap(({ env }) => env ?? []);
    expect(names.length).toBeGreaterThan(40);
    expect(new Set(names).size).toBe(names.length);
    expect(
      names.filter((name) => ['PARE_ENV', 'PARE_DEBUG', 'PARE_CACHE_KEY', 'PARE_CHROMIUM'].includes(name)),
    ).toEqual([]);
  });

  test('every key can be set there, by its default', async () => {
    const folder = makeProject({});
    const defaults = (await loadIn(folder)).config;
    const keys = allKeys().filter(
      ({ env, kind, fallback }) => env !== null && kind !== 'section' && fallback !== undefined,
    );
    for (const { env, fallback } of keys) {
      const text =
        Array.isArray(fallback) && fallback.every((each) => typeof each === 'string') && fallback.length > 0
          ? fallback.join()
          : typeof fallback === 'string'
            ? fallback
            : JSON.stringify(fallback);
      if (text === '[]' && env === 'PARE_COMPRESS_PREVIOUS') continue;
      const { config } = await loadIn(folder, {
        env: { [env!]: text, PARE_MINIFY: '0', PARE_COMPRESS: '0', PARE_CACHE_REDIS: '0' },
      });
      expect([env, config]).toEqual([env, defaults]);
    }
    expect(keys.length).toBeGreaterThan(20);
  });
});

test('every key says what it does, in a sentence', () => {
  for (const { path, text, kind } of allKeys())
    expect([path, kind, text]).toEqual([path, kind, expect.stringMatching(/^[A-Zt].*\.$/s)]);
});

describe('the JSON Schema', () => {
  const schema = configJsonSchema();
  const accepts = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema as object);

  const GOOD = [
    {},
    {
      $schema: './x.json',
      extends: ['./a', 'b'],
      report: false,
      minify: true,
      cache: { memory: '64 MB', ttl: 5, redis: { url: 'redis://a' } },
    },
    {
      env: { production: { minify: { tools: ['oxc'], terser: { passes: 2 } } } },
      compress: { minSaving: '2 %', formats: ['br'] },
    },
    {
      budgets: [
        { kind: 'initial', entry: 'a', max: '+2%', measure: 'gzip' },
        { kind: 'banned', packages: ['moment'] },
      ],
      outputs: { sarif: 'a.sarif' },
    },
  ];
  const BAD = [
    { repot: false },
    { report: { titel: 'x' } },
    { cache: { memory: '64 megs' } },
    { cache: { ttl: '3 fortnights' } },
    { minify: { tools: ['tercer'] } },
    { workers: { max: 0 } },
    { env: { production: { extends: './x' } } },
    { budgets: [{ kind: 'intial', entry: 'a', max: 1 }] },
    { analyzer: { gzip: 'yes' } },
  ];

  test.each(GOOD)('takes what the check takes: %j', async (config) => {
    expect([accepts(config), accepts.errors]).toEqual([true, null]);
    const there = { 'a.json': {}, 'node_modules/b/package.json': {}, 'node_modules/b/pare.config.json': {} };
    expect(await problemsOf({ ...there, 'pare.config.json': config })).toEqual([]);
  });

  test.each(BAD)('refuses what the check refuses: %j', async (config) => {
    expect(accepts(config)).toBe(false);
    expect(await problemsOf({ 'pare.config.json': config })).not.toEqual([]);
  });

  test('has the text of each key for editors', () => {
    expect(schema).toMatchObject({
      title: 'Configuration of pare',
      properties: { cache: { description: 'Keeps what was computed once, by content.', default: true } },
    });
    expect(JSON.stringify(schema)).not.toContain('"expected"');
  });
});
