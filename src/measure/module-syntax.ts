/**
 * The import and export statements of a module's source, as far as its text shows them: JavaScript, TypeScript, JSX, and the
 * scripts inside of Vue and Svelte files. One lexical walk over the bytes that knows strings, templates, comments and regular
 * expressions; no parser, because bundlers accept syntaxes that no single parser does, and because a report needs only the
 * places. Text is decoded for the statements alone.
 *
 * In JSX text an apostrophe reads like a string's begin. A walk that loses its way there finds fewer statements behind that
 * place (never a wrong one in a comment); `findSpecifier` then looks for a known specifier by its text.
 */
import type { EdgeKind } from '../model/build.ts';

export interface ImportStatement {
  readonly specifier: string;
  readonly kind: Exclude<EdgeKind, 'css'>;
  /** As in `Edge.names`. */
  readonly names: readonly string[] | null;
  /** Where the statement (or the call) begins, as in `Edge`. */
  readonly line: number;
  readonly column: number;
}

export interface ModuleSyntax {
  readonly imports: readonly ImportStatement[];
  /** Exported names; `*` for `export * from`. null where the module is CommonJS. */
  readonly exports: readonly string[] | null;
  /** Whether it has any `import` or `export` statement. */
  readonly esm: boolean;
}

const EXPORT_DEFAULT = /^export\s+default\b/;
const EXPORT_NAMED =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\s*\*?|class|const\s+enum|enum|namespace)\s*([\w$\x80-\uffff]+)/;
const EXPORT_VARIABLE = /^export\s+(?:const|let|var)\s+/;
/** `import.meta` behind the comma. */
const META = /^\s*,\s*import\s*\.\s*meta\s*\.\s*url/;
/** A declaration's name stands within so many bytes. */
const DECLARATION_BYTES = 160;

/** @param source UTF-8 */
export function scanModule(source: Uint8Array | string): ModuleSyntax {
  return new Scan(typeof source === 'string' ? Buffer.from(source) : asBuffer(source)).run();
}

class Scan {
  readonly #source: Buffer;
  readonly #imports: ImportStatement[] = [];
  readonly #exports: string[] = [];
  #esm = false;
  /** Line and offset of the line's start at the latest place asked for. */
  #line = 1;
  #lineStart = 0;
  #counted = 0;

  constructor(source: Buffer) {
    this.#source = source;
  }

  run(): ModuleSyntax {
    this.#walk();
    return {
      imports: this.#imports,
      exports: this.#esm ? (this.#exports.length > 1 ? [...new Set(this.#exports)] : this.#exports) : null,
      esm: this.#esm,
    };
  }

