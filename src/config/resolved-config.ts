/** The configuration as it holds in the end: every key has a value, of every source the last one's. */
import type { Budget } from '../budget/budget.ts';
import type { Compression, LicencePlace, Minifier, OutputFormat } from './pare-config.ts';

/** Sizes are bytes, times are milliseconds, shares are from 0 to 1, paths are absolute. Of a section, false: it is off. */
export interface ResolvedConfig {
  /** null: the bundler's root, or that of the project. */
  readonly root: string | null;
  readonly analyzer:
    | false
    | { readonly gzip: boolean; readonly brotli: boolean; readonly summary: boolean; readonly json: string | null };
  readonly report: false | { readonly file: string; readonly title: string | null; readonly sources: boolean };
  readonly deadCode: false | object;
  readonly splitter: false | object;
  readonly runtime: false | object;
  readonly budgets: readonly Budget[];
  readonly baseline: string | null;
  /** By format; null: not written. */
  readonly outputs: Readonly<Record<OutputFormat, string | null>>;
  readonly cache:
    | false
    | {
        /** null: there is no folder node_modules to keep it in. */
        readonly folder: string | null;
        readonly memory: number;
        readonly disk: number;
        readonly ttl: number;
        readonly compress: boolean;
        readonly redis:
          | false
          | {
              readonly url: string;
              readonly prefix: string;
              readonly ttl: number;
              readonly timeout: number;
              readonly writeBehind: boolean;
              readonly encrypt: boolean;
            };
      };
  readonly workers: {
    /** null: by cores and free memory. */
    readonly max: number | null;
    readonly queue: number;
    readonly memory: number | null;
    readonly timeout: number | null;
  };
  readonly minify:
    | false
    | {
        readonly tools: readonly Minifier[];
        readonly terser: Readonly<Record<string, unknown>>;
        readonly target: string;
        readonly licences: LicencePlace;
      };
  readonly compress:
    | false
    | {
        readonly formats: readonly Compression[];
        readonly minSaving: number;
        readonly minBytes: number;
        readonly include: string;
        readonly previous: readonly string[];
      };
  readonly telemetry: false | { readonly trace: string | null };
}
