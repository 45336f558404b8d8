/** The builds of one report: what the command line names, and what each is called. */
import { existsSync } from 'node:fs';
import path from 'node:path';

export interface ReportTarget {
  readonly name: string;
  readonly target: string;
}

/** `name=dir`, or a folder that is called by the end of its path: as little of it as tells all of them apart. */
export function nameTargets(words: readonly string[]): ReportTarget[] {
  const parsed = words.map(parseTarget);
  const bare = parsed.filter(({ name }) => name === null).map(({ target }) => segmentsOf(target));
  return parsed.map(({ name, target }) => ({ name: name ?? shortestName(segmentsOf(target), bare), target }));
}

function parseTarget(word: string): { name: string | null; target: string } {
  const equals = word.indexOf('=');
  if (equals <= 0 || existsSync(word)) return { name: null, target: word };
  return { name: word.slice(0, equals), target: word.slice(equals + 1) };
}

function segmentsOf(target: string): string[] {
  return path.resolve(target).split(path.sep).filter(Boolean);
}

function shortestName(segments: readonly string[], all: readonly (readonly string[])[]): string {
  for (let count = 1; count <= segments.length; count++) {
    const name = segments.slice(-count).join('/');
    if (all.filter((other) => other.slice(-count).join('/') === name).length === 1) return name;
  }
  return segments.join('/');
}
