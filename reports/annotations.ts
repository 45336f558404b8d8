/**
 * GitHub's workflow commands: what a job prints so that an error stands at its line in the pull request
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
 */
import { locationOf, type LocationOptions } from './check-location.ts';
import { describeResult, isFailure, type CheckedBudget, type CheckReport } from './check-report.ts';

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
  return `::${isFailure(result) ? 'error' : 'notice'} ${list}::${escapeData(describeResult(result))}`;
}

function escapeData(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
