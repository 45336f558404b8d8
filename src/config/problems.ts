/** What is wrong with a configuration, put into words: where it stands, what it is, and the mend. */
import { PareError } from '../model/errors.ts';
import type { Place } from './json-place.ts';
import { segmentsOf, type ConfigProblem, type Finding, type Source } from './source.ts';

/** What was found, before its place in the file is looked up. */
export interface LooseFinding extends Finding {
  readonly source: Source;
  /** Of a JSON file; null elsewhere. */
  readonly text: string | null;
  readonly place?: Place | null;
  readonly isUnreadable?: boolean;
}

/** A configuration that can't be used. Its message has every problem; a program reads them from `problems`. */
export class ConfigError extends PareError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const code = problems.every((problem) => problem.code === 'config-unreadable')
      ? 'config-unreadable'
      : 'config-invalid';
    super(code, describeProblems(problems), { hint: 'Mend the configuration; nothing was done.' });
    this.problems = problems;
  }
}

/** The places of what stands in JSON; the reader that knows them is loaded only where there is something to say. */
export async function withPlaces(findings: readonly LooseFinding[]): Promise<ConfigProblem[]> {
  if (!findings.some(({ text, place }) => text !== null && place === undefined)) return findings.map(toProblem);
  const { placeInJson } = await import('./json-place.ts');
  return findings.map((finding) => {
    const { text, place, source, path } = finding;
    if (text === null || place !== undefined) return toProblem(finding);
    return toProblem({ ...finding, place: placeInJson(text, [...source.within, ...segmentsOf(path)]) });
  });
}

export function toProblem({
  path,
  message,
  expected,
  meant,
  source,
  place,
  isUnreadable,
}: LooseFinding): ConfigProblem {
  return {
    code: isUnreadable === true ? 'config-unreadable' : 'config-invalid',
    path,
    message,
    expected: expected ?? null,
    meant: meant ?? null,
    source: source.name,
    file: source.file,
    line: place?.line ?? null,
    column: place?.column ?? null,
  };
}

/** `pare.config.json:3:5 cache.memory must be …` */
export function describeProblem({ source, line, column, path, message }: ConfigProblem): string {
  return [`${source}${placeText(line, column, ':')}`, path, message].filter((part) => part !== '').join(' ');
}

function placeText(line: number | null, column: number | null, before: string): string {
  return line === null ? '' : [`${before}${line}`, ...(column === null ? [] : [column])].join(':');
}

function describeProblems(problems: readonly ConfigProblem[]): string {
  const [first] = problems;
  if (problems.length === 1 && first!.path === '') {
    const { source, message, line, column } = first!;
    const place = placeText(line, column, '');
    return `${source} ${message}${place === '' ? '' : ` (line ${place})`}`;
  }
  const names = new Set(problems.map(({ source }) => source));
  const what = names.size === 1 ? first!.source : 'The configuration';
  return `${what} is not right:\n${problems.map((problem) => `  ${describeProblem(problem)}`).join('\n')}`;
}
