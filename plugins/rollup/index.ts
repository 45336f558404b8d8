/**
 * pare for Rollup 4, and as the same plugins for Vite 5 to 8 and Rolldown. `analyzer` and `report` work alone or together: one
 * analysis of an output serves both. Where the build makes no source maps they are made for the analysis and not written.
 * Nothing else of the build is changed; where pare fails it warns and stands aside.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { NormalizedOutputOptions, OutputBundle, OutputOptions, Plugin, PluginContext } from 'rollup';

import type { Build, Bundler } from '../../src/model/build.ts';
import { checkAnalyzerOptions, checkPareOptions, checkReportOptions } from '../shared/options.ts';
import type { AnalyzerOptions, PareOptions, ReportOptions } from '../shared/options.ts';
import { analyzerOutcome, measureBuild, reportOutcome, standingAside, type Host } from '../shared/outcome.ts';
import { rollupEvidence, type Maps } from './evidence.ts';

export type { AnalyzerOptions, PareOptions, ReportOptions } from '../shared/options.ts';
export type { Build } from '../../src/model/build.ts';

/** Measures each output: a summary on the terminal, the `Build` record as JSON or by `onBuild`. */
export function analyzer(options: AnalyzerOptions = {}): Plugin {
  const checked = checkAnalyzerOptions(options);
  return plugin('pare:analyzer', checked, ({ build, root, host }) => analyzerOutcome(build, root, checked, host));
}

/** Writes the report, one HTML file with all outputs of the build. */
export function report(options: ReportOptions = {}): Plugin {
  const checked = checkReportOptions(options);
  return plugin('pare:report', checked, ({ build, earlier, root, host }) => reportOutcome([...earlier, build], root, checked, host));
}

/** All of pare in one plugin; useful without options. */
export function pare(options: PareOptions = {}): Plugin {
  const parts = checkPareOptions(options);
  const shared = parts.analyzer ?? parts.report ?? {};
  return plugin('pare', shared, async ({ build, earlier, root, host }) => {
    if (parts.analyzer !== null) await analyzerOutcome(build, root, parts.analyzer, host);
    const silent = parts.analyzer !== null && parts.report?.onBuild === parts.analyzer.onBuild;
    if (parts.report !== null)
      await reportOutcome([...earlier, build], root, silent ? { ...parts.report, onBuild: undefined } : parts.report, host);
  });
}

interface Finished {
  readonly build: Build;
  /** The outputs that the same build wrote before this one (other formats, other folders). */
  readonly earlier: readonly Build[];
  readonly root: string;
  readonly host: Host;
}

/** Records of the latest outputs by what they contain, so that two plugins in one build share the work. */
const records = new Map<string, Promise<Build>>();
const RECORDS_KEPT = 8;

/** The hooks of Vite that are used, beside Rollup's. */
interface ViteHooks {
  readonly config: (config: ViteConfig) => ViteConfig | null;
  readonly configResolved: (config: { readonly root: string; readonly logLevel?: string }) => void;
}
interface ViteConfig {
  readonly build?: { readonly sourcemap?: unknown };
}

function plugin(name: string, options: AnalyzerOptions, outcome: (finished: Finished) => Promise<void>): Plugin & ViteHooks {
  let root = options.root === undefined ? undefined : path.resolve(options.root);
  let quiet = false;
  let mapsAreOurs = false;
  let earlier: Build[] = [];
  /** Maps by output, kept from `generateBundle`, after which the ones that the user did not ask for are gone. */
  const maps = new Map<string, Maps>();
  const finish = async (context: PluginContext, output: NormalizedOutputOptions, bundle: OutputBundle): Promise<void> => {
    const host: Host = {
      info: (text) => quiet || process.stderr.write(`\n${text}`),
      warn: (code, text) => context.warn({ message: text, pluginCode: `pare-${code}` }),
    };
    await standingAside(host, async () => {
      const folder = root ?? process.cwd();
      const key = outputKey(output);
      const build = await record(context, folder, options, output, bundle, maps.get(key) ?? new Map());
      maps.delete(key);
      await outcome({ build, earlier, root: folder, host });
      earlier = [...earlier, build];
    });
  };
  return {
    name,
    config(config) {
      const wanted = config.build?.sourcemap;
      if (wanted !== undefined && wanted !== false) return null;
      mapsAreOurs = true;
      return { build: { sourcemap: 'hidden' } };
    },
    configResolved(config) {
      root ??= path.resolve(config.root);
      quiet = config.logLevel === 'silent' || config.logLevel === 'error';
    },
    buildStart() {
      earlier = [];
    },
    outputOptions(output: OutputOptions): OutputOptions | null {
      if (output.sourcemap) return null;
      mapsAreOurs = true;
      return { ...output, sourcemap: 'hidden' };
    },
    generateBundle: {
      order: 'post',
      async handler(output, bundle, isWrite) {
        maps.set(outputKey(output), takeMaps(bundle, mapsAreOurs));
        if (!isWrite) await finish(this, output, bundle);
      },
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      async handler(output, bundle) {
        await finish(this, output, bundle);
      },
    },
  };
}

/** An output of a build is known by where it goes: the objects that the hooks get are not the same in every bundler. */
function outputKey({ dir, file, format }: Pick<NormalizedOutputOptions, 'dir' | 'file' | 'format'>): string {
  return JSON.stringify([dir, file, format]);
}

/** The maps of a bundle by the file they belong to; those that only we asked for are taken out, so that they are not written. */
function takeMaps(bundle: OutputBundle, discard: boolean): Maps {
  const maps = new Map<string, string | Uint8Array>();
  for (const output of Object.values(bundle)) {
    if (output.fileName.endsWith('.map')) continue;
    const name = (output.type === 'chunk' ? output.sourcemapFileName : null) ?? `${output.fileName}.map`;
    const asset = bundle[name];
    const map = asset?.type === 'asset' ? asset.source : output.type === 'chunk' ? output.map?.toString() : undefined;
    if (map !== undefined) maps.set(output.fileName, map);
    if (discard && asset?.type === 'asset') delete bundle[name];
  }
  return maps;
}

function record(
  context: PluginContext,
  root: string,
  options: AnalyzerOptions,
  output: NormalizedOutputOptions,
  bundle: OutputBundle,
  maps: Maps,
): Promise<Build> {
  const measures = JSON.stringify([root, options.gzip, options.brotli, options.cache]);
  const key = `${measures} ${outputKey(output)} ${contentKey(bundle)}`;
  let promise = records.get(key);
  if (promise === undefined) {
    const evidence = rollupEvidence(context, root, bundlerOf(context), output, bundle, maps);
    promise = measureBuild(evidence, options, context.meta.watchMode);
    records.set(key, promise);
    const [oldest] = records.keys();
    if (records.size > RECORDS_KEPT && oldest !== undefined) records.delete(oldest);
  }
  return promise;
}

function contentKey(bundle: OutputBundle): string {
  const hash = createHash('sha256');
  for (const output of Object.values(bundle))
    hash.update(output.fileName).update(output.type === 'chunk' ? output.code : output.source);
  return hash.digest('hex');
}

/** Vite and Rolldown say so in the plugin context's `meta`, beside the Rollup version that they stand for. */
function bundlerOf(context: PluginContext): Bundler {
  const meta = context.meta as PluginContext['meta'] & { readonly rolldownVersion?: string; readonly viteVersion?: string };
  if (meta.viteVersion !== undefined) return { name: 'vite', version: meta.viteVersion };
  if (meta.rolldownVersion !== undefined) return { name: 'rolldown', version: meta.rolldownVersion };
  return { name: 'rollup', version: meta.rollupVersion };
}
