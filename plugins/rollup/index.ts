/**
 * pare for Rollup 4, and as the same plugins for Vite 5 to 8 and Rolldown. `analyzer` and `report` work alone or together: one
 * analysis of an output serves both. Where the build makes no source maps they are made for the analysis and not written.
 * Nothing else of the build is changed; where pare fails it warns and stands aside.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { NormalizedOutputOptions, OutputBundle, OutputChunk, OutputOptions, Plugin, PluginContext } from 'rollup';

import type { Build, Bundler } from '../../src/model/build.ts';
import { UNCHECKED } from '../shared/budgets.ts';
import type { RenderChunkStage, RenderedMap } from '../../src/minify/render-chunk.ts';
import type { BuildFailure, Host, Warn } from '../shared/host.ts';
import { minifyEngine } from '../shared/minify.ts';
import { analyzerRequest, pareRequest, reportRequest } from '../shared/options.ts';
import type { AnalyzerOptions, PareOptions, PluginRequest, ReportOptions } from '../shared/options.ts';
import { finishBuild, measureBuild, measureKey, standingAside } from '../shared/outcome.ts';
import { PluginSession, type BuildPlan } from '../shared/session.ts';
import { rollupEvidence, type Maps, type StylesOf } from './evidence.ts';
import { runningVite, type RunningVite } from './running-vite.ts';
import { STYLE_MODULE, ViteStyles, type ViteStyleConfig } from './vite-styles.ts';

export type { AnalyzerOptions, PareOptions, ReportOptions } from '../shared/options.ts';
export type { Build } from '../../src/model/build.ts';

/** Measures each output: a summary on the terminal, the `Build` record as JSON or by `onBuild`. */
export function analyzer(options: AnalyzerOptions = {}): ParePlugin {
  return plugin(analyzerRequest(options));
}

/** Writes the report, one HTML file with all outputs of the build. */
export function report(options: ReportOptions = {}): ParePlugin {
  return plugin(reportRequest(options));
}

/** All of pare in one plugin; useful without options. */
export function pare(options: PareOptions = {}): ParePlugin {
  return plugin(pareRequest(options));
}

/** A plugin for Rollup and Rolldown that has Vite's hooks as well. */
export interface ParePlugin extends Plugin {
  /** Vite: the development server is not touched. */
  readonly apply: 'build';
  readonly config: (config: ViteConfig) => Promise<ViteChange | null>;
  readonly configResolved: (config: ResolvedViteConfig) => void;
}

/** What we set in Vite's configuration where the user says nothing. */
interface ViteBuildChange {
  readonly sourcemap?: 'hidden';
  readonly minify?: false;
  readonly cssMinify?: true;
}

interface ViteChange {
  readonly build: ViteBuildChange;
  readonly esbuild?: { readonly legalComments: 'inline' };
}

interface ViteConfig {
  readonly esbuild?: unknown;
  readonly base?: string | undefined;
  readonly root?: string | undefined;
  readonly build?: {
    readonly sourcemap?: unknown;
    readonly minify?: unknown;
    readonly cssMinify?: unknown;
    readonly lib?: unknown;
    readonly ssr?: unknown;
  };
  readonly environments?: Readonly<Record<string, { readonly build?: { readonly sourcemap?: unknown } }>> | undefined;
}

type ResolvedViteConfig = ViteStyleConfig &
  ViteConfig & {
    readonly logLevel?: string | undefined;
    readonly plugins: readonly { readonly name: string }[];
    readonly logger: { info(text: string): void };
  };

/**
 * A server's bundle, which Vite leaves readable, and a library, which its user's own build minifies: there Vite goes on as it
 * would.
 */
function keepsViteMinifier({ build }: ViteConfig): boolean {
  return Boolean(build?.lib) || Boolean(build?.ssr);
}

/** From Vite 6 on a build is of one environment, with options of its own; several of them may share a plugin. */
function environmentOf(context: object): { readonly config: ViteConfig } | undefined {
  return (context as { readonly environment?: { readonly config: ViteConfig } }).environment;
}

/** Vite 5 to 7 drop licences before a chunk comes to us, where they can't be told from other comments any more. */
function keptLicences({ esbuild }: ViteConfig, version: string | null): Pick<ViteChange, 'esbuild'> {
  if (!(Number.parseInt(version ?? '', 10) < 8) || esbuild === false) return {};
  const own = (esbuild as { readonly legalComments?: unknown } | undefined)?.legalComments;
  return own === undefined ? { esbuild: { legalComments: 'inline' } } : {};
}

