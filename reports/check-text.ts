/** The outcome of a check for people at a terminal or in a log: each budget a line, each failure with its causes. */
import { createColors } from 'picocolors';

import {
  describeCut,
  formatCause,
  formatPlace,
  headline,
  isFailure,
  type CheckedBudget,
  type CheckedCause,
  type CheckReport,
} from './check-report.ts';

export interface CheckTextOptions {
  readonly color: boolean;
}

export function renderCheckText(report: CheckReport, { color }: CheckTextOptions): string {
  const { bold, red, green } = createColors(color);
  const title = report.status === 'ok' ? green(headline(report)) : red(headline(report));
  // Failures last: they are what a log is read for, from its end.
  const ordered = [...report.results].sort((a, b) => Number(isFailure(a)) - Number(isFailure(b)));
  return [`${bold('pare')}  ${title}`, ...ordered.flatMap((result) => resultLines(result, color)), ''].join('\n');
}

const LABELS: Readonly<Record<CheckedBudget['status'], string>> = {
  ok: 'ok  ',
  new: 'new ',
  over: 'over',
  regressed: 'grew',
};

function resultLines(result: CheckedBudget, color: boolean): string[] {
  const { bold, red, green, yellow } = createColors(color);
  const paint = isFailure(result) ? red : result.status === 'new' ? yellow : green;
  const message = isFailure(result) ? bold(result.message) : result.message;
  const lines = [`  ${paint(LABELS[result.status])}  ${message}`];
  result.causes.forEach((cause, at) => lines.push(...causeLines(result, cause, at + 1, color)));
  return lines;
}

function causeLines(result: CheckedBudget, cause: CheckedCause, number: number, color: boolean): string[] {
  const { cyan, dim } = createColors(color);
  const indent = ' '.repeat(11);
  const chain = cause.chain.map((place, at) =>
    at === cause.chain.length - 1 ? `${cyan(formatPlace(place))} imports ${place.to}` : cyan(formatPlace(place)),
  );
  const cut = describeCut(result, cause);
  return [
    `        ${number}. ${formatCause(result, cause)}  ${cause.what}`,
    ...chain.map((place) => `${indent}${place}`),
    ...(cut === null ? [] : [`${indent}${dim(`${cut}.`)}`]),
  ];
}
