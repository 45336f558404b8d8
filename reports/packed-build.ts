/**
 * The compact form of a `Build` inside a report, and the way back. Columns instead of records, strings interned, module
 * ids front coded (each says how much of its beginning it shares with the one before). Numbers are LEB128 varints in
 * base64. Reading and writing cost time linear in the size of the build.
 *
 * Nothing here needs Node: the page reads its data with this module too.
 */
import { EDGE_KINDS, MODULE_FORMATS, REST_NAMES } from '../src/model/build.ts';
import type { Bundler, Build, Bytes, Diagnostic, Output, PackageRef } from '../src/model/build.ts';

export const PACKED_SCHEMA = 'pare/packed-build@1';

/**
 * A column of numbers or nulls: base64 of varints of `n + 1`, where 0 stands for null; or a plain array where a number
 * is negative or no integer.
 */
export type Column = string | readonly (number | null)[];

export interface PackedBuild {
  readonly schema: typeof PACKED_SCHEMA;
  readonly bundler: Bundler | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Names of exports and of imports, and specifiers. */
  readonly strings: readonly string[];
  /** Lists of positions in `strings`: the count, then the positions, one list after the other. */
  readonly lists: Column;
  readonly packages: readonly PackageRef[];
  readonly modules: {
    readonly count: number;
    /** How many UTF-16 units an id has in common with the one before. */
    readonly idShared: Column;
    readonly idRest: readonly string[];
    readonly package: Column;
    /** Position in `MODULE_FORMATS`. */
    readonly format: Column;
    readonly sourceBytes: Column;
    /** 0 or 1. */
    readonly sideEffects: Column;
    /** Positions of lists. */
    readonly exports: Column;
    readonly usedExports: Column;
  };
  readonly edges: {
    readonly count: number;
    readonly from: Column;
    readonly to: Column;
    /** Position in `EDGE_KINDS`. */
    readonly kind: Column;
    readonly names: Column;
    readonly line: Column;
    readonly column: Column;
  };
  readonly outputs: readonly PackedOutput[];
}

export interface PackedOutput extends Omit<Output, 'parts'> {
  readonly parts: {
    readonly count: number;
    /** The module; null for a rest bucket. */
    readonly module: Column;
    /** Position in `REST_NAMES`; null for a module. */
    readonly rest: Column;
    readonly raw: Column;
    /** In eighths of a byte. */
    readonly gzip: Column;
    readonly brotli: Column;
  };
}

/** Retained sizes of a list of things, in the order of that list. */
export interface PackedRetained {
  readonly count: number;
  readonly raw: Column;
  /** In eighths of a byte. */
  readonly gzip: Column;
  readonly brotli: Column;
  /** 0 or 1. */
  readonly isLowerBound: Column;
}

/** Compressed sizes are whole bits, three binary places after the point of a byte. */
const EIGHTHS = 8;

export function packBuild(build: Build): PackedBuild {
  const strings = new Interner<string>((text) => text);
  const lists = new Interner<readonly number[]>((list) => list.join());
  const packages = new Interner<PackageRef>((ref) => `${ref.name}\n${ref.version ?? ''}`);
  const list = (names: readonly string[] | null): number | null =>
    names === null ? null : lists.add(names.map((name) => strings.add(name)));

  const { modules, edges } = build;
  const ids = frontCode(modules.map((module) => module.id));
  const packedModules: PackedBuild['modules'] = {
    count: modules.length,
    idShared: encodeColumn(ids.shared),
    idRest: ids.rest,
    package: encodeColumn(modules.map((module) => (module.package === null ? null : packages.add(module.package)))),
    format: encodeColumn(modules.map((module) => MODULE_FORMATS.indexOf(module.format))),
    sourceBytes: encodeColumn(modules.map((module) => module.sourceBytes)),
    sideEffects: encodeColumn(
      modules.map((module) => (module.sideEffects === null ? null : Number(module.sideEffects))),
    ),
    exports: encodeColumn(modules.map((module) => list(module.exports))),
    usedExports: encodeColumn(modules.map((module) => list(module.usedExports))),
  };
  const packedEdges: PackedBuild['edges'] = {
    count: edges.length,
    from: encodeColumn(edges.map((edge) => edge.from)),
    to: encodeColumn(edges.map((edge) => edge.to)),
    kind: encodeColumn(edges.map((edge) => EDGE_KINDS.indexOf(edge.kind))),
    names: encodeColumn(edges.map((edge) => list(edge.names))),
    line: encodeColumn(edges.map((edge) => edge.line)),
    column: encodeColumn(edges.map((edge) => edge.column)),
  };
  return {
    schema: PACKED_SCHEMA,
    bundler: build.bundler,
    diagnostics: build.diagnostics,
    strings: strings.values,
    lists: encodeColumn(lists.values.flatMap((positions) => [positions.length, ...positions])),
    packages: packages.values,
    modules: packedModules,
    edges: packedEdges,
    outputs: build.outputs.map(packOutput),
  };
}

