/** How a scenario is run, in the browser and in Node. */
import type { SharedBrowser } from './chromium.ts';

export interface RunOptions {
  /** Of the random numbers that the program draws. Default: 1. */
  readonly seed?: number;
  /** Time limit of a step or of a Node run, ms. Default: 10,000 for a step, 30,000 for a Node run. */
  readonly timeoutMs?: number;
  /** A browser to share between runs; without it one is started and closed. */
  readonly browser?: SharedBrowser;
  /** Chromium's program, when no browser is given. */
  readonly executablePath?: string;
  /** Where to put a picture of the page at which a step failed (PNG). */
  readonly screenshot?: string;
}
