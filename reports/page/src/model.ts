/**
 * A build as the views need it: columns, sums and orders. What only some views need is made when first asked for.
 */
import { EDGE_KINDS, MODULE_FORMATS, REST_NAMES } from '../../../src/model/build.ts';
import type { Bytes, OutputImport, OutputKind, PackageRef } from '../../../src/model/build.ts';
import { decodeColumn, decodeIds, decodeLists, decodeParts, decodeRetained } from '../../packed-build.ts';
import type { PartColumns } from '../../packed-build.ts';
import type { ReportBuild } from '../../report-data.ts';

export const MEASURES = ['raw', 'gzip', 'brotli'] as const;
export type Measure = (typeof MEASURES)[number];

/** Which bytes count, and how they are weighed. */
export interface Weighing {
  readonly measure: Measure;
  /** Only what an entry loads before it can run. */
  readonly initial: boolean;
}

export interface OutputModel {
  readonly index: number;
  readonly file: string;
  readonly kind: OutputKind;
  readonly entry: boolean;
  readonly entryModule: number | null;
  readonly imports: readonly OutputImport[];
  readonly bytes: Bytes;
  /** An entry, or reached from one by static imports alone. */
  readonly initial: boolean;
  readonly parts: PartColumns;
}

/** The project's own modules have this for a package. */
export const OWN_CODE = -1;

export interface Edges {
  readonly count: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly kind: Uint8Array;
  /** -1: not known. */
  readonly line: Int32Array;
  readonly column: Int32Array;
  /** Edges by the module they start from and by the module they lead to. */
  readonly out: Adjacency;
  readonly in: Adjacency;
}

/** Compressed sparse rows: the edges of module `m` are `edge[start[m]]` up to `edge[start[m + 1]]`. */
export interface Adjacency {
  readonly start: Int32Array;
  readonly edge: Int32Array;
}

export class Model {
  readonly name: string;
  readonly report: ReportBuild;
  readonly ids: readonly string[];
  readonly packages: readonly PackageRef[];
  /** Position in `packages`, or `OWN_CODE`. */
  readonly packageOf: Int32Array;
  readonly format: Uint8Array;
  /** -1: not known. */
  readonly sideEffects: Int8Array;
  readonly outputs: readonly OutputModel[];
  readonly #cache = new Map<string, unknown>();

  constructor(report: ReportBuild) {
    const { modules, packages, outputs } = report.build;
    this.report = report;
    this.name = report.name;
    this.ids = decodeIds(modules);
    this.packages = packages;
    this.packageOf = toInts(decodeColumn(modules.package, modules.count), new Int32Array(modules.count));
    this.format = Uint8Array.from(decodeColumn(modules.format, modules.count));
    this.sideEffects = toInts(decodeColumn(modules.sideEffects, modules.count), new Int8Array(modules.count));
    const initial = staticClosure(outputs);
    this.outputs = outputs.map((output, index) => ({
      ...output,
      index,
      initial: initial.has(output.file),
      parts: decodeParts(output.parts),
    }));
  }

  /** Whether all outputs were weighed in this measure. */
  isMeasured(measure: Measure): boolean {
    return this.#once(`measured ${measure}`, () => this.outputs.every((output) => output.bytes[measure] !== null));
  }

  get hasAsync(): boolean {
    return this.code.some((output) => !output.initial);
  }

  /** Code and CSS: what sizes, charts and lists are about, as on the terminal. Assets are listed by themselves. */
  get code(): readonly OutputModel[] {
    return this.#once('code', () => this.outputs.filter((output) => output.kind !== 'asset'));
  }

  get assets(): readonly OutputModel[] {
    return this.#once('assets', () => this.outputs.filter((output) => output.kind === 'asset'));
  }

  outputsIn(weighing: Weighing): readonly OutputModel[] {
    return weighing.initial ? this.code.filter((output) => output.initial) : this.code;
  }

  /** Of code and CSS as they are on disk. */
  total(weighing: Weighing): number {
    return this.outputsIn(weighing).reduce((sum, output) => sum + (output.bytes[weighing.measure] ?? 0), 0);
  }

