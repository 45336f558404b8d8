/**
 * Reading a source map without parsing it: of a map of 30 MB, nearly all is `sourcesContent`, and all that attribution needs is
 * the list of sources and the text of the mappings, which is read where it stands.
 *
 * One walk over the bytes finds the keys of the outermost object. Where a key stands twice or is written with escapes, where the
 * map has sections, or where anything else is unusual, the map goes through `JSON.parse`.
 */
import { PareError } from '../model/errors.ts';

/** One map, or one section of an indexed map. */
export interface MapSection {
  /** Where the section begins in the generated file, from 0; 0 and 0 for a plain map. Column in UTF-16 units. */
  readonly line: number;
  readonly column: number;
  /** As written, with `sourceRoot` put before; null for a source that has no name. */
  readonly sources: readonly (string | null)[];
  /** The VLQ text (ASCII). */
  readonly mappings: Uint8Array;
}

export interface SourceMapView {
  readonly sections: readonly MapSection[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * Finds sources and mappings in the bytes of a source map (UTF-8 JSON).
 *
 * @throws PareError `map-empty`, `map-not-json`, `map-truncated`, `map-invalid`
 */
export function readSourceMap(bytes: Uint8Array, file: string): SourceMapView {
  const buffer = asBuffer(bytes);
  const end = lastByte(buffer);
  if (end < 0) throw new PareError('map-empty', `${file} is empty`, { hint: REBUILD });
  const start = skipPrefix(buffer);
  if (buffer[end] !== 0x7d && buffer[start] === 0x7b)
    throw new PareError('map-truncated', `${file} ends in the middle: it was cut off`, { hint: REBUILD });
  return skim(buffer) ?? parse(buffer.subarray(start), file);
}

/** The text of each source, in the order of the sections' sources; null where the map doesn't carry it. */
export function readSourcesContent(bytes: Uint8Array): (string | null)[] {
  const buffer = asBuffer(bytes);
  const json: unknown = JSON.parse(buffer.toString('utf8', skipPrefix(buffer)));
  const maps = isRecord(json) && Array.isArray(json['sections']) ? json['sections'].map(mapOfSection) : [json];
  return maps.flatMap((map) => {
    if (!isRecord(map)) return [];
    const content: unknown[] = Array.isArray(map['sourcesContent']) ? map['sourcesContent'] : [];
    const sources: unknown[] = Array.isArray(map['sources']) ? map['sources'] : [];
    return sources.map((_, i) => {
      const text = content[i];
      return typeof text === 'string' ? text : null;
    });
  });
}

/** The text of one source, where it stands in the map. */
export interface SourceText {
  /** As it stands there: the same bytes are the same text, whatever it takes to read them. */
  readonly raw: Uint8Array;
  /** Whether `raw` is a JSON string, quotes and escapes included, or the text itself. */
  readonly json: boolean;
}

/**
 * What `readSourcesContent` gives, without reading it: the texts of a large map are never all in memory.
 *
 * @throws SyntaxError where the map is not JSON
 */
export function findSourceTexts(bytes: Uint8Array): (SourceText | null)[] {
  const buffer = asBuffer(bytes);
  const values = valuesByKey(buffer, skipPrefix(buffer));
  const isPlain = values !== null && !values.has('sections');
  const found = isPlain ? stringsOfArray(buffer, values.get('sourcesContent')) : null;
  if (found !== null) return found;
  return readSourcesContent(bytes).map((text) => (text === null ? null : { raw: Buffer.from(text), json: false }));
}

/**
 * The text in UTF-8, in memory that is used again at the next call.
 *
 * @throws SyntaxError where an escape is wrong
 */
export function decodeSourceText({ raw, json }: SourceText): Buffer {
  const text = asBuffer(raw);
  if (!json) return text;
  if (decoded.length < text.length) decoded = Buffer.allocUnsafeSlow(text.length * 2);
  let length = 0;
  const end = text.length - 1;
  for (let at = 1; at < end;) {
    const escape = text.indexOf(BACKSLASH, at);
    const plain = escape === -1 ? end : escape;
    length += text.copy(decoded, length, at, plain);
    if (escape === -1) break;
    const kind = text[escape + 1]!;
    if (kind === LOWER_U) {
      // A pair of surrogates is one character.
      const hex = /^(?:\\u[\da-f]{4})+/i.exec(text.toString('latin1', escape, Math.min(end, escape + 12)))?.[0];
      if (hex === undefined) throw new SyntaxError('Bad escape in a string of a source map');
      const units = JSON.parse(`"${hex}"`) as string;
      const isPair = units.length === 2 && /^[\ud800-\udbff][\udc00-\udfff]$/.test(units);
      length += decoded.write(isPair ? units : units[0]!, length);
      at = escape + (isPair ? 12 : 6);
    } else {
      const byte = ESCAPES.get(kind);
      if (byte === undefined) throw new SyntaxError('Bad escape in a string of a source map');
      decoded[length++] = byte;
      at = escape + 2;
    }
  }
  return decoded.subarray(0, length);
}

let decoded = Buffer.allocUnsafeSlow(1 << 16);
const LOWER_U = 0x75;
const ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, means]) => [letter.charCodeAt(0), means.charCodeAt(0)],
  ),
);

