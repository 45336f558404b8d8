/** Differences of sizes for people, with their sign. */
import { formatBytes } from './format-bytes.ts';

/** `+1.2 kB`, `−300 B`, `0 B`; a true minus sign, so that it is as wide as the plus. null: not measured. */
export function formatDelta(bytes: number | null): string {
  if (bytes === null) return '–';
  if (bytes === 0) return '0 B';
  return `${bytes > 0 ? '+' : '−'}${formatBytes(Math.abs(bytes))}`;
}

/** `+2.5 %`; `new` and `gone` where one side has nothing. */
export function formatGrowth(before: number | null, after: number | null): string {
  if (before === null || after === null) return '–';
  if (before === after) return '0 %';
  if (before === 0) return 'new';
  if (after === 0) return 'gone';
  const percent = ((after - before) / before) * 100;
  const size = Math.abs(percent);
  const digits = size < 0.05 ? '<0.1' : size.toFixed(size < 99.95 ? 1 : 0);
  return `${percent > 0 ? '+' : '−'}${digits} %`;
}
