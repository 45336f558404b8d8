/** What `pare report` shows beside the build itself: the diff, the budgets, the coverage. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { checkBudgets, type BudgetResult } from '../budget/budgets.ts';
import { load } from '../config/load.ts';
import type { OwnedOutput } from '../measure/assemble.ts';
import { parseCoverage } from '../measure/coverage.ts';
import { executedBytes, type CoveragePoint, type ExecutedBytes } from '../measure/executed.ts';
import type { Build } from '../model/build.ts';
import { PareError } from '../model/errors.ts';
import type { NamedBuild } from '../report/named-build.ts';
import type { AnalysisArgs } from './analysis.ts';
import { warn } from './diagnostics.ts';
import { loadBuild } from './load-build.ts';

export interface ExtraArgs extends AnalysisArgs {
  readonly baseline?: string | undefined;
  readonly coverage?: string | undefined;
  readonly config?: string | undefined;
}

type Extras = Pick<NamedBuild, 'baseline' | 'budgets' | 'coverage'>;

/** @throws PareError `usage-several` where an option is about one build and there are more */
export function refuseForSeveral({ baseline, coverage }: ExtraArgs, builds: number): void {
  if (builds === 1 || (baseline === undefined && coverage === undefined)) return;
  const option = baseline === undefined ? '--coverage' : '--baseline';
  throw new PareError('usage-several', `${option} is about one build, and ${builds} are named`, {
    hint: 'Write a report about each build by itself.',
  });
}

export async function reportExtras(
  build: Build,
  root: string,
  owned: readonly OwnedOutput[],
  args: ExtraArgs,
): Promise<Extras> {
  const baseline =
    args.baseline === undefined ? null : { name: args.baseline, build: await loadBuild(args.baseline, args) };
  const budgets = await budgetResults(build, root, baseline?.build ?? null, args);
  const coverage = args.coverage === undefined ? null : await executed(owned, args.coverage);
  return {
    ...(baseline === null ? {} : { baseline }),
    ...(budgets === null ? {} : { budgets }),
    ...(coverage === null ? {} : { coverage }),
  };
}

/** A budget that needs a baseline and has none is not shown: `pare check` is where that is an error. */
async function budgetResults(
  build: Build,
  root: string,
  baseline: Build | null,
  { config }: ExtraArgs,
): Promise<BudgetResult[] | null> {
  const loaded = await load(config === undefined ? { cwd: root } : { file: config });
  const { budgets } = loaded.config;
  if (budgets.length === 0) return null;
  try {
    return checkBudgets(build, budgets, { baseline });
  } catch (error) {
    if (!(error instanceof PareError)) throw error;
    warn([{ code: error.code, file: null, message: error.message, hint: error.hint }]);
    return null;
  }
}

async function executed(owned: readonly OwnedOutput[], list: string): Promise<readonly ExecutedBytes[]> {
  const points = await Promise.all(list.split(',').map(readPoint));
  const { points: found, diagnostics } = executedBytes(owned, points);
  warn(diagnostics);
  return found;
}

async function readPoint(word: string): Promise<CoveragePoint> {
  const equals = word.indexOf('=');
  const file = word.slice(equals + 1);
  const name = equals > 0 ? word.slice(0, equals) : path.basename(file, path.extname(file));
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new PareError(
      missing ? 'not-found' : 'coverage-invalid',
      missing ? `There is no coverage file ${file}` : `${file} is no coverage: ${(cause as Error).message}`,
      {
        hint: 'Record it in Chromium: the Coverage panel of the developer tools exports it, page.coverage of Playwright returns it.',
        cause,
      },
    );
  }
  return { name, scripts: parseCoverage(json, file) };
}
