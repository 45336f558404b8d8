/** Budgets in a bundler: what doesn't hold makes the build fail. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { sourceText } from '../../src/collect/source-text.ts';
import type { Build } from '../../src/model/build.ts';
import { PareError } from '../../src/model/errors.ts';
import type { BuildFailure, Host } from './host.ts';
import type { BuildPlan } from './session.ts';

/** Said where pare stood aside before it came to the budgets: a gate that can't be shut must not look open. */
export const UNCHECKED: BuildFailure = {
  code: 'budget-unchecked',
  text: 'The budgets could not be checked: the warning above says why.',
  location: null,
};

/** Never throws: budgets that can't be checked fail the build as those that don't hold. */
export async function budgetOutcome(
  build: Build,
  root: string,
  options: NonNullable<BuildPlan['budgets']>,
  host: Host,
): Promise<void> {
  try {
    // Loaded here, so that a build without budgets doesn't pay for them.
    const [{ composeCheck }, { locationOf }, { describeResult, isFailure }] = await Promise.all([
      import('../../src/report/compose-check.ts'),
      import('../../reports/check-location.ts'),
      import('../../reports/check-report.ts'),
    ]);
    const baseline = options.baseline === null ? null : await openBaseline(path.resolve(root, options.baseline));
    const sources = (module: number): string | null => sourceText(root, build.modules[module]!.id);
    const report = await composeCheck(build, options.budgets, { baseline, sources });
    for (const result of report.results) {
      if (!isFailure(result)) continue;
      const place = locationOf(result);
      host.fail({
        code: `budget-${result.status}`,
        text: describeResult(result),
        location:
          place === null || place.line === null
            ? null
            : { file: place.file, line: place.line, column: (place.column ?? 1) - 1 },
      });
    }
  } catch (error) {
    if (!(error instanceof PareError)) throw error;
    const hint = error.hint === null ? '' : `\n${error.hint}`;
    host.fail({ code: error.code, text: `The budgets could not be checked.\n${error.message}${hint}`, location: null });
  }
}

async function openBaseline(file: string): Promise<Build> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new PareError('baseline-unreadable', `The baseline ${file} can't be read: ${(cause as Error).message}`, {
      hint: 'Write it from a build of the branch that you compare with: pare baseline DIR --out FILE',
      cause,
    });
  }
  const { readBaseline } = await import('../../src/budget/baseline.ts');
  return readBaseline(text, file);
}
