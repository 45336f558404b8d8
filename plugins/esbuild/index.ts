/**
 * pare for esbuild. `analyzer` and `report` work alone or together: one analysis of a build serves both. They set
 * `metafile: true` and change nothing else of the build; where they fail they warn and stand aside.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { BuildResult, Metafile, PartialMessage, Plugin, PluginBuild } from 'esbuild';

import { esbuildEvidence } from '../../src/collect/esbuild-metafile.ts';
import type { Build } from '../../src/model/build.ts';
import { UNCHECKED } from '../shared/budgets.ts';
import type { BuildFailure, Host } from '../shared/host.ts';
import { minifyEngine } from '../shared/minify.ts';
import { analyzerRequest, pareRequest, reportRequest } from '../shared/options.ts';
import type { AnalyzerOptions, PareOptions, PluginRequest, ReportOptions } from '../shared/options.ts';
import { finishBuild, measureBuild, measureKey, standingAside } from '../shared/outcome.ts';
import { PluginSession, type BuildPlan } from '../shared/session.ts';

export type { AnalyzerOptions, PareOptions, ReportOptions } from '../shared/options.ts';
export type { Build } from '../../src/model/build.ts';

/** Measures each build: a summary on the terminal, the `Build` record as JSON or by `onBuild`. */
export function analyzer(options: AnalyzerOptions = {}): Plugin {
  return plugin(analyzerRequest(options));
}

/** Writes the report, one HTML file, after each build. */
export function report(options: ReportOptions = {}): Plugin {
  return plugin(reportRequest(options));
}

/** All of pare in one plugin; useful without options. */
export function pare(options: PareOptions = {}): Plugin {
  return plugin(pareRequest(options));
}

/** Records by build result and measures, so that two plugins in one build share the work. */
const records = new WeakMap<BuildResult, Map<string, Promise<Build>>>();

function plugin(request: PluginRequest): Plugin {
  return {
    name: request.name,
    setup(build) {
      build.initialOptions.metafile = true;
      const workingDir = build.initialOptions.absWorkingDir ?? process.cwd();
      const session = new PluginSession(request);
      session.suggestRoot(workingDir);
      let rebuilds = 0;
      let beginning: Promise<void> = Promise.resolve();
      // While esbuild works, the configuration is read; what is said then comes with what is said at the end.
      const early: { id: string; text: string }[] = [];
      build.onStart(() => {
        beginning = session.begin((code, text) => early.push({ id: `pare-${code}`, text }));
      });
      const entry = entryFilter(build);
      if (entry !== null) watchAtEntry(build, entry, () => beginning.then(() => session.files));
      build.onEnd(async (result) => {
        await beginning;
        if (result.errors.length > 0 || result.metafile === undefined) return undefined;
        const warnings = early.splice(0);
        const failures: BuildFailure[] = [];
        let isMeasured = false;
        const host: Host = {
          info: (text) => speaks(build) && process.stderr.write(`\n${text}`),
          warn: (code, text) => warnings.push({ id: `pare-${code}`, text }),
          fail: (failure) => failures.push(failure),
        };
        const watching = rebuilds++ > 0;
        await standingAside(host, async () => {
          const plan = await session.plan(host.warn);
          const { root } = session;
          if (plan.minify !== null) await standingAside(host, () => minify(build, result, root, plan, host));
          const measured = await record(build, result, root, plan, watching);
          isMeasured = true;
          const folder = build.initialOptions.write === false ? null : outputFolder(build);
          const base = build.initialOptions.publicPath;
          await finishBuild({ build: measured, earlier: [], root, watching, folder, base }, plan, host);
        });
        if (session.isGate && !isMeasured && !watching) failures.push(UNCHECKED);
        const errors = failures.map((failure) => toMessage(failure, session.root, workingDir));
        await print(build, warnings, 'warning');
        await print(build, errors, 'error');
        return { warnings, errors };
      });
      build.onDispose(() => void session.close());
    },
  };
}

/** Outputs whose code is no more what esbuild printed, and their bytes when it was. */
const rewritten = new WeakMap<BuildResult, ReadonlyMap<string, number>>();

async function minify(build: PluginBuild, result: BuildResult, root: string, plan: BuildPlan, host: Host) {
  const { onEndStage } = await import('../../src/minify/on-end.ts');
  const stage = onEndStage(plan.minify!, minifyEngine(plan, root, host.warn));
  const printed = Object.entries(result.metafile!.outputs).map(([name, { bytes }]) => [name, bytes] as const);
  const names = await plan.engine.telemetry.span('minify', () =>
    stage(result as Parameters<typeof stage>[0], build.initialOptions),
  );
  const now = printed.filter(([name]) => names.includes(name));
  // Another plugin of ours may have rewritten some of them before.
  rewritten.set(result, new Map([...now, ...(rewritten.get(result) ?? [])]));
}

/**
 * The entry is where files to watch can be named, and only by who says where it is. So it is asked for once as it would be without
 * us, with nothing by which other plugins could take the question for another one. Where one of them gives more than a plain
 * file, it is left to say it itself.
 */
