/** What is said between a pool and its workers. A worker does one task at a time, in the order in which they came. */
import type { ErrorData } from './error-data.ts';

/** What a worker is started with. */
export interface WorkerData {
  /** Tells a pool's worker from other threads that import the same file. */
  readonly pareWorker: true;
  /**
   * Who has a task that was sent ahead: an Int32Array with a task's id in its slot. The worker claims it, before it begins, by
   * turning the sign; the pool takes it back by putting 0. Both by compare and exchange, so that exactly one of them has it.
   */
  readonly claims: SharedArrayBuffer;
}

export interface RunMessage {
  readonly kind: 'run';
  /** From 1. */
  readonly id: number;
  readonly slot: number;
  readonly task: string;
  readonly input: unknown;
}

export type ToWorker =
  | RunMessage
  /** Nobody wants the result of the running task any more. */
  | { readonly kind: 'cancel'; readonly id: number };

export type FromWorker =
  /** The file is loaded. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorData };

/** @returns whether the worker has the task now, and nobody takes it back */
export function claim(claims: Int32Array, slot: number, id: number): boolean {
  return Atomics.compareExchange(claims, slot, id, -id) === id;
}

/** @returns whether the task has not begun, and now won't */
export function takeBack(claims: Int32Array, slot: number, id: number): boolean {
  return Atomics.compareExchange(claims, slot, id, 0) === id;
}
