/**
 * One lexical walk over the bytes of a JavaScript or CSS file, for what is to be known without a parser: where its comments are
 * and where its top-level statements end. Strings, templates, regular expressions and comments are told apart, so that text
 * inside of them is never mistaken for code. Bytes, not characters: all that matters here is ASCII.
 */

export interface ByteRange {
  /** First byte. */
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

export interface Lexical {
  /** All comments, in order. */
  readonly comments: readonly ByteRange[];
  /**
   * Ends of the top-level statements (rules, in CSS), each behind its own line terminator where it has one. A statement may
   * be cut in two (`if (a) {} else {}`); two are never one. Inside of a wrapping function (`(() => { … })()`) it is that
   * function's statements which count.
   */
  readonly statementEnds: readonly number[];
}

export interface WalkOptions {
  readonly language: 'js' | 'css';
  /** Where the walk may stop: comments and statements that begin behind this offset are not told. */
  readonly until?: number;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const SLASH = 0x2f;
const STAR = 0x2a;
const BACKSLASH = 0x5c;
const BACKTICK = 0x60;
const DOLLAR = 0x24;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_PAREN = 0x28;
const CLOSE_PAREN = 0x29;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const SEMICOLON = 0x3b;
const DOUBLE = 0x22;
const SINGLE = 0x27;
const DOT = 0x2e;

/** 1: a byte of a name, a keyword or a number. 2: white space. */
const CLASS = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const letter = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39);
  if (letter || byte === DOLLAR || byte === 0x5f || byte >= 0x80) CLASS[byte] = 1;
  else if (byte === SPACE || (byte >= 0x09 && byte <= CR)) CLASS[byte] = 2;
}

/** Keywords after which an expression begins, so that a slash opens a regular expression. */
const OPERAND_FOLLOWS = new Set(
  'return typeof case do else in instanceof new void delete throw yield await of extends default'.split(' '),
);
/** Keywords whose parenthesis is followed by a statement, not by an operator. */
const HEADS = new Set('if while for with'.split(' '));
/** What a statement begins with that ends with its closing brace. */
const BLOCKS = new Set('function async class if for while do try catch finally else switch with export'.split(' '));
const LONGEST_KEYWORD = 10;
const LONGEST_HEAD = 5;

/** How far the opening of a wrapping function is looked for. */
const WRAPPER_WITHIN = 1_024;
const WRAPPER =
  /^(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/|["']use strict["'];?)*(?:(?:var|let|const)\s+[\w$]+\s*=\s*|[\w$.]+\s*=\s*)?[(!]\s*(?:\(\)\s*=>|function\s*\([^()]*\))\s*\{/;

export function walkLexically(code: Buffer, { language, until = code.length }: WalkOptions): Lexical {
  const comments: ByteRange[] = [];
  const statementEnds: number[] = [];
  const script = language === 'js';
  const base = script && WRAPPER.test(code.toString('latin1', 0, WRAPPER_WITHIN)) ? 2 : 0;
  /** Depth of brackets at which each open template's `${` began. */
  const templates: number[] = [];
  /** For each open parenthesis whether it belongs to `if (…)` and the like. */
  const heads: boolean[] = [];
  let depth = 0;
  /** Whether a slash at this place would begin a regular expression; behind a word, the word decides. */
  let operand = true;
  /** Where the latest token is a word: its place. The name of a property is no keyword and stands empty. */
  let afterWord = false;
  let wordStart = 0;
  let wordEnd = 0;
  /** Whether the statement that is being read is over with its closing brace; null: it has not begun. */
  let block: boolean | null = null;
  let previous = 0;
  let i = 0;
  const length = code.length;
  while (i < length && i <= until) {
    const byte = code[i]!;
    const kind = CLASS[byte]!;
    if (kind === 2) {
      i++;
      continue;
    }
    if (byte === SLASH && code[i + 1] === STAR) {
      const close = code.indexOf('*/', i + 2);
      const end = close === -1 ? length : close + 2;
      comments.push({ start: i, end });
      i = end;
      continue;
    }
    if (script && byte === SLASH && code[i + 1] === SLASH) {
      const newline = code.indexOf(LF, i);
      const end = newline === -1 ? length : newline;
      comments.push({ start: i, end });
      i = end;
      continue;
    }
    if (kind === 1) {
      const start = i;
      do i++;
      while (i < length && CLASS[code[i]!] === 1);
      // Text is made of few words: of those at a statement's begin, before a parenthesis and before a slash.
      wordStart = previous === DOT ? i : start;
      wordEnd = i;
      afterWord = true;
      operand = false;
      block ??= isKeyword(code, wordStart, wordEnd, BLOCKS);
      previous = byte;
      continue;
    }
    switch (byte) {
      case DOUBLE:
      case SINGLE:
        i = endOfQuoted(code, i, byte);
        operand = false;
        block ??= false;
        break;
      case BACKTICK:
        if (!script) {
          i++;
          break;
        }
        i = endOfTemplatePart(code, i + 1);
        operand = code[i - 1] === OPEN_BRACE;
        if (operand) templates.push(depth++);
        block ??= false;
        break;
      case SLASH:
        if (script && (operand || (afterWord && isKeyword(code, wordStart, wordEnd, OPERAND_FOLLOWS)))) {
          i = endOfRegExp(code, i);
          operand = false;
        } else {
          i++;
          operand = true;
        }
        block ??= false;
        break;
      case OPEN_PAREN:
        heads.push(afterWord && wordEnd - wordStart <= LONGEST_HEAD && isKeyword(code, wordStart, wordEnd, HEADS));
        depth++;
        i++;
        operand = true;
        block ??= false;
        break;
      case CLOSE_PAREN:
        operand = heads.pop() === true;
        depth--;
        i++;
        break;
      case OPEN_BRACKET:
        depth++;
        i++;
        operand = true;
        block ??= false;
        break;
      case CLOSE_BRACKET:
        depth--;
        i++;
        operand = false;
        break;
      case OPEN_BRACE:
        if (depth === base) block ??= true;
        depth++;
        i++;
        operand = true;
        // The wrapping function's own brace: what follows is its first statement.
        if (depth === base) {
          statementEnds.push((i = lineTail(code, i)));
          block = null;
        }
        break;
      case CLOSE_BRACE:
        if (templates.length > 0 && templates[templates.length - 1] === depth - 1) {
          templates.pop();
          depth--;
          i = endOfTemplatePart(code, i + 1);
          operand = code[i - 1] === OPEN_BRACE;
          if (operand) templates.push(depth++);
          break;
        }
        depth--;
        i++;
        operand = true;
        if (depth === base && (block === true || !script)) {
          statementEnds.push((i = lineTail(code, i)));
          block = null;
        }
        break;
      case SEMICOLON:
        i++;
        operand = true;
        if (depth === base) {
          statementEnds.push((i = lineTail(code, i)));
          block = null;
        }
        break;
      default:
        i++;
        operand = true;
        block ??= false;
    }
    afterWord = false;
    previous = byte;
  }
  return { comments, statementEnds };
}

function isKeyword(code: Buffer, start: number, end: number, keywords: ReadonlySet<string>): boolean {
  const size = end - start;
  return (
    size > 1 && size <= LONGEST_KEYWORD && code[start]! >= 0x61 && keywords.has(code.toString('latin1', start, end))
  );
}

/** Behind blanks and one line terminator, where nothing else stands on the line. */
function lineTail(code: Buffer, at: number): number {
  let i = at;
  while (code[i] === SPACE || code[i] === 0x09 || code[i] === CR) i++;
  return code[i] === LF ? i + 1 : at;
}

function endOfQuoted(code: Buffer, at: number, quote: number): number {
  for (let i = at + 1; i < code.length; i++) {
    const byte = code[i]!;
    if (byte === BACKSLASH) i++;
    else if (byte === quote) return i + 1;
    else if (byte === LF) return i;
  }
  return code.length;
}

/** Behind the closing backtick, or behind the `{` of a `${`. */
function endOfTemplatePart(code: Buffer, at: number): number {
  for (let i = at; i < code.length; i++) {
    const byte = code[i]!;
    if (byte === BACKSLASH) i++;
    else if (byte === BACKTICK) return i + 1;
    else if (byte === DOLLAR && code[i + 1] === OPEN_BRACE) return i + 2;
  }
  return code.length;
}

function endOfRegExp(code: Buffer, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < code.length; i++) {
    const byte = code[i]!;
    if (byte === BACKSLASH) i++;
    else if (byte === LF) return at + 1;
    else if (byte === OPEN_BRACKET) inClass = true;
    else if (byte === CLOSE_BRACKET) inClass = false;
    else if (byte === SLASH && !inClass) {
      i++;
      while (i < code.length && CLASS[code[i]!] === 1) i++;
      return i;
    }
  }
  return at + 1;
}
