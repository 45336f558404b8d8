/**
 * Many tasks that hang on one signal, with one listener: ten thousand listeners of an AbortSignal take 0.3 s to remove, and
 * Node warns from the eleventh on.
 */
export class AbortWatch<T> {
  readonly #onAbort: (item: T, reason: unknown) => void;
  readonly #watched = new Map<AbortSignal, { readonly items: Set<T>; readonly listener: () => void }>();

  constructor(onAbort: (item: T, reason: unknown) => void) {
    this.#onAbort = onAbort;
  }

  add(signal: AbortSignal, item: T): void {
    const known = this.#watched.get(signal);
    if (known !== undefined) {
      known.items.add(item);
      return;
    }
    const items = new Set([item]);
    const listener = (): void => {
      this.#watched.delete(signal);
      for (const each of items) this.#onAbort(each, signal.reason);
    };
    signal.addEventListener('abort', listener, { once: true });
    this.#watched.set(signal, { items, listener });
  }

  delete(signal: AbortSignal, item: T): void {
    const known = this.#watched.get(signal);
    if (known === undefined || !known.items.delete(item) || known.items.size > 0) return;
    signal.removeEventListener('abort', known.listener);
    this.#watched.delete(signal);
  }
}