/** Of `RetainedSizes.modules` or `.edges`, or of anything else that has bytes. */
export function packRetained(
  sizes: readonly { readonly bytes: Bytes; readonly isLowerBound: boolean }[],
): PackedRetained {
  return {
    count: sizes.length,
    raw: encodeColumn(sizes.map(({ bytes }) => bytes.raw)),
    gzip: encodeColumn(sizes.map(({ bytes }) => inEighths(bytes.gzip))),
    brotli: encodeColumn(sizes.map(({ bytes }) => inEighths(bytes.brotli))),
    isLowerBound: encodeColumn(sizes.map(({ isLowerBound }) => Number(isLowerBound))),
  };
}

/** NaN stands for null. */
export function decodeRetained(
  packed: PackedRetained,
): Readonly<Record<'raw' | 'gzip' | 'brotli' | 'isLowerBound', Float64Array>> {
  return {
    raw: decodeColumn(packed.raw, packed.count),
    gzip: decodeColumn(packed.gzip, packed.count).map((size) => size / EIGHTHS),
    brotli: decodeColumn(packed.brotli, packed.count).map((size) => size / EIGHTHS),
    isLowerBound: decodeColumn(packed.isLowerBound, packed.count),
  };
}

function inEighths(size: number | null): number | null {
  return size === null ? null : size * EIGHTHS;
}

function packOutput({ parts, ...output }: Output): PackedOutput {
  return {
    ...output,
    parts: {
      count: parts.length,
      module: encodeColumn(parts.map((part) => part.module)),
      rest: encodeColumn(parts.map((part) => (part.rest === null ? null : REST_NAMES.indexOf(part.rest)))),
      raw: encodeColumn(parts.map((part) => part.bytes.raw)),
      gzip: encodeColumn(parts.map((part) => inEighths(part.bytes.gzip))),
      brotli: encodeColumn(parts.map((part) => inEighths(part.bytes.brotli))),
    },
  };
}

export function unpackBuild(packed: PackedBuild): Build {
  const lists = decodeLists(packed);
  const names = (position: number): readonly string[] | null =>
    Number.isNaN(position) ? null : at(lists, position).map((string) => at(packed.strings, string));
  const { modules, edges } = packed;
  const ids = decodeIds(modules);
  const package_ = decodeColumn(modules.package, modules.count);
  const format = decodeColumn(modules.format, modules.count);
  const sourceBytes = decodeColumn(modules.sourceBytes, modules.count);
  const sideEffects = decodeColumn(modules.sideEffects, modules.count);
  const exports = decodeColumn(modules.exports, modules.count);
  const usedExports = decodeColumn(modules.usedExports, modules.count);
  const from = decodeColumn(edges.from, edges.count);
  const to = decodeColumn(edges.to, edges.count);
  const kind = decodeColumn(edges.kind, edges.count);
  const edgeNames = decodeColumn(edges.names, edges.count);
  const line = decodeColumn(edges.line, edges.count);
  const column = decodeColumn(edges.column, edges.count);
  return {
    schema: 'pare/build@1',
    bundler: packed.bundler,
    modules: ids.map((id, i) => ({
      id,
      package: Number.isNaN(at(package_, i)) ? null : at(packed.packages, at(package_, i)),
      format: at(MODULE_FORMATS, at(format, i)),
      sourceBytes: orNull(at(sourceBytes, i)),
      sideEffects: Number.isNaN(at(sideEffects, i)) ? null : at(sideEffects, i) === 1,
      exports: names(at(exports, i)),
      usedExports: names(at(usedExports, i)),
    })),
    edges: Array.from({ length: edges.count }, (_, i) => ({
      from: at(from, i),
      to: at(to, i),
      kind: at(EDGE_KINDS, at(kind, i)),
      names: names(at(edgeNames, i)),
      line: orNull(at(line, i)),
      column: orNull(at(column, i)),
    })),
    outputs: packed.outputs.map(unpackOutput),
    diagnostics: packed.diagnostics,
  };
}

