/** From a build and its budgets to what the writers tell: the results, the comparison, and what would mend each failure. */
import { CHECK_SCHEMA, type CheckReport } from '../../reports/check-report.ts';
import { checkBudgets } from '../budget/budgets.ts';
import type { Budget } from '../budget/budget.ts';
import { diffBuilds } from '../budget/diff.ts';
import type { Build, ModuleIndex } from '../model/build.ts';
import { sumBytes } from '../model/bytes.ts';

export interface ComposeCheckOptions {
  /** A build before, or what `readBaseline` gives. */
  readonly baseline?: Build | null;
  /** Text of a module as it is on disk, which makes cuts through barrels exact; null where it can't be read. */
  readonly sources?: (module: ModuleIndex) => string | null;
}

/**
 * @throws PareError what `checkBudgets` throws
 */
export async function composeCheck(
  build: Build,
  budgets: readonly Budget[],
  { baseline = null, sources }: ComposeCheckOptions = {},
): Promise<CheckReport> {
  const results = checkBudgets(build, budgets, { baseline });
  const isFailing = results.some(({ causes }) => causes.length > 0);
  // Most checks hold: what finds the cuts is loaded when one doesn't.
  const cutOf = isFailing ? await (await import('./find-cuts.ts')).cutFinder(build, baseline, sources) : () => null;
  return {
    schema: CHECK_SCHEMA,
    bundler: build.bundler,
    status: results.some(({ status }) => status === 'over')
      ? 'over'
      : results.some(({ status }) => status === 'regressed')
        ? 'regressed'
        : 'ok',
    total: sumBytes(build.outputs.map(({ bytes }) => bytes)),
    results: results.map((result) => ({
      ...result,
      causes: result.causes.map((cause) => ({ ...cause, cut: cutOf(cause) })),
    })),
    diff: baseline === null ? null : diffBuilds(baseline, build),
  };
}
