/** The comparison of two builds, for people: the sums, the causes, then what changed. */
import { createColors } from 'picocolors';

import { describeCauses } from '../../reports/diff-causes.ts';
import { formatBytes } from '../../reports/format-bytes.ts';
import { formatDelta, formatGrowth } from '../../reports/format-change.ts';
import type { Change, Diff } from '../budget/diff.ts';
import type { Bytes } from '../model/build.ts';
import { renderTable, type Column, type TableOptions } from './table.ts';

export interface DiffTextOptions extends TableOptions {
  /** Of each list. */
  readonly rows: number;
}

const MEASURES = ['raw', 'gzip', 'brotli'] as const;
type Measure = (typeof MEASURES)[number];

export function renderDiff(
  diff: Diff,
  names: { readonly before: string; readonly after: string },
  options: DiffTextOptions,
): string {
  const { bold } = createColors(options.color);
  const measures = MEASURES.filter((measure) => diff.total.delta[measure] !== null);
  const strongest = measures.at(-1) ?? 'raw';
  const sections = [
    [`${bold('pare')}  ${names.before} → ${names.after}`],
    totals(diff, measures, options),
    diff.causes.length === 0 && diff.outputs.length === 0
      ? ['  No file changed its size.']
      : list('why', describeCauses(diff), ({ text }) => text, deltas(measures, strongest), options),
    list('packages', diff.packages, packageName, sizes(measures, strongest), options),
    list(
      'files',
      diff.outputs,
      ({ fileBefore, fileAfter }) => fileAfter ?? fileBefore ?? '',
      sizes(measures, strongest),
      options,
    ),
    list('modules', diff.modules, ({ id }) => id, sizes(measures, strongest), options),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function totals({ total }: Diff, measures: readonly Measure[], options: TableOptions): string[] {
  return renderTable(
    measures,
    { title: 'all files', cell: (measure) => measure },
    [
      { title: 'before', cell: (measure) => formatBytes(total.before[measure]) },
      { title: 'after', cell: (measure) => formatBytes(total.after[measure]) },
      { title: 'change', cell: (measure) => formatDelta(total.delta[measure]) },
      { title: '', cell: (measure) => formatGrowth(total.before[measure], total.after[measure]) },
    ],
    options,
  );
}

function packageName({ name, versionsBefore, versionsAfter }: Diff['packages'][number]): string {
  if (name === null) return '(your code)';
  const [before, after] = [versionsBefore.join(', '), versionsAfter.join(', ')];
  if (before === '' || after === '' || before === after) return `${name} ${after || before}`.trim();
  return `${name} ${before} → ${after}`;
}

function list<Row>(
  title: string,
  all: readonly Row[],
  nameOf: (row: Row) => string,
  figures: readonly Column<Row>[],
  options: DiffTextOptions,
): string[] {
  if (all.length === 0) return [];
  const more = all.length - options.rows;
  return [
    ...renderTable(all.slice(0, options.rows), { title, cell: nameOf }, figures, options),
    ...(more > 0 ? [createColors(options.color).dim(`  … and ${more} more`)] : []),
  ];
}

/** In a narrow terminal the strongest measure alone. */
function deltas<Row extends { readonly delta: Bytes }>(
  measures: readonly Measure[],
  strongest: Measure,
): Column<Row>[] {
  return measures.map((measure) => ({
    title: measure,
    cell: ({ delta }) => formatDelta(delta[measure]),
    isOptional: measure !== strongest,
  }));
}

function sizes<Row extends Change>(measures: readonly Measure[], strongest: Measure): Column<Row>[] {
  return [
    ...deltas<Row>(measures, strongest),
    { title: 'from', cell: ({ before }) => formatBytes(before[strongest]), isOptional: true },
    { title: `to (${strongest})`, cell: ({ after }) => formatBytes(after[strongest]), isOptional: true },
  ];
}
