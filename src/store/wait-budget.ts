/**
 * How long a run may still wait for answers that don't come, or come slowly. What counts is the time in which this process had
 * nothing else to do: waiting beside other work costs nothing, and a thread that computes must not make Redis look slow.
 */
import { performance } from 'node:perf_hooks';

export class WaitBudget {
  readonly #limitMs: number;
  /** A shorter wait is what asking costs, and no trouble. */
  readonly #slowMs: number;
  #spentMs = 0;
  #outstanding = 0;
  #since = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#slowMs = limitMs / 5;
  }

  get leftMs(): number {
    return Math.max(0, this.#limitMs - this.#spentMs);
  }

  get slowMs(): number {
    return this.#slowMs;
  }

  /** A wait begins; several at a time count once. */
  begin(): void {
    if (this.#outstanding++ === 0) this.#since = idleMs();
  }

  /**
   * A wait has ended.
   * @param savedMs what the answer was worth: a slow hit may well be a gain
   */
  end(savedMs: number): void {
    this.#outstanding--;
    const now = idleMs();
    const waited = now - this.#since;
    if (waited > this.#slowMs) this.#spentMs += Math.max(0, waited - savedMs);
    if (waited > this.#slowMs || this.#outstanding === 0) this.#since = now;
  }

  /** Everything is as it should be again. */
  reset(): void {
    this.#spentMs = 0;
  }
}

/** Milliseconds this thread has spent waiting for events; where that isn't measured, all its milliseconds. */
export function idleMs(): number {
  const { idle } = performance.eventLoopUtilization();
  return idle > 0 ? idle : performance.now();
}
