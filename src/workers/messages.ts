/** What is said between a pool and its workers. A worker has one task at a time. */
import type { ErrorData } from './error-data.ts';

/** Says that a worker was started by a pool, for a file that may be imported by others too. */
export const POOL_WORKER = { pareWorker: true } as const;

export type ToWorker =
  | { readonly kind: 'run'; readonly id: number; readonly task: string; readonly input: unknown }
  /** Nobody wants the result any more. */
  | { readonly kind: 'cancel'; readonly id: number };

export type FromWorker =
  /** The file is loaded. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorData };
