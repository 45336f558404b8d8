/** All packages, or all modules, of a build with their sizes. Assets are not counted: they are no code. */
import { formatBytes, formatShare } from '../../reports/format-bytes.ts';
import type { Build, Bytes, Part } from '../model/build.ts';
import { addBytes, NO_BYTES, sumBytes } from '../model/bytes.ts';
import { renderTable, type Column, type TableOptions } from './table.ts';

export interface SizeRow {
  /** A module's id, or the package with its version; in brackets: what is neither. */
  readonly name: string;
  readonly modules: number;
  readonly bytes: Bytes;
}

export type Measure = 'raw' | 'gzip' | 'brotli';

/** The largest first. Their sizes add up to the code of the build. */
export function packageSizes(build: Build, by: Measure): SizeRow[] {
  return sizesBy(build, by, ({ module }) => {
    if (module === null) return null;
    const owner = build.modules[module]!.package;
    if (owner === null) return '(your code)';
    return owner.version === null ? owner.name : `${owner.name}@${owner.version}`;
  });
}

/** The largest first; modules without a byte in the output are left out. */
export function moduleSizes(build: Build, by: Measure): SizeRow[] {
  return sizesBy(build, by, ({ module }) => (module === null ? null : build.modules[module]!.id));
}

function sizesBy(build: Build, by: Measure, nameOf: (part: Part) => string | null): SizeRow[] {
  const sums = new Map<string, { bytes: Bytes; modules: Set<number> }>();
  for (const { kind, parts } of build.outputs) {
    if (kind === 'asset') continue;
    for (const part of parts) {
      if (part.bytes.raw === 0 && part.rest === null) continue;
      const name = nameOf(part) ?? (part.rest === 'unmapped' ? '(unmapped)' : '(bundler and comments)');
      let sum = sums.get(name);
      if (sum === undefined) {
        sum = { bytes: NO_BYTES, modules: new Set() };
        sums.set(name, sum);
      }
      sum.bytes = addBytes(sum.bytes, part.bytes);
      if (part.module !== null) sum.modules.add(part.module);
    }
  }
  return [...sums]
    .map(([name, { bytes, modules }]): SizeRow => ({ name, modules: modules.size, bytes }))
    .sort((a, b) => (b.bytes[by] ?? 0) - (a.bytes[by] ?? 0) || b.bytes.raw - a.bytes.raw || (a.name < b.name ? -1 : 1));
}

export function renderSizes(
  rows: readonly SizeRow[],
  title: 'package' | 'module',
  by: Measure,
  most: number,
  options: TableOptions,
): string {
  const total = sumBytes(rows.map(({ bytes }) => bytes));
  const figures: Column<SizeRow>[] = [
    ...(title === 'package'
      ? [{ title: 'modules', cell: ({ modules }: SizeRow) => String(modules), isOptional: true }]
      : []),
    ...sizeColumns<SizeRow>(total, by, ({ bytes }) => bytes),
    { title: 'share', cell: ({ bytes }) => formatShare(bytes[by] ?? 0, total[by] ?? 0), isOptional: true },
  ];
  const name = { title, cell: (row: SizeRow) => row.name };
  const shown = [...rows.slice(0, most), { name: 'total', modules: sumOf(rows), bytes: total }];
  const lines = renderTable(shown, name, figures, options);
  const more = rows.length - most;
  if (more > 0) lines.splice(-1, 0, `  … and ${more} more`);
  return `${lines.join('\n')}\n`;
}

/** Only what was measured; in a narrow terminal only what the rows are sorted by. */
export function sizeColumns<Row>(total: Bytes, by: Measure, bytesOf: (row: Row) => Bytes): Column<Row>[] {
  return (['raw', 'gzip', 'brotli'] as const).flatMap((measure) =>
    total[measure] === null
      ? []
      : [{ title: measure, cell: (row: Row) => formatBytes(bytesOf(row)[measure]), isOptional: measure !== by }],
  );
}

const sumOf = (rows: readonly SizeRow[]): number => rows.reduce((sum, { modules }) => sum + modules, 0);
