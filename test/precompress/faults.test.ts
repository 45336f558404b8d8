/** Killed in the middle, and a full disk: what lies in the folder is whole, and the next run puts everything right. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { checkPrecompressed } from '../../src/precompress/check.ts';
import { MANIFEST_FILE } from '../../src/precompress/manifest.ts';
import { precompress } from '../../src/precompress/precompress.ts';
import { COMPRESS_DEFAULTS } from '../../src/precompress/settings.ts';
import { makeFolder, program, readFolder, writeFiles } from './folders.ts';
import { buildRunner } from './runner.ts';

let runner: string;
beforeAll(async () => {
  runner = await buildRunner();
});

function killedAfter(ms: number, args: readonly string[]): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [runner, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), ms));
  return new Promise((resolve) => child.once('close', (_, signal) => resolve(signal)));
}

describe('a run that is killed', { timeout: 120_000 }, () => {
  it('leaves whole copies only, and nothing that the next run does not clear up', async () => {
    const names = Array.from({ length: 12 }, (_, at) => `chunk${at}.js`);
    const generation = (of: number): Record<string, string> =>
      Object.fromEntries(names.map((name, at) => [name, program(40 + 10 * at, of * 100 + at)]));
    const previous = await makeFolder(generation(0));
    const folder = await makeFolder(generation(1));
    const known = new Set(Object.values(generation(1)));
    let kills = 0;
    for (let turn = 0; turn < 14; turn++) {
      const now = generation(turn + 2);
      for (const text of Object.values(now)) known.add(text);
      await writeFiles(folder, now);
      // A build may take files away as well.
      if (turn % 3 === 2) await rm(path.join(folder, names[turn % names.length]!));
      if ((await killedAfter(turn * 25, [folder, previous])) === 'SIGKILL') kills++;
      for (const [name, contents] of await readFolder(folder)) {
        if (name.endsWith('.br')) expect(known.has(zlib.brotliDecompressSync(contents).toString())).toBe(true);
        if (name.endsWith('.gz')) expect(known.has(zlib.gunzipSync(contents).toString())).toBe(true);
        if (name === MANIFEST_FILE) expect(() => JSON.parse(contents.toString()) as unknown).not.toThrow();
      }
    }
    expect(kills).toBeGreaterThan(4);
    const manifest = await precompress(folder, { ...COMPRESS_DEFAULTS, previous: [previous] });
    expect((await checkPrecompressed(folder)).problems).toEqual([]);
    const wanted = manifest.files.flatMap(({ file, copies, deltas }) => [
      file,
      ...[...copies, ...deltas].map((c) => c.file),
    ]);
    expect([...(await readFolder(folder)).keys()]).toEqual([...wanted, MANIFEST_FILE].sort());
  });
});

/** A disk of 300 kB; null where none can be mounted. */
const disk = mountSmall();
afterAll(() => {
  if (disk === null) return;
  spawnSync('umount', [disk]);
  rmdirSync(disk);
});

function mountSmall(): string | null {
  const place = path.join(tmpdir(), `pare-small-disk-${process.pid}`);
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  mkdirSync(place, { recursive: true });
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', place]);
  if (status === 0) return place;
  rmdirSync(place);
  return null;
}

describe.skipIf(disk === null)('a disk that is full', () => {
  it('is said so, and the folder is as it was before', async () => {
    const names = Array.from({ length: 9 }, (_, at) => `chunk${at}.js`);
    await writeFiles(disk!, Object.fromEntries(names.map((name, at) => [name, program(220 + at, at)])));
    const failure = await precompress(disk!, COMPRESS_DEFAULTS).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'write-failed' });
    expect((failure as { hint: string }).hint).toContain('The disk is full');
    const left = await readFolder(disk!);
    expect([...left.keys()]).toEqual(names);
    for (const name of names.slice(3)) await rm(path.join(disk!, name));
    await precompress(disk!, COMPRESS_DEFAULTS);
    expect((await checkPrecompressed(disk!)).problems).toEqual([]);
    expect(existsSync(path.join(disk!, '.pare-compress.journal'))).toBe(false);
    expect([...(await readFolder(disk!)).keys()]).toHaveLength(3 * 3 + 1);
  });
});
