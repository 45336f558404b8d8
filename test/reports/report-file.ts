/** A report as a file on disk, made with the page as its sources are now. */
import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL, fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadReportTemplate, renderHtmlReport } from '../../reports/html.ts';
import type { ReportData } from '../../reports/report-data.ts';

let built: Promise<string> | null = null;

export function builtTemplate(): Promise<string> {
  built ??= promisify(execFile)(process.execPath, [
    fileURLToPath(new URL('../../scripts/build-report-page.mjs', import.meta.url)),
  ]).then(() => loadReportTemplate());
  return built;
}

/** Writes the report and returns its `file:` URL. */
export async function writeReport(data: ReportData): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pare-report-'));
  const file = join(folder, 'report.html');
  await writeFile(file, renderHtmlReport(data, await builtTemplate()));
  return pathToFileURL(file).href;
}
