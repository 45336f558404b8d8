/**
 * One source map of several: from what the last minifier left back to what the first was given, and through the bundler's own
 * map to the sources. Every segment of the outermost map is followed inwards, as @jridgewell/remapping does it, with two
 * differences. Text that no inner map knows becomes a segment without a source, instead of belonging to the segment before it.
 * And names are exact: one counts only where the inner map has a segment at exactly this place (the segment before it would
 * give its own name to another identifier); a name that one minifier gave and the next read as the original is not shown to
 * anybody; and where oxc renames without telling, the identifier in the code before it is read.
 *
 * The segments are in typed arrays; nothing is built per segment.
 */
import type { ToolMap } from './tools/tool.ts';

/** A source map, as far as it counts here; other keys (`sourceRoot`) are kept as they are. */
export interface SourceMapJson {
  readonly version: 3 | number;
  readonly file?: string | null;
  readonly sources: readonly (string | null)[];
  readonly sourcesContent?: readonly (string | null)[] | null;
  readonly names?: readonly string[];
  readonly mappings: string;
  readonly ignoreList?: readonly number[];
  readonly x_google_ignoreList?: readonly number[];
  readonly sourceRoot?: string | null;
}

/** The result, in the one form that every reader takes. */
export interface ComposedMap {
  readonly version: 3;
  readonly file?: string;
  readonly sourceRoot?: string;
  readonly sources: (string | null)[];
  readonly sourcesContent: (string | null)[];
  readonly names: string[];
  readonly mappings: string;
  readonly ignoreList?: number[];
}

export interface ComposeInput {
  /** From the first minifier to the last. */
  readonly steps: readonly ToolMap[];
  /** The code that the last minifier left. */
  readonly output: string;
  /** The map of the code that the first minifier was given; null: that code is the source. */
  readonly input: SourceMapJson | null;
  /** The text of that code, and its name where it is the source. */
  readonly source: { readonly name: string; readonly content: string };
  readonly file: string;
  /** Lines that were put before the last minifier's code. */
  readonly linesBefore: number;
}

export function composeMaps({ steps, output, input, source, file, linesBefore }: ComposeInput): ComposedMap {
  const innermost: SourceMapJson = input ?? { version: 3, sources: [source.name], mappings: '' };
  const bundler = input === null ? null : decode(input.mappings, input.names ?? []);
  const [outer = decode('', []), ...inner] = steps.map((map) => decode(map.mappings, map.names)).reverse();
  const before = new Lines(source.content);
  const after = new Lines(output);

  const sources = new Index<number>();
  const names = new Index<string>();
  const writer = new MappingWriter(';'.repeat(linesBefore));
  for (let line = 0; line < outer.lineCount; line++) {
    if (line > 0) writer.newLine();
    const last = outer.lineStarts[line + 1]!;
    for (let segment = outer.lineStarts[line]!; segment < last; segment++) {
      const column = outer.columns[segment]!;
      let map = outer;
      let at = segment;
      let exact = true;
      for (const next of inner) {
        if (at === NONE || map.sources[at] === NONE) break;
        const place = map.originalColumns[at]!;
        at = next.find(map.originalLines[at]!, place);
        map = next;
        exact &&= at !== NONE && map.columns[at] === place;
      }
      if (at === NONE || map.sources[at] === NONE) {
        writer.addUnmapped(column);
        continue;
      }
      // The first minifier's own name, or what stands in the code that it was given.
      const told = exact && map.nameIndexes[at] !== NONE ? map.names[map.nameIndexes[at]!] : undefined;
      let name =
        told ?? (exact ? renamed(after, line, column, before, map.originalLines[at]!, map.originalColumns[at]!) : null);
      if (bundler !== null) {
        const place = map.originalColumns[at]!;
        at = bundler.find(map.originalLines[at]!, place);
        map = bundler;
        if (at === NONE || map.sources[at] === NONE) {
          writer.addUnmapped(column);
          continue;
        }
        // A name for what was renamed by the bundler alone, too.
        if (map.columns[at] === place && map.nameIndexes[at] !== NONE) name = map.names[map.nameIndexes[at]!] ?? name;
      }
      const from = sources.of(map.sources[at]!);
      const named = name === null ? NONE : names.of(name);
      writer.add(column, from, map.originalLines[at]!, map.originalColumns[at]!, named);
    }
  }

  const contents = input === null ? [source.content] : (innermost.sourcesContent ?? []);
  const ignored = innermost.ignoreList ?? innermost.x_google_ignoreList ?? [];
  const ignoreList = sources.keys.flatMap((old, at) => (ignored.includes(old) ? [at] : []));
  return {
    version: 3,
    file,
    ...(typeof innermost.sourceRoot === 'string' ? { sourceRoot: innermost.sourceRoot } : {}),
    sources: sources.keys.map((old) => innermost.sources[old] ?? null),
    sourcesContent: sources.keys.map((old) => contents[old] ?? null),
    names: [...names.keys],
    mappings: writer.finish(),
    ...(ignoreList.length > 0 ? { ignoreList } : {}),
  };
}

