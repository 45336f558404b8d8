/** Follows the configuration while a build watches: a changed one is handed on, a broken one is said, and the last good one stays. */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { inspect, type LoadedConfig, type LoadOptions } from './load.ts';
import { ConfigError } from './problems.ts';
import { stampOf, watchedFiles } from './stamp.ts';

export interface ConfigWatch extends AsyncDisposable {
  /** The last good one; null: there was none yet. */
  readonly current: () => LoadedConfig | null;
  /** Resolves when nothing is watched any more; no callback is called after. */
  readonly close: () => Promise<void>;
}

/** Editors write in several steps; they are one change. In milliseconds. */
const SETTLE = 50;

/**
 * Loads the configuration and then watches every file that it came from: those that it extends, what a configuration in
 * JavaScript or TypeScript imports, package.json, and the places where a configuration may be written later.
 *
 * @param onChange called with each configuration that differs from the one before, and with the first good one after a broken one
 * @param onError called with what is wrong (a `ConfigError`), or with what `onChange` threw
 * @returns when everything is watched; where the configuration is broken at the start, `onError` has been called
 */
export async function watch(
  options: LoadOptions,
  onChange: (loaded: LoadedConfig) => void | Promise<void>,
  onError: (error: unknown) => void,
): Promise<ConfigWatch> {
  const { watch: watchFiles } = await import('chokidar');
  let current: LoadedConfig | null = null;
  let isBroken = false;
  let isClosed = false;
  let wanted: ReadonlySet<string> = new Set();
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> = Promise.resolve();

  const look = async (): Promise<readonly string[]> => {
    const { loaded, files, folders } = await inspect({ ...options, fresh: true });
    wanted = watchedFiles(files, folders);
    await take(loaded);
    return [...new Set([...folders, ...files.map((file) => path.dirname(file))])];
  };
  const take = async (loaded: LoadedConfig | ConfigError): Promise<void> => {
    if (isClosed) return;
    if (loaded instanceof ConfigError) {
      isBroken = true;
      onError(loaded);
      return;
    }
    const isNews = isStarted && (isBroken || current === null || !isDeepStrictEqual(current.config, loaded.config));
    [current, isBroken] = [loaded, false];
    if (isNews) await onChange(loaded);
  };

  let isStarted = false;
  const watched = new Set(await look());
  const before = await stampOf(wanted);
  isStarted = true;
  // Whole folders, because a file that is renamed over another is a new file, and one that appears was not there to watch.
  const watcher = watchFiles([...watched], {
    depth: 0,
    ignoreInitial: true,
    ignored: (file) => !watched.has(file) && !wanted.has(path.normalize(file)),
  });
  const again = async (): Promise<void> => {
    for (const folder of await look()) {
      if (isClosed || watched.has(folder)) continue;
      watched.add(folder);
      watcher.add(folder);
    }
  };
  watcher.on('all', () => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      running = running.then(again).catch(onError);
    }, SETTLE);
  });
  watcher.on('error', onError);
  await new Promise<void>((resolve) => void watcher.once('ready', resolve));
  // What was written before the watcher was ready came from nobody.
  if ((await stampOf(wanted)) !== before) running = running.then(again).catch(onError);

  const close = async (): Promise<void> => {
    isClosed = true;
    if (timer !== null) clearTimeout(timer);
    await Promise.all([watcher.close(), running]);
  };
  return { current: () => current, close, [Symbol.asyncDispose]: close };
}
