/** What `pare check` writes, and where: `--format text,markdown=pr.md`. */
import path from 'node:path';

import type { CheckReport } from '../../reports/check-report.ts';
import { OUTPUT_FORMATS, type OutputFormat } from '../config/pare-config.ts';
import { PareError } from '../model/errors.ts';
import { nearest } from '../model/nearest-name.ts';

export interface WantedOutput {
  readonly format: OutputFormat;
  /** null: stdout. */
  readonly file: string | null;
}

/** @throws PareError `usage` */
export function parseFormats(list: string): WantedOutput[] {
  return list.split(',').map((item) => {
    const equals = item.indexOf('=');
    const format = (equals === -1 ? item : item.slice(0, equals)).trim();
    const file = equals === -1 ? null : item.slice(equals + 1);
    if (!isFormat(format)) {
      const meant = nearest(format, OUTPUT_FORMATS);
      throw new PareError('usage', `pare check has no format ${JSON.stringify(format)}`, {
        hint: meant === null ? `Its formats: ${OUTPUT_FORMATS.join(', ')}` : `Did you mean ${meant}?`,
      });
    }
    if (file === '') throw new PareError('usage', `--format ${format}= lacks the name of the file`);
    return { format, file };
  });
}

function isFormat(word: string): word is OutputFormat {
  return (OUTPUT_FORMATS as readonly string[]).includes(word);
}

export interface RenderOptions {
  readonly color: boolean;
  /** The project's folder in the repository. */
  readonly folder: string;
  /** The configuration's file in the repository: where a failure is shown that no import causes. */
  readonly configFile: string;
  readonly version: string;
}

/** Each writer is loaded when it is asked for. */
export async function renderCheck(report: CheckReport, format: OutputFormat, options: RenderOptions): Promise<string> {
  switch (format) {
    case 'text':
      return (await import('../../reports/check-text.ts')).renderCheckText(report, options);
    case 'json':
      return `${JSON.stringify(report)}\n`;
    case 'jsonl':
      return (await import('../../reports/jsonl.ts')).renderJsonl(report);
    case 'markdown':
      return (await import('../../reports/markdown.ts')).renderMarkdown(report);
    case 'github':
      return (await import('../../reports/annotations.ts')).renderAnnotations(report, options);
    case 'sarif':
      return (await import('../../reports/sarif.ts')).renderSarif(report, options);
    case 'junit':
      return (await import('../../reports/junit.ts')).renderJunit(report);
    case 'gitlab':
      return (await import('../../reports/gitlab.ts')).renderGitlab(report, {
        folder: options.folder,
        fallbackFile: options.configFile,
      });
  }
}

/** Of the configuration: files by format. */
export function configuredOutputs(outputs: Readonly<Record<OutputFormat, string | null>>): WantedOutput[] {
  return OUTPUT_FORMATS.flatMap((format) => {
    const file = outputs[format];
    return file === null ? [] : [{ format, file: path.relative(process.cwd(), file) }];
  });
}
