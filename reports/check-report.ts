/** What a check of budgets found, as every writer of it reads it, and as `pare check --format json` prints it. */
import type { BudgetCause, BudgetResult } from '../src/budget/budgets.ts';
import type { Diff, ImportPlace } from '../src/budget/diff.ts';
import type { Bundler, Bytes } from '../src/model/build.ts';
import { formatBytes } from './format-bytes.ts';
import { formatDelta } from './format-change.ts';

export const CHECK_SCHEMA = 'pare/check@1';

/** The import statements that must go for a cause to leave the bundle. */
export interface CauseCut {
  /** The package or module that leaves. */
  readonly what: string;
  readonly statements: readonly ImportPlace[];
  /** What leaves with them; at least so much where `isLowerBound`. */
  readonly saves: Bytes;
  readonly isLowerBound: boolean;
}

export interface CheckedCause extends BudgetCause {
  /** null where nothing can be cut: it is an entry, or its importers are not known. */
  readonly cut: CauseCut | null;
}

export interface CheckedBudget extends BudgetResult {
  readonly causes: readonly CheckedCause[];
}

export interface CheckReport {
  readonly schema: typeof CHECK_SCHEMA;
  readonly bundler: Bundler | null;
  /** The worst of the results: over an absolute limit comes before regressed. */
  readonly status: 'ok' | 'over' | 'regressed';
  /** Of all outputs. */
  readonly total: Bytes;
  readonly results: readonly CheckedBudget[];
  /** Against the baseline; null without one. */
  readonly diff: Diff | null;
}

export function isFailure({ status }: BudgetResult): boolean {
  return status === 'over' || status === 'regressed';
}

/** `2 of 5 budgets do not hold`, for headings. */
export function headline({ results }: CheckReport): string {
  const failures = results.filter(isFailure).length;
  if (failures === 0) return results.length === 1 ? 'the budget holds' : `all ${results.length} budgets hold`;
  if (results.length === 1) return 'the budget does not hold';
  return `${failures} of ${results.length} budgets ${failures === 1 ? 'does' : 'do'} not hold`;
}

/** A figure of a result in its own unit; null: a dash. */
export function formatFigure({ measure }: BudgetResult, value: number | null): string {
  if (value === null) return '–';
  return measure === 'requests' || measure === 'packages' ? String(Math.round(value)) : formatBytes(value);
}

/** What a cause weighs: with a sign where it is growth over the baseline. Banned packages are weighed in raw bytes. */
export function formatCause({ measure }: BudgetResult, cause: BudgetCause): string {
  if (measure === 'requests') return '1 request';
  return cause.isGrowth ? formatDelta(cause.size) : formatBytes(cause.size);
}

/** As editors and terminals take it: line and column from 1. */
export function formatPlace({ from, line, column }: ImportPlace): string {
  if (line === null) return from;
  return column === null ? `${from}:${line}` : `${from}:${line}:${column + 1}`;
}

/** In the measure of the budget, or the strongest that there is, with its name: `58.1 kB brotli`. */
function formatSaving({ measure }: BudgetResult, bytes: Bytes): string {
  const own = measure === 'requests' || measure === 'packages' ? 'brotli' : measure;
  const measured = [own, 'brotli', 'gzip'].find((each) => bytes[each as keyof Bytes] !== null) as
    keyof Bytes | undefined;
  return `${formatBytes(bytes[measured ?? 'raw'])} ${measured ?? 'raw'}`;
}

/** What to do about a cause, in a sentence without a full stop; null where there is no cut. The writer quotes the places. */
export function describeCut(
  result: BudgetResult,
  { cut }: CheckedCause,
  quote: (text: string) => string = (text) => text,
): string | null {
  if (cut === null || cut.statements.length === 0) return null;
  const shown = cut.statements.slice(0, MOST_STATEMENTS).map((statement) => quote(formatPlace(statement)));
  const more = cut.statements.length - shown.length;
  const places = `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const saves = `saves ${cut.isLowerBound ? 'at least ' : ''}${formatSaving(result, cut.saves)}`;
  return `${quote(cut.what)} leaves without the import${cut.statements.length === 1 ? '' : 's'} at ${places}: ${saves}`;
}

const MOST_STATEMENTS = 5;

/** A result with its causes, the way to each, and the cuts; plain text in lines. */
export function describeResult(result: CheckedBudget): string {
  const causes = result.causes.flatMap((cause, at) => {
    const cut = describeCut(result, cause);
    return [
      `${at + 1}. ${formatCause(result, cause)}: ${cause.what}`,
      ...cause.chain.map((place) => `   ${formatPlace(place)} imports ${place.to}`),
      ...(cut === null ? [] : [`   ${cut}.`]),
    ];
  });
  return [result.message, ...causes].join('\n');
}
