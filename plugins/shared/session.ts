/**
 * A plugin from its first build to its last: the configuration, as it is at each build, and the engine that the builds share.
 */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { Budget } from '../../src/budget/budget.ts';
import type { LoadedConfig, LoadOptions } from '../../src/config/load.ts';
import {
  compressSettings,
  minifySettings,
  type CompressSettings,
  type MinifySettings,
} from '../../src/config/settings.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { PareError } from '../../src/model/errors.ts';
import type { Warn } from './host.ts';
import type { OnBuild, Part, PluginRequest } from './options.ts';

/** What is to be done with one build. null: the part is off. */
export interface BuildPlan {
  readonly engine: Engine;
  readonly gzip: boolean;
  /** undefined: for the first build of a watching bundler only. */
  readonly brotli: boolean | undefined;
  readonly analyzer: { readonly summary: boolean; readonly json: string | null } | null;
  readonly report: { readonly file: string; readonly title: string | null; readonly sources: boolean } | null;
  readonly budgets: { readonly budgets: readonly Budget[]; readonly baseline: string | null } | null;
  readonly minify: MinifySettings | null;
  readonly compress: CompressSettings | null;
  readonly onBuild: OnBuild | undefined;
}

export class PluginSession {
  readonly request: PluginRequest;
  #root: string | null;
  #warn: Warn = () => undefined;
  #plan: Promise<BuildPlan> | null = null;
  #hasFailed = false;
  #engine: Engine | null = null;
  #loaded: LoadedConfig | null = null;
  /** What was looked at for a configuration, right or wrong; null: nothing yet. */
  #grounds: Pick<LoadedConfig, 'files' | 'folders'> | null = null;
  /** How what the configuration came from looked when it was read; null: it was not read. */
  #stamp: string | null = null;
  #builds = 0;

  constructor(request: PluginRequest) {
    this.request = request;
    this.#root = request.root ?? null;
  }

  /** Absolute. Where the bundler's configuration says nothing, ours may. */
  get root(): string {
    return this.request.root ?? this.#loaded?.config.root ?? this.#folder;
  }