  #walk(): void {
    const source = this.#source;
    const length = source.length;
    /** The latest token's class, and its byte or the place of the word that it is: whether a slash begins a regular expression. */
    let latest = PUNCTUATION;
    let byte = OPEN_BRACE;
    let wordStart = 0;
    let wordEnd = 0;
    const templates: number[] = [];
    let depth = 0;
    let i = source[0] === 0xef && source[1] === 0xbb && source[2] === 0xbf ? 3 : 0;
    if (source[i] === HASH && source[i + 1] === 0x21) i = lineEnd(source, i);
    while (i < length) {
      const unit = source[i]!;
      const kind = CLASSES[unit]!;
      if (kind === SPACE) i++;
      else if (kind === WORD) {
        const property = latest === PUNCTUATION && byte === DOT;
        wordStart = i;
        do i++;
        while (i < length && CLASSES[source[i]!] === WORD);
        wordEnd = i;
        latest = WORD;
        if (property) {
          wordStart = wordEnd;
          continue;
        }
        const size = i - wordStart;
        if (size === 6) {
          if (unit === LOWER_I && isImport(source, wordStart)) i = this.#import(wordStart);
          else if (unit === LOWER_E && isExport(source, wordStart)) {
            i = this.#export(wordStart);
            if (i === wordEnd) {
              latest = PUNCTUATION;
              byte = OPEN_BRACE;
              continue;
            }
          }
        } else if (size === 7) {
          if (unit === LOWER_R && isRequire(source, wordStart)) i = this.#require(wordStart);
        } else if (
          size === 3 &&
          unit === LOWER_N &&
          source[wordStart + 1] === LOWER_E &&
          source[wordStart + 2] === 0x77
        )
          i = this.#url(wordStart);
        if (i !== wordEnd) latest = QUOTED;
      } else if (kind === PUNCTUATION) {
        latest = PUNCTUATION;
        byte = unit;
        i++;
      } else if (kind === QUOTED) {
        i = endOfQuoted(source, i, unit);
        latest = QUOTED;
      } else if (unit === SLASH) {
        const next = source[i + 1];
        if (next === SLASH) i = lineEnd(source, i);
        else if (next === STAR) i = endOfComment(source, i);
        else if (
          latest === PUNCTUATION
            ? byte !== CLOSE_PAREN && byte !== CLOSE_BRACKET
            : latest === WORD && operandFollows(source, wordStart, wordEnd)
        ) {
          i = endOfRegExp(source, i);
          latest = QUOTED;
        } else {
          latest = PUNCTUATION;
          byte = unit;
          i++;
        }
      } else if (unit === OPEN_BRACE) {
        depth++;
        latest = PUNCTUATION;
        byte = unit;
        i++;
      } else {
        const resumes = unit === CLOSE_BRACE && templates.length > 0 && templates[templates.length - 1] === depth - 1;
        if (unit === CLOSE_BRACE) depth--;
        if (unit === BACKTICK || resumes) {
          if (resumes) templates.pop();
          i = endOfTemplatePart(source, i + 1);
          const opens = source[i - 1] === OPEN_BRACE;
          if (opens) templates.push(depth++);
          latest = opens ? PUNCTUATION : QUOTED;
          byte = OPEN_BRACE;
        } else {
          latest = PUNCTUATION;
          byte = unit;
          i++;
        }
      }
    }
  }

  #add(kind: ImportStatement['kind'], specifier: string, names: readonly string[] | null, start: number): void {
    const source = this.#source;
    for (let i = this.#counted; i < start; i++) {
      if (source[i] !== LF) continue;
      this.#line++;
      this.#lineStart = i + 1;
    }
    this.#counted = start;
    let column = start - this.#lineStart;
    for (let i = this.#lineStart; i < start; i++) {
      if (source[i]! < 0x80) continue;
      column = source.toString('utf8', this.#lineStart, start).length;
      break;
    }
    this.#imports.push({ kind, specifier, names, line: this.#line, column });
  }

  /** Reads an `import` that begins at `start`. Where the walk goes on: behind its specifier, or behind the word. */
  #import(start: number): number {
    const source = this.#source;
    const word = start + 6;
    let i = skipBlank(source, word);
    if (source[i] === OPEN_PAREN) {
      const at = skipBlank(source, i + 1);
      const end = endOfSpecifier(source, at, true);
      if (end === -1) return word;
      this.#add('dynamic', source.toString('utf8', at + 1, end - 1), null, start);
      return end;
    }
    const clauseStart = i;
    for (; i < source.length; i++) {
      const unit = source[i]!;
      if (unit === DOUBLE || unit === SINGLE) break;
      if (unit === OPEN_PAREN || unit === EQUALS || unit === SEMICOLON || unit === BACKTICK || unit === CLOSE_PAREN)
        return word;
      if (unit === DOT) return word;
      if (unit !== SLASH) continue;
      const next = skipBlank(source, i);
      if (next === i) return word;
      i = next - 1;
    }
    const end = endOfSpecifier(source, i, false);
    if (end === -1) return word;
    const specifier = source.toString('utf8', i + 1, end - 1);
    if (i === clauseStart) {
      this.#esm = true;
      this.#add('static', specifier, [], start);
      return end;
    }
    const clause = stripComments(source.toString('utf8', clauseStart, i)).trimEnd();
    if (!clause.endsWith('from')) {
      // `import { "a name" as b } from 'x'`
      return clause.includes('{') ? this.#importOfStrings(start, clauseStart) : word;
    }
    this.#esm = true;
    const names = clauseNames(clause.slice(0, -4));
    if (names !== null) this.#add('static', specifier, names, start);
    return end;
  }

  /** An import clause that names exports by strings. */
  #importOfStrings(start: number, clauseStart: number): number {
    const source = this.#source;
    const close = source.indexOf(CLOSE_BRACE, clauseStart);
    if (close === -1) return start + 6;
    const from = skipBlank(source, close + 1);
    const at = isFrom(source, from) ? skipBlank(source, from + 4) : -1;
    const end = at === -1 ? -1 : endOfSpecifier(source, at, false);
    if (end === -1) return start + 6;
    this.#esm = true;
    const names = clauseNames(stripComments(source.toString('utf8', clauseStart, close + 1)));
    if (names !== null) this.#add('static', source.toString('utf8', at + 1, end - 1), names, start);
    return end;
  }

  /** Reads an `export` that begins at `start`. */
  #export(start: number): number {
    const source = this.#source;
    const word = start + 6;
    this.#esm = true;
    let i = skipBlank(source, word);
    let types = false;
    if (source[i] === 0x74 && source.toString('latin1', i, i + 4) === 'type') {
      const next = skipBlank(source, i + 4);
      if (source[next] !== OPEN_BRACE && source[next] !== STAR) return word;
      types = true;
      i = next;
    }
    if (source[i] === STAR || source[i] === OPEN_BRACE) {
      const list = source[i] === OPEN_BRACE;
      const close = list ? endOfList(source, i) : endOfStar(source, i);
      if (close === -1) return word;
      const from = skipBlank(source, close);
      const at = isFrom(source, from) ? skipBlank(source, from + 4) : -1;
      const end = at === -1 ? -1 : endOfSpecifier(source, at, false);
      if (end === -1 && !list) return word;
      const names = exportedNames(source.toString('utf8', i, close));
      if (!types) this.#exports.push(...names.exported);
      if (end === -1) return close;
      if (!types) this.#add('static', source.toString('utf8', at + 1, end - 1), names.imported, start);
      return end;
    }
    const text = source.toString('utf8', start, start + DECLARATION_BYTES);
    if (EXPORT_DEFAULT.test(text)) this.#exports.push('default');
    else {
      const name = EXPORT_NAMED.exec(text)?.[1];
      const variable = name === undefined ? EXPORT_VARIABLE.exec(text)?.[0] : undefined;
      if (name !== undefined) this.#exports.push(name);
      else if (variable !== undefined) this.#exports.push(...declaredNames(source, text, start, variable.length));
    }
    return word;
  }

  #require(start: number): number {
    const source = this.#source;
    const word = start + 7;
    let i = skipBlank(source, word);
    if (source[i] === DOT) {
      i = skipBlank(source, i + 1);
      if (source.toString('latin1', i, i + 7) !== 'resolve') return word;
      i = skipBlank(source, i + 7);
    }
    if (source[i] !== OPEN_PAREN) return word;
    const at = skipBlank(source, i + 1);
    const end = endOfSpecifier(source, at, true);
    if (end === -1 || source[skipBlank(source, end)] !== CLOSE_PAREN) return word;
    this.#add('require', source.toString('utf8', at + 1, end - 1), null, start);
    return end;
  }

  #url(start: number): number {
    const source = this.#source;
    const word = start + 3;
    let i = skipBlank(source, word);
    if (source[i] !== 0x55 || source[i + 1] !== 0x52 || source[i + 2] !== 0x4c) return word;
    i = skipBlank(source, i + 3);
    if (source[i] !== OPEN_PAREN) return word;
    const at = skipBlank(source, i + 1);
    const end = endOfSpecifier(source, at, true);
    if (end === -1 || !META.test(source.toString('latin1', end, end + 80))) return word;
    this.#add('url', source.toString('utf8', at + 1, end - 1), null, start);
    return end;
  }
}

