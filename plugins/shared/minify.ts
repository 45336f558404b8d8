/** The minify stage on a plan's engine. */
import type { MinifyEngine, RunOptions } from '../../src/minify/minify-chunk.ts';
import type { MinifyTaskInput } from '../../src/minify/minify-task.ts';
import type { Warn } from './host.ts';
import type { BuildPlan } from './session.ts';

/** What the stage works with: the project's own minifiers, the cache, the workers. */
export function minifyEngine(
  { engine }: BuildPlan,
  root: string,
  warn: Warn,
): MinifyEngine & { readonly warn: (message: string) => void } {
  return {
    root,
    cache: engine.cache,
    signal: engine.scope.signal,
    run: (input: MinifyTaskInput, { signal, priority = 0 }: RunOptions) =>
      engine.run('minify', input, { signal, priority }),
    warn: (message) => warn('minify', message),
  };
}
