/**
 * From "which source" to "whose": names the bytes that no source owns (runtime, wrappers, glue, licences, …) and takes from a
 * source what an unterminated segment gave it. Minifiers leave the end of a module unmarked in the map (terser/terser#1106,
 * tc39/ecma426#32), so what the bundler wrote behind it hides in the module's last segment; it is cut off there by its syntax.
 * What the syntax doesn't show clearly stays where the map put it.
 */
import type { RestName } from '../model/build.ts';
import { FIRST_SOURCE, LINE_END, UNMAPPED, type SourceRuns } from './attribute.ts';
import { licenceComments, sourceMapComment, type ByteRange } from './comments.ts';
import { OwnershipBuilder, type Ownership } from './ownership.ts';

/** An owner: a source by its number in `SourceRuns.sources`, or a rest bucket. */
export type Owner = { readonly source: number } | { readonly rest: RestName };

/** The rest buckets, in the order of their owner numbers; source `i` is owner `REST.length + i`. */
export const REST: readonly RestName[] = [
  'unmapped',
  'line-ends',
  'runtime',
  'wrapper',
  'glue',
  'licence',
  'source-map-comment',
];

const rest = (name: RestName): number => REST.indexOf(name);

export function ownerOf(number: number): Owner {
  const name = REST[number];
  return name === undefined ? { source: number - REST.length } : { rest: name };
}

/** Owner number of a source in the result of `assignOwners`. */
export function sourceOwner(source: number): number {
  return REST.length + source;
}

export interface AssignOptions {
  readonly language: 'js' | 'css';
  /** Which sources are the bundler's own code (`webpack/runtime/…`, `\0commonjsHelpers.js`), by their number. */
  readonly runtime: (source: number) => boolean;
}

/** Ownership of a whole file; the owners are numbered as `ownerOf` reads them. */
export function assignOwners(code: Uint8Array, runs: SourceRuns, options: AssignOptions): Ownership {
  const buffer = Buffer.from(code.buffer, code.byteOffset, code.byteLength);
  const painter = new OwnershipBuilder();
  const special = specialRanges(code, runs, options.language);
  const exported = options.language === 'js' ? exportClause(buffer, special) : code.length;
  let i = 0;
  while (i < runs.count) {
    const start = i === 0 ? 0 : runs.ends[i - 1]!;
    if (runs.owners[i]! < FIRST_SOURCE) {
      // Unmapped text and line ends between two sources are one gap, named as a whole.
      const first = i;
      while (i + 1 < runs.count && runs.owners[i + 1]! < FIRST_SOURCE) i++;
      const place: Place = first === 0 ? 'first' : i === runs.count - 1 ? 'last' : 'between';
      const known = runs.sources.length > 0;
      painter.add(runs.ends[i]!, rest(known ? nameGap(buffer, start, runs.ends[i]!, place) : 'unmapped'));
    } else {
      const end = runs.ends[i]!;
      const source = runs.owners[i]! - FIRST_SOURCE;
      const number = options.runtime(source) ? rest('runtime') : sourceOwner(source);
      const last = runs.lastSegments[i]!;
      let tail = options.language === 'js' && endsUnmarked(runs, i) ? ownTail(buffer, last, end) : end;
      if (exported < tail && exported > last && end > exported) tail = exported;
      painter.add(tail, number);
      if (tail < end) painter.add(end, rest(nameTail(buffer, tail, end)));
    }
    i++;
  }
  return overlay(painter.finish(code.length, REST.length + runs.sources.length), special);
}

/** Whether another source, or the end of the code, follows with no mark of where this one ends. */
function endsUnmarked(runs: SourceRuns, i: number): boolean {
  const next = i + 1 < runs.count ? runs.owners[i + 1]! : LINE_END;
  return next !== UNMAPPED;
}

function specialRanges(
  code: Uint8Array,
  runs: SourceRuns,
  language: 'js' | 'css',
): { range: ByteRange; owner: number }[] {
  const special = licenceComments(code, language, lastToken(runs)).map((range) => ({ range, owner: rest('licence') }));
  const comment = sourceMapComment(code);
  if (comment === null) return special;
  const before = special.filter(({ range }) => range.end <= comment.start);
  return [...before, { range: comment, owner: rest('source-map-comment') }];
}

/** Where the last token that the map names begins; 0: it names none. */
function lastToken(runs: SourceRuns): number {
  for (let i = runs.count - 1; i >= 0; i--) if (runs.owners[i]! >= FIRST_SOURCE) return runs.lastSegments[i]!;
  return 0;
}

/** Longer lists of exports are left where the map puts them. */
const LONGEST_EXPORTS = 65_536;

/** Where the list of the chunk's exports begins, the last thing before the comments at the end; the file's length: it has none. */
function exportClause(buffer: Buffer, special: readonly { range: ByteRange }[]): number {
  let end = buffer.length;
  for (const { range } of special.toReversed()) if (isBlank(buffer, range.end, end)) end = range.start;
  const close = buffer.lastIndexOf('}', end - 1);
  const open = close === -1 ? -1 : buffer.lastIndexOf('{', close);
  if (open < 6 || end - open > LONGEST_EXPORTS || !/^\}\s*;?\s*$/.test(buffer.toString('latin1', close, end)))
    return buffer.length;
  const before = /(?:^|[;}\s])(export\s*)$/.exec(buffer.toString('latin1', Math.max(0, open - 16), open));
  return before === null ? buffer.length : open - before[1]!.length;
}

