/** A check, or a comparison of two builds, as Markdown for a pull request. */
import type { Diff } from '../src/budget/diff.ts';
import {
  describeCut,
  formatCause,
  formatFigure,
  formatPlace,
  headline,
  isFailure,
  type CheckedBudget,
  type CheckedCause,
  type CheckReport,
} from './check-report.ts';
import { formatDelta } from './format-change.ts';
import { code, collapsible, escapeMarkdown, markdownTable } from './markdown-text.ts';
import { diffSections } from './markdown-diff.ts';

/** GitHub takes a comment of fewer characters than this. */
export const MOST_CHARACTERS = 65_536;

export function renderMarkdown(report: CheckReport): string {
  return fitting((rows) => [
    `## pare: ${headline(report)}`,
    '',
    ...budgetTable(report, rows),
    ...report.results
      .filter(isFailure)
      .slice(0, rows + 1)
      .flatMap(failure),
    ...(report.diff === null ? [] : comparison(report.diff, rows)),
  ]);
}

export function renderDiffMarkdown(diff: Diff, names: { readonly before: string; readonly after: string }): string {
  return fitting((rows) => [`## pare: ${code(names.before)} → ${code(names.after)}`, '', ...diffSections(diff, rows)]);
}

/** With as many rows in each list as there is room for. */
function fitting(compose: (rows: number) => readonly string[]): string {
  for (const rows of [50, 20, 10, 5, 2, 1]) {
    const text = ended(compose(rows));
    if (text.length < MOST_CHARACTERS) return text;
  }
  // Names alone can't fill it any more, but what can't happen must not break a comment either.
  const text = ended(compose(0));
  if (text.length < MOST_CHARACTERS) return text;
  const cut = text.lastIndexOf('\n\n', MOST_CHARACTERS - 100);
  return `${text.slice(0, Math.max(0, cut))}\n\n… and more, which a comment has no room for.\n`;
}

function ended(lines: readonly string[]): string {
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}

const LABELS: Readonly<Record<CheckedBudget['status'], string>> = {
  ok: '✅ holds',
  new: '🆕 nothing to compare with',
  over: '❌ over',
  regressed: '❌ grew',
};

function budgetTable({ results }: CheckReport, rows: number): string[] {
  // Failures come first, so that they are never among those that are left out.
  const ordered = [...results].sort((a, b) => Number(isFailure(b)) - Number(isFailure(a)));
  const shown = ordered.slice(0, Math.max(rows, 1));
  const table = markdownTable(shown, [
    { title: 'budget', cell: ({ name }) => escapeMarkdown(clipped(name)) },
    { title: '', cell: ({ status }) => LABELS[status] },
    { title: 'now', cell: (result) => formatFigure(result, result.actual), isFigure: true },
    { title: 'limit', cell: (result) => formatFigure(result, result.limit), isFigure: true },
    { title: 'baseline', cell: (result) => formatFigure(result, result.baseline), isFigure: true },
    { title: 'change', cell: changeOf, isFigure: true },
    { title: 'measure', cell: ({ measure }) => measure },
  ]);
  const more = ordered.length - shown.length;
  return [...table, ...(more > 0 ? ['', `… and ${more} more`] : []), ''];
}

function changeOf({ measure, actual, baseline }: CheckedBudget): string {
  if (baseline === null) return '–';
  if (measure === 'requests' || measure === 'packages') {
    const change = actual - baseline;
    return change > 0 ? `+${change}` : `${change}`.replace('-', '−');
  }
  return formatDelta(actual - baseline);
}

const LONGEST_SENTENCE = 400;

function clipped(text: string): string {
  return text.length <= LONGEST_SENTENCE ? text : `${text.slice(0, LONGEST_SENTENCE - 1)}…`;
}

function failure(result: CheckedBudget): string[] {
  return [
    `### ${escapeMarkdown(clipped(result.name))}`,
    '',
    escapeMarkdown(clipped(result.message)),
    '',
    ...result.causes.flatMap((cause, at) => causeItem(result, cause, at + 1)),
    '',
  ];
}

const MOST_LINKS = 12;

function causeItem(result: CheckedBudget, cause: CheckedCause, number: number): string[] {
  const way = cause.chain.map((place) => code(formatPlace(place)));
  const shown = way.length <= MOST_LINKS ? way : [...way.slice(0, 3), '…', ...way.slice(4 - MOST_LINKS)];
  const end = cause.chain.at(-1);
  const cut = describeCut(result, cause, code);
  return [
    `${number}. **${formatCause(result, cause)}** ${escapeMarkdown(clipped(cause.what))}`,
    ...(end === undefined ? [] : [`   - way in: ${[...shown, code(end.to)].join(' → ')}`]),
    ...(cut === null ? [] : [`   - ${cut}`]),
  ];
}

function comparison(diff: Diff, rows: number): string[] {
  return collapsible(
    `What changed over the baseline: ${formatDelta(diff.total.delta.brotli ?? diff.total.delta.gzip ?? diff.total.delta.raw)}`,
    diffSections(diff, rows),
  );
}
