/**
 * How long a run may still wait for answers that don't come, or come slowly, or are of no use. What counts is the time in which
 * this process had nothing else to do: waiting beside other work costs nothing, and a thread that computes must not make Redis
 * look slow.
 */
import { performance } from 'node:perf_hooks';

/** What asking may cost a long run in the end. */
const SHARE_OF_RUN = 0.01;
/** What earlier hits may make up for. */
const MOST_CREDIT_MS = 1000;

export class WaitBudget {
  readonly #limitMs: number;
  /** A shorter wait is what asking costs, and no trouble. */
  readonly slowMs: number;
  readonly #idle: () => number;
  readonly #clock: () => number;
  readonly #start: number;
  #slowSpentMs = 0;
  #balanceMs = 0;
  #outstanding = 0;
  #since = 0;

  /** @param idle milliseconds in which this thread had nothing to do; @param clock milliseconds */
  constructor(limitMs: number, idle: () => number = idleMs, clock: () => number = () => performance.now()) {
    this.#limitMs = limitMs;
    this.slowMs = limitMs / 5;
    this.#idle = idle;
    this.#clock = clock;
    this.#start = clock();
  }

  /** For answers that don't come. */
  get leftMs(): number {
    return Math.max(0, this.#limitMs - this.#slowSpentMs);
  }

  /**
   * Whether asking has given about as much as it has cost. A thousand quick questions in vain are a long wait too; a hundredth
   * of the run goes on being spent on finding out whether it has become better.
   */
  get isWorthAsking(): boolean {
    return this.#balanceMs <= this.#limitMs + (this.#clock() - this.#start) * SHARE_OF_RUN;
  }

  /** A wait begins; several at a time count once. */
  begin(): void {
    if (this.#outstanding++ === 0) this.#since = this.#idle();
  }

  /**
   * A wait has ended.
   * @param savedMs what the answer was worth: a slow hit may well be a gain
   * @param inVain share of what was asked for that wasn't there, from 0 to 1
   */
  end(savedMs: number, inVain: number): void {
    this.#outstanding--;
    const now = this.#idle();
    const waited = now - this.#since;
    if (waited > this.slowMs) this.#slowSpentMs += Math.max(0, waited - savedMs);
    this.#balanceMs = Math.max(-MOST_CREDIT_MS, this.#balanceMs + waited * inVain - savedMs);
    this.#since = now;
  }

  /** Everything is as it should be again. */
  reset(): void {
    this.#slowSpentMs = 0;
  }
}

/** Milliseconds this thread has spent waiting for events; where that isn't measured, all its milliseconds. */
export function idleMs(): number {
  const { idle } = performance.eventLoopUtilization();
  return idle > 0 ? idle : performance.now();
}
