import { oneLine } from './normalise.ts';
import type { Observation } from './observation.ts';

/** One thing that is not as it was. */
export interface Difference {
  /** A path, such as `marks/cart/text/3`, `console/2`, `requests/script/GET /assets/a.js`, `storage/local/token`, `runs/help/exit`. */
  readonly where: string;
  /** Null: it was not there. */
  readonly before: string | null;
  /** Null: it is gone. */
  readonly after: string | null;
}

export interface CompareOptions {
  /**
   * Places that don't count, each with all below it: `requests/script` for which chunks are loaded, `marks/cart/appearance`,
   * or what `learnNoise` found.
   */
  readonly ignore?: readonly string[];
}

/** An observation as a flat list of places; lists that are compared by line stay together. */
type Sheet = Map<string, readonly string[]>;

/** What differs between two observations of one scenario; empty when the program behaved the same. */
export function compareObservations(a: Observation, b: Observation, options: CompareOptions = {}): Difference[] {
  const before = sheetOf(a);
  const after = sheetOf(b);
  const ignored = options.ignore ?? [];
  const differences: Difference[] = [];
  for (const where of new Set([...before.keys(), ...after.keys()])) {
    differences.push(...compareLines(where, before.get(where), after.get(where)));
  }
  return differences.filter(({ where }) => !ignored.some((place) => where === place || where.startsWith(`${place}/`)));
}

/**
 * The places at which two runs of the same program differ, to be ignored in later comparisons. A list whose length differs is
 * noise as a whole, since its line numbers mean nothing.
 */
export function learnNoise(a: Observation, a2: Observation): string[] {
  const first = sheetOf(a);
  const second = sheetOf(a2);
  const noise = new Set<string>();
  for (const { where } of compareObservations(a, a2)) {
    const list = where.replace(/\/\d+$/, '');
    noise.add(first.get(list)?.length === second.get(list)?.length ? where : list);
  }
  return [...noise];
}

/** A difference in one line. */
export function describeDifference({ where, before, after }: Difference): string {
  if (before === null) return `${where}: new: ${oneLine(after ?? '', 200)}`;
  if (after === null) return `${where}: gone: ${oneLine(before, 200)}`;
  return `${where}: ${around(before, after)} became ${around(after, before)}`;
}

/** The part of a long text where it differs from the other. */
function around(text: string, other: string): string {
  let same = 0;
  while (same < text.length && text[same] === other[same]) same++;
  const from = text.length > 120 ? Math.max(0, same - 40) : 0;
  return JSON.stringify(`${from > 0 ? '…' : ''}${oneLine(text.slice(from), 120)}`);
}

function sheetOf(observation: Observation): Sheet {
  const sheet: Sheet = new Map();
  const { failure } = observation;
  if (failure !== null) sheet.set('failure', [`step ${failure.step}, ${failure.what}: ${failure.message}`]);
  if (observation.kind === 'node') {
    for (const run of observation.runs) {
      const place = `runs/${nameOf(run.name)}`;
      sheet.set(`${place}/exit`, [String(run.exit ?? run.signal)]);
      sheet.set(`${place}/stdout`, run.stdout.split('\n'));
      sheet.set(`${place}/stderr`, run.stderr.split('\n'));
      for (const file of run.files)
        sheet.set(`${place}/files/${file.path}`, [`${file.bytes} bytes, sha256 ${file.sha256}`]);
    }
    return sheet;
  }
  for (const mark of observation.marks) {
    const place = `marks/${nameOf(mark.name)}`;
    sheet.set(`${place}/url`, [mark.url]);
    sheet.set(`${place}/title`, [mark.title]);
    for (const list of ['text', 'dom', 'accessibility', 'appearance'] as const)
      sheet.set(`${place}/${list}`, mark[list]);
  }
  sheet.set(
    'console',
    observation.console.map(({ type, text }) => `${type}: ${text}`),
  );
  sheet.set('errors', observation.errors);
  sheet.set(
    'events',
    observation.events.map(({ type, text }) => `${type}: ${text}`),
  );
  for (const { kind, method, url, status } of observation.requests) {
    const place = `requests/${kind}/${method} ${url}`;
    sheet.set(place, [...(sheet.get(place) ?? []), String(status)]);
  }
  for (const area of ['local', 'session', 'cookies'] as const) {
    for (const [key, value] of Object.entries(observation.storage[area]))
      sheet.set(`storage/${area}/${nameOf(key)}`, [value]);
  }
  return sheet;
}

function nameOf(name: string): string {
  return name.replaceAll('/', '%2F');
}

/** Lines that differ between the common beginning and the common end. A list of at most one line is told without a number. */
function compareLines(
  where: string,
  before: readonly string[] | undefined,
  after: readonly string[] | undefined,
): Difference[] {
  if (before === undefined || after === undefined) {
    return before === after ? [] : [{ where, before: before?.join('\n') ?? null, after: after?.join('\n') ?? null }];
  }
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - start;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const was = before.slice(start, before.length - tail);
  const is = after.slice(start, after.length - tail);
  const single = before.length <= 1 && after.length <= 1 && !where.includes('console');
  const differences: Difference[] = [];
  for (let i = 0; i < Math.max(was.length, is.length); i++) {
    if (was[i] === is[i]) continue;
    const place = single ? where : `${where}/${start + i + 1}`;
    differences.push({ where: place, before: was[i] ?? null, after: is[i] ?? null });
  }
  return differences;
}
