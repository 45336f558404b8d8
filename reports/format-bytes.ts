/** Sizes for people: decimal units (1 kB = 1,000 bytes), as browsers' developer tools and hosts' bills count them. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '–';
  // Shares of a compressed file are fractions of a byte; nobody wants to read those.
  if (bytes > 0 && bytes < 0.5) return '<1 B';
  if (Math.abs(bytes) < 999.5) return `${Math.round(bytes)} B`;
  if (Math.abs(bytes) < 999_500) return `${trim(bytes / 1_000, Math.abs(bytes) < 99_950 ? 1 : 0)} kB`;
  if (Math.abs(bytes) < 999_995_000) return `${trim(bytes / 1_000_000, 2)} MB`;
  return `${trim(bytes / 1_000_000_000, 2)} GB`;
}

export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '0 %';
  const percent = (part / whole) * 100;
  return percent > 0 && percent < 0.1 ? '<0.1 %' : `${percent.toFixed(1)} %`;
}

function trim(value: number, digits: number): string {
  return value.toFixed(digits);
}