/** Strings and nulls of an array; null where there is no array, or something else in it. */
function stringsOfArray(buffer: Buffer, at: number | undefined): (SourceText | null)[] | null {
  if (at === undefined) return [];
  if (buffer[at] !== 0x5b) return null;
  const found: (SourceText | null)[] = [];
  for (let i = skipSpace(buffer, at + 1); buffer[i] !== 0x5d;) {
    if (buffer[i] === QUOTE) {
      const end = behindString(buffer, i);
      found.push({ raw: buffer.subarray(i, end), json: true });
      i = end;
    } else if (buffer.toString('latin1', i, i + 4) === 'null') {
      found.push(null);
      i += 4;
    } else return null;
    i = skipSpace(buffer, i);
    if (buffer[i] === JSON_COMMA) i = skipSpace(buffer, i + 1);
    else if (buffer[i] !== 0x5d) return null;
  }
  return found;
}

const REBUILD = 'Build again with source maps on, and keep each .map file with the file that it belongs to.';

function skim(buffer: Buffer): SourceMapView | null {
  const values = valuesByKey(buffer, skipPrefix(buffer));
  if (values === null || values.has('sections')) return null;
  const mappings = stringValue(buffer, values.get('mappings') ?? -1);
  const sources = arrayValue(buffer, values.get('sources') ?? -1);
  if (mappings === null || sources === null) return null;
  const rootKey = values.get('sourceRoot');
  const root = rootKey === undefined ? null : jsonString(buffer, rootKey);
  if (root === undefined) return null;
  return { sections: [{ line: 0, column: 0, sources: sourceNames(sources, root), mappings }] };
}

/** Offset of each value of the object that begins at `at`, by its key; null where something is out of the ordinary. */
function valuesByKey(buffer: Buffer, at: number): Map<string, number> | null {
  const values = new Map<string, number>();
  if (buffer[at] !== 0x7b) return null;
  for (let i = skipSpace(buffer, at + 1); ; i = skipSpace(buffer, i + 1)) {
    if (buffer[i] !== QUOTE) return null;
    const end = behindString(buffer, i);
    const key = buffer.toString('latin1', i + 1, end - 1);
    if (key.includes('\\') || values.has(key)) return null;
    i = skipSpace(buffer, end);
    if (buffer[i] !== COLON) return null;
    i = skipSpace(buffer, i + 1);
    values.set(key, i);
    i = skipSpace(buffer, behindValue(buffer, i, key));
    if (buffer[i] === CLOSE_OBJECT) return values;
    if (buffer[i] !== JSON_COMMA) return null;
  }
}

const JSON_COMMA = 0x2c;
const CLOSE_OBJECT = 0x7d;

/** Behind the JSON value at `at`. Of mappings it is known that they hold no quote. */
function behindValue(buffer: Buffer, at: number, key: string): number {
  const first = buffer[at];
  if (first === QUOTE) {
    if (key !== 'mappings') return behindString(buffer, at);
    const quote = buffer.indexOf(QUOTE, at + 1);
    return quote === -1 ? buffer.length : quote + 1;
  }
  const length = buffer.length;
  let depth = 0;
  for (let i = at; i < length; i++) {
    const byte = buffer[i]!;
    if (byte === QUOTE) i = behindString(buffer, i) - 1;
    else if (byte === 0x5b || byte === 0x7b) depth++;
    else if (byte === 0x5d || byte === CLOSE_OBJECT) {
      if (depth === 0) return i;
      depth--;
      if (depth === 0) return i + 1;
    } else if (byte === JSON_COMMA && depth === 0) return i;
  }
  return length;
}

/** Behind the closing quote of the string that opens at `at`; the buffer's end where it is not closed. */
function behindString(buffer: Buffer, at: number): number {
  const length = buffer.length;
  for (let i = at + 1; i < length; i++) {
    const byte = buffer[i]!;
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH) i++;
  }
  return length;
}

