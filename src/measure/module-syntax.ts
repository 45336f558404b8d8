/**
 * The import and export statements of a module's source, as far as its text shows them: JavaScript, TypeScript, JSX, and the
 * scripts inside of Vue and Svelte files. One lexical walk that knows strings, templates, comments and regular expressions; no
 * parser, because bundlers accept syntaxes that no single parser does, and because a report needs only the places.
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
  /** Where the statement (or the call) begins, as an offset in UTF-16 units. */
  readonly offset: number;
}

export interface ModuleSyntax {
  readonly imports: readonly ImportStatement[];
  /** Exported names; `*` for `export * from`. null where the module is CommonJS. */
  readonly exports: readonly string[] | null;
  /** Whether it has any `import` or `export` statement. */
  readonly esm: boolean;
}

const FROM = /import\s*(?:type\s+(?!from\b))?([^'"`();=]*?)\bfrom\s*(["'])([^"'\n]+)\2/y;
const BARE = /import\s*(["'])([^"'\n]+)\1/y;
const DYNAMIC = /import\s*\(\s*(?:(?:\/\*[^]*?\*\/|\/\/[^\n]*)\s*)*(["'`])([^"'`\n$]+)\1/y;
const REQUIRE = /require\s*(?:\.\s*resolve\s*)?\(\s*(["'`])([^"'`\n$]+)\1\s*\)/y;
const URL_OF = /new\s+URL\s*\(\s*(["'`])([^"'`\n$]+)\1\s*,\s*import\s*\.\s*meta\s*\.\s*url/y;
const EXPORT_FROM =
  /export\s*(?:type\s+(?=[{*]))?(\*(?:\s*as\s+(?:[\w$]+|"[^"]*"|'[^']*'))?|\{[^}]*\})\s*from\s*(["'])([^"'\n]+)\2/y;
const EXPORT_LIST = /export\s*\{([^}]*)\}/y;
const EXPORT_DEFAULT = /export\s+default\b/y;
const EXPORT_NAMED =
  /export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\s*\*?|class|const\s+enum|enum|namespace)\s*([\w$]+)/y;
const EXPORT_VARIABLE = /export\s+(?:const|let|var)\s+/y;

export function scanModule(source: string): ModuleSyntax {
  const imports: ImportStatement[] = [];
  const exports: string[] = [];
  let esm = false;
  /** Whether a slash at this place would begin a regular expression. */
  let operand = true;
  let previous = 0;
  const templates: number[] = [];
  let depth = 0;
  const length = source.length;
  let i = source.startsWith('#!') ? lineEnd(source, 0) : 0;
  const add = (kind: ImportStatement['kind'], specifier: string, names: readonly string[] | null, offset: number) =>
    imports.push({ kind, specifier, names, offset });
  const match = (pattern: RegExp, at: number): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  while (i < length) {
    const unit = source.charCodeAt(i);
    if (isWord(unit)) {
      const start = i;
      do i++;
      while (i < length && isWord(source.charCodeAt(i)));
      const size = i - start;
      const property = previous === DOT;
      previous = unit;
      operand = false;
      if (property || size > 10) continue;
      if (size === 6 && unit === LOWER_I && source.startsWith('import', start)) {
        let found = match(DYNAMIC, start);
        if (found) {
          add('dynamic', found[2]!, null, start);
          i = start + found[0].length;
        } else if ((found = match(BARE, start))) {
          esm = true;
          add('static', found[2]!, [], start);
          i = start + found[0].length;
        } else if ((found = match(FROM, start))) {
          esm = true;
          if (!/^import\s+type\s+(?!from\b|,)/.test(found[0])) add('static', found[3]!, clauseNames(found[1]!), start);
          i = start + found[0].length;
        }
      } else if (size === 6 && unit === LOWER_E && source.startsWith('export', start)) {
        esm = true;
        let found = match(EXPORT_FROM, start);
        if (found) {
          const names = exportFromNames(found[1]!);
          if (!/^export\s+type\b/.test(found[0])) {
            add('static', found[3]!, names.imported, start);
            exports.push(...names.exported);
          }
          i = start + found[0].length;
        } else if (match(EXPORT_DEFAULT, start)) exports.push('default');
        else if ((found = match(EXPORT_LIST, start))) exports.push(...listNames(found[1]!).map(({ to }) => to));
        else if ((found = match(EXPORT_NAMED, start))) exports.push(found[1]!);
        else if ((found = match(EXPORT_VARIABLE, start)))
          exports.push(...declaredNames(source, start + found[0].length));
        operand = true;
      } else if (size === 7 && unit === LOWER_R && source.startsWith('require', start)) {
        const found = match(REQUIRE, start);
        if (found) {
          add('require', found[2]!, null, start);
          i = start + found[0].length;
        }
      } else if (size === 3 && unit === LOWER_N && source.startsWith('new', start)) {
        const found = match(URL_OF, start);
        if (found) {
          add('url', found[2]!, null, start);
          i = start + found[0].length;
        } else operand = true;
      } else operand = OPERAND_FOLLOWS.has(source.slice(start, i));
    } else if (unit <= 0x20) i++;
    else if (unit === SLASH && source.charCodeAt(i + 1) === SLASH) i = lineEnd(source, i);
    else if (unit === SLASH && source.charCodeAt(i + 1) === STAR) {
      const close = source.indexOf('*/', i + 2);
      i = close === -1 ? length : close + 2;
    } else if (unit === DOUBLE || unit === SINGLE) {
      i = endOfQuoted(source, i, unit);
      operand = false;
      previous = unit;
    } else if (
      unit === BACKTICK ||
      (unit === CLOSE_BRACE && templates.length > 0 && templates[templates.length - 1] === depth - 1)
    ) {
      if (unit === CLOSE_BRACE) {
        templates.pop();
        depth--;
      }
      i = endOfTemplatePart(source, i + 1);
      operand = source.charCodeAt(i - 1) === OPEN_BRACE;
      if (operand) templates.push(depth++);
      previous = BACKTICK;
    } else if (unit === SLASH && operand) {
      i = endOfRegExp(source, i);
      operand = false;
      previous = unit;
    } else {
      if (unit === OPEN_BRACE) depth++;
      else if (unit === CLOSE_BRACE) depth--;
      operand = unit !== CLOSE_PAREN && unit !== CLOSE_BRACKET;
      previous = unit;
      i++;
    }
  }
  return { imports, exports: esm ? [...new Set(exports)] : null, esm };
}

/** Offset of a call or statement that names this specifier, by its text alone; -1 where there is none outside of line comments. */
export function findSpecifier(source: string, specifier: string): number {
  for (const quote of ['"', "'", '`']) {
    const text = quote + specifier + quote;
    for (let at = source.indexOf(text); at !== -1; at = source.indexOf(text, at + 1)) {
      const before = /(?:import\s*\(\s*|require\s*\(\s*|import\s*|from\s*)$/.exec(
        source.slice(Math.max(0, at - 40), at),
      );
      const line = source.slice(source.lastIndexOf('\n', at) + 1, at).trimStart();
      if (before !== null && !/^(?:\/\/|\*|\/\*)/.test(line)) return at - before[0].length;
    }
  }
  return -1;
}

/** Line from 1 and column from 0 (UTF-16 units) of ascending offsets, in one walk. */
export function placesOf(source: string, offsets: readonly number[]): { line: number; column: number }[] {
  let line = 1;
  let start = 0;
  return offsets.map((offset) => {
    for (let next = source.indexOf('\n', start); next !== -1 && next < offset; next = source.indexOf('\n', start)) {
      line++;
      start = next + 1;
    }
    return { line, column: offset - start };
  });
}

/** `a, { b as c, type T }, * as d`: the names as the other module exports them. */
function clauseNames(clause: string): string[] {
  const text = stripComments(clause);
  const names: string[] = [];
  const list = /\{([^}]*)\}/.exec(text);
  const outside = text.replace(/\{[^}]*\}/, '');
  if (/\*\s*as\b/.test(outside)) names.push('*');
  const first = outside
    .replace(/\*\s*as\s+[\w$]+/, '')
    .replace(/,/g, ' ')
    .trim();
  if (first !== '' && first !== 'type') names.unshift('default');
  if (list !== null) names.push(...listNames(list[1]!).map(({ from }) => from));
  return [...new Set(names)];
}

function exportFromNames(clause: string): { imported: string[]; exported: string[] } {
  if (clause.startsWith('{')) {
    const list = listNames(clause.slice(1, -1));
    return { imported: [...new Set(list.map(({ from }) => from))], exported: list.map(({ to }) => to) };
  }
  const alias = /as\s+(.+)$/.exec(clause)?.[1];
  return { imported: ['*'], exported: [alias === undefined ? '*' : unquote(alias)] };
}

function listNames(list: string): { from: string; to: string }[] {
  return stripComments(list)
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '' && !/^type\s+(?!as\b)/.test(item))
    .map((item) => {
      const [from, to] = item.split(/\s+as\s+/);
      return { from: unquote(from!), to: unquote(to ?? from!) };
    });
}

/** Names that `export const a = …, { b, c: d } = …` declares; only the first declarator is read where a value is complex. */
function declaredNames(source: string, at: number): string[] {
  const pattern = /\s*(?:\{([^}=]*)\}|\[([^\]=]*)\]|([\w$]+))/y;
  pattern.lastIndex = at;
  const found = pattern.exec(source);
  if (found === null) return [];
  if (found[3] !== undefined) return [found[3]];
  const items = (found[1] ?? found[2] ?? '').split(',');
  return items
    .map((item) => (item.split(':').pop() ?? '').replace('...', '').trim())
    .filter((name) => /^[\w$]+$/.test(name));
}

function stripComments(text: string): string {
  return text.includes('/') ? text.replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, '') : text;
}

function unquote(name: string): string {
  return name.trim().replace(/^(["'])(.*)\1$/, '$2');
}

const [SLASH, STAR, DOUBLE, SINGLE, BACKTICK, DOT] = [0x2f, 0x2a, 0x22, 0x27, 0x60, 0x2e];
const [OPEN_BRACE, CLOSE_BRACE, CLOSE_PAREN, CLOSE_BRACKET, BACKSLASH, DOLLAR] = [0x7b, 0x7d, 0x29, 0x5d, 0x5c, 0x24];
const [LOWER_I, LOWER_E, LOWER_R, LOWER_N] = [0x69, 0x65, 0x72, 0x6e];
const OPERAND_FOLLOWS = new Set('return typeof case do else in void delete throw yield await of'.split(' '));

function isWord(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) ||
    (unit >= 0x41 && unit <= 0x5a) ||
    (unit >= 0x30 && unit <= 0x39) ||
    unit === 0x24 ||
    unit === 0x5f ||
    unit > 0x7f
  );
}

function lineEnd(source: string, at: number): number {
  const end = source.indexOf('\n', at);
  return end === -1 ? source.length : end;
}

function endOfQuoted(source: string, at: number, quote: number): number {
  for (let i = at + 1; i < source.length; i++) {
    const unit = source.charCodeAt(i);
    if (unit === BACKSLASH) i++;
    else if (unit === quote) return i + 1;
    else if (unit === 0x0a) return at + 1;
  }
  return at + 1;
}

function endOfTemplatePart(source: string, at: number): number {
  for (let i = at; i < source.length; i++) {
    const unit = source.charCodeAt(i);
    if (unit === BACKSLASH) i++;
    else if (unit === BACKTICK) return i + 1;
    else if (unit === DOLLAR && source.charCodeAt(i + 1) === OPEN_BRACE) return i + 2;
  }
  return source.length;
}

function endOfRegExp(source: string, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < source.length; i++) {
    const unit = source.charCodeAt(i);
    if (unit === BACKSLASH) i++;
    else if (unit === 0x0a) return at + 1;
    else if (unit === 0x5b) inClass = true;
    else if (unit === CLOSE_BRACKET) inClass = false;
    else if (unit === SLASH && !inClass) return i + 1;
  }
  return at + 1;
}
