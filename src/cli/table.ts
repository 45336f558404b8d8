/** A table on the terminal: names on the left, figures on the right. */
import { createColors } from 'picocolors';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Left out where the terminal is narrow. */
  readonly isOptional?: boolean;
}

export interface TableOptions {
  readonly color: boolean;
  /** Columns; Infinity for a pipe. */
  readonly width: number;
}

const NARROW = 60;
const LEAST_NAME = 12;

/** The first column takes what the others leave; a name that is too long is cut in its middle. */
export function renderTable<Row>(
  rows: readonly Row[],
  name: Column<Row>,
  figures: readonly Column<Row>[],
  { color, width }: TableOptions,
): string[] {
  const { dim } = createColors(color);
  const kept = figures.filter(({ isOptional }) => width >= NARROW || isOptional !== true);
  const widths = kept.map(({ title, cell }) => Math.max(title.length, ...rows.map((row) => cell(row).length)));
  const taken = widths.reduce((sum, each) => sum + each + 2, 2);
  const wanted = Math.max(name.title.length, ...rows.map((row) => name.cell(row).length));
  const room = Math.max(LEAST_NAME, Math.min(wanted, width - taken));
  const line = (first: string, cells: readonly string[]): string =>
    `  ${cutMiddle(first, room).padEnd(room)}${cells.map((cell, i) => `  ${cell.padStart(widths[i]!)}`).join('')}`.trimEnd();
  return [
    dim(
      line(
        name.title,
        kept.map(({ title }) => title),
      ),
    ),
    ...rows.map((row) =>
      line(
        name.cell(row),
        kept.map(({ cell }) => cell(row)),
      ),
    ),
  ];
}

/** More is kept of the end, where the file's name is. */
export function cutMiddle(text: string, room: number): string {
  if (text.length <= room) return text;
  const tail = Math.ceil((room - 1) * 0.65);
  return `${text.slice(0, room - 1 - tail)}…${text.slice(text.length - tail)}`;
}
