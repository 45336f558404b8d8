/** The statistics of the cache on the terminal: a line for each tier and kind. */
import { formatBytes, formatShare } from '../../reports/format-bytes.ts';
import type { EntryCount, StoreStatistics, StoreTier, TierRow } from '../store/open-store.ts';
import { renderTable, type TableOptions } from './table.ts';

export interface CacheStatistics extends Omit<StoreStatistics['all'], 'rows'> {
  readonly folder: string;
  readonly diskBytes: number;
  readonly rows: readonly TierRow[];
  readonly held: StoreStatistics['held'];
}

interface Row extends EntryCount {
  readonly name: string;
  readonly tier: StoreTier;
  readonly hits: number;
  readonly misses: number;
  readonly savedMs: number;
}

export function renderCacheStatistics(statistics: CacheStatistics, options: TableOptions): string {
  const { folder, diskBytes, since, runs, warm } = statistics;
  const rows = rowsOf(statistics);
  const total = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  const history =
    since === null
      ? 'no run has used it yet'
      : `${runs} ${runs === 1 ? 'run' : 'runs'} since ${new Date(since).toISOString().slice(0, 10)}`;
  const lines = [`pare  cache in ${folder}: ${formatBytes(total)} of ${formatBytes(diskBytes)}, ${history}`];
  if (rows.length > 0) {
    lines.push(
      ...renderTable(
        rows,
        { title: '', cell: ({ name }) => name },
        [
          {
            title: 'entries',
            cell: ({ tier, entries }) => (tier === 'disk' ? String(entries) : '–'),
            isOptional: true,
          },
          { title: 'size', cell: ({ tier, bytes }) => formatBytes(tier === 'disk' ? bytes : null) },
          { title: 'hits', cell: ({ hits }) => String(hits) },
          { title: 'misses', cell: ({ misses }) => String(misses), isOptional: true },
          {
            title: 'hit rate',
            cell: ({ hits, misses }) => (hits + misses === 0 ? '–' : formatShare(hits, hits + misses)),
          },
          { title: 'time saved', cell: ({ savedMs }) => formatTime(savedMs) },
        ],
        options,
      ),
    );
  }
  const saved = rows.reduce((sum, { savedMs }) => sum + savedMs, 0);
  if (saved > 0) lines.push(`  ${formatTime(saved)} saved in all`);
  if (warm.loaded > 0)
    lines.push(
      `  ${formatShare(warm.used, warm.loaded)} of the ${warm.loaded} values that were loaded ahead were asked for`,
    );
  return `${lines.join('\n')}\n`;
}

/** One for each tier and kind that holds something or was asked. */
function rowsOf({ rows, held }: CacheStatistics): Row[] {
  const known = new Map<string, Row>();
  for (const { tier, kind, hits, misses, savedMs } of rows) {
    const name = `${tier} ${kind}`;
    known.set(name, { name, tier, hits, misses, savedMs, entries: 0, bytes: 0 });
  }
  for (const { tier, kind, entries, bytes } of held) {
    if (tier === 'memory') continue;
    const name = `${tier} ${kind}`;
    const before = known.get(name) ?? { name, tier, hits: 0, misses: 0, savedMs: 0 };
    known.set(name, { ...before, entries, bytes });
  }
  return [...known.values()];
}

export function formatTime(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 99_950) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 5_970_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}