/** A text's lines without splitting it. */
class Lines {
  readonly text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.text = text;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  offset(line: number, column: number): number {
    return (this.#starts[line] ?? this.text.length) + column;
  }
}

const IDENTIFIER = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
const KEYWORDS = new Set(
  (
    'arguments async await break case catch class const continue debugger default delete do else export extends false finally ' +
    'for function get if import in instanceof let new null of return set static super switch this throw true try typeof ' +
    'undefined var void while with yield'
  ).split(' '),
);

/**
 * The identifier in the code before, where another one stands in its place now; null: it is none, or the same. Both must be
 * used alike (called, taken a property of, …): the first word of an expression that was rewritten is no name of what stands there.
 */
function renamed(
  after: Lines,
  line: number,
  column: number,
  before: Lines,
  beforeLine: number,
  beforeColumn: number,
): string | null {
  const start = before.offset(beforeLine, beforeColumn);
  const old = identifierAt(before.text, start);
  if (old === null) return null;
  const at = after.offset(line, column);
  const now = identifierAt(after.text, at);
  if (now === null || now === old) return null;
  const use = nextSign(before.text, start + old.length);
  return use === nextSign(after.text, at + now.length) || !(use === '.' || use === '(') ? old : null;
}

function identifierAt(text: string, at: number): string | null {
  IDENTIFIER.lastIndex = at;
  const word = IDENTIFIER.exec(text)?.[0] ?? null;
  return word === null || KEYWORDS.has(word) ? null : word;
}

function nextSign(text: string, at: number): string {
  let i = at;
  while (text.charCodeAt(i) <= 0x20) i++;
  return text[i] ?? '';
}

/** Stands for no segment, no source, no name. */
const NONE = -1;

/** Numbers in the order of first use. */
class Index<K> {
  readonly keys: K[] = [];
  readonly #numbers = new Map<K, number>();

  of(key: K): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.keys.length);
    return this.keys.push(key) - 1;
  }
}

/** A map's segments, ordered by line and column. */
class DecodedMap {
  readonly names: readonly string[];
  readonly lineCount: number;
  /** For each line the number of its first segment; one more at the end. */
  readonly lineStarts: Int32Array;
  readonly columns: Int32Array;
  readonly sources: Int32Array;
  readonly originalLines: Int32Array;
  readonly originalColumns: Int32Array;
  readonly nameIndexes: Int32Array;

  constructor(names: readonly string[], lines: number, segments: number) {
    this.names = names;
    this.lineCount = lines;
    this.lineStarts = new Int32Array(lines + 1);
    this.columns = new Int32Array(segments);
    this.sources = new Int32Array(segments);
    this.originalLines = new Int32Array(segments);
    this.originalColumns = new Int32Array(segments);
    this.nameIndexes = new Int32Array(segments);
  }

  /** The last segment of the line at or before the column. */
  find(line: number, column: number): number {
    if (line >= this.lineCount || line < 0) return NONE;
    const start = this.lineStarts[line]!;
    let low = start;
    let high = this.lineStarts[line + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.columns[middle]! <= column) low = middle + 1;
      else high = middle;
    }
    if (low === start) return NONE;
    // Of several at one column the first: it is where the text begins.
    let found = low - 1;
    while (found > start && this.columns[found - 1] === this.columns[found]) found--;
    return found;
  }
}

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const DIGIT_OF = new Uint8Array(128);
const CODE_OF = new Uint8Array(64);
for (let digit = 0; digit < 64; digit++) {
  const code = DIGITS.charCodeAt(digit);
  DIGIT_OF[code] = digit;
  CODE_OF[digit] = code;
}

