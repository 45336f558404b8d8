/** Loading code later than the page: `load` for what is needed now, `prefetch` for what will be. */

/** A function that imports a module: `() => import('./page.js')`. */
export type Importer<T> = () => Promise<T>;

/** A module could not be loaded, after all attempts; `cause` is what the last one failed with. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}

const loads = new WeakMap<Importer<unknown>, Promise<unknown>>();

/** Milliseconds before the second and the third attempt. */
const WAITS = [200, 800];

/**
 * Imports a module; whoever asks with the same function gets the same promise. A failed attempt is repeated twice, each
 * time after a longer wait; after the last one the next call begins anew.
 *
 * @throws LoadError
 */
export function load<T>(importer: Importer<T>): Promise<T> {
  let promise = loads.get(importer) as Promise<T> | undefined;
  if (!promise) {
    promise = attempt(importer, 0);
    loads.set(importer, promise);
    promise.catch(() => loads.delete(importer));
  }
  return promise;
}

async function attempt<T>(importer: Importer<T>, failed: number): Promise<T> {
  try {
    return await importer();
  } catch (cause) {
    const wait = WAITS[failed];
    if (wait === undefined) throw new LoadError('Loading failed', { cause });
    await new Promise((resolve) => setTimeout(resolve, wait));
    return attempt(importer, failed + 1);
  }
}

/** Loads a module when the browser has nothing else to do. On a server it does nothing; a failure is left to `load`. */
export function prefetch(importer: Importer<unknown>): void {
  if (typeof document === 'undefined') return;
  const start = () => void load(importer).catch(() => undefined);
  // Safari has no idle callback.
  if (typeof requestIdleCallback === 'function') requestIdleCallback(start);
  else setTimeout(start, 1);
}
