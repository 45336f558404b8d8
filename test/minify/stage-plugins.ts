/** The stages as plugins, as `pare()` wires them. */
import type { BuildResult, Plugin as EsbuildPlugin } from 'esbuild';
import type { Plugin as RollupPlugin } from 'rollup';

import {
  DEFAULT_MINIFY,
  onEndStage,
  renderChunkStage,
  type EsbuildResult,
  type MinifySettings,
  type StageEngine,
} from '../../src/minify/index.ts';

export const root = new URL('../..', import.meta.url).pathname;

export function settingsOf(settings: Partial<MinifySettings> = {}): MinifySettings {
  return { ...DEFAULT_MINIFY, ...settings };
}

/** For Rollup, Rolldown and Vite. */
export function rollupPlugin(settings: MinifySettings, engine: StageEngine = { root }): RollupPlugin {
  const stage = renderChunkStage(settings, engine);
  return {
    name: 'minify',
    renderChunk: { order: 'post', handler: (code, chunk, options) => stage.renderChunk(code, chunk, options) },
    generateBundle(options, bundle) {
      for (const file of stage.licenceFiles(bundle, options)) this.emitFile({ type: 'asset', ...file });
    },
  };
}

/** For esbuild; `done` learns what was rewritten. */
export function esbuildPlugin(
  settings: MinifySettings,
  engine: StageEngine = { root },
  done: (rewritten: readonly string[], result: BuildResult) => void = () => undefined,
): EsbuildPlugin {
  const stage = onEndStage(settings, engine);
  return {
    name: 'minify',
    setup({ initialOptions, onEnd }) {
      initialOptions.metafile = true;
      onEnd(async (result) => {
        done(await stage(result as EsbuildResult, initialOptions), result);
      });
    },
  };
}
