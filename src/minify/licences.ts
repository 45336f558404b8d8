/**
 * Licence comments of a chunk. They are read out of it before any minifier runs and all minifiers drop comments, so that each has
 * the same work, and no notice is lost with a statement that was dropped or stands there twice.
 */
import { walkLexically } from '../measure/lexical.ts';
import type { LicenceMode } from './settings.ts';

/** What a licence comment begins with or names, as terser, esbuild, swc and oxc have it between them. */
const LEGAL = /^\/[/*]\**!|@licen[sc]e\b|@preserve\b|@copyright\b|@cc_on\b/i;
/** Any of these in the text, or it has no such comment. */
const MAY_BE_LEGAL = /\/\/!|\/\*\**!|@licen[sc]e|@preserve|@copyright|@cc_on/i;

/** The distinct notices in their order, each a comment as it stands in the code but for its indentation. */
export function licenceNotices(code: string): string[] {
  if (!MAY_BE_LEGAL.test(code)) return [];
  const bytes = Buffer.from(code);
  const notices = new Set<string>();
  for (const { start, end } of walkLexically(bytes, { language: 'js' }).comments) {
    const head = bytes.toString('latin1', start, Math.min(end, start + HEAD));
    // Most comments are short and no licence; text is decoded for the others.
    if (!LEGAL.test(head) && (end - start <= HEAD || !LEGAL.test(bytes.toString('latin1', start, end)))) continue;
    notices.add(unindented(bytes.toString('utf8', start, end), indentationAt(bytes, start)));
  }
  return [...notices];
}

const HEAD = 256;

/** How many blanks stand before the comment on its line. */
function indentationAt(bytes: Buffer, at: number): number {
  let start = at;
  while (start > 0 && (bytes[start - 1] === 0x20 || bytes[start - 1] === 0x09)) start--;
  return start === 0 || bytes[start - 1] === 0x0a ? at - start : 0;
}

function unindented(comment: string, indentation: number): string {
  const lines = comment.split(/\r?\n/);
  return lines
    .map((line, index) => (index === 0 ? line : line.slice(Math.min(indentation, /^[ \t]*/.exec(line)![0].length))))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A chunk's notices, as the user wants them. */
export interface Licences {
  /** For the beginning of the chunk, behind a hashbang; ends with a line terminator or is empty. */
  readonly text: string;
  /** What belongs into the file beside the chunk; absent where there is none. */
  readonly file?: string;
}

export function arrangeLicences(notices: readonly string[], mode: LicenceMode, chunk: string): Licences {
  if (mode === 'none') return { text: '' };
  // What a bundler has already put into a file of its own is referred to, as before.
  const inFile = mode === 'linked' ? notices.filter((notice) => !REFERENCE.test(notice)) : [];
  const lines = notices.filter((notice) => !inFile.includes(notice));
  if (inFile.length > 0) lines.push(`/*! For license information please see ${licenceFileOf(baseName(chunk))} */`);
  const text = lines.map((line) => `${line}\n`).join('');
  return inFile.length === 0 ? { text } : { text, file: `${inFile.join('\n\n')}\n` };
}

const REFERENCE = /^\/\*! For license information please see \S+ \*\/$/;

/** The name of the file beside the chunk. */
export function licenceFileOf(chunk: string): string {
  return `${chunk}.LICENSE.txt`;
}

export function baseName(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
}
