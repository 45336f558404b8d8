/**
 * - `most`: at most so much.
 * - `more`: at most so much more than the baseline, in the unit of the budget or as a share of the baseline.
 * - `ratchet`: no more than the baseline.
 */
export type Limit =
  | { readonly kind: 'most'; readonly value: number }
  | { readonly kind: 'more'; readonly value: number }
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'ratchet' };

/** kB and MB are thousands, as on disks and networks; KiB and MiB are 1,024s. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1000],
  ['mb', 1_000_000],
  ['kib', 1024],
  ['mib', 1024 * 1024],
]);

export const LIMIT_FORMS = 'a number of bytes, "170 kB", "1.5 MiB", "+2%", "+5 kB" or "ratchet"';

/** null where the text is none of `LIMIT_FORMS`. */
export function parseLimit(limit: number | string): Limit | null {
  if (typeof limit === 'number') return Number.isFinite(limit) && limit >= 0 ? { kind: 'most', value: limit } : null;
  if (limit.trim() === 'ratchet') return { kind: 'ratchet' };
  const match = /^\s*(\+?)\s*(\d+(?:\.\d+)?|\.\d+)\s*(%|[a-z]*)\s*$/i.exec(limit);
  if (match === null) return null;
  const [, plus, digits, unit] = match;
  const value = Number(digits);
  if (unit === '%') return plus === '' ? null : { kind: 'share', share: value / 100 };
  const factor = UNITS.get(unit!.toLowerCase());
  if (factor === undefined) return null;
  return { kind: plus === '' ? 'most' : 'more', value: Math.round(value * factor) };
}

/** The largest value allowed; null where the limit is relative and there is nothing to relate it to. */
export function allowed(limit: Limit, baseline: number | null): number | null {
  if (limit.kind === 'most') return limit.value;
  if (baseline === null) return null;
  if (limit.kind === 'ratchet') return baseline;
  return limit.kind === 'more' ? baseline + limit.value : baseline * (1 + limit.share);
}

export function formatBytes(bytes: number): string {
  const size = Math.abs(bytes);
  if (size < 1000) return `${Math.round(bytes)} B`;
  if (size < 999_950) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(2)} MB`;
}