function decode(mappings: string, names: readonly string[]): DecodedMap {
  const text = Buffer.from(mappings, 'latin1');
  const length = text.length;
  let lines = 1;
  let segments = 1;
  for (let i = 0; i < length; i++) {
    const byte = text[i]!;
    if (byte === SEMICOLON) lines++;
    if (byte === SEMICOLON || byte === COMMA) segments++;
  }
  const map = new DecodedMap(names, lines, segments);
  const { lineStarts, columns, sources, originalLines, originalColumns, nameIndexes } = map;
  let i = 0;
  let segment = 0;
  let line = 0;
  let column = 0;
  let source = 0;
  let originalLine = 0;
  let originalColumn = 0;
  let name = 0;
  let sorted = true;
  const next = (): number => {
    let value = 0;
    let shift = 0;
    let digit: number;
    do {
      digit = DIGIT_OF[text[i++]!]!;
      value |= (digit & 31) << shift;
      shift += 5;
    } while (digit & 32);
    return value & 1 ? -(value >>> 1) : value >>> 1;
  };
  const more = (): boolean => i < length && text[i] !== COMMA && text[i] !== SEMICOLON;
  while (i < length) {
    const byte = text[i]!;
    if (byte === SEMICOLON) {
      lineStarts[++line] = segment;
      column = 0;
      i++;
      continue;
    }
    if (byte === COMMA) {
      i++;
      continue;
    }
    const before = column;
    column += next();
    if (column < before) sorted = false;
    columns[segment] = column;
    sources[segment] = NONE;
    nameIndexes[segment] = NONE;
    if (more()) {
      sources[segment] = source += next();
      originalLines[segment] = originalLine += next();
      originalColumns[segment] = originalColumn += next();
      if (more()) nameIndexes[segment] = name += next();
    }
    segment++;
  }
  lineStarts[lines] = segment;
  return sorted ? map : inOrder(map);
}

/** Segments of a line may stand in any order; hardly any map does that. */
function inOrder(map: DecodedMap): DecodedMap {
  const count = map.lineStarts[map.lineCount]!;
  const sorted = new DecodedMap(map.names, map.lineCount, count);
  sorted.lineStarts.set(map.lineStarts);
  for (let line = 0; line < map.lineCount; line++) {
    const start = map.lineStarts[line]!;
    const order = Array.from({ length: map.lineStarts[line + 1]! - start }, (_, index) => start + index);
    order.sort((a, b) => map.columns[a]! - map.columns[b]!);
    order.forEach((from, index) => {
      sorted.columns[start + index] = map.columns[from]!;
      sorted.sources[start + index] = map.sources[from]!;
      sorted.originalLines[start + index] = map.originalLines[from]!;
      sorted.originalColumns[start + index] = map.originalColumns[from]!;
      sorted.nameIndexes[start + index] = map.nameIndexes[from]!;
    });
  }
  return sorted;
}

/** Writes segments; one that says the same as the one before it on its line is left out. */
class MappingWriter {
  #bytes = Buffer.allocUnsafe(1 << 16);
  #length = 0;
  /** At the beginning of a line. */
  #first = true;
  #column = 0;
  #source = 0;
  #line = 0;
  #originalColumn = 0;
  #name = 0;
  /** Whether the latest segment of the line has a source, and whether it has a name. */
  #mapped = false;
  #named = false;

  constructor(prefix: string) {
    this.#reserve(prefix.length);
    this.#length = this.#bytes.write(prefix, 'latin1');
  }

  newLine(): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = SEMICOLON;
    this.#first = true;
    this.#mapped = this.#named = false;
    this.#column = 0;
  }

  add(column: number, source: number, line: number, originalColumn: number, name: number): void {
    const same =
      this.#mapped && source === this.#source && line === this.#line && originalColumn === this.#originalColumn;
    if (same && (name === NONE ? !this.#named : this.#named && name === this.#name)) return;
    this.#begin(column);
    this.#write(source - this.#source);
    this.#write(line - this.#line);
    this.#write(originalColumn - this.#originalColumn);
    this.#source = source;
    this.#line = line;
    this.#originalColumn = originalColumn;
    this.#mapped = true;
    this.#named = name !== NONE;
    if (name === NONE) return;
    this.#write(name - this.#name);
    this.#name = name;
  }

  addUnmapped(column: number): void {
    if (!this.#mapped) return;
    this.#begin(column);
    this.#mapped = this.#named = false;
  }

  finish(): string {
    return this.#bytes.toString('latin1', 0, this.#length);
  }

  #begin(column: number): void {
    // A segment has five numbers of at most seven digits.
    this.#reserve(36);
    if (!this.#first) this.#bytes[this.#length++] = COMMA;
    this.#first = false;
    this.#write(column - this.#column);
    this.#column = column;
  }

  #write(value: number): void {
    let rest = value < 0 ? (-value << 1) | 1 : value << 1;
    do {
      const digit = rest & 31;
      rest >>>= 5;
      this.#bytes[this.#length++] = CODE_OF[rest > 0 ? digit | 32 : digit]!;
    } while (rest > 0);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
