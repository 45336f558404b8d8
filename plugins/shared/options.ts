/**
 * The plugins' options. They are one more source of the one configuration (`src/config/`), the last and so the one that wins;
 * what stands here beyond it is a function or a short form.
 */
import path from 'node:path';

import type { Build } from '../../src/model/build.ts';
import type {
  AnalyzerConfig,
  CacheConfig,
  PareConfig,
  PareSettings,
  ReportConfig,
} from '../../src/config/pare-config.ts';
import { checkConfig } from '../../src/config/settings-check.ts';
import { PareError } from '../../src/model/errors.ts';

interface CommonOptions {
  /** The project's root: module ids are relative to it. Default: the bundler's root, or the working directory. */
  readonly root?: string | undefined;
  /** The configuration's file in place of the nearest `pare.config.*`; relative to the root. */
  readonly config?: string | undefined;
  /** A folder, or false: no cache. Default: `node_modules/.cache/pare`. */
  readonly cache?: boolean | string | CacheConfig | undefined;
  /** Called with the record after each build. An error thrown here is reported and does not fail the build. */
  readonly onBuild?: OnBuild | undefined;
}

export type OnBuild = (build: Build) => void | Promise<void>;

interface MeasureOptions {
  /** Measure gzip sizes (level 9). Default: true. */
  readonly gzip?: boolean | undefined;
  /** Measure brotli sizes (quality 11; slow the first time, then cached by content). Default: true; in watch mode
   * for the first build only. */
  readonly brotli?: boolean | undefined;
}

export interface AnalyzerOptions extends CommonOptions, AnalyzerConfig {}

export interface ReportOptions extends CommonOptions, MeasureOptions, ReportConfig {}

/** All that a configuration may say, and `gzip` and `brotli` for short. */
export interface PareOptions extends CommonOptions, MeasureOptions, Omit<PareSettings, 'cache' | 'root'> {}

/** Parts that a plugin does, where the configuration has them on. */
export type Part = 'analyzer' | 'report' | 'budgets' | 'minify' | 'compress';

/** What a plugin was called with. */
export interface PluginRequest {
  /** `pare:analyzer`, as the bundler shows it. */
  readonly name: string;
  readonly parts: readonly Part[];
  readonly inline: PareConfig;
  /** What was asked for by the short form; it holds where the analyzer is off, too. */
  readonly measure: MeasureOptions;
  readonly root: string | undefined;
  readonly config: string | undefined;
  readonly onBuild: OnBuild | undefined;
}

/** @throws PareError `options-invalid` */
export function analyzerRequest(options: AnalyzerOptions = {}): PluginRequest {
  const { common, rest } = split(options, 'analyzer()');
  const inline = { ...common.inline, analyzer: { ...rest } };
  return checked({ ...common, name: 'pare:analyzer', parts: ['analyzer'], inline, measure: {} }, 'analyzer.');
}

/** @throws PareError `options-invalid` */
export function reportRequest(options: ReportOptions = {}): PluginRequest {
  const { common, rest } = split(options, 'report()');
  const { gzip, brotli, ...report } = rest as ReportOptions;
  const inline = { ...common.inline, report };
  return checked({ ...common, name: 'pare:report', parts: ['report'], inline, measure: { gzip, brotli } }, 'report.');
}

/** @throws PareError `options-invalid` */
export function pareRequest(options: PareOptions = {}): PluginRequest {
  const { common, rest } = split(options, 'pare()');
  const { gzip, brotli, ...settings } = rest as PareOptions;
  const parts: readonly Part[] = ['analyzer', 'report', 'budgets', 'minify', 'compress'];
  const inline: PareConfig = { ...common.inline, ...(settings as PareSettings) };
  return checked({ ...common, name: 'pare', parts, inline, measure: { gzip, brotli } }, '');
}

function split(options: CommonOptions, plugin: string) {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw invalid(plugin, ['the options must be an object']);
  const { root: given, config, cache, onBuild, ...rest } = options;
  if (given !== undefined && typeof given !== 'string') throw invalid(plugin, ['root must be a folder']);
  const root = given === undefined ? undefined : path.resolve(given);
  if (onBuild !== undefined && typeof onBuild !== 'function') throw invalid(plugin, ['onBuild must be a function']);
  const inline: PareConfig = {
    ...(root === undefined ? {} : { root }),
    ...(cache === undefined ? {} : { cache: typeof cache === 'string' ? { folder: cache } : cache }),
  };
  return { common: { root, config, onBuild, inline }, rest };
}

/** @param section what paths of the plugin's own part begin with in the configuration, and not in its options */
function checked(request: PluginRequest, section: string): PluginRequest {
  const { gzip, brotli } = request.measure;
  const short = checkConfig({ analyzer: { gzip, brotli } }).findings.map((finding) => ({
    ...finding,
    path: finding.path.replace('analyzer.', ''),
  }));
  const findings = [...checkConfig(request.inline).findings, ...short];
  if (findings.length === 0) return request;
  const problems = findings.map(({ path, message }) => {
    const own = path.startsWith(section) ? path.slice(section.length) : path;
    return `${own} ${message}`.trim();
  });
  throw invalid(`${request.name.replace(/^pare:/, '')}()`, problems);
}

function invalid(plugin: string, problems: readonly string[]): PareError {
  const text = problems.length === 1 ? ` ${problems[0]}` : `\n${problems.map((each) => `  ${each}`).join('\n')}`;
  return new PareError('options-invalid', `${plugin}:${text}`, {
    hint: 'All options: docs/configuration.md',
  });
}
