/** Warnings about single files, on stderr: the rest of the result stands. */
import { renderDiagnostic } from '../../reports/terminal.ts';
import type { Diagnostic } from '../model/build.ts';
import { hasColor } from './terminal.ts';

/** Of each kind; a folder of a thousand files without maps needs no thousand warnings. */
const MOST = 5;

export function warn(diagnostics: readonly Diagnostic[]): void {
  const color = hasColor(process.stderr);
  const codes = new Set(diagnostics.map(({ code }) => code));
  for (const code of codes) {
    const all = diagnostics.filter((each) => each.code === code);
    for (const diagnostic of all.slice(0, MOST)) process.stderr.write(`${renderDiagnostic(diagnostic, { color })}\n`);
    if (all.length > MOST)
      process.stderr.write(`… and ${all.length - MOST} more warnings [${code}]; --json has them all\n`);
  }
}

/** One line for all of them, where the answer is about something else. */
export function mentionWarnings(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  const count = diagnostics.length === 1 ? 'is a warning' : `are ${diagnostics.length} warnings`;
  process.stderr.write(`There ${count} about this build: see pare analyze\n`);
}
