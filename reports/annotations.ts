/**
 * GitHub's workflow commands: what a job prints so that an error stands at its line in the pull request
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
 */
import { locationOf, type LocationOptions } from './check-location.ts';
import {
  describeCut,
  formatCause,
  formatPlace,
  isFailure,
  type CheckedBudget,
  type CheckReport,
} from './check-report.ts';

/** One command for each budget that doesn't hold; a notice for each that could not be compared. Empty where all is well. */
export function renderAnnotations(report: CheckReport, options: LocationOptions = {}): string {
  return report.results
    .filter((result) => isFailure(result) || result.status === 'new')
    .map((result) => `${annotation(result, options)}\n`)
    .join('');
}

function annotation(result: CheckedBudget, options: LocationOptions): string {
  const location = locationOf(result, options);
  const properties = [
    ...(location === null ? [] : [['file', location.file] as const]),
    ...(location?.line == null ? [] : [['line', String(location.line)] as const]),
    ...(location?.line == null || location.column === null ? [] : [['col', String(location.column)] as const]),
    ['title', `pare: ${result.name}`] as const,
  ];
  const list = properties.map(([name, value]) => `${name}=${escapeProperty(value)}`).join(',');
  return `::${isFailure(result) ? 'error' : 'notice'} ${list}::${escapeData(message(result))}`;
}

function message(result: CheckedBudget): string {
  const causes = result.causes.map((cause, at) => {
    const way = cause.chain.map(formatPlace);
    const cut = describeCut(result, cause);
    return [
      `${at + 1}. ${formatCause(result, cause)}: ${cause.what}`,
      ...(way.length === 0 ? [] : [`   ${[...way, cause.chain.at(-1)!.to].join(' > ')}`]),
      ...(cut === null ? [] : [`   ${cut}.`]),
    ].join('\n');
  });
  return [result.message, ...causes].join('\n');
}

function escapeData(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
