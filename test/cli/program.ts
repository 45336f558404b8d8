import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of Node's own. */
  readonly node?: readonly string[];
}

/** A copy of the built program, as it is installed: a build that goes on beside the tests doesn't touch it. */
export class Program {
  readonly folder = mkdtempSync(join(tmpdir(), 'pare-cli-'));
  readonly bin = join(this.folder, 'dist/bin/pare.js');

  constructor() {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/build.mjs', '--no-types'], { cwd: root });
    if (status !== 0) throw new Error(`the build failed\n${stderr.toString()}`);
    for (const part of ['package.json', 'dist/bin', 'dist/chunks', 'dist/report'])
      cpSync(join(root, part), join(this.folder, part), { recursive: true });
    // What it is installed with.
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object };
    mkdirSync(join(this.folder, 'node_modules'));
    for (const name of Object.keys(dependencies))
      symlinkSync(join(root, 'node_modules', name), join(this.folder, 'node_modules', name));
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return outcome(this.start(args, options));
  }

  start(args: readonly string[], { cwd, env, node = [] }: RunOptions = {}) {
    return spawn(process.execPath, [...node, this.bin, ...args], {
      cwd: cwd ?? this.folder,
      env: cleanEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

/** Nothing of the machine's own settings: they change colours and widths. */
export function cleanEnvironment(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env };
}

export function outcome(child: ReturnType<Program['start']>): Promise<Result> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Digits of sizes as 9: they change with each version of the bundler. */
export function maskSizes(text: string): string {
  return text.replace(/[\d.]+(?= (?:k?B|MB|%)(?:\s|$))/gm, (size) => size.replace(/\d/g, '9'));
}
