/** Bytes that change hands between threads instead of being copied. Whoever gives them away can't read them any more. */
import type { Transferable } from 'node:worker_threads';

/** A value whose buffers are handed over. */
export class Moved<T> {
  readonly value: T;
  readonly transfer: readonly Transferable[];

  constructor(value: T, transfer: readonly Transferable[]) {
    this.value = value;
    this.transfer = transfer;
  }
}

/**
 * For a task's result, or for an input that is made late.
 *
 * @param views those bytes of the value that go; the rest is copied. See `movable`.
 */
export function moved<T>(value: T, views: Iterable<ArrayBufferView | ArrayBufferLike>): Moved<T> {
  return new Moved(value, movable(views));
}

/**
 * Which buffers may be handed over. A view of a part (a small Buffer is a part of a buffer that Node shares out) doesn't
 * take the rest with it, so it is copied; shared memory needs no handing over.
 */
export function movable(views: Iterable<ArrayBufferView | ArrayBufferLike>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const view of views) {
    const buffer = ArrayBuffer.isView(view) ? view.buffer : view;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === view.byteLength) buffers.add(buffer);
  }
  return [...buffers];
}
