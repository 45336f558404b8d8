/** The report as a file: composed, rendered into the page, written. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { loadReportTemplate, renderHtmlReport } from '../../reports/html.ts';
import type { ByteCache } from '../model/byte-cache.ts';
import { PareError } from '../model/errors.ts';
import { composeReport } from './compose-report.ts';
import type { NamedBuild } from './named-build.ts';

/**
 * Writes one offline HTML page for all builds given; returns its size in bytes.
 *
 * @param cache keeps what is composed of each build; none: all is composed
 * @throws PareError `write-failed`, `report-template`
 */
export async function writeReport(
  file: string,
  title: string,
  builds: readonly NamedBuild[],
  cache: ByteCache | null = null,
): Promise<number> {
  const html = renderHtmlReport(await composeReport(title, builds, cache), await loadReportTemplate());
  try {
    await mkdir(path.dirname(path.resolve(file)), { recursive: true });
    await writeFile(file, html);
  } catch (cause) {
    throw new PareError('write-failed', `${file} could not be written: ${(cause as Error).message}`, {
      hint: 'Name another file, or make room.',
      cause,
    });
  }
  return Buffer.byteLength(html);
}