/**
 * Place (line from 1, column from 0 in UTF-16 units) of a call or statement that names this specifier, by its text alone; null
 * where there is none outside of line comments.
 */
export function findSpecifier(bytes: Uint8Array, specifier: string): { line: number; column: number } | null {
  if (!asBuffer(bytes).includes(specifier)) return null;
  const source = asBuffer(bytes).toString('utf8');
  for (const quote of ['"', "'", '`']) {
    const text = quote + specifier + quote;
    for (let at = source.indexOf(text); at !== -1; at = source.indexOf(text, at + 1)) {
      const before = /(?:import\s*\(\s*|require\s*\(\s*|import\s*|from\s*)$/.exec(
        source.slice(Math.max(0, at - 40), at),
      );
      const line = source.slice(source.lastIndexOf('\n', at) + 1, at).trimStart();
      if (before !== null && !/^(?:\/\/|\*|\/\*)/.test(line)) return placeOf(source, at - before[0].length);
    }
  }
  return null;
}

function placeOf(source: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let next = source.indexOf('\n'); next !== -1 && next < offset; next = source.indexOf('\n', start)) {
    line++;
    start = next + 1;
  }
  return { line, column: offset - start };
}

/** `a, { b as c, type T }, * as d`, without comments: the names as the other module exports them; null: types only. */
function clauseNames(clause: string): string[] | null {
  const open = clause.indexOf('{');
  const close = open === -1 ? -1 : clause.indexOf('}', open);
  const list = close === -1 ? '' : clause.slice(open + 1, close);
  let outside = (close === -1 ? clause : clause.slice(0, open) + clause.slice(close + 1)).trim();
  if (outside.startsWith('type')) {
    // `import type, { a } from` and `import type from` take a default export of that name.
    if (open !== -1 && outside === 'type') return null;
    if (/^type\s+[^,\s]/.test(outside)) return null;
  }
  const names: string[] = [];
  const star = outside.indexOf('*');
  if (star !== -1) {
    outside = outside.slice(0, star).trim();
    // `import defer * as x`: a word before the star without a comma is no name.
    if (!outside.endsWith(',')) outside = '';
  }
  if (outside.endsWith(',') || outside.startsWith(',')) outside = outside.replaceAll(',', '').trim();
  if (outside !== '') names.push('default');
  if (star !== -1) names.push('*');
  for (const { from } of listNames(list)) names.push(from);
  return names.length > 1 ? [...new Set(names)] : names;
}

/** Of `* as name` or `{ … }`. */
function exportedNames(clause: string): { imported: string[]; exported: string[] } {
  if (clause.startsWith('{')) {
    const list = listNames(stripComments(clause.slice(1, -1)));
    const imported = list.map(({ from }) => from);
    return {
      imported: imported.length > 1 ? [...new Set(imported)] : imported,
      exported: list.map(({ to }) => to),
    };
  }
  const alias = /\bas\s+([^]+)$/.exec(clause)?.[1];
  return { imported: ['*'], exported: [alias === undefined ? '*' : unquote(alias)] };
}

/** Of the inside of braces, without comments. */
function listNames(list: string): { from: string; to: string }[] {
  const names: { from: string; to: string }[] = [];
  if (list === '') return names;
  for (const part of list.split(',')) {
    const item = part.trim();
    if (item === '' || (item.startsWith('type') && /^type\s+(?!as\b)/.test(item))) continue;
    const split = item.includes('as', 1) ? /^(.*?)\s+as\s+(.*)$/s.exec(item) : null;
    if (split === null) {
      const name = unquote(item);
      names.push({ from: name, to: name });
    } else names.push({ from: unquote(split[1]!), to: unquote(split[2]!) });
  }
  return names;
}

/** Names that `export const a = …, { b, c: d } = …` declares; only the first declarator is read. */
function declaredNames(source: Buffer, text: string, start: number, skip: number): string[] {
  const name = /^[\w$\x80-\uffff]+/.exec(text.slice(skip));
  if (name !== null) return [name[0]];
  const open = source.indexOf(text[skip] === '[' ? 0x5b : OPEN_BRACE, start + skip);
  const close = open === -1 ? -1 : source.indexOf(text[skip] === '[' ? CLOSE_BRACKET : CLOSE_BRACE, open);
  if (close === -1) return [];
  const inside = stripComments(source.toString('utf8', open + 1, close));
  return inside
    .split(',')
    .map((item) => (item.split('=')[0]!.split(':').pop() ?? '').replace('...', '').trim())
    .filter((each) => /^[\w$\x80-\uffff]+$/.test(each));
}

function stripComments(text: string): string {
  return text.includes('/') ? text.replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, '') : text;
}