/** The bytes of a JSON string that has no escapes; null where there is none. */
function stringValue(buffer: Buffer, at: number): Uint8Array | null {
  if (buffer[at] !== QUOTE) return null;
  const end = buffer.indexOf(QUOTE, at + 1);
  if (end === -1) return null;
  const text = buffer.subarray(at + 1, end);
  return text.includes(BACKSLASH) ? null : text;
}

/** null: the value is `null`; undefined: it is something else than a string. */
function jsonString(buffer: Buffer, at: number): string | null | undefined {
  if (buffer.toString('latin1', at, at + 4) === 'null') return null;
  if (buffer[at] !== QUOTE) return undefined;
  const end = endOfString(buffer, at);
  return end === -1 ? undefined : (JSON.parse(buffer.toString('utf8', at, end)) as string);
}

/** A JSON array of strings and nulls. */
function arrayValue(buffer: Buffer, at: number): unknown[] | null {
  if (buffer[at] !== 0x5b) return null;
  let i = at + 1;
  while (i < buffer.length && buffer[i] !== 0x5d) {
    if (buffer[i] === QUOTE) {
      i = endOfString(buffer, i);
      if (i === -1) return null;
    } else if (buffer[i] === 0x5b || buffer[i] === 0x7b) {
      return null;
    } else i++;
  }
  if (i >= buffer.length) return null;
  try {
    return JSON.parse(buffer.toString('utf8', at, i + 1)) as unknown[];
  } catch {
    return null;
  }
}

/** Offset behind the closing quote of the string that opens at `at`; -1 where it is not closed. */
function endOfString(buffer: Buffer, at: number): number {
  for (let quote = buffer.indexOf(QUOTE, at + 1); quote !== -1; quote = buffer.indexOf(QUOTE, quote + 1)) {
    let backslashes = 0;
    while (buffer[quote - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return -1;
}

function parse(buffer: Buffer, file: string): SourceMapView {
  let json: unknown;
  try {
    json = JSON.parse(buffer.toString('utf8'));
  } catch (cause) {
    throw new PareError('map-not-json', `${file} is not a source map: it is not JSON`, { hint: REBUILD, cause });
  }
  if (!isRecord(json)) throw invalid(file, 'it is no JSON object');
  if (!Array.isArray(json['sections'])) return { sections: [section(json, 0, 0, file)] };
  const sections = json['sections'].map((each: unknown): MapSection => {
    const offset = isRecord(each) && isRecord(each['offset']) ? each['offset'] : null;
    const map = mapOfSection(each);
    if (offset === null || !isCount(offset['line']) || !isCount(offset['column']))
      throw invalid(file, 'a section has no offset');
    if (!isRecord(map)) throw invalid(file, 'a section has no map of its own');
    return section(map, offset['line'], offset['column'], file);
  });
  return { sections };
}

function section(map: Record<string, unknown>, line: number, column: number, file: string): MapSection {
  if (typeof map['mappings'] !== 'string') throw invalid(file, 'it has no mappings');
  if (!Array.isArray(map['sources'])) throw invalid(file, 'it has no list of sources');
  const root = typeof map['sourceRoot'] === 'string' ? map['sourceRoot'] : null;
  return { line, column, sources: sourceNames(map['sources'], root), mappings: Buffer.from(map['mappings'], 'latin1') };
}

function sourceNames(sources: readonly unknown[], root: string | null): (string | null)[] {
  const prefix = root === null || root === '' || root.endsWith('/') ? (root ?? '') : `${root}/`;
  return sources.map((source) => (typeof source === 'string' ? prefix + source : null));
}

function invalid(file: string, why: string): PareError {
  return new PareError('map-invalid', `${file} is not a source map: ${why}`, { hint: REBUILD });
}

function mapOfSection(section: unknown): unknown {
  return isRecord(section) ? section['map'] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function skipSpace(buffer: Buffer, at: number): number {
  while (isSpace(buffer[at])) at++;
  return at;
}

function lastByte(buffer: Buffer): number {
  let i = buffer.length - 1;
  while (i >= 0 && isSpace(buffer[i])) i--;
  return i;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Behind a byte order mark and the `)]}'` line that guards against inclusion as a script (ECMA-426). */
function skipPrefix(buffer: Buffer): number {
  let at = buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf ? 3 : 0;
  if (buffer.toString('latin1', at, at + 3) === ')]}') {
    const newline = buffer.indexOf(0x0a, at);
    at = newline === -1 ? buffer.length : newline + 1;
  }
  return skipSpace(buffer, at);
}
