/**
 * Where the comments of a JavaScript or CSS file are that outlive minification: licences, and the comment that names the source
 * map. Candidates are found by their text; a licence candidate counts only if a lexical walk from the file's start reaches it
 * as a comment, so that a string or a template that holds the same text is never mistaken for one.
 */

import { walkLexically, type ByteRange } from './lexical.ts';

export type { ByteRange } from './lexical.ts';

const MARKS = ['/*!', '//!', '@license', '@preserve', '@licence', '@copyright', 'icense information'];

/** Licence comments in the order of the file. `code` is UTF-8. */
export function licenceComments(code: Uint8Array, language: 'js' | 'css'): ByteRange[] {
  const buffer = asBuffer(code);
  let last = -1;
  for (const mark of MARKS) last = Math.max(last, buffer.lastIndexOf(mark));
  if (last === -1) return [];
  return walkLexically(buffer, { language, until: last }).comments.filter(({ start, end }) => {
    const text = buffer.toString('latin1', start, end);
    return MARKS.some((mark) => (mark.startsWith('/') ? text.startsWith(mark) : text.includes(mark)));
  });
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
