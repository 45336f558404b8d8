/** The report as a file: composed, rendered into the page, written. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { loadReportTemplate, renderHtmlReport } from '../../reports/html.ts';
import { PareError } from '../model/errors.ts';
import { composeReport, type NamedBuild } from './compose-report.ts';

/**
 * Writes one offline HTML page for all builds given; returns its size in bytes.
 *
 * @throws PareError `write-failed`, `report-template`
 */
export async function writeReport(file: string, title: string, builds: readonly NamedBuild[]): Promise<number> {
  const html = renderHtmlReport(await composeReport(title, builds), await loadReportTemplate());
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
