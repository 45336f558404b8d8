/**
 * Steps that must not be torn, such as writing a file aside and renaming it: a signal that comes meanwhile takes effect when
 * the last of them is done. Outside of them signals have their plain effect, at once, so that nothing is ever left behind
 * and Ctrl-C is never slow.
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let running = 0;
let received: NodeJS.Signals | null = null;

/** Whoever asks twice doesn't want to wait: a step on a disk that never answers would hold the program for ever. */
function remember(signal: NodeJS.Signals): void {
  if (received !== null) {
    release();
    process.kill(process.pid, signal);
  }
  received = signal;
}

function release(): void {
  for (const each of SIGNALS) process.off(each, remember);
}

export async function uninterrupted<T>(step: () => Promise<T>): Promise<T> {
  if (running++ === 0) for (const signal of SIGNALS) process.on(signal, remember);
  try {
    return await step();
  } finally {
    if (--running === 0) {
      release();
      // By the signal itself and not by an exit code, so that a shell's loop ends as well.
      if (received !== null) process.kill(process.pid, received);
    }
  }
}