  /** Bytes of each module, summed over code and CSS. */
  moduleSizes(weighing: Weighing): Float64Array {
    return this.#once(`modules ${key(weighing)}`, () => {
      const sizes = new Float64Array(this.ids.length);
      for (const output of this.outputsIn(weighing)) {
        const bytes = output.parts[weighing.measure];
        output.parts.module.forEach((module, i) => {
          if (!Number.isNaN(module)) sizes[module] = (sizes[module] ?? 0) + (bytes[i] || 0);
        });
      }
      return sizes;
    });
  }

  /** Bytes that no module owns, by position in `REST_NAMES`. */
  restSizes(weighing: Weighing): Float64Array {
    return this.#once(`rests ${key(weighing)}`, () => {
      const sizes = new Float64Array(REST_NAMES.length);
      for (const output of this.outputsIn(weighing)) {
        const bytes = output.parts[weighing.measure];
        output.parts.rest.forEach((rest, i) => {
          if (!Number.isNaN(rest)) sizes[rest] = (sizes[rest] ?? 0) + (bytes[i] || 0);
        });
      }
      return sizes;
    });
  }

  /** Retained sizes of modules or edges, where they were computed; NaN where a size was not measured. */
  retained(of: 'modules' | 'edges'): ReturnType<typeof decodeRetained> | null {
    const { retained } = this.report;
    return retained === undefined ? null : this.#once(`retained ${of}`, () => decodeRetained(retained[of]));
  }

  /** Modules with bytes in the outputs, the heaviest first. */
  order(weighing: Weighing): Int32Array {
    return this.#once(`order ${key(weighing)}`, () => {
      const sizes = this.moduleSizes(weighing);
      const present = this.ids.map((_, module) => module).filter((module) => (sizes[module] ?? 0) > 0);
      return Int32Array.from(present).sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0) || a - b);
    });
  }

  /** Module ids in lower case, for the search. */
  get lowerIds(): readonly string[] {
    return this.#once('lower', () => this.ids.map((id) => id.toLowerCase()));
  }

  get sourceBytes(): Float64Array {
    const { modules } = this.report.build;
    return this.#once('source bytes', () => decodeColumn(modules.sourceBytes, modules.count));
  }

  get edges(): Edges {
    return this.#once('edges', () => {
      const { edges } = this.report.build;
      const ints = (column: Parameters<typeof decodeColumn>[0]): Int32Array =>
        toInts(decodeColumn(column, edges.count), new Int32Array(edges.count));
      const from = ints(edges.from);
      const to = ints(edges.to);
      return {
        count: edges.count,
        from,
        to,
        kind: Uint8Array.from(decodeColumn(edges.kind, edges.count)),
        line: ints(edges.line),
        column: ints(edges.column),
        out: adjacency(from, this.ids.length),
        in: adjacency(to, this.ids.length),
      };
    });
  }

  edgeNames(edge: number): readonly string[] | null {
    const { edges } = this.report.build;
    const lists = this.#once('edge names', () => decodeColumn(edges.names, edges.count));
    return this.#list(lists[edge]);
  }

  exportsOf(module: number): readonly string[] | null {
    const { modules } = this.report.build;
    return this.#list(this.#once('exports', () => decodeColumn(modules.exports, modules.count))[module]);
  }

  usedExportsOf(module: number): readonly string[] | null {
    const { modules } = this.report.build;
    return this.#list(this.#once('used exports', () => decodeColumn(modules.usedExports, modules.count))[module]);
  }

  /** What a module has of each output it is in. */
  partsOf(module: number): { readonly output: OutputModel; readonly bytes: Bytes }[] {
    return this.outputs.flatMap((output) => {
      const at = output.parts.module.indexOf(module);
      if (at === -1) return [];
      const size = (column: Float64Array): number | null => (Number.isNaN(column[at]) ? null : (column[at] ?? null));
      const { raw, gzip, brotli } = output.parts;
      return [{ output, bytes: { raw: size(raw) ?? 0, gzip: size(gzip), brotli: size(brotli) } }];
    });
  }

  moduleAt(id: string): number | undefined {
    return this.#once('positions', () => new Map(this.ids.map((name, module) => [name, module]))).get(id);
  }

  formatName(module: number): string {
    return MODULE_FORMATS[this.format[module] ?? MODULE_FORMATS.length - 1] ?? 'unknown';
  }

  edgeKind(edge: number): (typeof EDGE_KINDS)[number] {
    return EDGE_KINDS[this.edges.kind[edge] ?? 0] ?? 'static';
  }

  #list(position: number | undefined): readonly string[] | null {
    if (position === undefined || Number.isNaN(position)) return null;
    const { build } = this.report;
    const lists = this.#once('lists', () => decodeLists(build));
    return (lists[position] ?? []).map((string) => build.strings[string] ?? '');
  }

  #once<T>(name: string, make: () => T): T {
    if (!this.#cache.has(name)) this.#cache.set(name, make());
    return this.#cache.get(name) as T;
  }
}

/** What a module or an edge retains, to be shown beside its own size. */
export interface RetainedSize {
  readonly bytes: Bytes;
  readonly isLowerBound: boolean;
}

export function retainedAt(model: Model, of: 'modules' | 'edges', index: number): RetainedSize | undefined {
  const all = model.retained(of);
  if (all === null) return undefined;
  const size = (measure: Measure): number | null => {
    const value = all[measure][index] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  };
  return {
    bytes: { raw: size('raw') ?? 0, gzip: size('gzip'), brotli: size('brotli') },
    isLowerBound: all.isLowerBound[index] === 1,
  };
}

export function packageName(ref: PackageRef): string {
  return ref.version === null ? ref.name : `${ref.name}@${ref.version}`;
}

function key({ measure, initial }: Weighing): string {
  return `${measure} ${initial}`;
}

/** NaN becomes -1. */
function toInts<T extends Int32Array | Int8Array>(values: Float64Array, ints: T): T {
  for (let i = 0; i < ints.length; i++) {
    const value = values[i] ?? Number.NaN;
    ints[i] = Number.isNaN(value) ? -1 : value;
  }
  return ints;
}

function adjacency(ends: Int32Array, modules: number): Adjacency {
  const start = new Int32Array(modules + 1);
  for (const end of ends) start[end + 1] = (start[end + 1] ?? 0) + 1;
  for (let m = 0; m < modules; m++) start[m + 1] = (start[m + 1] ?? 0) + (start[m] ?? 0);
  const next = start.slice();
  const edge = new Int32Array(ends.length);
  ends.forEach((end, e) => {
    const slot = next[end] ?? 0;
    edge[slot] = e;
    next[end] = slot + 1;
  });
  return { start, edge };
}

/** The files that entries load before they can run. */
function staticClosure(outputs: ReportBuild['build']['outputs']): Set<string> {
  const byFile = new Map(outputs.map((output) => [output.file, output]));
  const reached = new Set(outputs.filter((output) => output.entry).map((output) => output.file));
  // A set can grow while it is walked.
  for (const file of reached) {
    for (const link of byFile.get(file)?.imports ?? []) {
      if ((link.kind === 'static' || link.kind === 'css') && byFile.has(link.file)) reached.add(link.file);
    }
  }
  return reached;
}
