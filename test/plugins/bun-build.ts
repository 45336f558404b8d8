/**
 * Run by Bun, not by the tests themselves: a build with pare in its config. Takes the options as JSON, and prints what came of
 * it as JSON; what pare itself says goes to stderr.
 */
import { analyzer, pare, report } from 'pare/bun';
import type { Build, PareOptions } from 'pare/bun';

export interface BunTask {
  readonly plugins: readonly { readonly name: 'analyzer' | 'report' | 'pare'; readonly options: PareOptions }[];
  /** For `Bun.build`. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface BunResult {
  readonly builds: readonly Build[];
  readonly version: string;
  readonly success: boolean;
  readonly logs: readonly { readonly message: string; readonly position: unknown }[];
  /** What `Bun.build` rejected with. */
  readonly error: string | null;
}

interface BuildResult {
  readonly success: boolean;
  readonly logs: readonly { readonly message: string; readonly position: unknown }[];
}

declare const Bun: {
  readonly version: string;
  build(config: unknown): Promise<BuildResult>;
};

const PLUGINS = { analyzer, pare, report };
const { plugins, config } = JSON.parse(process.argv[2]!) as BunTask;
const builds: Build[] = [];
const onBuild = (build: Build) => void builds.push(build);
const print = (result: Omit<BunResult, 'builds' | 'version'>) =>
  process.stdout.write(JSON.stringify({ builds, version: Bun.version, ...result }));
await Bun.build({
  ...config,
  plugins: plugins.map(({ name, options }) => PLUGINS[name]({ onBuild, ...options })),
}).then(
  ({ success, logs }) =>
    print({ success, logs: logs.map(({ message, position }) => ({ message, position })), error: null }),
  (error: unknown) => print({ success: false, logs: [], error: String(error) }),
);
