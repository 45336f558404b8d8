/** What the plugins do with a finished build: budgets, the summary, the JSON file, the page, compressed copies. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { Build, Diagnostic, ModuleIndex } from '../../src/model/build.ts';
import { assemble } from '../../src/measure/assemble.ts';
import type { BuildEvidence } from '../../src/measure/evidence.ts';
import { sourceText } from '../../src/collect/source-text.ts';
import { PareError } from '../../src/model/errors.ts';
import { budgetOutcome } from './budgets.ts';
import type { Host } from './host.ts';
import type { OnBuild } from './options.ts';
import type { BuildPlan } from './session.ts';

/** What the report shows beyond the record: sources and source maps. */
const evidenceOf = new WeakMap<Build, BuildEvidence>();

/** Assembles the record with the plan's measures. */
export async function measureBuild(evidence: BuildEvidence, plan: BuildPlan, watching: boolean): Promise<Build> {
  const { engine, gzip, brotli = !watching } = plan;
  const build = await engine.telemetry.span('measure', () =>
    assemble(evidence, { compress: { gzip, brotli, cache: engine.cache } }),
  );
  evidenceOf.set(build, evidence);
  return build;
}

/** What tells two records of one build apart: plugins that ask for the same share it. */
export function measureKey({ gzip, brotli }: BuildPlan, root: string): string {
  return JSON.stringify([root, gzip, brotli]);
}

export interface FinishedBuild {
  readonly build: Build;
  /** What the same build wrote before this (other formats, other folders); the page shows all. */
  readonly earlier: readonly Build[];
  readonly root: string;
  /** Built again in watch mode: it is held to no budget. */
  readonly watching: boolean;
  /** Where the files were written, absolute; null: nowhere. */
  readonly folder: string | null;
  /** Path or address under which they are served, as the bundler has it; undefined: the server's root. */
  readonly base: string | undefined;
}

/** All parts of a plan, in their order. */
export async function finishBuild(finished: FinishedBuild, plan: BuildPlan, host: Host): Promise<void> {
  const { build, earlier, root, watching, folder } = finished;
  // Before all else: what goes wrong with the others must not let a build pass.
  if (plan.budgets !== null && !watching) await budgetOutcome(build, root, plan.budgets, host);
  if (plan.analyzer !== null) await analyzerOutcome(build, root, plan.analyzer, host);
  await handOver(build, plan.onBuild, host);
  if (plan.report !== null)
    await plan.engine.telemetry.span('report', () => reportOutcome([...earlier, build], root, plan, host));
  if (plan.compress !== null && folder !== null) await compressOutcome(finished, plan, host);
}

async function analyzerOutcome(
  build: Build,
  root: string,
  options: NonNullable<BuildPlan['analyzer']>,
  host: Host,
): Promise<void> {
  const teller = tellers.get(build);
  if (teller === undefined || teller === options) await tell(build, options, host);
  else if (options.summary)
    host.info('pare  the summary of this build is above (pare is in its config more than once)\n');
  if (options.json !== null) await writeOut(path.resolve(root, options.json), `${JSON.stringify(build)}\n`, host);
}

/** Who printed the summary of a build: a second plugin of ours in the same config doesn't say it all again. */
const tellers = new WeakMap<Build, NonNullable<BuildPlan['analyzer']>>();

async function tell(build: Build, options: NonNullable<BuildPlan['analyzer']>, host: Host): Promise<void> {
  if (options.summary) {
    tellers.set(build, options);
    const { renderSummary } = await import('../../reports/terminal.ts');
    const color = (process.stderr.isTTY ?? false) && process.env['NO_COLOR'] === undefined;
    host.info(renderSummary({ ...build, diagnostics: [] }, { color, width: process.stderr.columns ?? 100 }));
  }
  for (const { code, message, hint } of build.diagnostics) {
    if (!UNSPOKEN.has(code)) host.warn(code, hint === null ? message : `${message}. ${hint}`);
  }
}

/** Stand in the record and in the report; on a terminal, build after build, they would only be noise. */
const UNSPOKEN = new Set(['css-map-missing']);

/** Calls the user's own function: what it throws is the user's to know, and fails nothing. */
async function handOver(build: Build, onBuild: OnBuild | undefined, host: Host): Promise<void> {
  try {
    await onBuild?.(build);
  } catch (error) {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    host.warn('on-build-failed', `onBuild() threw: ${cause}. The build itself is not touched.`);
  }
}

/** Writes one page for all builds given. */
async function reportOutcome(
  builds: readonly Build[],
  root: string,
  { engine, report }: BuildPlan,
  host: Host,
): Promise<void> {
  const options = report!;
  const { writeReport } = await import('../../src/report/write-report.ts');
  const title = options.title ?? (await projectName(root));
  const named = builds.map((build) => ({
    name: build.bundler === null ? title : `${title} (${build.bundler.name})`,
    build,
    root,
    sources: (module: ModuleIndex) => sourceText(root, build.modules[module]!.id),
    ...(options.sources ? { maps: evidenceOf.get(build)?.outputs.flatMap(({ map }) => map ?? []) ?? [] } : {}),
  }));
  const file = path.resolve(root, options.file);
  await writeReport(file, title, named, engine.store);
  host.info(`pare  report written to ${path.relative(process.cwd(), file) || file}\n`);
}

/** Writes the compressed copies beside the files. Rebuilds of a watching bundler only take away those that are no longer right. */
async function compressOutcome({ folder, base, watching }: FinishedBuild, plan: BuildPlan, host: Host): Promise<void> {
  const { engine, compress } = plan;
  const [{ precompress }, { presentReleases }] = await Promise.all([
    import('../../src/precompress/precompress.ts'),
    import('../../src/precompress/releases.ts'),
  ]);
  const onDiagnostic = ({ code, message, hint }: Diagnostic): void =>
    host.warn(code, hint === null ? message : `${message}. ${hint}`);
  const settings = watching
    ? { ...compress!, formats: [], previous: [] }
    : { ...compress!, previous: await presentReleases(compress!.previous, onDiagnostic) };
  await engine.telemetry.span('compress', () =>
    precompress(folder!, settings, {
      base,
      cache: engine.cache,
      signal: engine.scope.signal,
      onDiagnostic,
      run: (input, options) => engine.run('encode', input, options),
    }),
  );
}

/** Runs a step that must never fail the build: what it throws becomes a warning that names the cause. */
export async function standingAside(host: Pick<Host, 'warn'>, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    const code = error instanceof PareError ? error.code : 'internal';
    const hint = error instanceof PareError && error.hint !== null ? ` ${error.hint}` : '';
    const message =
      error instanceof PareError
        ? error.message
        : `pare stood aside: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    host.warn(code, `${message.replace(/\.$/, '')}.${hint}`);
  }
}

async function writeOut(file: string, text: string, host: Host): Promise<boolean> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    return true;
  } catch (error) {
    host.warn(
      'write-failed',
      `${file} could not be written: ${(error as Error).message}. The build itself is not touched.`,
    );
    return false;
  }
}

async function projectName(root: string): Promise<string> {
  try {
    const { name } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { name?: unknown };
    if (typeof name === 'string' && name !== '') return name;
  } catch {
    // No package.json: the folder's name will do.
  }
  return path.basename(root);
}
