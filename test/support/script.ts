/** Small programs in processes of their own. They may import our TypeScript: each is bundled first. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Bundled programs, in a folder that is gone when the block ends that it was made for. */
export class Scripts implements Disposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'pare-scripts-'));

  /** @param source a module; what it imports is named from the repository's root: `./src/scope/signals.ts` */
  async write(source: string): Promise<string> {
    const outfile = path.join(this.folder, `${randomUUID()}.mjs`);
    await build({
      stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      logLevel: 'silent',
    });
    return outfile;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningScript {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** Settles when the program has printed the text; rejects when it ends without. */
  printed(text: string): Promise<void>;
}

export function start(script: string, args: readonly string[] = [], nodeArgs: readonly string[] = []): RunningScript {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [...nodeArgs, script, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    child,
    outcome,
    printed: (text) =>
      new Promise<void>((resolve, reject) => {
        const look = (): void => {
          if (!stdout.includes(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        outcome.then(() => reject(new Error(`never printed ${text}\n${stdout}\n${stderr}`)), reject);
      }),
  };
}

export function runScript(
  script: string,
  args: readonly string[] = [],
  nodeArgs: readonly string[] = [],
): Promise<Outcome> {
  return start(script, args, nodeArgs).outcome;
}
