/** Warnings about single files, on stderr: the rest of the result stands. */
import { renderDiagnostic } from '../../reports/terminal.ts';
import type { Diagnostic } from '../model/build.ts';
import { hasColor } from './terminal.ts';

/** Of each kind; a folder of a thousand files without maps needs no thousand warnings. */
const MOST = 5;

export function warn(diagnostics: readonly Diagnostic[]): void {
  const text = warningText(diagnostics);
  if (text !== '') process.stderr.write(text);
}

/** What `warn` prints. */
export function warningText(diagnostics: readonly Diagnostic[]): string {
  if (diagnostics.length === 0) return '';
  const color = hasColor(process.stderr);
  const lines: string[] = [];
  const codes = new Set(diagnostics.map(({ code }) => code));
  for (const code of codes) {
    const all = diagnostics.filter((each) => each.code === code);
    for (const diagnostic of all.slice(0, MOST)) lines.push(`${renderDiagnostic(diagnostic, { color })}\n`);
    if (all.length > MOST) lines.push(`… and ${all.length - MOST} more warnings [${code}]; --json has them all\n`);
  }
  return lines.join('');
}

/** One line for all of them, where the answer is about something else. */
export function mentionWarnings(diagnostics: readonly Diagnostic[]): void {
  const text = mentionText(diagnostics);
  if (text !== '') process.stderr.write(text);
}

/** What `mentionWarnings` prints. */
export function mentionText(diagnostics: readonly Diagnostic[]): string {
  if (diagnostics.length === 0) return '';
  const count = diagnostics.length === 1 ? 'is a warning' : `are ${diagnostics.length} warnings`;
  return `There ${count} about this build: see pare analyze\n`;
}
