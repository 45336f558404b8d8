/** Where in the repository a failed budget is shown: at the project's own import statement that leads to the cause. */
import path from 'node:path';

import type { ImportPlace } from '../src/budget/diff.ts';
import type { CheckedBudget, CheckedCause } from './check-report.ts';

export interface LocationOptions {
  /** The project's folder, relative to the root of the repository: module ids are relative to the first, hosts to the second. */
  readonly folder?: string;
}

export interface SourceLocation {
  /** POSIX, relative to the repository. */
  readonly file: string;
  /** From 1; null: not known. */
  readonly line: number | null;
  readonly column: number | null;
}

/** Of the first cause that has one; null where none leads through a file of the repository. */
export function locationOf(result: CheckedBudget, options: LocationOptions = {}): SourceLocation | null {
  for (const cause of result.causes) {
    const location = causeLocation(cause, options);
    if (location !== null) return location;
  }
  return null;
}

/** The last statement on the way to the cause that the project's developers can edit. */
export function causeLocation({ chain }: CheckedCause, options: LocationOptions = {}): SourceLocation | null {
  for (const place of [...chain].reverse()) {
    const location = placeLocation(place, options);
    if (location !== null && !isOfPackage(place.from)) return location;
  }
  return null;
}

/** null for a module that no file of the repository stands behind. */
export function placeLocation(
  { from, line, column }: ImportPlace,
  { folder = '' }: LocationOptions,
): SourceLocation | null {
  // A part of a file (`App.vue?vue&type=style`) is shown at the file.
  const file = path.posix.join(folder, from.replace(/\?.*$/s, ''));
  if (/^virtual:|\0/.test(from) || file.startsWith('../') || path.posix.isAbsolute(file)) return null;
  return { file, line, column: column === null ? null : column + 1 };
}

export function isOfPackage(id: string): boolean {
  return /(?:^|\/)node_modules\//.test(id);
}
