/** Sizes, times and shares as people write them, and back. */

/** In bytes. kB, MB and GB are thousands, as on disks and networks and in budgets; KiB, MiB and GiB are 1,024s. */
const BYTE_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['kib', 1024],
  ['mib', 1024 ** 2],
  ['gib', 1024 ** 3],
]);

/** In milliseconds. */
const TIME_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['ms', 1],
  ['s', 1000],
  ['min', 60_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
]);

export const BYTES_FORM = 'a size such as "64 MB" or "1.5 GiB"';
export const DURATION_FORM = 'a time such as "30 d", "12 h" or "50 ms"';
export const SHARE_FORM = 'a share from 0 to 1, or "2 %"';

/** As regular expressions of JSON Schema. */
export const BYTES_PATTERN = /^\s*(\d+(\.\d+)?|\.\d+)\s*([kKmMgG]?[bB]|[kKmMgG][iI][bB])?\s*$/;
export const DURATION_PATTERN = /^\s*(\d+(\.\d+)?|\.\d+)\s*(ms|s|min|m|h|d|w)?\s*$/;
export const SHARE_PATTERN = /^\s*(\d+(\.\d+)?|\.\d+)\s*%?\s*$/;

/** Whole bytes; null where it is no size. */
export function parseBytes(size: number | string): number | null {
  return quantity(size, BYTE_UNITS);
}

/** Whole milliseconds; a number is milliseconds already. null where it is no time. */
export function parseDuration(time: number | string): number | null {
  return quantity(time, TIME_UNITS);
}

/** From 0 to 1; null where it is no share. */
export function parseShare(share: number | string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*(%?)\s*$/.exec(String(share));
  if (match === null) return null;
  const value = Number(match[1]) / (match[2] === '%' ? 100 : 1);
  return value <= 1 ? value : null;
}

/** What is wrong with a unit, where the text is a number and a unit; an empty text where it is something else. */
export function unitProblem(text: unknown, kind: 'bytes' | 'duration'): string {
  const unit = typeof text === 'string' ? /^\s*[\d.]+\s*([a-zµ]+)\s*$/i.exec(text)?.[1] : undefined;
  const units = kind === 'bytes' ? BYTE_UNITS : TIME_UNITS;
  if (unit === undefined || units.has(unit.toLowerCase())) return '';
  const known = kind === 'bytes' ? 'B, kB, MB, GB, KiB, MiB and GiB' : 'ms, s, min, h, d and w';
  return `. There is no unit ${JSON.stringify(unit)}: the units are ${known}`;
}

function quantity(input: number | string, units: ReadonlyMap<string, number>): number | null {
  if (typeof input === 'number') return Number.isFinite(input) && input >= 0 ? Math.round(input) : null;
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)\s*$/i.exec(input);
  const factor = units.get(match?.[2]?.toLowerCase() ?? '-');
  return match === null || factor === undefined ? null : Math.round(Number(match[1]) * factor);
}

const BYTE_NAMES = [
  ['GiB', 1024 ** 3],
  ['GB', 1e9],
  ['MiB', 1024 ** 2],
  ['MB', 1e6],
  ['KiB', 1024],
  ['kB', 1e3],
] as const;
const TIME_NAMES = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** In the largest unit that it is a short number of: 67108864 is `64 MiB`. What comes out reads in as the same. */
export function formatBytes(bytes: number): string {
  return shortest(bytes, BYTE_NAMES, 'B');
}

/** 2592000000 is `30 d`. What comes out reads in as the same. */
export function formatDuration(milliseconds: number): string {
  return shortest(milliseconds, TIME_NAMES, 'ms');
}

function shortest(value: number, names: readonly (readonly [string, number])[], smallest: string): string {
  for (const [name, factor] of names) if (value >= factor && value % factor === 0) return `${value / factor} ${name}`;
  for (const [name, factor] of names)
    if (value >= factor && (value / factor) * 10 === Math.round((value / factor) * 10))
      return `${value / factor} ${name}`;
  return `${value} ${smallest}`;
}
