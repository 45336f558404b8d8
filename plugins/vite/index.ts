/**
 * pare for Vite 5 to 8: the plugins of `pare/rollup`, typed as Vite's. They take part in builds only (`apply: 'build'`), stand
 * where the user puts them, and speak through Vite's logger. Nothing of Vite is imported at run time.
 */
import type { Plugin } from 'vite';

import * as rollup from '../rollup/index.ts';
import type { AnalyzerOptions, PareOptions, ReportOptions } from '../shared/options.ts';

export type { AnalyzerOptions, PareOptions, ReportOptions } from '../shared/options.ts';
export type { Build } from '../../src/model/build.ts';

/** Measures each output: a summary on the terminal, the `Build` record as JSON or by `onBuild`. */
export function analyzer(options: AnalyzerOptions = {}): Plugin {
  return asVitePlugin(rollup.analyzer(options));
}

/** Writes the report, one HTML file with all outputs of the build. */
export function report(options: ReportOptions = {}): Plugin {
  return asVitePlugin(rollup.report(options));
}

/** All of pare in one plugin; useful without options. */
export function pare(options: PareOptions = {}): Plugin {
  return asVitePlugin(rollup.pare(options));
}

/** One object for all: which bundler's types describe its hooks depends on the version of Vite, what they do does not. */
function asVitePlugin(plugin: rollup.ParePlugin): Plugin {
  return plugin as unknown as Plugin;
}