function watchAtEntry(build: PluginBuild, filter: RegExp, filesOf: () => Promise<readonly string[]>): void {
  const asking = new Set<string>();
  build.onResolve({ filter }, async ({ path: wanted, ...asked }) => {
    if (asked.kind !== 'entry-point' || asking.has(wanted)) return undefined;
    const files = await filesOf();
    if (files.length === 0) return undefined;
    asking.add(wanted);
    try {
      const { errors, warnings, ...found } = await build.resolve(wanted, asked);
      const isPlain = found.namespace === 'file' && found.pluginData === undefined && !found.external;
      return errors.length > 0 || !isPlain ? undefined : { ...found, warnings, watchFiles: [...files] };
    } finally {
      asking.delete(wanted);
    }
  });
}

/**
 * Matches the first entry point, which esbuild may ask for with a `./` before it; null: there is none. Only what means something
 * is escaped: esbuild reads the expression by Go's rules.
 */
function entryFilter(build: PluginBuild): RegExp | null {
  const [first] = entryNames(build.initialOptions.entryPoints ?? []);
  return first === undefined ? null : new RegExp(`(?:^|[\\\\/])${first.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`);
}

/** Absolute; null: esbuild writes to the standard output. */
function outputFolder({ initialOptions: { absWorkingDir, outdir, outfile } }: PluginBuild): string | null {
  const workingDir = absWorkingDir ?? process.cwd();
  if (outdir !== undefined) return path.resolve(workingDir, outdir);
  return outfile === undefined ? null : path.dirname(path.resolve(workingDir, outfile));
}

/** Levels at which esbuild itself would print a message of a kind; what a plugin returns from `onEnd` it prints at none. */
const PRINTED = {
  error: [undefined, 'error', 'warning', 'info', 'debug', 'verbose'],
  warning: [undefined, 'warning', 'info', 'debug', 'verbose'],
} as const;

async function print(build: PluginBuild, messages: PartialMessage[], kind: 'error' | 'warning'): Promise<void> {
  const levels: readonly (string | undefined)[] = PRINTED[kind];
  if (messages.length === 0 || !levels.includes(build.initialOptions.logLevel)) return;
  const color = (process.stderr.isTTY ?? false) && process.env['NO_COLOR'] === undefined;
  const lines = await build.esbuild.formatMessages(messages, {
    kind,
    color,
    terminalWidth: process.stderr.columns ?? 100,
  });
  process.stderr.write(lines.join(''));
}

/** The first line with its place; what is below it, the causes, as a note. */
function toMessage({ code, text, location }: BuildFailure, root: string, workingDir: string): PartialMessage {
  const [first, ...more] = text.split('\n');
  return {
    id: `pare-${code}`,
    text: first!,
    notes: more.length === 0 ? [] : [{ text: more.join('\n') }],
    location:
      location === null
        ? null
        : {
            ...location,
            file: path.relative(workingDir, path.resolve(root, location.file)),
            lineText: lineOf(root, location),
          },
  };
}

function lineOf(root: string, { file, line }: NonNullable<BuildFailure['location']>): string {
  const bytes = readBytes(path.resolve(root, file));
  return bytes === null ? '' : (new TextDecoder().decode(bytes).split('\n')[line - 1] ?? '');
}

function record(
  build: PluginBuild,
  result: BuildResult,
  root: string,
  plan: BuildPlan,
  watching: boolean,
): Promise<Build> {
  const key = measureKey(plan, root);
  const known = records.get(result) ?? new Map<string, Promise<Build>>();
  records.set(result, known);
  let promise = known.get(key);
  if (promise === undefined) {
    promise = measureBuild(evidenceOf(build, result, root), plan, watching);
    known.set(key, promise);
  }
  return promise;
}

function evidenceOf(build: PluginBuild, result: BuildResult, root: string) {
  const { absWorkingDir, entryPoints } = build.initialOptions;
  const workingDir = absWorkingDir ?? process.cwd();
  const contents = new Map(result.outputFiles?.map((file) => [path.resolve(workingDir, file.path), file.contents]));
  // Without a place to write to, the one output goes by this name, whatever the metafile calls it.
  const standardOutput = contents.get(path.resolve(workingDir, '<stdout>')) ?? null;
  return esbuildEvidence({
    metafile: result.metafile as Metafile,
    rewritten: rewritten.get(result) ?? new Map(),
    workingDir,
    root,
    outdir: outputFolder(build),
    entryPoints: entryPoints === undefined ? null : entryNames(entryPoints),
    version: build.esbuild.version,
    read: (file) =>
      contents.get(path.resolve(file)) ?? (file.endsWith('.map') ? null : standardOutput) ?? readBytes(file),
  });
}

function entryNames(entryPoints: NonNullable<PluginBuild['initialOptions']['entryPoints']>): string[] {
  if (!Array.isArray(entryPoints)) return Object.values(entryPoints);
  return entryPoints.map((entry) => (typeof entry === 'string' ? entry : entry.in));
}

function readBytes(file: string): Uint8Array | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}

/** The summary is what the plugin is for: it is printed unless esbuild was told to be quiet. */
function speaks(build: PluginBuild): boolean {
  const level = build.initialOptions.logLevel;
  return level !== 'silent' && level !== 'error';
}
