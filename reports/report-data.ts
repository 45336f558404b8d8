/**
 * What the report shows: one or more builds, and what other rooms of pare found out about them. Every section but the
 * build itself is optional; the page shows those that are there. All of it is plain JSON.
 *
 * Positions (`ModuleIndex`, `EdgeIndex`, `OutputIndex`) point into the `Build` of the same `ReportBuild`.
 */
import type { Bytes, ModuleIndex, PackageRef } from '../src/model/build.ts';
import type { PackedBuild, PackedRetained } from './packed-build.ts';

export const REPORT_SCHEMA = 'pare/report@1';

/** Position in `Build.edges`. */
export type EdgeIndex = number;
/** Position in `Build.outputs`. */
export type OutputIndex = number;

export interface ReportData {
  readonly schema: typeof REPORT_SCHEMA;
  /** What the reader calls this, usually the name of the project. */
  readonly title: string;
  readonly builds: readonly ReportBuild[];
}

export interface ReportBuild {
  /** Unique in the report, as the reader knows it: `esbuild`, `main`, `pull request`. */
  readonly name: string;
  /** Made by `packBuild`. */
  readonly build: PackedBuild;
  readonly retained?: Retained;
  readonly cutSets?: readonly CutSet[];
  readonly duplicates?: readonly Duplicate[];
  readonly notShaken?: readonly NotShaken[];
  readonly diff?: Diff;
  readonly budgets?: readonly BudgetResult[];
  /** In the order of time. */
  readonly coverage?: readonly Coverage[];
  readonly sources?: readonly ModuleSource[];
}

/** What leaves the bundle when one thing goes: its own bytes and the bytes of all that only it needs. */
export interface Retained {
  /** As long as `Build.modules`. Made by `packRetained`, as are the edges. */
  readonly modules: PackedRetained;
  /** As long as `Build.edges`. */
  readonly edges: PackedRetained;
  readonly packages: readonly RetainedPackage[];
}

export interface RetainedPackage {
  /** Of the package, all its versions together. */
  readonly name: string;
  readonly bytes: Bytes;
  /** Parts of modules that stay leave as well, so that a rebuild may save more. */
  readonly isLowerBound: boolean;
}

/** The thing that a finding is about; a package by its name, all its versions together. */
export type ReportTarget = { readonly module: ModuleIndex } | { readonly package: string };

/** The import statements that must go for the target to leave the bundle, chosen so that little else leaves with it. */
export interface CutSet {
  readonly target: ReportTarget;
  readonly cuts: readonly EdgeIndex[];
  /** What leaves when all of the cuts are made; null where it was not measured. */
  readonly saves: Bytes | null;
  /** What leaves besides the target, the heaviest first. */
  readonly alsoLeaves: readonly Leaving[];
  /** Packages and the project's own code that leave besides those listed. */
  readonly alsoMore: number;
  /** A smaller set that takes much else away; null where `cuts` is as small as can be. */
  readonly fewest: { readonly cuts: readonly EdgeIndex[]; readonly saves: Bytes | null } | null;
}

export interface Leaving {
  /** null: the project's own code. */
  readonly package: string | null;
  readonly modules: number;
  readonly bytes: Bytes;
}

export type DuplicateKind =
  /** one package in several versions */
  | 'versions'
  /** one version of a package at several paths */
  | 'paths'
  /** one module in several outputs */
  | 'chunks'
  /** a library both whole and method by method */
  | 'whole-and-parts'
  /** ESM and CommonJS copies of one package */
  | 'formats'
  /** modules or helper functions that are nearly the same */
  | 'similar';

export interface Duplicate {
  readonly kind: DuplicateKind;
  /** What is there twice: the name of a package, a module's id, a helper's name. */
  readonly name: string;
  readonly copies: readonly DuplicateCopy[];
  /** What one copy less of each would save. */
  readonly wasted: Bytes;
  /** What to do about it, in a sentence; null where there is no known mend. */
  readonly mend: string | null;
}

export interface DuplicateCopy {
  /** What tells this copy from the others: a version, a path, an output's file. */
  readonly label: string;
  readonly modules: readonly ModuleIndex[];
  readonly bytes: Bytes;
  /** The import statement that pulls this copy in; null where not known. */
  readonly broughtBy: EdgeIndex | null;
}

export type KeepReason =
  'commonjs' | 'side-effect' | 'namespace-use' | 'dynamic-access' | 'side-effects-field' | 'barrel' | 'entry-export';

/** A module that is kept, whole or in part, although its exports are not (all) used, and the statement that keeps it. */
export interface NotShaken {
  readonly module: ModuleIndex;
  readonly kept: 'whole' | 'part';
  readonly reason: KeepReason;
  /** The reason in a sentence. */
  readonly detail: string;
  /** The module whose source holds the statement that keeps it; null where no single statement does. */
  readonly at: { readonly module: ModuleIndex; readonly line: number; readonly column: number } | null;
  /** The bytes that hang on it. They are not to be added up: two findings may be about the same bytes. */
  readonly bytes: Bytes;
  readonly isEstimate: boolean;
}

/** How this build differs from another one, in code and CSS; assets stand beside it. */
export interface Diff {
  readonly base: string;
  readonly total: BeforeAndAfter;
  readonly assets: BeforeAndAfter;
  /** The largest first. Their deltas add up to that of the total, and so do those of the causes. */
  readonly changes: readonly Change[];
  readonly causes: readonly DiffCause[];
}

export interface BeforeAndAfter {
  readonly before: Bytes;
  readonly after: Bytes;
}

export interface DiffCause {
  /** In a sentence: the import statement that appeared, the version that changed, the code that grew. */
  readonly text: string;
  readonly kind: string;
  /** May be below 0. */
  readonly delta: Bytes;
}

export interface Change {
  /** The module's id, or the name of a rest bucket. */
  readonly id: string;
  readonly isRest: boolean;
  readonly package: PackageRef | null;
  /** null: was not there. */
  readonly before: Bytes | null;
  /** null: is no longer there. */
  readonly after: Bytes | null;
  /** Position in `Diff.causes`. */
  readonly cause: number;
}

export interface BudgetResult {
  /** As the configuration names it. */
  readonly name: string;
  /** What was weighed, in words: `initial of index.html`, `package moment`. */
  readonly subject: string;
  readonly unit: 'raw' | 'gzip' | 'brotli' | 'count';
  /** null: the limit is relative and the baseline has no such thing. */
  readonly limit: number | null;
  readonly actual: number;
  /** Of the baseline, for a relative budget or a ratchet; null otherwise. */
  readonly baseline: number | null;
  readonly passed: boolean;
  /** The result in a sentence. */
  readonly message: string;
  /** The heaviest first. */
  readonly causes: readonly BudgetCause[];
}

export interface BudgetCause {
  readonly text: string;
  readonly module: ModuleIndex | null;
  readonly bytes: number;
}

/** What of the loaded bytes had run at a point in time. */
export interface Coverage {
  /** The point in time, in words: `first render`. */
  readonly point: string;
  readonly modules: readonly {
    readonly module: ModuleIndex;
    /** Raw bytes of the module in the outputs that were loaded by then. */
    readonly loaded: number;
    /** Of these, the bytes that had run. */
    readonly executed: number;
  }[];
}

/** The source of a module with what is left of it in the outputs. */
export interface ModuleSource {
  readonly module: ModuleIndex;
  readonly text: string;
  /** Pairs of start and end (exclusive), in UTF-16 units of `text`, ascending, not overlapping. */
  readonly kept: readonly (readonly [start: number, end: number])[];
}
