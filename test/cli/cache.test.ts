import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

import { EXIT } from '../../src/cli/exit-codes.ts';
import { Program, type Result } from './program.ts';
import { buildShop } from './sample-app.ts';
import { hasRedis, RedisServer } from '../store/workshop.ts';

const program = new Program();
let shop: string;
const run = (...args: string[]): Promise<Result> => program.run(args, { cwd: shop });

interface Statistics {
  readonly runs: number;
  readonly held: readonly {
    readonly tier: string;
    readonly kind: string;
    readonly entries: number;
    readonly bytes: number;
  }[];
  readonly rows: readonly {
    readonly tier: string;
    readonly kind: string;
    readonly hits: number;
    readonly savedMs: number;
  }[];
}

const statistics = async (): Promise<Statistics> =>
  JSON.parse((await run('cache', 'stats', '--json')).stdout) as Statistics;

/** Of what analyses keep. */
const onDisk = async (): Promise<number> =>
  (await statistics()).held.reduce((sum, { tier, entries }) => sum + (tier === 'disk' ? entries : 0), 0);

beforeAll(async () => {
  shop = await buildShop();
});

describe('pare cache', () => {
  test('says what lies in the cache and what it was good for', async () => {
    expect((await run('cache', 'stats')).stdout).toMatch(
      /^pare {2}cache in node_modules\/\.cache\/pare: 0 B of 1\.07 GB, no run has used it yet\n$/,
    );
    expect((await run('analyze', 'dist')).code).toBe(EXIT.ok);
    const { code, stdout, stderr } = await run('cache', 'stats');
    expect([code, stderr]).toEqual([EXIT.ok, '']);
    expect(stdout).toMatch(
      /^pare {2}cache in node_modules\/\.cache\/pare: .* of 1\.07 GB, 1 run since 20\d\d-\d\d-\d\d\n/,
    );
    expect(stdout).toMatch(/^ +entries +size +hits +misses +hit rate +time saved$/m);
    expect(stdout).toMatch(/^ {2}disk \w+ +[1-9]\d* +[\d.]+ k?B/m);
    const { runs, held } = await statistics();
    expect(runs).toBe(1);
    expect(held.every(({ tier }) => tier === 'disk')).toBe(true);
  });

  test('clears what is selected, then everything, and says what that was', async () => {
    await run('analyze', 'dist');
    const { held } = await statistics();
    const { kind, entries } = held.find((each) => each.tier === 'disk')!;
    const before = await onDisk();
    const one = await run('cache', 'clear', '--kind', kind);
    expect(one.stdout).toMatch(new RegExp(`^pare {2}cleared the cache in .*\\n {2}disk +${entries} entr`));
    expect(await onDisk()).toBe(before - entries);
    const all = await run('cache', 'clear', '--json');
    expect([all.code, all.stderr]).toEqual([EXIT.ok, '']);
    expect(JSON.parse(all.stdout)).toMatchObject({ cleared: [{ tier: 'disk', entries: before - entries }] });
    expect(await onDisk()).toBe(0);
    expect(readdirSync(join(shop, 'node_modules/.cache/pare'))).not.toContain('answers');
  });

  test('finds what is corrupt, and takes it away when it is told to', async () => {
    await run('analyze', 'dist');
    expect((await run('cache', 'verify')).code).toBe(EXIT.ok);
    const packs = join(shop, 'node_modules/.cache/pare/v1/packs');
    const file = join(
      packs,
      readdirSync(packs).find((name) => name.endsWith('.pack'))!,
    );
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    const found = await run('cache', 'verify');
    expect(found.code).toBe(EXIT.found);
    expect(found.stdout).toMatch(
      / {2}packs: [0-9a-f]{64}: torn, corrupt or of another program\nTake them away: pare cache verify --fix\n$/,
    );
    const fixed = await run('cache', 'verify', '--fix');
    expect([fixed.code, fixed.stdout]).toEqual([EXIT.ok, expect.stringContaining('1 taken away\n')]);
    expect((await run('cache', 'verify')).stdout).toMatch(/^pare {2}(\d+) of \1 entries are sound/);
  });

  test('loads what an analysis will ask for, as far as one has been seen', async () => {
    expect((await run('cache', 'warm', 'elsewhere')).stdout).toBe(
      'pare  no analysis of elsewhere has been seen yet: there is nothing to load ahead\n',
    );
    await run('cache', 'clear');
    await run('analyze', 'dist');
    const { code, stdout } = await run('cache', 'warm', 'dist');
    expect(code).toBe(EXIT.ok);
    expect(stdout).toMatch(
      /^pare {2}([1-9]\d*) of \1 values that an analysis of dist will ask for are at hand \(.*\)\n$/,
    );
    expect((await run('cache', 'warm')).stdout).toBe(stdout);
  });

  test('shares what it keeps with another machine, in a Redis', async ({ skip }) => {
    skip(!hasRedis, 'there is no redis-server here');
    const server = await RedisServer.start();
    const env = { PARE_CACHE_REDIS_URL: `redis://127.0.0.1:${server.port}`, PARE_CACHE_REDIS_TIMEOUT: '5 s' };
    const shared = (...args: string[]): Promise<Result> => program.run(args, { cwd: shop, env });
    await shared('cache', 'clear');
    expect(await shared('analyze', 'dist')).toMatchObject({ code: EXIT.ok, stderr: '' });
    await shared('cache', 'clear', '--tier', 'disk');
    expect(await shared('analyze', 'dist')).toMatchObject({ code: EXIT.ok, stderr: '' });
    const { rows } = JSON.parse((await shared('cache', 'stats', '--json')).stdout) as Statistics;
    const found = rows.filter(({ tier }) => tier === 'redis').reduce((sum, { hits }) => sum + hits, 0);
    expect(found).toBeGreaterThan(0);
  });

  test.each([
    [['cache', 'stat'], 'pare cache knows no action stat', 'Did you mean stats?'],
    [['cache', 'clear', '--kind', 'minifed'], 'pare cache knows no kind minifed', 'Did you mean minified?'],
    [['cache', 'stats', '--tag', 'x'], 'pare cache stats takes no --tag', 'pare cache clear'],
    [['cache', 'clear', 'dist'], 'pare cache clear takes no DIR', 'pare cache warm'],
  ])('refuses what it does not know: %j', async (args, message, hint) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([EXIT.usage, expect.stringContaining(message)]);
    expect(stderr).toContain(hint);
  });

  test('where the cache is turned off, says so', async () => {
    const { code, stderr } = await program.run(['cache', 'stats'], { cwd: shop, env: { PARE_CACHE: 'false' } });
    expect([code, stderr]).toEqual([EXIT.input, expect.stringContaining('There is no cache')]);
  });
});
