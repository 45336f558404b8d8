/** A check as JSON Lines: a record a line, each with its type, for tools that read line by line. */
import type { CheckReport } from './check-report.ts';

/** First `check` with the outcome, then a `budget` for each result, then a `change` for each cause of the comparison. */
export function renderJsonl({ results, diff, ...check }: CheckReport): string {
  const records = [
    { type: 'check', ...check, change: diff?.total ?? null },
    ...results.map((result) => ({ type: 'budget', ...result })),
    ...(diff?.causes ?? []).map((change) => ({ type: 'change', ...change })),
  ];
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}
