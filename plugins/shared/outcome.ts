/** What the plugins do with a finished build: the summary, the JSON file, the page, the user's own function. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { Build, ModuleIndex } from '../../src/model/build.ts';
import { assemble } from '../../src/measure/assemble.ts';
import type { BuildEvidence } from '../../src/measure/evidence.ts';
import { sourceText } from '../../src/collect/source-text.ts';
import { PareError } from '../../src/model/errors.ts';
import { CompressionDiskCache } from '../../src/store/compression-cache.ts';
import type { AnalyzerOptions, ReportOptions } from './options.ts';

/** How a plugin speaks in its bundler's own way. */
export interface Host {
  readonly info: (text: string) => void;
  readonly warn: (code: string, text: string) => void;
  /** Makes the build fail, once pare is done with it. */
  readonly fail: (failure: BuildFailure) => void;
}

export interface BuildFailure {
  readonly code: string;
  readonly text: string;
  /** `file` relative to the root, line from 1, column from 0. */
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** What the report shows beyond the record: sources and source maps. */
const evidenceOf = new WeakMap<Build, BuildEvidence>();

/** Assembles the record with the options' measures. */
export async function measureBuild(
  evidence: BuildEvidence,
  options: AnalyzerOptions,
  watching: boolean,
): Promise<Build> {
  const folder = options.cache ?? (await defaultCacheFolder(evidence.root));
  const cache =
    folder === false || folder === null ? {} : { cache: new CompressionDiskCache(path.resolve(evidence.root, folder)) };
  const build = await assemble(evidence, {
    compress: { gzip: options.gzip ?? true, brotli: options.brotli ?? !watching, ...cache },
  });
  evidenceOf.set(build, evidence);
  return build;
}

export async function analyzerOutcome(build: Build, root: string, options: AnalyzerOptions, host: Host): Promise<void> {
  if (options.summary ?? true) {
    const { renderSummary } = await import('../../reports/terminal.ts');
    const color = (process.stderr.isTTY ?? false) && process.env['NO_COLOR'] === undefined;
    host.info(renderSummary({ ...build, diagnostics: [] }, { color, width: process.stderr.columns ?? 100 }));
  }
  for (const { code, message, hint } of build.diagnostics) {
    if (!UNSPOKEN.has(code)) host.warn(code, hint === null ? message : `${message}. ${hint}`);
  }
  if (options.json !== undefined) await writeOut(path.resolve(root, options.json), `${JSON.stringify(build)}\n`, host);
  await handOver(build, options, host);
}

/** Stand in the record and in the report; on a terminal, build after build, they would only be noise. */
const UNSPOKEN = new Set(['css-map-missing']);

/** Calls the user's own function: what it throws is the user's to know, and fails nothing. */
async function handOver(build: Build, options: AnalyzerOptions, host: Host): Promise<void> {
  try {
    await options.onBuild?.(build);
  } catch (error) {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    host.warn('on-build-failed', `onBuild() threw: ${cause}. The build itself is not touched.`);
  }
}

/** Writes one page for all builds given; `onBuild` gets the last. */
export async function reportOutcome(
  builds: readonly Build[],
  root: string,
  options: ReportOptions,
  host: Host,
): Promise<void> {
  const { writeReport } = await import('../../src/report/write-report.ts');
  const title = options.title ?? (await projectName(root));
  const named = builds.map((build) => ({
    name: build.bundler === null ? title : `${title} (${build.bundler.name})`,
    build,
    root,
    sources: (module: ModuleIndex) => sourceText(root, build.modules[module]!.id),
    ...(options.sources === false
      ? {}
      : { maps: evidenceOf.get(build)?.outputs.flatMap(({ map }) => map ?? []) ?? [] }),
  }));
  const file = path.resolve(root, options.file ?? 'pare-report.html');
  await writeReport(file, title, named);
  host.info(`pare  report written to ${path.relative(process.cwd(), file) || file}\n`);
  const last = builds.at(-1);
  if (last !== undefined) await handOver(last, options, host);
}

/** Runs a step that must never fail the build: what it throws becomes a warning that names the cause. */
export async function standingAside(host: Host, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    const code = error instanceof PareError ? error.code : 'internal';
    const hint = error instanceof PareError && error.hint !== null ? ` ${error.hint}` : '';
    const message =
      error instanceof PareError
        ? error.message
        : `pare stood aside: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    host.warn(code, `${message}.${hint}`);
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

/** `node_modules/.cache/pare` of the nearest folder upwards that has a node_modules; null: there is none. */
async function defaultCacheFolder(root: string): Promise<string | null> {
  const { stat } = await import('node:fs/promises');
  for (let folder = root; ; folder = path.dirname(folder)) {
    const modules = path.join(folder, 'node_modules');
    const found = await stat(modules).catch(() => null);
    if (found?.isDirectory()) return path.join(modules, '.cache', 'pare');
    if (folder === path.dirname(folder)) return null;
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
