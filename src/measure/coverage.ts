/**
 * What ran of each script, read from V8's precise coverage (`Profiler.takePreciseCoverage`, Playwright's and Node's records of
 * it) or from the JSON that the Coverage panel of Chrome DevTools exports.
 */
import { PareError } from '../model/errors.ts';

/** From `start` up to, but without, `end`, in UTF-16 units of the script's text. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

export interface ScriptCoverage {
  /** Without it (an empty URL: code made at run time) a script is left out. */
  readonly url: string;
  /** The script as the browser had it; null where the record doesn't hold it. */
  readonly text: string | null;
  /** What ran: ascending, disjoint, none empty. */
  readonly ran: readonly TextRange[];
  /** No range of the record ends behind it: at most the length of the script. */
  readonly lastEnd: number;
}

/** As V8 reports it: the first range is the function's own, the others are blocks within it. */
export interface FunctionCoverage {
  readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
}

/**
 * @param json parsed content of a coverage file, or what a coverage call returned
 * @param name what to call it in messages
 * @throws PareError `coverage-invalid`
 */
export function parseCoverage(json: unknown, name: string): ScriptCoverage[] {
  const scripts = isRecord(json) && Array.isArray(json['result']) ? json['result'] : json;
  if (!Array.isArray(scripts)) throw invalid(name, 'it is no list of scripts');
  return scripts.flatMap((script: unknown, i): ScriptCoverage[] => {
    const where = `script ${i + 1}`;
    if (!isRecord(script)) throw invalid(name, `${where} is no object`);
    const { url, functions, ranges } = script;
    if (typeof url !== 'string') throw invalid(name, `${where} has no url`);
    const text = [script['source'], script['text']].find((each) => typeof each === 'string') ?? null;
    if (url === '') return [];
    const shown = `${where} (${url})`;
    if (functions !== undefined) return [fromFunctions(url, text, readFunctions(functions, name, shown))];
    if (ranges !== undefined) return [fromRanges(url, text, readRanges(ranges, name, shown))];
    throw invalid(name, `${shown} has neither functions nor ranges`);
  });
}

/**
 * What ran by these counts. V8's ranges lie within each other or apart, and the innermost one says how often its text ran; text
 * that no range covers did not run. A function without block coverage has one range: all of it ran or none.
 */
export function executedRanges(functions: readonly FunctionCoverage[]): TextRange[] {
  const ranges = functions
    .flatMap((each) => each.ranges)
    .filter(({ startOffset, endOffset }) => startOffset < endOffset)
    .map(({ startOffset, endOffset, count }, order) => ({ start: startOffset, end: endOffset, count, order }))
    // Of two ranges with the same text the later one is the inner one.
    .sort((a, b) => a.start - b.start || b.end - a.end || a.order - b.order);
  const ran: { start: number; end: number }[] = [];
  const open: { end: number; count: number }[] = [];
  let at = 0;
  const advance = (to: number): void => {
    while (at < to) {
      while (open.length > 0 && open.at(-1)!.end <= at) open.pop();
      const inner = open.at(-1);
      const end = inner === undefined ? to : Math.min(to, inner.end);
      if (inner !== undefined && inner.count > 0) append(ran, at, end);
      at = end;
    }
  };
  for (const { start, end, count } of ranges) {
    advance(start);
    open.push({ end, count });
  }
  advance(ranges.reduce((last, { end }) => Math.max(last, end), 0));
  return ran;
}

/** What is in any of the lists. */
export function unionOfRanges(lists: readonly (readonly TextRange[])[]): TextRange[] {
  const all = lists.flat().filter(({ start, end }) => start < end);
  const union: { start: number; end: number }[] = [];
  for (const { start, end } of all.sort((a, b) => a.start - b.start)) append(union, start, end);
  return union;
}

/** Adds a range that starts no earlier than the last one. */
function append(ranges: { start: number; end: number }[], start: number, end: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
  else ranges.push({ start, end });
}

function fromFunctions(url: string, text: string | null, functions: readonly FunctionCoverage[]): ScriptCoverage {
  const lastEnd = functions.reduce(
    (last, { ranges }) => ranges.reduce((end, { endOffset }) => Math.max(end, endOffset), last),
    0,
  );
  return { url, text, ran: executedRanges(functions), lastEnd };
}

function fromRanges(url: string, text: string | null, ranges: readonly TextRange[]): ScriptCoverage {
  const ran = unionOfRanges([ranges]);
  return { url, text, ran, lastEnd: ran.at(-1)?.end ?? 0 };
}

function readFunctions(json: unknown, name: string, where: string): FunctionCoverage[] {
  if (!Array.isArray(json)) throw invalid(name, `the functions of ${where} are no list`);
  return json.map((each: unknown) => {
    const ranges = isRecord(each) ? each['ranges'] : undefined;
    if (!Array.isArray(ranges)) throw invalid(name, `a function of ${where} has no ranges`);
    return {
      ranges: ranges.map((range: unknown) => {
        if (!isRecord(range)) throw invalid(name, `a range of ${where} is no object`);
        const { startOffset, endOffset, count } = range;
        if (!isSpan(startOffset, endOffset) || typeof count !== 'number' || !(count >= 0))
          throw invalid(name, `a range of ${where} has no startOffset, endOffset and count`);
        return { startOffset: startOffset as number, endOffset: endOffset as number, count };
      }),
    };
  });
}

function readRanges(json: unknown, name: string, where: string): TextRange[] {
  if (!Array.isArray(json)) throw invalid(name, `the ranges of ${where} are no list`);
  return json.map((range: unknown) => {
    if (!isRecord(range) || !isSpan(range['start'], range['end']))
      throw invalid(name, `a range of ${where} has no start and end`);
    return { start: range['start'] as number, end: range['end'] as number };
  });
}

function isSpan(start: unknown, end: unknown): boolean {
  return Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= (start as number) && start! <= end!;
}

function isRecord(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function invalid(name: string, what: string): PareError {
  return new PareError('coverage-invalid', `${name} is no coverage that pare reads: ${what}`, {
    hint: 'Pass what Profiler.takePreciseCoverage or page.coverage.stopJSCoverage() returned, as JSON, or the file that the Coverage panel of Chrome DevTools exports.',
  });
}