  /** Where the configuration is looked for. */
  get #folder(): string {
    return this.#root ?? process.cwd();
  }

  /** What the bundler says; the plugin's own option comes first. */
  suggestRoot(root: string): void {
    this.#root ??= path.resolve(root);
  }

  /** Whether a build that could not be measured must fail: there are budgets to hold it to. */
  get isGate(): boolean {
    const { parts, inline } = this.request;
    if (!parts.includes('budgets')) return false;
    return (this.#loaded?.config.budgets ?? inline.budgets ?? []).length > 0;
  }

  /** Files that the configuration came from, absolute: a change of one of them is a reason to build again. */
  get files(): readonly string[] {
    const isWithout = this.#loaded !== null && this.#loaded.file === null;
    return isWithout ? [] : (this.#grounds?.files ?? []);
  }

  /** A build begins. From the second on somebody watches, and a configuration that changed meanwhile is read again. */
  async begin(warn: Warn): Promise<void> {
    this.#warn = warn;
    // What was wrong may have been mended.
    if (this.#hasFailed) [this.#plan, this.#hasFailed] = [null, false];
    if (this.#builds++ > 0) await this.#follow().catch((error: unknown) => warn('config-broken', messageOf(error)));
    // What is wrong with it is said at the end, where pare stands aside.
    await this.plan(warn).catch(() => undefined);
  }

  /** @throws PareError `config-unreadable`, `config-invalid` */
  plan(warn: Warn): Promise<BuildPlan> {
    this.#warn = warn;
    this.#plan ??= this.#open().catch((error: unknown) => {
      this.#hasFailed = true;
      throw error;
    });
    return this.#plan;
  }

  async #open(): Promise<BuildPlan> {
    const { startEngine } = await import('../../src/engine/engine.ts');
    const loaded = this.#loaded ?? (await this.#load());
    const engine = await startEngine({
      config: loaded,
      runKind: `build ${this.root}`,
      onWarning: ({ code, message, hint }) => this.#warn(code, said(message, hint)),
    });
    this.#engine = engine;
    return planOf(this.request, loaded, engine, this.root);
  }

  async #load(): Promise<LoadedConfig> {
    const { inspect } = await import('../../src/config/load.ts');
    const { loaded, files, folders } = await inspect({ ...this.#loadOptions(), fresh: this.#builds > 1 });
    this.#grounds = { files, folders };
    if (loaded instanceof Error) throw loaded;
    for (const { code, message, hint } of loaded.warnings) this.#warn(code, said(message, hint));
    this.#loaded = loaded;
    this.#stamp = await this.#stampNow(loaded);
    return loaded;
  }

  #loadOptions(): LoadOptions {
    const { inline, config } = this.request;
    return { cwd: this.#folder, inline, ...(config === undefined ? {} : { file: config }) };
  }

  async #follow(): Promise<void> {
    const before = this.#loaded;
    if (before === null || (await this.#stampNow(before)) === this.#stamp) return;
    const { inspect } = await import('../../src/config/load.ts');
    const { loaded, files, folders } = await inspect({ ...this.#loadOptions(), fresh: true });
    this.#grounds = { files, folders };
    this.#stamp = await this.#stampNow(loaded instanceof Error ? before : loaded);
    if (loaded instanceof Error) {
      this.#warn('config-broken', `${messageOf(loaded)}\nThe last good configuration stays.`);
      return;
    }
    this.#loaded = loaded;
    if (!isDeepStrictEqual(before.config, loaded.config)) await this.#closeEngine();
  }

  async #stampNow({ files, folders }: Pick<LoadedConfig, 'files' | 'folders'>): Promise<string> {
    const { stampOf, watchedFiles } = await import('../../src/config/stamp.ts');
    return stampOf(watchedFiles(files, folders));
  }

  async #closeEngine(): Promise<void> {
    const engine = this.#engine;
    [this.#engine, this.#plan] = [null, null];
    await engine?.close();
  }

  /** After the last build. Another one may still come: then all is opened again. */
  async close(): Promise<void> {
    await this.#closeEngine();
  }
}

function planOf(
  { parts, measure, onBuild }: PluginRequest,
  loaded: LoadedConfig,
  engine: Engine,
  root: string,
): BuildPlan {
  const { config } = loaded;
  const { analyzer } = config;
  const has = (part: Part): boolean => parts.includes(part);
  const isChosen = measure.brotli !== undefined || loaded.origin('analyzer.brotli')?.kind !== 'defaults';
  const brotli = measure.brotli ?? (analyzer === false ? true : analyzer.brotli);
  return {
    engine,
    gzip: measure.gzip ?? (analyzer === false ? true : analyzer.gzip),
    brotli: isChosen ? brotli : undefined,
    analyzer: has('analyzer') && analyzer !== false ? analyzer : null,
    report: has('report') && config.report !== false ? reportPlan(config.report, loaded, root) : null,
    budgets:
      has('budgets') && config.budgets.length > 0 ? { budgets: config.budgets, baseline: config.baseline } : null,
    minify: has('minify') ? minifySettings(loaded) : null,
    compress: has('compress') ? compressSettings(loaded) : null,
    onBuild,
  };
}

/** The page goes where the bundler's root is, unless somebody says otherwise. */
function reportPlan<T extends { readonly file: string }>(report: T, loaded: LoadedConfig, root: string): T {
  const isDefault = loaded.origin('report.file')?.kind === 'defaults';
  return isDefault ? { ...report, file: path.join(root, path.basename(report.file)) } : report;
}

function said(message: string, hint: string | null): string {
  return hint === null ? message : `${message.replace(/\.$/, '')}. ${hint}`;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof PareError && error.hint !== null ? `${error.message}\n${error.hint}` : error.message;
}