function unpackOutput({ parts, ...output }: PackedOutput): Output {
  const owner = decodeParts(parts);
  return {
    ...output,
    parts: Array.from({ length: parts.count }, (_, i) => {
      const bytes: Bytes = {
        raw: at(owner.raw, i),
        gzip: orNull(at(owner.gzip, i)),
        brotli: orNull(at(owner.brotli, i)),
      };
      const rest = at(owner.rest, i);
      return { module: orNull(at(owner.module, i)), rest: Number.isNaN(rest) ? null : at(REST_NAMES, rest), bytes };
    }),
  };
}

/** The columns of an output's parts; NaN stands for null, sizes are in bytes. */
export interface PartColumns {
  readonly module: Float64Array;
  readonly rest: Float64Array;
  readonly raw: Float64Array;
  readonly gzip: Float64Array;
  readonly brotli: Float64Array;
}

export function decodeParts(parts: PackedOutput['parts']): PartColumns {
  const scale = (column: Float64Array): Float64Array => column.map((eighths) => eighths / EIGHTHS);
  return {
    module: decodeColumn(parts.module, parts.count),
    rest: decodeColumn(parts.rest, parts.count),
    raw: decodeColumn(parts.raw, parts.count),
    gzip: scale(decodeColumn(parts.gzip, parts.count)),
    brotli: scale(decodeColumn(parts.brotli, parts.count)),
  };
}

export function decodeIds(modules: PackedBuild['modules']): string[] {
  const shared = decodeColumn(modules.idShared, modules.count);
  let before = '';
  return modules.idRest.map((rest, i) => (before = before.slice(0, at(shared, i)) + rest));
}

/** The lists of positions in `strings`. */
export function decodeLists(packed: PackedBuild): number[][] {
  const flat = decodeColumn(packed.lists);
  const lists: number[][] = [];
  for (let i = 0; i < flat.length;) {
    const end = i + 1 + at(flat, i);
    lists.push(Array.from(flat.subarray(i + 1, end)));
    i = end;
  }
  return lists;
}

function frontCode(ids: readonly string[]): { shared: number[]; rest: string[] } {
  const shared: number[] = [];
  const rest: string[] = [];
  let before = '';
  for (const id of ids) {
    let n = 0;
    while (n < id.length && n < before.length && id.charCodeAt(n) === before.charCodeAt(n)) n++;
    shared.push(n);
    rest.push(id.slice(n));
    before = id;
  }
  return { shared, rest };
}

export function encodeColumn(values: readonly (number | null)[]): Column {
  const bytes = new ByteSink();
  for (const value of values) {
    if (value === null) bytes.push(0);
    else if (Number.isSafeInteger(value) && value >= 0) bytes.pushVarint(value + 1);
    else return [...values];
  }
  return toBase64(bytes.take());
}

/** NaN stands for null. `count` saves the reader counting where it is known. */
export function decodeColumn(column: Column, count?: number): Float64Array {
  if (typeof column !== 'string') return Float64Array.from(column, (value) => value ?? Number.NaN);
  const bytes = fromBase64(column);
  const values = new Float64Array(count ?? countVarints(bytes));
  let i = 0;
  for (let n = 0; n < values.length; n++) {
    let value = 0;
    let factor = 1;
    let byte: number;
    do {
      byte = bytes[i++] ?? 0;
      value += (byte & 0x7f) * factor;
      factor *= 128;
    } while (byte >= 0x80);
    values[n] = value === 0 ? Number.NaN : value - 1;
  }
  return values;
}

function countVarints(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte < 0x80) count++;
  return count;
}

class ByteSink {
  #bytes = new Uint8Array(1024);
  #length = 0;

  push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }

  pushVarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.push((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.push(rest);
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** Node's own is several times faster; a browser has none. */
const { Buffer: NodeBuffer } = globalThis as {
  Buffer?: { from(memory: ArrayBufferLike, offset: number, length: number): { toString(encoding: 'base64'): string } };
};

function toBase64(bytes: Uint8Array): string {
  if (NodeBuffer !== undefined) return NodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
  const pieces: string[] = [];
  const step = 0x6000;
  for (let i = 0; i < bytes.length; i += step) {
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(i, i + step))));
  }
  return pieces.join('');
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

class Interner<T> {
  readonly values: T[] = [];
  readonly #positions = new Map<string, number>();
  readonly #key: (value: T) => string;

  constructor(key: (value: T) => string) {
    this.#key = key;
  }

  add(value: T): number {
    const key = this.#key(value);
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    this.#positions.set(key, this.values.length);
    return this.values.push(value) - 1;
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** The packed form is made and read by the same version, so a position that is out of range is a bug of ours. */
function at<T>(values: { readonly [index: number]: T; readonly length: number }, index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`position ${index} of ${values.length}`);
  return value;
}
