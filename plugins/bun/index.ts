/**
 * pare for `Bun.build`. `analyzer` and `report` work alone or together: one analysis of a build serves both. They set
 * `metafile: true` and change nothing else of the build; where they fail they warn and stand aside.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { PareError } from '../../src/model/errors.ts';
import type { Build } from '../../src/model/build.ts';
import { UNCHECKED } from '../shared/budgets.ts';
import type { BuildFailure, Host } from '../shared/host.ts';
import { analyzerRequest, pareRequest, reportRequest } from '../shared/options.ts';
import type { AnalyzerOptions, PareOptions, PluginRequest, ReportOptions } from '../shared/options.ts';
import { finishBuild, measureBuild, measureKey, standingAside } from '../shared/outcome.ts';
import { PluginSession, type BuildPlan } from '../shared/session.ts';
import type { BunMetafile } from './bun-build.ts';
import { bunEvidence } from './evidence.ts';

export type { AnalyzerOptions, PareOptions, ReportOptions } from '../shared/options.ts';
export type { Build } from '../../src/model/build.ts';

/** What Bun takes as a plugin; structural, so that Bun's types need not be there. */
export interface ParePlugin {
  readonly name: string;
  readonly target?: undefined;
  setup(build: never): void;
}

/** The parts of Bun's own types that are used here. */
interface PluginBuilder {
  readonly config?: BuildConfig | undefined;
  onStart?(callback: () => void): unknown;
  onEnd?(callback: (result: BuildOutput) => Promise<void>): unknown;
}

interface BuildConfig {
  readonly entrypoints?: readonly string[];
  readonly outdir?: string;
  readonly publicPath?: string;
  readonly compile?: unknown;
  readonly throw?: boolean;
  metafile?: unknown;
}

interface BuildOutput {
  success: boolean;
  readonly outputs: readonly BuildArtifact[];
  readonly logs: unknown[];
  readonly metafile?: BunMetafile | undefined;
}

interface BuildArtifact {
  readonly path: string;
  readonly kind: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Measures each build: a summary on the terminal, the `Build` record as JSON or by `onBuild`. */
export function analyzer(options: AnalyzerOptions = {}): ParePlugin {
  return plugin(analyzerRequest(options));
}

/** Writes the report, one HTML file, after each build. */
export function report(options: ReportOptions = {}): ParePlugin {
  return plugin(reportRequest(options));
}

/** All of pare in one plugin; useful without options. */
export function pare(options: PareOptions = {}): ParePlugin {
  return plugin(pareRequest(options));
}

/** Records by build result and measures, so that two plugins in one build share the work. */
const records = new WeakMap<BuildOutput, Map<string, Promise<Build>>>();

function plugin(request: PluginRequest): ParePlugin {
  return {
    name: request.name,
    setup(builder: PluginBuilder) {
      const { config } = builder;
      if (typeof builder.onEnd !== 'function' || config === undefined) {
        if ((request.inline.budgets ?? []).length > 0)
          throw new PareError('bun-too-old', `${request.name}: ${TOO_OLD}`);
        print('warn', `${request.name}: ${TOO_OLD}`);
        return;
      }
      config.metafile ||= true;
      const workingDir = process.cwd();
      const session = new PluginSession(request);
      session.suggestRoot(workingDir);
      let beginning: Promise<void> = Promise.resolve();
      // While Bun works, the configuration is read; what is said then comes with what is said at the end.
      const early: string[] = [];
      builder.onStart?.(() => {
        beginning = session.begin((_, text) => early.push(text));
      });
      builder.onEnd(async (result) => {
        await beginning;
        try {
          if (result.success) await finish(session, config, result, workingDir, early.splice(0));
        } finally {
          // Bun builds once; another build sets its plugins up anew.
          await session.close();
        }
      });
    },
  } satisfies { name: string; setup(builder: PluginBuilder): void };
}

async function finish(
  session: PluginSession,
  config: BuildConfig,
  result: BuildOutput,
  workingDir: string,
  warnings: readonly string[],
): Promise<void> {
  const failures: BuildFailure[] = [];
  let isMeasured = false;
  const host: Host = {
    info: (text) => process.stderr.write(`\n${text}`),
    warn: (_, text) => print('warn', text),
    fail: (failure) => failures.push(failure),
  };
  for (const text of warnings) print('warn', text);
  await standingAside(host, async () => {
    const plan = await session.plan(host.warn);
    const { root } = session;
    const build = await record(config, result, workingDir, root, plan);
    isMeasured = true;
    if (plan.minify !== null) host.warn('bun-minify', NO_MINIFY);
    const folder = config.outdir === undefined ? null : path.resolve(workingDir, config.outdir);
    await finishBuild({ build, earlier: [], root, watching: false, folder, base: config.publicPath }, plan, host);
  });
  if (session.isGate && !isMeasured) failures.push(UNCHECKED);
  if (failures.length > 0) fail(failures, result, config);
}

const NO_MINIFY =
  'The minify stage is not for Bun.build, whose plugins see its files after they are written: Bun minifies by itself (minify: true)';
const TOO_OLD = 'this Bun has no onEnd for plugins. Update Bun, or run `pare analyze` on the output folder.';

/**
 * `Bun.build` rejects with what is thrown here. Where the user asked it not to (`throw: false`), the result says it as Bun
 * does for errors of its own.
 */
function fail(failures: readonly BuildFailure[], result: BuildOutput, config: BuildConfig): void {
  const text = failures.map((failure) => failure.text).join('\n');
  if (config.throw !== false) throw withoutStack(() => new BudgetError(text, failures));
  result.success = false;
  for (const { code, text: message, location } of failures)
    result.logs.push({ name: 'BuildMessage', level: 'error', message, code: `pare-${code}`, position: location });
}

/** What a build fails with that doesn't stay within its budgets. */
class BudgetError extends Error {
  override readonly name = 'BudgetError';
  readonly #failures: readonly BuildFailure[];