function unquote(name: string): string {
  const text = name.trim();
  const first = text.charCodeAt(0);
  return (first === DOUBLE || first === SINGLE) && text.length > 1 ? text.slice(1, -1) : text;
}

const [SLASH, STAR, DOUBLE, SINGLE, BACKTICK, DOT, HASH] = [0x2f, 0x2a, 0x22, 0x27, 0x60, 0x2e, 0x23];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_PAREN, CLOSE_PAREN, CLOSE_BRACKET] = [0x7b, 0x7d, 0x28, 0x29, 0x5d];
const [BACKSLASH, DOLLAR, EQUALS, SEMICOLON, LF] = [0x5c, 0x24, 0x3d, 0x3b, 0x0a];
const [LOWER_I, LOWER_E, LOWER_R, LOWER_N] = [0x69, 0x65, 0x72, 0x6e];
const OPERAND_FOLLOWS = new Set('return typeof case do else in void delete throw yield await of new'.split(' '));

/** Classes of bytes: what the walk does with one. */
const [PUNCTUATION, SPACE, WORD, QUOTED, SPECIAL] = [0, 1, 2, 3, 4];
const CLASSES = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const letter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  const digit = byte >= 0x30 && byte <= 0x39;
  if (byte <= 0x20) CLASSES[byte] = SPACE;
  else if (letter || digit || byte === DOLLAR || byte === 0x5f || byte >= 0x80) CLASSES[byte] = WORD;
  else if (byte === DOUBLE || byte === SINGLE) CLASSES[byte] = QUOTED;
  else if (byte === SLASH || byte === BACKTICK || byte === OPEN_BRACE || byte === CLOSE_BRACE) CLASSES[byte] = SPECIAL;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Of a word of six letters that begins with `i`. */
