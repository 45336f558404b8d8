/**
 * What an adapter hands over: everything that its bundler knows of one finished build, in the bundler's own names. `assemble`
 * makes the `Build` from it.
 */
import type { Bundler, Diagnostic, EdgeKind, ModuleFormat, OutputImport, OutputKind } from '../model/build.ts';
import type { SourceMapView } from './source-map.ts';

export interface ModuleEvidence {
  /** As the bundler names it; see `moduleId`. */
  readonly id: string;
  readonly format: ModuleFormat;
  readonly sourceBytes: number | null;
  readonly sideEffects: boolean | null;
  readonly exports: readonly string[] | null;
  readonly usedExports: readonly string[] | null;
}

export interface EdgeEvidence {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  /** The specifier as the source has it; null where the bundler doesn't keep it. */
  readonly specifier: string | null;
  readonly names: readonly string[] | null;
  readonly line: number | null;
  readonly column: number | null;
}

/** A second witness of whose the bytes of an output are, beside its source map. */
export type Witness =
  /** How many bytes the printer wrote for each module, in the order of the output (esbuild's metafile). */
  | { readonly kind: 'lengths'; readonly modules: readonly { readonly id: string; readonly bytes: number }[] }
  /** The code of each module before the chunk was minified, in the order of the output (Rollup). */
  | { readonly kind: 'rendered'; readonly modules: readonly { readonly id: string; readonly code: string | null }[] };

export interface MapEvidence {
  /** May be read from disk at each asking. */
  readonly bytes: Uint8Array;
  /** For messages. */
  readonly file: string;
  /** Absolute path of the folder that relative sources start from. */
  readonly base: string;
  /** What an adapter that has read the map already knows of it, so that its bytes need not stay in memory. */
  readonly reading?: MapReading | undefined;
}

export interface MapReading {
  /** Names the content (`digestOf`); null: not asked for. */
  readonly digest: string | null;
  /** Of all sections, in their order. */
  readonly sources: readonly (string | null)[];
  readonly view: () => SourceMapView;
}

export interface OutputEvidence {
  /** Relative to the output directory. */
  readonly file: string;
  readonly kind: OutputKind;
  readonly entry: boolean;
  readonly entryModule: string | null;
  readonly imports: readonly OutputImport[];
  readonly contents: Uint8Array;
  readonly map: MapEvidence | null;
  readonly witness: Witness | null;
}

export interface BuildEvidence {
  /** Absolute path. */
  readonly root: string;
  readonly bundler: Bundler | null;
  /** Of all modules, as the bundler names them. */
  readonly moduleIds: readonly string[];
  /** What is known of them and how they depend on each other. Asked at most once, and only when somebody wants to know. */
  readonly graph: () => GraphEvidence;
  readonly outputs: readonly OutputEvidence[];
  readonly diagnostics: readonly Diagnostic[];
  /**
   * Source files whose own maps the bundler composed into its output: which modules a source named by the map may stand
   * for. Asked only for sources that are no module.
   */
  readonly composed?: (unresolved: readonly string[], modules: readonly string[]) => ReadonlyMap<string, string>;
  /** Facts of the package in a folder (relative to the root): its version. */
  readonly packages: PackageFacts;
}

export interface GraphEvidence {
  readonly modules: readonly ModuleEvidence[];
  readonly edges: readonly EdgeEvidence[];
}

export interface PackageFacts {
  version(folder: string): string | null;
}
