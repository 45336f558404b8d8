/**
 * What happens when the process is told to end (Ctrl-C, `kill`, a closed terminal). Two things may have to come first: a step
 * that must not be torn, and the closing of what a run owns. Then the process ends by the signal itself and not by an exit
 * code, so that a shell's loop ends as well. Whoever asks twice doesn't want to wait: the second signal ends it at once.
 *
 * While there is neither step nor scope, nothing listens: signals have their plain effect.
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Longer than this no closing holds a process that was told to end. CI and containers kill after ten seconds. */
const CLOSING_LIMIT_MS = 5_000;

interface Closable {
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

let steps = 0;
const scopes = new Set<Closable>();
let received: NodeJS.Signals | null = null;
let closing = false;
/** The process is a program of ours: whatever else listens, it ends. */
let owner = false;

/**
 * Runs a step that must not be torn, such as writing a file aside and renaming it: a signal that comes meanwhile takes effect
 * when the last of them is done.
 */
export async function uninterrupted<T>(step: () => Promise<T>): Promise<T> {
  steps++;
  listen();
  try {
    return await step();
  } finally {
    steps--;
    endWhenReady();
  }
}

/**
 * Closes the scope when a signal comes, then ends the process. For programs of our own only: inside of somebody else's, how
 * signals end it is theirs to say.
 *
 * @returns takes it back; so does the scope's end
 */
export function closeOnSignals(scope: Closable): () => void {
  scopes.add(scope);
  listen();
  const leave = (): void => {
    scopes.delete(scope);
    endWhenReady();
  };
  void scope.closed.then(leave);
  return leave;
}

let listening = false;

function listen(): void {
  if (listening) return;
  listening = true;
  for (const signal of SIGNALS) process.on(signal, arrive);
}

function unlisten(): void {
  listening = false;
  for (const signal of SIGNALS) process.off(signal, arrive);
}

function arrive(signal: NodeJS.Signals): void {
  if (received !== null) {
    end(signal);
    return;
  }
  received = signal;
  if (scopes.size === 0) return;
  closing = true;
  owner = true;
  const over = (): void => {
    clearTimeout(limit);
    closing = false;
    endWhenReady();
  };
  const limit = setTimeout(over, CLOSING_LIMIT_MS);
  void Promise.allSettled([...scopes].map((scope) => scope.close())).then(over);
}

function endWhenReady(): void {
  if (steps > 0 || closing) return;
  if (received !== null) end(received);
  else if (scopes.size === 0) unlisten();
}

function end(signal: NodeJS.Signals): void {
  received = null;
  unlisten();
  if (owner) process.removeAllListeners(signal);
  owner = false;
  // Somebody else who listens has seen the signal as well, and may have reasons to go on.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