function isImport(source: Buffer, at: number): boolean {
  return (
    source[at + 1] === 0x6d &&
    source[at + 2] === 0x70 &&
    source[at + 3] === 0x6f &&
    source[at + 4] === 0x72 &&
    source[at + 5] === 0x74
  );
}

function isExport(source: Buffer, at: number): boolean {
  return (
    source[at + 1] === 0x78 &&
    source[at + 2] === 0x70 &&
    source[at + 3] === 0x6f &&
    source[at + 4] === 0x72 &&
    source[at + 5] === 0x74
  );
}

function isRequire(source: Buffer, at: number): boolean {
  return (
    source[at + 1] === 0x65 &&
    source[at + 2] === 0x71 &&
    source[at + 3] === 0x75 &&
    source[at + 4] === 0x69 &&
    source[at + 5] === 0x72 &&
    source[at + 6] === 0x65
  );
}

function isFrom(source: Buffer, at: number): boolean {
  return source[at] === 0x66 && source[at + 1] === 0x72 && source[at + 2] === 0x6f && source[at + 3] === 0x6d;
}

/** A word longer than any keyword needs no text. The word of a property has no length. */
function operandFollows(source: Buffer, start: number, end: number): boolean {
  const size = end - start;
  return size > 1 && size < 7 && OPERAND_FOLLOWS.has(source.toString('latin1', start, end));
}

