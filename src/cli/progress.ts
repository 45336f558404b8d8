/** A line on stderr that says what is being done, for a person at a terminal; nothing at all in a pipe or a CI job. */
import { widthOf } from './terminal.ts';

export interface Progress {
  readonly update: (text: string) => void;
  /** Takes the line away. */
  readonly clear: () => void;
}

const INTERVAL_MS = 80;
const CLEAR_LINE = '\r\u001B[K';

export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const { CI, TERM } = process.env;
  if (!stream.isTTY || (CI ?? '') !== '' || TERM === 'dumb') return { update: () => undefined, clear: () => undefined };
  let last = -INTERVAL_MS;
  let isShown = false;
  return {
    update(text) {
      const now = performance.now();
      if (now - last < INTERVAL_MS) return;
      last = now;
      isShown = true;
      stream.write(`${CLEAR_LINE}${text.slice(0, Math.max(1, widthOf(stream) - 1))}`);
    },
    clear() {
      if (isShown) stream.write(CLEAR_LINE);
      isShown = false;
    },
  };
}
