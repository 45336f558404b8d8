/** A build on the terminal: outputs, packages, rest, and what went wrong. Plain text without colour fits any pipe. */
import { createColors } from 'picocolors';

import { addBytes, NO_BYTES } from '../src/model/bytes.ts';
import type { Build, Bytes, Diagnostic } from '../src/model/build.ts';
import { formatBytes, formatShare } from './format-bytes.ts';

export interface TerminalOptions {
  readonly color: boolean;
  /** Columns; Infinity for a pipe. */
  readonly width: number;
  /** Rows of each list. */
  readonly rows?: number;
}

export function renderSummary(build: Build, options: TerminalOptions): string {
  const colors = createColors(options.color);
  const rows = options.rows ?? 10;
  const code = build.outputs.filter(({ kind }) => kind !== 'asset');
  const total = code.reduce((sum, { bytes }) => addBytes(sum, bytes), NO_BYTES);
  const initial = initialOutputs(build).reduce((sum, file) => addBytes(sum, file.bytes), NO_BYTES);
  const bundler =
    build.bundler === null
      ? ''
      : ` by ${build.bundler.name}${build.bundler.version === null ? '' : ` ${build.bundler.version}`}`;
  const lines = [
    `${colors.bold('pare')}  ${countOf(code.length, 'file')}${bundler}, ${modulesIn(build)}`,
    table(
      [row('initial (what the entries load before they run)', initial, total), row('total', total, total)],
      'code and CSS',
      options,
    ),
    table(limited(outputRows(build, total), rows), 'largest outputs', options),
    table(limited(packageRows(build, total), rows), 'largest packages', options),
    ...restLine(build, total),
    ...renderDiagnostics(build.diagnostics, options),
  ];
  return `${lines.join('\n')}\n`;
}

/** Modules that have a byte in the code, as they are counted everywhere; and how many more there are. */
function modulesIn(build: Build): string {
  const present = new Set<number>();
  for (const { kind, parts } of build.outputs)
    if (kind !== 'asset')
      for (const { module, bytes } of parts) if (module !== null && bytes.raw > 0) present.add(module);
  const more = build.modules.length - present.size;
  return `${countOf(present.size, 'module')} in ${more === 0 ? 'them' : `them and ${more} of which nothing is left`}`;
}

/** A few of each kind; a build without source maps would say the same of every file. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: { readonly color: boolean }): string[] {
  const kinds = new Map<string, Diagnostic[]>();
  for (const diagnostic of diagnostics) kinds.set(diagnostic.code, [...(kinds.get(diagnostic.code) ?? []), diagnostic]);
  return [...kinds.values()].flatMap((same) => {
    const shown = same.slice(0, SHOWN_OF_A_KIND).map((diagnostic) => renderDiagnostic(diagnostic, options));
    const more = same.length - shown.length;
    return more > 0 ? [...shown, `  … and ${more} more [${same[0]!.code}]`] : shown;
  });
}

const SHOWN_OF_A_KIND = 3;

export function renderDiagnostic(diagnostic: Diagnostic, options: { readonly color: boolean }): string {
  const colors = createColors(options.color);
  const hint = diagnostic.hint === null ? '' : `\n  ${colors.dim(diagnostic.hint)}`;
  return `${colors.yellow('warning')} ${diagnostic.message} ${colors.dim(`[${diagnostic.code}]`)}${hint}`;
}

/** The outputs in the static closures of the entries: what is loaded before anything runs. Assets are not among them. */
export function initialOutputs(build: Build): Build['outputs'] {
  const byFile = new Map(build.outputs.map((output) => [output.file, output]));
  const reached = new Set(build.outputs.filter(({ entry, kind }) => entry && kind !== 'asset'));
  for (const output of reached) {
    for (const { file, kind } of output.imports) {
      const target = byFile.get(file);
      if (target !== undefined && (kind === 'static' || kind === 'css') && target.kind !== 'asset') reached.add(target);
    }
  }
  return build.outputs.filter((output) => reached.has(output));
}

