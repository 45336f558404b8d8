/**
 * `Build`: the one record that every room of pare reads. An adapter makes it from what its bundler knows;
 * nothing behind the adapter knows which bundler ran.
 *
 * Paths are POSIX and relative to the root of the project; a module outside of the root keeps its leading `../`.
 * There is no timestamp in a `Build`: the same input gives the same record.
 */

export const BUILD_SCHEMA = 'pare/build@1';

/** Position in an array of the same `Build`: `modules[i]`. */
export type ModuleIndex = number;

/**
 * Sizes in bytes. `gzip` and `brotli` are null where they were not measured (the user turned them off).
 * Shares of a compressed file are multiples of an eighth of a byte (whole bits), so that sums of them are exact.
 */
export interface Bytes {
  readonly raw: number;
  readonly gzip: number | null;
  readonly brotli: number | null;
}

export interface PackageRef {
  readonly name: string;
  /** null where no package.json could be read (output analysed without its sources). */
  readonly version: string | null;
}

/** The order of this list and of the two like it is part of what packed reports and baselines mean: new ones go to the end. */
export const MODULE_FORMATS = ['esm', 'cjs', 'json', 'css', 'asset', 'unknown'] as const;
export type ModuleFormat = (typeof MODULE_FORMATS)[number];

export interface Module {
  /** POSIX path relative to the root; `virtual:NAME` for a module that no file stands behind. Unique in a build. */
  readonly id: string;
  /** The package whose folder in `node_modules` holds the module; null for the project's own code. */
  readonly package: PackageRef | null;
  readonly format: ModuleFormat;
  /** UTF-8 bytes of the module as it is on disk; null where that is not known. */
  readonly sourceBytes: number | null;
  /** Whether the bundler must keep the module for its side effects; null where the bundler doesn't say. */
  readonly sideEffects: boolean | null;
  /** Names the module exports; `*` stands for a re-export of everything. null: not known. */
  readonly exports: readonly string[] | null;
  /** Those of `exports` that are kept in the output; null: not known. */
  readonly usedExports: readonly string[] | null;
}

/** `css`: an `@import` or `composes`; `url`: `new URL(…)`, `url(…)` and the like; `require`: CommonJS. */
export const EDGE_KINDS = ['static', 'dynamic', 'require', 'url', 'css'] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

export interface Edge {
  readonly from: ModuleIndex;
  readonly to: ModuleIndex;
  readonly kind: EdgeKind;
  /**
   * The names imported: `default`, `*` for the namespace (or everything re-exported), or the export's name; empty for
   * a bare `import 'x'`. null where not known.
   */
  readonly names: readonly string[] | null;
  /** Of the importing statement, in the module's source. Line from 1, column from 0 in UTF-16 units; null: not known. */
  readonly line: number | null;
  readonly column: number | null;
}

export type OutputKind = 'chunk' | 'css' | 'asset';

export interface OutputImport {
  /** Another output's `file`, or the specifier as written where the target is no output of this build. */
  readonly file: string;
  readonly kind: 'static' | 'dynamic' | 'css' | 'url';
}

/** The bytes in an output that no module owns, by name. */
export const REST_NAMES = [
  /** code of the bundler itself: module registry, interop helpers, preload helper */
  'runtime',
  /** what the bundler puts around a module: `123:(e,t,n)=>{` … `}` */
  'wrapper',
  /** what the bundler writes between modules: imports and exports of the chunk, path comments, separators */
  'glue',
  /** licence comments */
  'licence',
  /** the `sourceMappingURL` comment */
  'source-map-comment',
  /** line terminators between the code of different owners */
  'line-ends',
  /** no witness says whose they are */
  'unmapped',
  /** header and trailer of the gzip or brotli container (raw is always 0) */
  'container',
] as const;
export type RestName = (typeof REST_NAMES)[number];

/** What one owner has of one output. Exactly one of `module` and `rest` is not null. */
export interface Part {
  readonly module: ModuleIndex | null;
  readonly rest: RestName | null;
  readonly bytes: Bytes;
}

export interface Output {
  /** POSIX path relative to the output directory. Unique in a build. */
  readonly file: string;
  readonly kind: OutputKind;
  /** Whether a page or a process starts here. */
  readonly entry: boolean;
  /** The module an entry or a dynamic import asked this chunk for; null where there is none or it is not known. */
  readonly entryModule: ModuleIndex | null;
  readonly imports: readonly OutputImport[];
  readonly bytes: Bytes;
  /** Sums over the parts equal `bytes` exactly, for each of raw, gzip and brotli. */
  readonly parts: readonly Part[];
}

export interface Bundler {
  readonly name: string;
  readonly version: string | null;
}

/** Something that went wrong with one file while the rest of the record stands. */
export interface Diagnostic {
  /** Stable, for scripts: `map-missing`, `map-truncated`, … */
  readonly code: string;
  /** The file it is about, as the user knows it; null where it is about the build as a whole. */
  readonly file: string | null;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string | null;
}

export interface Build {
  readonly schema: typeof BUILD_SCHEMA;
  readonly bundler: Bundler | null;
  readonly modules: readonly Module[];
  readonly edges: readonly Edge[];
  readonly outputs: readonly Output[];
  readonly diagnostics: readonly Diagnostic[];
}