/**
 * Rolldown removes dead code after `renderChunk` unless it is told not to, and prints the chunk anew for that, with all its line
 * ends and spaces. The minifiers have done it already. Who asks Rolldown to minify gets that.
 */
function withoutReprint<T extends object>(output: T & { readonly minify?: unknown }): T {
  const { minify } = output;
  return minify === undefined || minify === 'dce-only' ? { ...output, minify: false } : output;
}

/** What is known of the Vite that runs the plugin. */
interface ViteHost {
  readonly config: ResolvedViteConfig;
  readonly running: RunningVite | null;
}

function plugin(request: PluginRequest): ParePlugin {
  const { name } = request;
  const session = new PluginSession(request);
  let vite: ViteHost | null = null;
  let quiet = false;
  /** Builds so far, and those that are not closed yet. */
  let builds = 0;
  let open = 0;
  let earlier: readonly Build[] = [];
  /** Outcomes come one after the other: a report has all the outputs that were ready before it. */
  let latest: Promise<void> = Promise.resolve();
  const hiddenMaps = new HiddenMaps();
  const styles = new ViteStyles();

  const isLeftToVite = (context: object): boolean =>
    vite !== null && keepsViteMinifier(environmentOf(context)?.config ?? vite.config);

  const warnIn =
    (context: PluginContext): Host['warn'] =>
    (code, text) =>
      context.warn({ message: text, pluginCode: `pare-${code}` });

  const analyze = async (
    context: PluginContext,
    output: NormalizedOutputOptions,
    bundle: OutputBundle,
    isWritten: boolean,
  ): Promise<void> => {
    const failures: BuildFailure[] = [];
    let isMeasured = false;
    const host: Host = {
      info: (text) => say(text, vite, quiet),
      warn: warnIn(context),
      fail: (failure) => failures.push(failure),
    };
    const watching = context.meta.watchMode && builds > 1;
    await standingAside(host, async () => {
      const plan = await session.plan(host.warn);
      const { root } = session;
      const key = JSON.stringify([measureKey(plan, root), output.dir, output.file]);
      const build = await shared(records, `${key} ${builds} ${contentKey(bundle)} ${assetsKey(bundle)}`, async () => {
        const maps = takenMaps.get(contentKey(bundle)) ?? new Map<string, string | Uint8Array>();
        const stylesOf: StylesOf =
          vite === null || styles.empty ? () => null : await styles.sheets(vite.config, vite.running);
        const bundler = bundlerOf(context, vite);
        const evidence = rollupEvidence({ context, root, bundler, options: output, bundle, maps, stylesOf });
        return measureBuild(evidence, plan, watching);
      });
      isMeasured = true;
      const folder = isWritten ? path.resolve(output.dir ?? path.dirname(output.file ?? '')) : null;
      const base = vite?.config.base;
      const inTurn = async (before: Promise<void>): Promise<void> => {
        await before;
        await standingAside(host, () => finishBuild({ build, earlier, root, watching, folder, base }, plan, host));
        earlier = [...earlier, build];
      };
      latest = inTurn(latest);
      await latest;
    });
    if (session.isGate && !isMeasured && !watching) failures.push(UNCHECKED);
    if (failures.length > 0) throwFailures(context, failures, session.root);
  };

  /** The stage of the plan that it was made for. */
  let minifies = false;
  let stage: { readonly plan: BuildPlan; readonly minify: RenderChunkStage } | null = null;
  const minifyStage = async (warn: Warn): Promise<RenderChunkStage | null> => {
    if (!request.parts.includes('minify')) return null;
    const plan = await session.plan(warn);
    if (plan.minify === null) return null;
    const { renderChunkStage } = await import('../../src/minify/render-chunk.ts');
    if (stage?.plan !== plan)
      stage = { plan, minify: renderChunkStage(plan.minify, minifyEngine(plan, session.root, warn)) };
    return stage.minify;
  };

  return {
    name,
    apply: 'build',
    async config(config) {
      // Before anything is waited for: only now does the call's own stack lead to it.
      const version = runningVite()?.version ?? null;
      session.suggestRoot(config.root ?? process.cwd());
      const map: ViteBuildChange = hiddenMaps.inVite(config) ? { sourcemap: 'hidden' } : {};
      // What is wrong with our configuration is said when the build begins.
      const minifies = keepsViteMinifier(config) ? null : await minifyStage(() => undefined).catch(() => null);
      if (minifies === null) return Object.keys(map).length === 0 ? null : { build: map };
      const cssMinify = config.build?.cssMinify === undefined ? { cssMinify: true as const } : {};
      return { build: { ...map, minify: false, ...cssMinify }, ...keptLicences(config, version) };
    },
    async options() {
      // Rolldown asks for the options of the output before the build begins.
      minifies = (await minifyStage(() => undefined).catch(() => null)) !== null;
      return null;
    },
    configResolved(config) {
      session.suggestRoot(config.root);
      vite = { config, running: runningVite() };
      beforeStyles(config.plugins as { readonly name: string }[], name);
    },
    async buildStart({ logLevel }) {
      builds++;
      open++;
      earlier = [];
      quiet = logLevel === 'silent';
      await session.begin(warnIn(this));
      if (this.meta.watchMode) for (const file of session.files) this.addWatchFile(file);
    },
    transform: {
      // Rolldown and newer Rollups ask only for what the filter names.
      filter: { id: STYLE_MODULE },
      handler(code, id) {
        if (vite !== null && STYLE_MODULE.test(id)) styles.keep(id, code);
        return null;
      },
    },
    outputOptions(output) {
      const withMap = hiddenMaps.inOutput(output) ? { ...output, sourcemap: 'hidden' as const } : null;
      return minifies && isRolldown(this) && !isLeftToVite(this) ? withoutReprint(withMap ?? output) : withMap;
    },
    renderStart() {
      styles.begin();
    },
    augmentChunkHash(chunk) {
      // The last hook that sees chunks of nothing but styles. Nothing is added to the hash.
      if (vite !== null) styles.chunk(chunk.name + chunk.moduleIds.join(), chunk.moduleIds);
    },
    renderChunk: {
      order: 'post',
      async handler(code, chunk, output) {
        if (isLeftToVite(this)) return null;
        let result: { code: string; map: RenderedMap | null } | null = null;
        // What is wrong with the configuration is said once, when the output is there.
        const minify = await minifyStage(warnIn(this)).catch(() => null);
        await standingAside({ warn: warnIn(this) }, async () => {
          result = (await minify?.renderChunk(code, chunk, output)) ?? null;
        });
        return result;
      },
    },
    generateBundle: {
      order: 'post',
      async handler(output, bundle, isWrite) {
        for (const file of stage?.minify.licenceFiles(bundle, output) ?? []) this.emitFile({ type: 'asset', ...file });
        const key = contentKey(bundle);
        const maps = takeMaps(bundle, hiddenMaps.areOurs(output));
        // A plugin of ours before this one may have taken them already.
        if (maps.size > 0) keep(takenMaps, key, maps);
        if (!isWrite) await analyze(this, output, bundle, false);
      },
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      async handler(output, bundle) {
        await analyze(this, output, bundle, true);
      },
    },
    async closeBundle() {
      // In watch mode each rebuild is closed, and what the next one will need stays.
      if (--open <= 0 && !this.meta.watchMode) await session.close();
    },
    async closeWatcher() {
      await session.close();
    },
  };
}