interface Row {
  readonly name: string;
  readonly bytes: Bytes;
  readonly share: string;
}

function row(name: string, bytes: Bytes, total: Bytes): Row {
  return { name, bytes, share: formatShare(bytes.raw, total.raw) };
}

function outputRows(build: Build, total: Bytes): Row[] {
  const marked = build.outputs
    .filter(({ kind }) => kind !== 'asset')
    .map(({ file, entry, bytes }) => row(entry ? `${file} (entry)` : file, bytes, total));
  return marked.sort(bySize);
}

/** Sizes by package; the project's own code and the rest are rows of their own. */
function packageRows(build: Build, total: Bytes): Row[] {
  const sums = new Map<string, Bytes>();
  for (const output of build.outputs) {
    if (output.kind === 'asset') continue;
    for (const { module, rest, bytes } of output.parts) {
      const owner = module === null ? null : (build.modules[module]?.package ?? undefined);
      const name =
        owner === undefined
          ? '(your code)'
          : owner === null
            ? rest === 'unmapped'
              ? '(unmapped)'
              : '(bundler and comments)'
            : owner.version === null
              ? owner.name
              : `${owner.name}@${owner.version}`;
      sums.set(name, addBytes(sums.get(name) ?? NO_BYTES, bytes));
    }
  }
  return [...sums].map(([name, bytes]) => row(name, bytes, total)).sort(bySize);
}

function restLine(build: Build, total: Bytes): string[] {
  let unmapped = 0;
  for (const { kind, parts } of build.outputs)
    if (kind !== 'asset') for (const { rest, bytes } of parts) if (rest === 'unmapped') unmapped += bytes.raw;
  if (unmapped <= total.raw / 100) return [];
  return [`${formatBytes(unmapped)} (${formatShare(unmapped, total.raw)}) can be given to no module`];
}

function bySize(a: Row, b: Row): number {
  return b.bytes.raw - a.bytes.raw || (a.name < b.name ? -1 : 1);
}

function limited(rows: readonly Row[], most: number): { rows: readonly Row[]; more: number } {
  return { rows: rows.slice(0, most), more: Math.max(0, rows.length - most) };
}

/** Columns are dropped from the right where the terminal is narrow; names are cut in their middle. */
function table(
  content: readonly Row[] | { rows: readonly Row[]; more: number },
  title: string,
  options: TerminalOptions,
): string {
  const colors = createColors(options.color);
  const { rows, more } = 'rows' in content ? content : { rows: content, more: 0 };
  const columns: [string, (row: Row) => string][] = [
    ['raw', ({ bytes }) => formatBytes(bytes.raw)],
    ['gzip', ({ bytes }) => formatBytes(bytes.gzip)],
    ['brotli', ({ bytes }) => formatBytes(bytes.brotli)],
    ['share', ({ share }) => share],
  ];
  const kept = options.width < 60 ? columns.filter(([name]) => name === 'raw' || name === 'brotli') : columns;
  const cellWidth = 9;
  const wanted = Math.max(title.length, ...rows.map(({ name }) => name.length));
  const room = Math.max(12, Math.min(wanted, options.width - 3 - kept.length * (cellWidth + 1)));
  const lines = rows.map(
    (each) =>
      `  ${cut(each.name, room).padEnd(room)}${kept.map(([, cell]) => ` ${cell(each).padStart(cellWidth)}`).join('')}`,
  );
  const head = `  ${cut(title, room).padEnd(room)}${kept.map(([name]) => ` ${name.padStart(cellWidth)}`).join('')}`;
  const tail = more > 0 ? [colors.dim(`  … and ${more} more`)] : [];
  return ['', colors.dim(head), ...lines, ...tail].join('\n');
}

function cut(text: string, room: number): string {
  if (text.length <= room) return text;
  const tail = Math.ceil((room - 1) * 0.65);
  return `${text.slice(0, room - 1 - tail)}…${text.slice(text.length - tail)}`;
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
