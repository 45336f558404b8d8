/** A task that was asked for, until its promise settles. */
import type { Transferable } from 'node:worker_threads';

import { Moved } from './moved.ts';
import type { Queued } from './task-queue.ts';

export interface RunOptions {
  /** Higher first; of equal ones who came first. Default: 0. */
  readonly priority?: number;
  /** Aborted: the promise rejects with its reason at once, and the work is ended. */
  readonly signal?: AbortSignal | undefined;
  /** ms from being handed to a worker. Default: the pool's. With a limit a task is never run in the caller's thread. */
  readonly timeoutMs?: number | undefined;
  /** Buffers of the input that are handed over and not copied. Such a task is not tried again when its worker dies. */
  readonly transfer?: readonly Transferable[];
  /** ms of work, roughly. Default: unknown, which is taken for much. See `workersWorthStarting`. */
  readonly estimateMs?: number;
  /** When the queue is full: wait for a place (the default), or fail with `worker-queue-full`. */
  readonly whenFull?: 'wait' | 'reject';
}

export interface TaskReport {
  readonly task: string;
  /** All times are of `performance.now()`. */
  readonly queuedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Thread id; 0: the caller's thread. */
  readonly worker: number;
  readonly failed: boolean;
}

export class Job implements Queued {
  place: unknown = null;
  readonly task: string;
  readonly priority: number;
  readonly signal: AbortSignal | undefined;
  /** ms; null: no limit. */
  readonly timeoutMs: number | null;
  /** Infinity: unknown. */
  readonly estimateMs: number;
  readonly queuedAt = performance.now();
  readonly promise: Promise<unknown>;
  startedAt = 0;
  /** How many workers died of it. */
  deaths = 0;
  settled = false;
  failed = false;
  timer: NodeJS.Timeout | null = null;
  #input: unknown;
  readonly #transfer: readonly Transferable[];
  readonly #onSettled: (job: Job) => void;
  #resolve!: (value: unknown) => void;
  #reject!: (reason: unknown) => void;

  /**
   * @param timeoutMs the pool's
   * @param onSettled called once, before those who wait for the promise
   */
  constructor(
    task: string,
    input: unknown,
    options: RunOptions,
    timeoutMs: number | null,
    onSettled: (job: Job) => void,
  ) {
    this.task = task;
    this.#onSettled = onSettled;
    this.#input = input;
    this.#transfer = options.transfer ?? [];
    this.priority = options.priority ?? 0;
    this.signal = options.signal;
    this.timeoutMs = options.timeoutMs ?? timeoutMs;
    // Only a worker can be stopped when its time is over.
    this.estimateMs = this.timeoutMs === null ? (options.estimateMs ?? Infinity) : Infinity;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The input, made now where it is made late. */
  takeInput(): { readonly value: unknown; readonly transfer: readonly Transferable[] } {
    const input: unknown = typeof this.#input === 'function' ? (this.#input as () => unknown)() : this.#input;
    if (input instanceof Moved) return input;
    return { value: input, transfer: this.#transfer };
  }

  /** Can its input be given to one worker, and then to another? */
  get canBeGivenAgain(): boolean {
    return this.#transfer.length === 0;
  }

  resolve(value: unknown): void {
    if (this.settled) return;
    this.#settle();
    this.#resolve(value);
  }

  reject(reason: unknown): void {
    if (this.settled) return;
    this.failed = true;
    this.#settle();
    this.#reject(reason);
  }

  #settle(): void {
    this.settled = true;
    this.#input = null;
    this.stopClock();
    this.#onSettled(this);
  }

  stopClock(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
