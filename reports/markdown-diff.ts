/** The comparison of two builds as sections of Markdown: the sums, why they changed, and what changed. */
import type { Change, Diff } from '../src/budget/diff.ts';
import { describeCauses, type DescribedCause } from './diff-causes.ts';
import { formatBytes } from './format-bytes.ts';
import { formatDelta, formatGrowth } from './format-change.ts';
import { code, collapsible, escapeMarkdown, markdownTable, type MarkdownColumn } from './markdown-text.ts';

const MEASURES = ['raw', 'gzip', 'brotli'] as const;

export function diffSections(diff: Diff, rows: number): string[] {
  return [...totals(diff), '', ...causes(diff, rows), ...lists(diff, rows)];
}

function totals({ total }: Diff): string[] {
  const measured = MEASURES.filter((measure) => total.before[measure] !== null && total.after[measure] !== null);
  return markdownTable(measured, [
    { title: 'all files', cell: (measure) => measure },
    { title: 'before', cell: (measure) => formatBytes(total.before[measure]), isFigure: true },
    { title: 'now', cell: (measure) => formatBytes(total.after[measure]), isFigure: true },
    { title: 'change', cell: (measure) => formatDelta(total.delta[measure]), isFigure: true },
    { title: '', cell: (measure) => formatGrowth(total.before[measure], total.after[measure]), isFigure: true },
  ]);
}

function causes(diff: Diff, rows: number): string[] {
  const all = describeCauses(diff);
  if (all.length === 0) return ['No file changed its size.', ''];
  const shown = all.slice(0, rows);
  return [
    ...markdownTable(shown, [
      { title: 'why', cell: ({ text }) => escapeMarkdown(text) },
      ...deltaColumns<DescribedCause>(diff, ({ delta }) => delta),
    ]),
    ...more(all.length - shown.length),
    '',
  ];
}

function lists(diff: Diff, rows: number): string[] {
  return [
    ...list(diff, 'Packages', diff.packages, rows, ({ name, versionsBefore, versionsAfter }) => {
      const [before, after] = [versionsBefore.join(', '), versionsAfter.join(', ')];
      const versions = before === after || before === '' || after === '' ? after || before : `${before} → ${after}`;
      return name === null ? 'your own code' : `${code(name)} ${escapeMarkdown(versions)}`.trim();
    }),
    ...list(diff, 'Files', diff.outputs, rows, ({ fileBefore, fileAfter }) => code(fileAfter ?? fileBefore ?? '')),
    ...list(diff, 'Modules', diff.modules, rows, ({ id }) => code(id)),
  ];
}

function list<Row extends Change>(
  diff: Diff,
  title: string,
  all: readonly Row[],
  rows: number,
  nameOf: (row: Row) => string,
): string[] {
  if (all.length === 0 || rows === 0) return [];
  const shown = all.slice(0, rows);
  const table = markdownTable(shown, [
    { title: title.toLowerCase(), cell: nameOf },
    { title: 'before', cell: ({ before }) => formatBytes(before.raw), isFigure: true },
    { title: 'now', cell: ({ after }) => formatBytes(after.raw), isFigure: true },
    ...deltaColumns<Row>(diff, ({ delta }) => delta),
  ]);
  return [...collapsible(`${title} that changed: ${all.length}`, [...table, ...more(all.length - shown.length)]), ''];
}

/** Only what was measured in both builds. */
function deltaColumns<Row>({ total }: Diff, deltaOf: (row: Row) => Change['delta']): MarkdownColumn<Row>[] {
  return MEASURES.filter((measure) => total.delta[measure] !== null).map((measure) => ({
    title: measure,
    cell: (row) => formatDelta(deltaOf(row)[measure]),
    isFigure: true,
  }));
}

function more(count: number): string[] {
  return count > 0 ? ['', `… and ${count} more`] : [];
}
