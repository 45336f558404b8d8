/** What a configuration may say, as it is written. `schema.ts` checks it and has the text of each key. */
import type { Budget } from '../budget/budget.ts';

/** Bytes, or a text such as "64 MB" (thousands) or "1.5 GiB" (1,024s). */
export type Size = number | string;

/** Milliseconds, or a text such as "30 d", "12 h", "5 min", "50 ms". */
export type Duration = number | string;

/** From 0 to 1, or a text such as "2 %". */
export type Share = number | string;

export const OUTPUT_FORMATS = ['text', 'json', 'jsonl', 'markdown', 'github', 'sarif', 'junit', 'gitlab'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const MINIFIERS = ['oxc', 'swc', 'terser', 'esbuild'] as const;
export type Minifier = (typeof MINIFIERS)[number];

export const COMPRESSIONS = ['br', 'gz', 'zst'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export const LICENCE_PLACES = ['inline', 'linked', 'none'] as const;
export type LicencePlace = (typeof LICENCE_PLACES)[number];

export interface AnalyzerConfig {
  readonly gzip?: boolean | undefined;
  readonly brotli?: boolean | undefined;
  readonly summary?: boolean | undefined;
  readonly json?: string | undefined;
}

export interface ReportConfig {
  readonly file?: string | undefined;
  readonly title?: string | undefined;
  readonly sources?: boolean | undefined;
}

export interface RedisConfig {
  readonly url?: string | undefined;
  readonly prefix?: string | undefined;
  readonly ttl?: Duration | undefined;
  readonly timeout?: Duration | undefined;
  readonly writeBehind?: boolean | undefined;
  readonly encrypt?: boolean | undefined;
}

export interface CacheConfig {
  readonly folder?: string | undefined;
  readonly memory?: Size | undefined;
  readonly disk?: Size | undefined;
  readonly ttl?: Duration | undefined;
  readonly compress?: boolean | undefined;
  readonly redis?: boolean | RedisConfig | undefined;
}

export interface WorkersConfig {
  readonly max?: number | undefined;
  readonly queue?: number | undefined;
  readonly memory?: Size | undefined;
  readonly timeout?: Duration | undefined;
}

export interface MinifyConfig {
  readonly tools?: readonly Minifier[] | undefined;
  readonly terser?: Readonly<Record<string, unknown>> | undefined;
  readonly target?: string | undefined;
  readonly licences?: LicencePlace | undefined;
}

export interface CompressConfig {
  readonly formats?: readonly Compression[] | undefined;
  readonly minSaving?: Share | undefined;
  readonly minBytes?: Size | undefined;
  readonly include?: string | undefined;
  readonly previous?: readonly string[] | undefined;
}

export interface TelemetryConfig {
  readonly trace?: string | undefined;
}

/** All that may differ from one environment to another. Of a section, `false` turns it off and `true` on as it is. */
export interface PareSettings {
  readonly root?: string | undefined;
  readonly analyzer?: boolean | AnalyzerConfig | undefined;
  readonly report?: boolean | ReportConfig | undefined;
  readonly deadCode?: boolean | Readonly<Record<string, never>> | undefined;
  readonly splitter?: boolean | Readonly<Record<string, never>> | undefined;
  readonly runtime?: boolean | Readonly<Record<string, never>> | undefined;
  readonly budgets?: readonly Budget[] | undefined;
  readonly baseline?: string | undefined;
  /** Files that `pare check` writes, by format. */
  readonly outputs?: Readonly<Partial<Record<OutputFormat, string | undefined>>> | undefined;
  readonly cache?: boolean | CacheConfig | undefined;
  readonly workers?: WorkersConfig | undefined;
  readonly minify?: boolean | MinifyConfig | undefined;
  readonly compress?: boolean | CompressConfig | undefined;
  readonly telemetry?: boolean | TelemetryConfig | undefined;
}

export interface PareConfig extends PareSettings {
  /** Where the JSON Schema lies, for editors. */
  readonly $schema?: string | undefined;
  /** Configurations that this one builds on: files by `./` or `../`, or packages. The last of several comes first. */
  readonly extends?: string | readonly string[] | undefined;
  /** What differs in an environment, by its name: PARE_ENV, or else NODE_ENV, says which it is. */
  readonly env?: Readonly<Record<string, PareSettings>> | undefined;
}

/** What a configuration that is a function is called with. */
export interface ConfigContext {
  /** PARE_ENV, or else NODE_ENV; null where neither is set. */
  readonly environment: string | null;
  /** Folder of the project, absolute. */
  readonly folder: string;
}

export type ConfigExport =
  PareConfig | Promise<PareConfig> | ((context: ConfigContext) => PareConfig | Promise<PareConfig>);

/** Gives `pare.config.ts` and `.js` their types: `export default defineConfig({ … })`. Returns what it is given. */
export function defineConfig<const T extends ConfigExport>(config: T): T {
  return config;
}
