/** Child processes that don't outlive who started them. */
import type { ChildProcess, SpawnOptions } from 'node:child_process';

import { atExit } from './at-exit.ts';

export interface OwnedProcessOptions extends SpawnOptions {
  /** From SIGTERM to SIGKILL, ms. Default: 2,000. */
  readonly graceMs?: number;
  /**
   * The child leads a process group of its own, and all of the group ends with it: for shells and npm, which don't pass
   * signals on. Such a group doesn't get the terminal's Ctrl-C. Has no effect on Windows.
   */
  readonly group?: boolean;
}

export interface OwnedProcess {
  readonly child: ChildProcess;
  /** Settles when the process has ended, or did not start; never rejects. */
  readonly ended: Promise<void>;
  /** Asks it to end, and after the grace ends it. */
  end(): Promise<void>;
}

export function spawnOwned(command: string, args: readonly string[], options: OwnedProcessOptions = {}): OwnedProcess {
  const { graceMs = 2_000, group = false, ...spawnOptions } = options;
  const asGroup = group && process.platform !== 'win32';
  // Most runs start no process, and loading what starts them takes 2 ms.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(command, args, asGroup ? { ...spawnOptions, detached: true } : spawnOptions);
  const forget = atExit(() => send('SIGKILL'));
  let over = false;
  const ended = new Promise<void>((resolve) => {
    const settle = (): void => {
      over = true;
      // The child may be gone while its own children are not.
      if (asGroup) send('SIGKILL');
      forget();
      resolve();
    };
    child.once('exit', settle);
    child.once('error', () => {
      if (child.pid === undefined) settle();
    });
  });

  function send(signal: NodeJS.Signals): void {
    if (child.pid === undefined) return;
    if (!asGroup) {
      if (!over) child.kill(signal);
      return;
    }
    try {
      process.kill(-child.pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }

  async function end(): Promise<void> {
    if (over) return;
    send('SIGTERM');
    const timer = setTimeout(() => send('SIGKILL'), graceMs);
    // Whoever waits for the end must see it, even of a child that was let go with unref().
    child.ref();
    await ended;
    clearTimeout(timer);
  }

  return { child, ended, end };
}
