/** The data blocks that the writer put into the page. */
import type { ReportBuild } from '../../report-data.ts';

export interface ReportHead {
  readonly schema: string;
  readonly title: string;
  /** The names of the builds; their data is in blocks of their own. */
  readonly builds: readonly string[];
}

export function readHead(): ReportHead {
  return readBlock('pare-report') as ReportHead;
}

export function readBuild(index: number): ReportBuild {
  return readBlock(`pare-build-${index}`) as ReportBuild;
}

function readBlock(id: string): unknown {
  const text = document.getElementById(id)?.textContent;
  if (!text) throw new Error(`The report has no data block “${id}”.`);
  return JSON.parse(text);
}
