/** What the tests of the store share: settings, values that say which they are, a Redis of their own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

import type { CacheEntry, CacheKind } from '../../src/model/byte-cache.ts';
import {
  openStore,
  type CacheSettings,
  type RedisSettings,
  type Store,
  type StoreWarning,
} from '../../src/store/open-store.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Goes when the test is over. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pare-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function settingsOf(folder: string, changes: Partial<CacheSettings> = {}): CacheSettings {
  return {
    folder,
    memoryBytes: 8 * 1024 * 1024,
    diskBytes: 64 * 1024 * 1024,
    ttlMs: 30 * 86_400_000,
    compress: true,
    redis: null,
    ...changes,
  };
}

export interface Opened {
  readonly store: Store;
  readonly warnings: StoreWarning[];
}

/** Closed when the test is over. */
export function open(settings: CacheSettings, now?: () => number): Opened {
  const warnings: StoreWarning[] = [];
  const store = openStore(settings, {
    version: '1.2.3',
    onWarning: (warning) => warnings.push(warning),
    ...(now === undefined ? {} : { now }),
  });
  onTestFinished(async () => store[Symbol.asyncDispose]());
  return { store, warnings };
}

export function entry(name: string, kind: CacheKind = 'minified', tags: readonly string[] = []): CacheEntry {
  return { kind, of: [name], tags };
}

/** A value that is made from its name, so that a wrong one is known. */
export function valueOf(name: string, length: number): Uint8Array {
  const line = createHash('sha256').update(name).digest('hex');
  return Buffer.alloc(length, `${name} ${line}\n`);
}

/** Bytes that don't compress. */
export function noise(name: string, length: number): Buffer {
  const key = createHash('sha256').update(name).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Files below a folder, as paths relative to it. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}

export function bytesIn(folder: string): number {
  return filesIn(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

let bundle: Promise<string> | null = null;

/** The store as one module that plain Node runs: Node 20 doesn't strip types. */
export function storeModule(): Promise<string> {
  return (bundle ??= (async () => {
    const folder = join(root, 'node_modules/.cache/pare-test');
    mkdirSync(folder, { recursive: true });
    const outfile = join(folder, `store-${process.pid}.mjs`);
    await build({
      entryPoints: [join(root, 'src/store/open-store.ts')],
      outfile,
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'error',
    });
    process.on('exit', () => rmSync(outfile, { force: true }));
    return outfile;
  })());
}

/** Runs test/store/NAME with the store's module and the settings as arguments. */
export async function startChild(name: string, settings: object, options: { prefix?: readonly string[] } = {}) {
  const script = join(root, 'test/store', name);
  const command = [...(options.prefix ?? []), process.execPath, script, await storeModule(), JSON.stringify(settings)];
  return spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
}

export function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A real Redis on a port of its own that keeps nothing on disk. */
export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'pare-redis-'));
  #child: ChildProcess | null = null;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    onTestFinished(() => server.end());
    await server.run(...options);
    return server;
  }

  /** Ends when it takes connections. */
  async run(...options: string[]): Promise<void> {
    const where = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder];
    const child = spawn('redis-server', [...where, '--save', '', '--appendonly', 'no', ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => text.includes('Ready to accept') && resolve());
      child.on('exit', () => reject(new Error('redis-server ended')));
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    child.removeAllListeners('exit');
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** With patience: a machine that is busy with other tests must not look like a Redis in trouble. */
  settings(changes: Partial<RedisSettings> = {}): RedisSettings {
    return {
      url: `redis://127.0.0.1:${this.port}`,
      prefix: 'pare:',
      ttlMs: 3_600_000,
      timeoutMs: 5000,
      writeBehind: true,
      encryptionKey: null,
      ...changes,
    };
  }
}

/** Asks until it is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await isSo()) return;
    await wait(20);
  }
  throw new Error('it never came to be so');
}
