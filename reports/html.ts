/**
 * The report as one HTML file. The page itself is a small app of its own (`page/`), built into a template with a slot
 * for the data; here the data goes into the slot.
 */
import { readFile } from 'node:fs/promises';
import { PareError } from '../src/model/errors.ts';
import type { ReportBuild, ReportData } from './report-data.ts';

/** Where the data goes in the template. */
export const DATA_SLOT = '<!--pare:data-->';
const TITLE_SLOT = '<!--pare:title-->';

/**
 * Each build has a block of its own, so that the page reads only those that are looked at.
 * Throws `PareError` (`report-template`) for a template without the slot.
 */
export function renderHtmlReport(data: ReportData, template: string): string {
  const [before, after, ...more] = template.split(DATA_SLOT);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new PareError('report-template', 'The template of the report page has no slot for the data.', {
      hint: 'Build the page again: node scripts/build-report-page.mjs',
    });
  }
  const head = { schema: data.schema, title: data.title, builds: data.builds.map((build) => build.name) };
  const blocks = [
    `<script type="application/json" id="pare-report">${escapeJson(head)}</script>`,
    ...data.builds.map(buildBlock),
  ];
  return [before.replace(TITLE_SLOT, () => escapeText(data.title)), blocks.join('\n'), after].join('');
}

function buildBlock(build: ReportBuild, index: number): string {
  return `<script type="application/json" id="pare-build-${index}">${escapeJson(build)}</script>`;
}

/** JSON that can stand inside a script element: without `<` it can neither end the element nor open a comment in it. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * The built template: beside the package's built code, or in the repository's `dist`.
 * Throws `PareError` (`report-template`) where it was not built.
 */
export async function loadReportTemplate(): Promise<string> {
  const places = ['./report/page.html', '../report/page.html', '../dist/report/page.html'];
  for (const place of places) {
    try {
      return await readFile(new URL(place, import.meta.url), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new PareError('report-template', 'The page of the report is not built.', {
    hint: 'In the repository, run: node scripts/build-report-page.mjs',
  });
}