/** Behind white space and comments. */
function skipBlank(source: Buffer, at: number): number {
  let i = at;
  for (;;) {
    while (i < source.length && CLASSES[source[i]!] === SPACE) i++;
    if (source[i] !== SLASH) return i;
    if (source[i + 1] === SLASH) i = lineEnd(source, i);
    else if (source[i + 1] === STAR) i = endOfComment(source, i);
    else return i;
  }
}

/** Most comments are short: a call of `indexOf` costs more than the loop. */
function lineEnd(source: Buffer, at: number): number {
  let i = at;
  while (i < source.length && source[i] !== LF) i++;
  return i;
}

function endOfComment(source: Buffer, at: number): number {
  for (let i = at + 3; i < source.length; i++) if (source[i] === SLASH && source[i - 1] === STAR) return i + 1;
  return source.length;
}

/** Behind the closing quote of the specifier at `at`; -1 where there is none, or where it is a template with parts. */
function endOfSpecifier(source: Buffer, at: number, template: boolean): number {
  const quote = source[at];
  if (quote !== DOUBLE && quote !== SINGLE && !(template && quote === BACKTICK)) return -1;
  for (let i = at + 1; i < source.length; i++) {
    const unit = source[i];
    if (unit === quote) return i > at + 1 ? i + 1 : -1;
    if (unit === LF || (template && unit === DOLLAR && source[i + 1] === OPEN_BRACE)) return -1;
  }
  return -1;
}

/** Behind the brace that closes an export list; -1 where it is none. */
function endOfList(source: Buffer, at: number): number {
  for (let i = at + 1; i < source.length; i++) {
    const unit = source[i];
    if (unit === CLOSE_BRACE) return i + 1;
    if (unit === DOUBLE || unit === SINGLE) i = endOfQuoted(source, i, unit) - 1;
    else if (unit === SLASH) {
      const next = skipBlank(source, i);
      if (next === i) return -1;
      i = next - 1;
    }
  }
  return -1;
}

/** Behind `*` or `* as name`. */
function endOfStar(source: Buffer, at: number): number {
  const as = skipBlank(source, at + 1);
  if (source[as] !== 0x61 || source[as + 1] !== 0x73) return at + 1;
  let i = skipBlank(source, as + 2);
  if (source[i] === DOUBLE || source[i] === SINGLE) return endOfQuoted(source, i, source[i]!);
  while (i < source.length && CLASSES[source[i]!] === WORD) i++;
  return i;
}

function endOfQuoted(source: Buffer, at: number, quote: number): number {
  for (let i = at + 1; i < source.length; i++) {
    const unit = source[i];
    if (unit === BACKSLASH) i++;
    else if (unit === quote) return i + 1;
    else if (unit === LF) return at + 1;
  }
  return at + 1;
}

function endOfTemplatePart(source: Buffer, at: number): number {
  for (let i = at; i < source.length; i++) {
    const unit = source[i];
    if (unit === BACKSLASH) i++;
    else if (unit === BACKTICK) return i + 1;
    else if (unit === DOLLAR && source[i + 1] === OPEN_BRACE) return i + 2;
  }
  return source.length;
}

function endOfRegExp(source: Buffer, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < source.length; i++) {
    const unit = source[i];
    if (unit === BACKSLASH) i++;
    else if (unit === LF) return at + 1;
    else if (unit === 0x5b) inClass = true;
    else if (unit === CLOSE_BRACKET) inClass = false;
    else if (unit === SLASH && !inClass) return i + 1;
  }
  return at + 1;
}