  constructor(message: string, failures: readonly BuildFailure[]) {
    super(message);
    this.#failures = failures;
  }

  /** Each with a place in the sources, where it has one. */
  get failures(): readonly BuildFailure[] {
    return this.#failures;
  }
}

/** Without a stack: Bun would show the line of pare that threw. */
function withoutStack(make: () => Error): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function print(level: 'warn', text: string): void {
  const color = (process.stderr.isTTY ?? false) && process.env['NO_COLOR'] === undefined;
  process.stderr.write(`${color ? `\u001b[33m${level}\u001b[39m` : level}: ${text}\n`);
}

function record(
  config: BuildConfig,
  result: BuildOutput,
  workingDir: string,
  root: string,
  plan: BuildPlan,
): Promise<Build> {
  const key = measureKey(plan, root);
  const known = records.get(result) ?? new Map<string, Promise<Build>>();
  records.set(result, known);
  let promise = known.get(key);
  if (promise === undefined) {
    promise = evidenceOf(config, result, workingDir, root).then((evidence) => measureBuild(evidence, plan, false));
    known.set(key, promise);
  }
  return promise;
}

/** @throws PareError `bun-compile`, `bun-too-old` */
async function evidenceOf(config: BuildConfig, result: BuildOutput, workingDir: string, root: string) {
  if (config.compile)
    throw new PareError(
      'bun-compile',
      'A build with `compile` makes a program that holds Bun itself: there is nothing to measure',
      {
        hint: 'Measure the same build without `compile`.',
      },
    );
  if (result.metafile === undefined)
    throw new PareError(
      'bun-too-old',
      `Bun ${versionOfBun()} makes no metafile, without which its modules are not known`,
      {
        hint: 'Update Bun, or run `pare analyze` on the output folder.',
      },
    );
  const outdir = path.resolve(workingDir, config.outdir ?? '');
  const files = new Map<string, Uint8Array>();
  for (const artifact of result.outputs) {
    if (artifact.kind.startsWith('metafile')) continue;
    const file = path.resolve(outdir, artifact.path);
    const written = config.outdir === undefined ? null : readBytes(file);
    files.set(file, written ?? new Uint8Array(await artifact.arrayBuffer()));
  }
  return bunEvidence({
    metafile: result.metafile,
    workingDir,
    root,
    outdir,
    entryPoints: config.entrypoints ?? [],
    publicPath: config.publicPath ?? '',
    version: versionOfBun(),
    files,
    source: readBytes,
  });
}

const versionOfBun = (): string => process.versions['bun'] ?? '';

function readBytes(file: string): Uint8Array | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