/** All of them in one error, since the first ends the build; it stands at the place of the first that has one. */
function throwFailures(context: PluginContext, failures: readonly BuildFailure[], root: string): never {
  const located = failures.find(({ location }) => location !== null)?.location ?? null;
  context.error({
    message: failures.map(({ text }) => text).join('\n'),
    pluginCode: `pare-${failures[0]!.code}`,
    ...(located === null
      ? {}
      : { loc: { file: path.resolve(root, located.file), line: located.line, column: located.column } }),
  });
}

/** Vite's own logger keeps its lines from running into ours. */
function say(text: string, vite: ViteHost | null, quiet: boolean): void {
  if (vite !== null) vite.config.logger.info(`\n${text.trimEnd()}`);
  else if (!quiet) process.stderr.write(`\n${text}`);
}

/**
 * Moves a plugin of ours right before the one that takes the style modules' text away, so that what plugins behind us make of
 * styles (scoped ones in Vue components) is seen, wherever we stand in the user's list.
 */
function beforeStyles(plugins: { readonly name: string }[], name: string): void {
  const from = plugins.findIndex((each) => each.name === name);
  const to = plugins.findIndex((each) => each.name === 'vite:css-post');
  if (from === -1 || to === -1 || from > to || Object.isFrozen(plugins)) return;
  const [ours] = plugins.splice(from, 1);
  plugins.splice(to - 1, 0, ours!);
}

