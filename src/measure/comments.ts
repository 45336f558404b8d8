/**
 * Where the comments of a JavaScript or CSS file are that outlive minification: licences, and the comment that names the source
 * map. Candidates are found by their text; a licence candidate counts only if a lexical walk from the file's start reaches it
 * as a comment, so that a string or a template that holds the same text is never mistaken for one.
 */

import { walkLexically, type ByteRange } from './lexical.ts';

export type { ByteRange } from './lexical.ts';

const MARKS = ['/*!', '//!', '@license', '@preserve', '@licence', '@copyright', 'icense information'];

/**
 * Licence comments in the order of the file. `code` is UTF-8.
 *
 * @param token where a token begins (0: the file's start). Bundlers collect licences at the file's end; behind the last token
 *   that a map knows they are found without a walk through all the code before it.
 */
export function licenceComments(code: Uint8Array, language: 'js' | 'css', token = 0): ByteRange[] {
  const buffer = asBuffer(code);
  const before = licencesBetween(buffer, 0, token, language);
  const behind = licencesBetween(buffer, token, buffer.length, language);
  return [...before, ...behind];
}

/** Licence comments that have their mark between two offsets, at the first of which a token begins. */
function licencesBetween(buffer: Buffer, from: number, to: number, language: 'js' | 'css'): ByteRange[] {
  const part = buffer.subarray(from, to);
  let last = -1;
  for (const mark of MARKS) last = Math.max(last, part.lastIndexOf(mark));
  if (last === -1) return [];
  const licences: ByteRange[] = [];
  for (const { start, end } of walkLexically(part, { language, until: last }).comments) {
    const text = part.toString('latin1', start, end);
    if (MARKS.some((mark) => (mark.startsWith('/') ? text.startsWith(mark) : text.includes(mark))))
      licences.push({ start: from + start, end: from + end });
  }
  return licences;
}

/** The last comment of the file where it names a source map, with the line terminator before it; null where there is none. */
export function sourceMapComment(code: Uint8Array): (ByteRange & { readonly url: string }) | null {
  const buffer = asBuffer(code);
  const mark = buffer.lastIndexOf('# sourceMappingURL=');
  if (mark < 2) return null;
  const open = buffer.toString('latin1', mark - 2, mark);
  if (open !== '//' && open !== '/*') return null;
  const from = mark + '# sourceMappingURL='.length;
  const tail = /^([^\s'"*]*)\s*(?:\*\/)?\s*$/.exec(tailText(buffer, from));
  if (tail === null) return null;
  let start = mark - 2;
  while (start > 0 && (buffer[start - 1] === 0x0a || buffer[start - 1] === 0x0d)) start--;
  return { start, end: buffer.length, url: tail[1] ?? '' };
}

function tailText(buffer: Buffer, from: number): string {
  return buffer.toString('utf8', from);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
