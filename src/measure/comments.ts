/**
 * Where the comments of a JavaScript or CSS file are that outlive minification: licences, and the comment that names the source
 * map. Candidates are found by their text; a licence candidate counts only if a lexical walk from the file's start reaches it
 * as a comment, so that a string or a template that holds the same text is never mistaken for one.
 */

export interface ByteRange {
  /** First byte. */
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

const MARKS = ['/*!', '//!', '@license', '@preserve', '@licence', '@copyright', 'icense information'];

/** Licence comments in the order of the file. `code` is UTF-8. */
export function licenceComments(code: Uint8Array, language: 'js' | 'css'): ByteRange[] {
  const buffer = asBuffer(code);
  let last = -1;
  for (const mark of MARKS) last = Math.max(last, buffer.lastIndexOf(mark));
  if (last === -1) return [];
  return commentsOf(buffer, last, language).filter(({ start, end }) => {
    const text = buffer.toString('latin1', start, end);
    return MARKS.some((mark) => text.includes(mark));
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

const BYTE = { slash: 0x2f, star: 0x2a, backslash: 0x5c, newline: 0x0a, backtick: 0x60, dollar: 0x24 } as const;

/** All comments that begin at or before `until`. A walk over bytes: strings, templates and regular expressions are skipped. */
function commentsOf(code: Buffer, until: number, language: 'js' | 'css'): ByteRange[] {
  const comments: ByteRange[] = [];
  /** Depth of braces at which each open template's `${` began. */
  const templates: number[] = [];
  let depth = 0;
  /** Whether a slash at this place would begin a regular expression. */
  let operand = true;
  let i = 0;
  while (i < code.length && i <= until) {
    const byte = code[i]!;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) i++;
    else if (byte === BYTE.slash && code[i + 1] === BYTE.star) {
      const close = code.indexOf('*/', i + 2);
      const end = close === -1 ? code.length : close + 2;
      comments.push({ start: i, end });
      i = end;
    } else if (language === 'js' && byte === BYTE.slash && code[i + 1] === BYTE.slash) {
      const newline = code.indexOf(BYTE.newline, i);
      const end = newline === -1 ? code.length : newline;
      comments.push({ start: i, end });
      i = end;
    } else if (byte === 0x22 || byte === 0x27) {
      i = endOfQuoted(code, i, byte);
      operand = false;
    } else if (language === 'css') i++;
    else if (byte === BYTE.backtick) {
      i = endOfTemplatePart(code, i + 1);
      if (code[i - 1] === 0x7b) {
        templates.push(depth++);
        operand = true;
      } else operand = false;
    } else if (byte === BYTE.slash && operand) {
      i = endOfRegExp(code, i);
      operand = false;
    } else if (byte === 0x7d && templates.length > 0 && templates.at(-1) === depth - 1) {
      templates.pop();
      depth--;
      i = endOfTemplatePart(code, i + 1);
      if (code[i - 1] === 0x7b) {
        templates.push(depth++);
        operand = true;
      } else operand = false;
    } else if (isWordByte(byte)) {
      const start = i;
      while (i < code.length && isWordByte(code[i]!)) i++;
      operand = i - start <= 10 && OPERAND_FOLLOWS.has(code.toString('latin1', start, i));
    } else {
      if (byte === 0x7b) depth++;
      else if (byte === 0x7d) depth--;
      // After `)` a slash nearly always divides; after `}` it nearly always begins a statement.
      operand = byte !== 0x29 && byte !== 0x5d;
      i++;
    }
  }
  return comments;
}

/** Keywords after which an expression begins, so that a slash opens a regular expression. */
const OPERAND_FOLLOWS = new Set(
  'return typeof case do else in instanceof new void delete throw yield await of extends default'.split(' '),
);

function endOfQuoted(code: Buffer, at: number, quote: number): number {
  for (let i = at + 1; i < code.length; i++) {
    const byte = code[i]!;
    if (byte === BYTE.backslash) i++;
    else if (byte === quote) return i + 1;
    else if (byte === BYTE.newline) return i;
  }
  return code.length;
}

/** Behind the closing backtick, or behind the `{` of a `${`. */
function endOfTemplatePart(code: Buffer, at: number): number {
  for (let i = at; i < code.length; i++) {
    const byte = code[i]!;
    if (byte === BYTE.backslash) i++;
    else if (byte === BYTE.backtick) return i + 1;
    else if (byte === BYTE.dollar && code[i + 1] === 0x7b) return i + 2;
  }
  return code.length;
}

function endOfRegExp(code: Buffer, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < code.length; i++) {
    const byte = code[i]!;
    if (byte === BYTE.backslash) i++;
    else if (byte === BYTE.newline) return at + 1;
    else if (byte === 0x5b) inClass = true;
    else if (byte === 0x5d) inClass = false;
    else if (byte === BYTE.slash && !inClass) {
      i++;
      while (i < code.length && isWordByte(code[i]!)) i++;
      return i;
    }
  }
  return code.length;
}

function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x24 ||
    byte === 0x5f ||
    byte >= 0x80
  );
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