/** Source maps that we turned on, hidden, where the user has none: they are analysed and never written. */
class HiddenMaps {
  #viteIsOurs = false;
  /** Where the user asked for none. Vite writes what it resolved, ours with it, into the same object, and asks again. */
  readonly #asked = new WeakSet<object>();
  /** Outputs for which the user asked for hidden maps. */
  readonly #wanted = new Set<string>();

  /** Whether to turn them on in Vite's config. Where one environment has a wish of its own, all is left as it is. */
  inVite({ build, environments = {} }: ViteConfig): boolean {
    const own = Object.values(environments).some(({ build }) => build?.sourcemap === 'hidden');
    this.#viteIsOurs = !build?.sourcemap && (!own || this.#asked.has(environments));
    if (this.#viteIsOurs) this.#asked.add(environments);
    return this.#viteIsOurs;
  }

  /** Whether to turn them on in an output of Rollup's or Rolldown's. */
  inOutput(output: OutputOptions): boolean {
    const key = outputKey(output);
    if (output.sourcemap === 'hidden' && !this.#viteIsOurs) this.#wanted.add(key);
    else this.#wanted.delete(key);
    return !output.sourcemap;
  }

  areOurs(output: NormalizedOutputOptions): boolean {
    return output.sourcemap === 'hidden' && !this.#wanted.has(outputKey(output));
  }
}

const FORMATS: Readonly<Record<string, string>> = { esm: 'es', module: 'es', commonjs: 'cjs', systemjs: 'system' };

/** An output of a build is known by where it goes: the objects that the hooks get are not the same in every bundler. */
function outputKey({
  dir,
  file,
  format,
}: {
  dir?: string | undefined;
  file?: string | undefined;
  format?: string | undefined;
}): string {
  return JSON.stringify([dir ?? null, file ?? null, FORMATS[format ?? 'es'] ?? format ?? 'es']);
}

/** Records and maps of the latest outputs by what they contain, so that two plugins in one build share the work. */
const records = new Map<string, Promise<Build>>();
const takenMaps = new Map<string, Maps>();
const KEPT = 8;

function shared<T>(store: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = store.get(key);
  if (known !== undefined) return known;
  const made = make();
  keep(store, key, made);
  made.catch(() => store.delete(key));
  return made;
}

function keep<T>(store: Map<string, T>, key: string, value: T): void {
  store.delete(key);
  store.set(key, value);
  const [oldest] = store.keys();
  if (store.size > KEPT && oldest !== undefined) store.delete(oldest);
}

function contentKey(bundle: OutputBundle): string {
  const hash = createHash('sha256');
  for (const output of Object.values(bundle))
    if (output.type === 'chunk') hash.update(output.fileName).update(output.code);
  return hash.digest('hex');
}

/** Two builds of one process may differ in a style alone. */
function assetsKey(bundle: OutputBundle): string {
  const hash = createHash('sha256');
  for (const output of Object.values(bundle))
    if (output.type === 'asset' && !output.fileName.endsWith('.map'))
      hash.update(output.fileName).update(output.source);
  return hash.digest('hex');
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
    if (!discard) continue;
    if (asset?.type === 'asset') delete bundle[name];
    if (output.type === 'chunk') withoutMap(output);
  }
  return maps;
}

/** For who reads the result of `generate`: there is no map that was not asked for. Rolldown's chunks have theirs read-only. */
function withoutMap(chunk: OutputChunk): void {
  for (const key of ['map', 'sourcemapFileName'] as const) {
    if (Object.getOwnPropertyDescriptor(chunk, key)?.writable === true) chunk[key] = null;
  }
}

const isRolldown = ({ meta }: { readonly meta: object }): boolean => 'rolldownVersion' in meta;

/** Vite and Rolldown say so in the plugin context's `meta`, beside the Rollup version that they stand for. */
function bundlerOf(context: PluginContext, vite: ViteHost | null): Bundler {
  const meta = context.meta as PluginContext['meta'] & {
    readonly rolldownVersion?: string;
    readonly viteVersion?: string;
  };
  if (vite !== null) return { name: 'vite', version: vite.running?.version ?? meta.viteVersion ?? null };
  if (meta.rolldownVersion !== undefined) return { name: 'rolldown', version: meta.rolldownVersion };
  return { name: 'rollup', version: meta.rollupVersion };
}
