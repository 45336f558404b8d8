/** Follows the configuration while a build watches: a changed one is handed on, a broken one is said, and the last good one stays. */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { FSWatcher } from 'chokidar';

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
  const { watch: watchFolder } = await import('chokidar');
  const watchers = new Map<string, FSWatcher>();
  let current: LoadedConfig | null = null;
  let state: 'starting' | 'good' | 'broken' = 'starting';
  let isClosed = false;
  let wanted: ReadonlySet<string> = new Set();
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> = Promise.resolve();

  const take = async (loaded: LoadedConfig | ConfigError): Promise<void> => {
    if (loaded instanceof ConfigError) {
      state = 'broken';
      onError(loaded);
      return;
    }
    const isNews = state === 'broken' || (state === 'good' && !isDeepStrictEqual(current?.config, loaded.config));
    [current, state] = [loaded, 'good'];
    if (isNews) await onChange(loaded);
  };

  // Whole folders, because a file that is renamed over another is a new file, and one that appears was not there to watch.
  // A watcher for each: chokidar passes over a folder that lies in another one that it watches.
  const open = async (folder: string): Promise<void> => {
    const watcher = watchFolder(folder, {
      depth: 0,
      ignoreInitial: true,
      ignored: (file) => path.normalize(file) !== folder && !wanted.has(path.normalize(file)),
    });
    watchers.set(folder, watcher);
    watcher.on('all', soon).on('error', onError);
    await new Promise<void>((resolve) => void watcher.once('ready', resolve));
  };

  const look = async (): Promise<void> => {
    if (isClosed) return;
    const { loaded, files, folders } = await inspect({ ...options, fresh: true });
    if (isClosed) return;
    wanted = watchedFiles(files, folders);
    const stamp = await stampOf(wanted);
    const fresh = new Set([...folders, ...files.map((file) => path.dirname(file))]);
    await Promise.all([...fresh].filter((folder) => !watchers.has(folder)).map(open));
    if (!isClosed) await take(loaded);
    // What was written before a watcher was ready came from nobody.
    if ((await stampOf(wanted)) !== stamp) soon();
  };

  const soon = (): void => {
    if (timer !== null) clearTimeout(timer);
    if (isClosed) return;
    timer = setTimeout(() => {
      timer = null;
      running = running.then(look).catch(onError);
    }, SETTLE);
  };

  await look();
  const close = async (): Promise<void> => {
    isClosed = true;
    if (timer !== null) clearTimeout(timer);
    await running;
    await Promise.all([...watchers.values()].map((watcher) => watcher.close()));
  };
  return { current: () => current, close, [Symbol.asyncDispose]: close };
}
