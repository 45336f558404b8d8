/** Numbers as people read them. The space before a unit is one that no line breaks at. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Three significant digits: `812 B`, `1.24 kB`, `130 kB`, `1.02 MB`. Thousands, as bundlers and browsers count. */
export function formatBytes(bytes: number): string {
  if (Number.isNaN(bytes)) return '–';
  const size = Math.abs(bytes);
  if (size < 999.5) return `${Math.round(bytes)}\u00a0B`;
  if (size < 999_500) return `${threeDigits(bytes / 1e3)}\u00a0kB`;
  if (size < 999_500_000) return `${threeDigits(bytes / 1e6)}\u00a0MB`;
  return `${threeDigits(bytes / 1e9)}\u00a0GB`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

export function formatExact(bytes: number): string {
  return `${grouped.format(bytes)}\u00a0B`;
}

export function formatCount(count: number): string {
  return grouped.format(count);
}

export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

export function formatShare(part: number, whole: number): string {
  if (whole === 0 || Number.isNaN(part)) return '–';
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 0.1) return '<0.1\u00a0%';
  return `${percent.toFixed(percent < 9.95 ? 1 : 0)}\u00a0%`;
}

/** `+1.20 kB`, `−300 B`. */
export function signedBytes(bytes: number): string {
  return Math.round(bytes) === 0 ? '±0\u00a0B' : `${bytes > 0 ? '+' : '−'}${formatBytes(Math.abs(bytes))}`;
}
