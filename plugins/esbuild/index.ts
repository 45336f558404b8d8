/**
 * pare for esbuild. `analyzer` and `report` work alone or together: one analysis of a build serves both. They set
 * `metafile: true` and change nothing else of the build; where they fail they warn and stand aside.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { BuildResult, Metafile, PartialMessage, Plugin, PluginBuild } from 'esbuild';

import { esbuildEvidence } from '../../src/collect/esbuild-metafile.ts';
import type { Build } from '../../src/model/build.ts';
import { budgetOutcome, UNCHECKED } from '../shared/budgets.ts';
import { checkAnalyzerOptions, checkPareOptions, checkReportOptions } from '../shared/options.ts';
import type { AnalyzerOptions, PareOptions, ReportOptions } from '../shared/options.ts';
import { analyzerOutcome, measureBuild, reportOutcome, standingAside } from '../shared/outcome.ts';
import type { BuildFailure, Host } from '../shared/outcome.ts';

export type { AnalyzerOptions, PareOptions, ReportOptions } from '../shared/options.ts';
export type { Build } from '../../src/model/build.ts';

/** Measures each build: a summary on the terminal, the `Build` record as JSON or by `onBuild`. */
export function analyzer(options: AnalyzerOptions = {}): Plugin {
  const checked = checkAnalyzerOptions(options);
  return plugin('pare:analyzer', checked, (build, root, host) => analyzerOutcome(build, root, checked, host));
}

/** Writes the report, one HTML file, after each build. */
export function report(options: ReportOptions = {}): Plugin {
  const checked = checkReportOptions(options);
  return plugin('pare:report', checked, (build, root, host) => reportOutcome([build], root, checked, host));
}

/** All of pare in one plugin; useful without options. */
export function pare(options: PareOptions = {}): Plugin {
  const parts = checkPareOptions(options);
  const shared = parts.analyzer ?? parts.report ?? parts.budgets ?? {};
  const outcome: Outcome = async (build, root, host, watching) => {
    // Before all else: what goes wrong with the others must not let a build pass.
    if (parts.budgets !== null && !watching) await budgetOutcome(build, root, parts.budgets, host);
    if (parts.analyzer !== null) await analyzerOutcome(build, root, parts.analyzer, host);
    const silent = parts.analyzer !== null && parts.report?.onBuild === parts.analyzer.onBuild;
    if (parts.report !== null)
      await reportOutcome([build], root, silent ? { ...parts.report, onBuild: undefined } : parts.report, host);
  };
  return plugin('pare', shared, outcome, parts.budgets !== null);
}

type Outcome = (build: Build, root: string, host: Host, watching: boolean) => Promise<void>;

/** Records by build result and measures, so that two plugins in one build share the work. */
const records = new WeakMap<BuildResult, Map<string, Promise<Build>>>();

/** @param isGate whether a build that could not be measured must fail */
function plugin(name: string, options: AnalyzerOptions, outcome: Outcome, isGate = false): Plugin {
  return {
    name,
    setup(build) {
      build.initialOptions.metafile = true;
      let rebuilds = 0;
      build.onEnd(async (result) => {
        if (result.errors.length > 0 || result.metafile === undefined) return undefined;
        const warnings: { id: string; text: string }[] = [];
        const failures: BuildFailure[] = [];
        let isMeasured = false;
        const host: Host = {
          info: (text) => speaks(build) && process.stderr.write(`\n${text}`),
          warn: (code, text) => warnings.push({ id: `pare-${code}`, text }),
          fail: (failure) => failures.push(failure),
        };
        const watching = rebuilds++ > 0;
        const workingDir = build.initialOptions.absWorkingDir ?? process.cwd();
        const root = path.resolve(options.root ?? workingDir);
        await standingAside(host, async () => {
          const measured = await record(build, result, root, options, watching);
          isMeasured = true;
          await outcome(measured, root, host, watching);
        });
        if (isGate && !isMeasured && !watching) failures.push(UNCHECKED);
        const errors = failures.map((failure) => toMessage(failure, root, workingDir));
        await print(build, warnings, 'warning');
        await print(build, errors, 'error');
        return { warnings, errors };
      });
    },
  };
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
  options: AnalyzerOptions,
  watching: boolean,
): Promise<Build> {
  const key = JSON.stringify([root, options.gzip, options.brotli, options.cache]);
  const known = records.get(result) ?? new Map<string, Promise<Build>>();
  records.set(result, known);
  let promise = known.get(key);
  if (promise === undefined) {
    promise = measureBuild(evidenceOf(build, result, root), options, watching);
    known.set(key, promise);
  }
  return promise;
}

function evidenceOf(build: PluginBuild, result: BuildResult, root: string) {
  const { absWorkingDir, outdir, outfile, entryPoints } = build.initialOptions;
  const workingDir = absWorkingDir ?? process.cwd();
  const contents = new Map(result.outputFiles?.map((file) => [path.resolve(workingDir, file.path), file.contents]));
  // Without a place to write to, the one output goes by this name, whatever the metafile calls it.
  const standardOutput = contents.get(path.resolve(workingDir, '<stdout>')) ?? null;
  return esbuildEvidence({
    metafile: result.metafile as Metafile,
    workingDir,
    root,
    outdir:
      outdir !== undefined
        ? path.resolve(workingDir, outdir)
        : outfile !== undefined
          ? path.dirname(path.resolve(workingDir, outfile))
          : null,
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