export type Place = 'first' | 'between' | 'last';

const COMMENTS = /\/\*[^]*?\*\/|\/\/[^\n]*/g;
const EXPORTS = /^[\s;,)}\]]*export\s*\{[^}]*\}\s*;?\s*$/;
const PUNCTUATION = /^[\s;,(){}[\]]*$/;
const OPENS_FUNCTION = /function\b|=>|[\w$"'/.)-]+\s*\([\w$,\s]*\)\s*\{/;

const LINK =
  /(?:\s|;|["']use strict["'])*(?:import\s*(?:[^"'`;()=]*?\bfrom\s*)?|export\s*(?:\*[^"'`;()={}]*?|\{[^}]*\})\s*from\s*)["'][^"'\n]*["'];?/y;

/** Whether the text is nothing but import and export statements, walked one by one. */
function isLinkage(text: string): boolean {
  let at = 0;
  for (;;) {
    LINK.lastIndex = at;
    if (!LINK.test(text)) break;
    at = LINK.lastIndex;
  }
  const rest = text.slice(at);
  return EXPORTS.test(rest) || (at > 0 && /^[\s;]*$/.test(rest));
}

/** The bucket of a gap: text that the map leaves to nobody. */
export function nameGap(buffer: Buffer, start: number, end: number, place: Place): RestName {
  if (isBlank(buffer, start, end)) return 'line-ends';
  // A long run is never glue; the first bytes are enough to know that.
  if (end - start > 65_536) return place === 'first' ? 'runtime' : 'unmapped';
  const text = buffer.toString('latin1', start, end).replace(COMMENTS, '');
  if (isLinkage(text)) return 'glue';
  if (PUNCTUATION.test(text)) return /[(){}[\]]/.test(text) ? 'wrapper' : 'glue';
  if (OPENS_FUNCTION.test(text)) return place === 'first' && text.length > 200 ? 'runtime' : 'wrapper';
  if (/^[\s)}\],;]*\.call\(this\)[\s)}\],;(]*$/.test(text)) return 'wrapper';
  return 'unmapped';
}

function isBlank(buffer: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (buffer[i]! > 0x20) return false;
  return true;
}

/** The bucket of what was cut off the end of a source. */
function nameTail(buffer: Buffer, start: number, end: number): RestName {
  const text = buffer.toString('latin1', start, end).replace(COMMENTS, '');
  return OPENS_FUNCTION.test(text) ? 'wrapper' : 'glue';
}

const LONGEST_TAIL = 2_048;
const TOKEN =
  /^(?:"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'|`(?:[^`\\$]|\\[^]|\$(?!\{))*`|[\w$.\x80-\xff]+|[^\w$"'`/\s])/;
const CLOSERS = /^(?:[\s\])};,]|\/\*[^*]*\*\/)*/;
/** What a bundler or minifier begins the next thing with. A comma or semicolon before it was consumed as a closer. */
const NEXT_THING = [
  /^export\s*\{[^}]*\}\s*;?\s*$/,
  /^(?:var|let|const)\s+[\w$]+\s*=\s*(?:\{\s*exports\s*:\s*\{\s*\}\s*\}|[\w$]+\(\(?)/,
  /^(?:[\w$]+\s*\}\s*)?(?:(?:var|let|const)\s+)?(?:[\w$]+\s*=\s*\{\s*(?:exports\s*:\s*\{\s*\}\s*)?\}[,;]\s*)*(?:var\s+[\w$,\s]+;)?function\s+[\w$]+\(\)\s*\{\s*(?:if\s*\([\w$]+\)\s*return\s+[\w$.]+;|return\s+[\w$]+\s*\|\|\s*\()/,
  /^(?:[\w$]+|"[^"]*"|'[^']*')\s*(?::\s*)?(?:function\s*)?\([\w$,\s]*\)\s*(?:=>\s*)?\{/,
  /^(?:[\w$]+|"[^"]*"|'[^']*')\s*:\s*[\w$]+\s*=>\s*\{/,
  /^[\w$]+\s*=\s*[\w$]+\(\(?(?:\([\w$,\s]*\)|[\w$]+)\s*=>\s*\{?/,
];

/** End of the source's own text within its last segment [start, end): its token and the brackets that close behind it. */
function ownTail(buffer: Buffer, start: number, end: number): number {
  if (end - start > LONGEST_TAIL) return end;
  const text = buffer.toString('latin1', start, end);
  const token = TOKEN.exec(text)?.[0];
  if (token === undefined) return end;
  let at = token.length;
  at += CLOSERS.exec(text.slice(at))?.[0].length ?? 0;
  const remainder = text.slice(at);
  return remainder !== '' && NEXT_THING.some((pattern) => pattern.test(remainder)) ? start + at : end;
}

/** Lays special ranges, in the order of the file, over the runs. */
function overlay(ownership: Ownership, special: readonly { range: ByteRange; owner: number }[]): Ownership {
  if (special.length === 0) return ownership;
  const runs = new OwnershipBuilder();
  let next = 0;
  ownership.owners.forEach((owner, i) => {
    const end = ownership.ends[i]!;
    for (let range = special[next]; range !== undefined && range.range.start < end; range = special[next]) {
      runs.add(range.range.start, owner);
      runs.add(Math.min(range.range.end, end), range.owner);
      if (range.range.end > end) break;
      next++;
    }
    runs.add(end, owner);
  });
  return runs.finish(ownership.length, ownership.ownerCount);
}
