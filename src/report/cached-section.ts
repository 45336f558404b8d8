/** What the page shows of a build, kept by all that it was made from: it costs seconds where the record is large. */
import type { ReportBuild } from '../../reports/report-data.ts';
import { REPORT_SCHEMA } from '../../reports/report-data.ts';
import { parserPlace } from '../detect/not-shaken-syntax.ts';
import type { ByteCache, CacheEntry } from '../model/byte-cache.ts';
import type { NamedBuild } from './named-build.ts';

/** The section of a build, from the cache or composed. What stands in the cache is as it was composed, to the byte. */
export async function cachedSection(
  named: NamedBuild,
  cache: ByteCache,
  compose: () => Promise<ReportBuild>,
): Promise<ReportBuild> {
  const { name: _, ...section } = JSON.parse(
    Buffer.from(
      await cache.through(entryOf(named), async () => Buffer.from(JSON.stringify(await compose()))),
    ).toString(),
  ) as ReportBuild;
  return { name: named.name, ...section };
}

/** The texts of the modules count as they are now, whether a finding looks at them or not. */
function entryOf({ build, root, sources, maps, baseline, budgets, coverage }: NamedBuild): CacheEntry {
  const texts = sources === undefined ? [] : build.modules.map((_, module) => sources(module));
  const of: (string | Uint8Array)[] = [
    REPORT_SCHEMA,
    JSON.stringify([build, root ?? null, baseline ?? null, budgets ?? null, coverage ?? null, parserPlace()]),
    JSON.stringify(texts),
    JSON.stringify(maps?.map(({ file, base }) => [file, base]) ?? null),
    ...(maps ?? []).map(({ bytes }) => bytes),
  ];
  return { kind: 'report', of };
}
