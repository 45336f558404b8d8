/** The plugins' options: one table of what there is, what it defaults to, and how it is checked. */
import * as v from 'valibot';

import { parseBudgets, type Budget } from '../../src/budget/config.ts';
import type { Build } from '../../src/model/build.ts';
import { PareError } from '../../src/model/errors.ts';
import { nearest } from '../../src/model/nearest-name.ts';

export interface AnalyzerOptions {
  /** The project's root: module ids are relative to it. Default: the bundler's root, or the working directory. */
  readonly root?: string | undefined;
  /** Measure gzip sizes (level 9). Default: true. */
  readonly gzip?: boolean | undefined;
  /** Measure brotli sizes (quality 11; slow the first time, then cached by content). Default: true; in watch mode
   * for the first build only. */
  readonly brotli?: boolean | undefined;
  /** Print a summary after the build. Default: true. */
  readonly summary?: boolean | undefined;
  /** Write the `Build` record as JSON to this file. Default: it is not written. */
  readonly json?: string | undefined;
  /** Folder of the cache of compressed files; false: none. Default: `node_modules/.cache/pare`. */
  readonly cache?: string | false | undefined;
  /** Called with the record after each build. An error thrown here is reported and does not fail the build. */
  readonly onBuild?: ((build: Build) => void | Promise<void>) | undefined;
}

export interface ReportOptions extends AnalyzerOptions {
  /** Where the page is written. Default: `pare-report.html`. */
  readonly file?: string | undefined;
  /** Title of the page and name of the build in it. Default: the name in package.json. */
  readonly title?: string | undefined;
  /** Put the sources of the largest modules into the page, with what is left of each. Default: true. */
  readonly sources?: boolean | undefined;
}

export interface PareOptions {
  /** Options for all parts; a part's own options come before these. */
  readonly root?: string | undefined;
  readonly gzip?: boolean | undefined;
  readonly brotli?: boolean | undefined;
  readonly cache?: string | false | undefined;
  readonly onBuild?: ((build: Build) => void | Promise<void>) | undefined;
  /** false turns the part off. */
  readonly analyzer?: AnalyzerOptions | boolean | undefined;
  readonly report?: ReportOptions | boolean | undefined;
  /** What the build must stay within; where it doesn't, the build fails. Rebuilds in watch mode are not checked. */
  readonly budgets?: readonly Budget[] | undefined;
  /** File that relative budgets compare with, from `pare baseline`; relative to the root. */
  readonly baseline?: string | undefined;
}

export interface BudgetOptions extends AnalyzerOptions {
  readonly budgets: readonly Budget[];
  readonly baseline?: string | undefined;
}

const common = {
  root: v.optional(v.string()),
  gzip: v.optional(v.boolean()),
  brotli: v.optional(v.boolean()),
  cache: v.optional(v.union([v.string(), v.literal(false)])),
  onBuild: v.optional(v.function()),
};
const analyzerEntries = { ...common, summary: v.optional(v.boolean()), json: v.optional(v.string()) };
const reportEntries = {
  ...analyzerEntries,
  file: v.optional(v.string()),
  title: v.optional(v.string()),
  sources: v.optional(v.boolean()),
};
const AnalyzerSchema = v.strictObject(analyzerEntries);
const ReportSchema = v.strictObject(reportEntries);
const PareSchema = v.strictObject({
  ...common,
  analyzer: v.optional(v.union([v.boolean(), AnalyzerSchema])),
  report: v.optional(v.union([v.boolean(), ReportSchema])),
  // Checked by `parseBudgets`, which knows the kinds.
  budgets: v.optional(v.unknown()),
  baseline: v.optional(v.string()),
});

export const checkAnalyzerOptions = (options: unknown): AnalyzerOptions =>
  check(AnalyzerSchema, options, 'analyzer', Object.keys(analyzerEntries)) as AnalyzerOptions;
export const checkReportOptions = (options: unknown): ReportOptions =>
  check(ReportSchema, options, 'report', Object.keys(reportEntries)) as ReportOptions;

export interface PareParts {
  readonly analyzer: AnalyzerOptions | null;
  readonly report: ReportOptions | null;
  readonly budgets: BudgetOptions | null;
}

/** The options of all parts, with the common ones filled in; null: the part is off. */
export function checkPareOptions(options: unknown): PareParts {
  const names = [...Object.keys(reportEntries), 'analyzer', 'report', 'budgets', 'baseline'];
  const { analyzer, report, budgets, baseline, ...shared } = check(PareSchema, options, 'pare', names) as PareOptions;
  const part = <T extends AnalyzerOptions>(own: T | boolean | undefined): T | null => {
    if (own === false) return null;
    return { ...shared, ...(typeof own === 'object' ? own : {}) } as T;
  };
  return {
    analyzer: part(analyzer),
    report: part(report),
    budgets: budgets === undefined ? null : { ...shared, budgets: parseBudgets(budgets, 'pare(): budgets'), baseline },
  };
}

function check<const S extends v.GenericSchema>(
  schema: S,
  options: unknown,
  plugin: string,
  names: readonly string[],
): v.InferOutput<S> {
  const result = v.safeParse(schema, options ?? {});
  if (result.success) return result.output;
  const problems = result.issues.flatMap((issue) => problemsOf(issue, '', names));
  throw new PareError('options-invalid', `${plugin}(): ${problems.join('; ')}`, {
    hint: 'The options of each plugin are listed in the README.',
  });
}

/** Of a choice between forms, the problems inside of the form that was meant say more than the choice. */
function problemsOf(issue: v.BaseIssue<unknown>, within: string, names: readonly string[]): string[] {
  const at = [within, v.getDotPath(issue)].filter(Boolean).join('.');
  const inside = (issue.issues ?? []).filter(({ path }) => path !== undefined);
  if (inside.length > 0) return inside.flatMap((each) => problemsOf(each, at, names));
  if (issue.expected !== 'never') return [`${at || 'options'}: expected ${issue.expected}, got ${issue.received}`];
  const meant = nearest(at.split('.').pop() ?? '', names);
  return [`${at}: no such option${meant === null ? '' : `; did you mean ${JSON.stringify(meant)}?`}`];
}
