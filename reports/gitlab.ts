/** A check as GitLab's code quality report (https://docs.gitlab.com/ci/testing/code_quality/). */
import { createHash } from 'node:crypto';

import { locationOf, type LocationOptions } from './check-location.ts';
import { describeCut, formatCause, isFailure, type CheckedBudget, type CheckReport } from './check-report.ts';

export interface GitlabOptions extends LocationOptions {
  /** Shown for a failure that no import statement causes: GitLab wants a file for each. Relative to the repository. */
  readonly fallbackFile: string;
}

export function renderGitlab(report: CheckReport, options: GitlabOptions): string {
  const issues = report.results
    .filter((result) => result.status !== 'ok')
    .map((result) => {
      const location = locationOf(result, options);
      return {
        description: description(result),
        check_name: `pare/${result.budget.kind}`,
        fingerprint: createHash('sha256')
          .update(`${result.budget.kind}\n${result.name}\n${result.subject}`)
          .digest('hex'),
        severity: isFailure(result) ? 'major' : 'info',
        location: { path: location?.file ?? options.fallbackFile, lines: { begin: location?.line ?? 1 } },
      };
    });
  return `${JSON.stringify(issues, null, 2)}\n`;
}

/** One paragraph: the widget shows no line breaks. */
function description(result: CheckedBudget): string {
  const [first] = result.causes;
  if (first === undefined) return result.message;
  const cut = describeCut(result, first);
  return `${result.message} Most of it: ${first.what} (${formatCause(result, first)}).${cut === null ? '' : ` ${cut}.`}`;
}
