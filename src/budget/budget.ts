/** Budgets as they are written in a configuration. `config.ts` checks them. */

interface Common {
  /** What the result is called; by default made from the kind and what it is on. */
  readonly name?: string | undefined;
  /** Bytes (of `requests`, files), "170 kB", "1.5 MiB", "+2%", "+5 kB" or "ratchet". */
  readonly max: number | string;
}

interface Sized extends Common {
  /** Default: brotli. */
  readonly measure?: 'raw' | 'gzip' | 'brotli' | undefined;
}

/** All that an entry loads before it runs: itself, the chunks and styles that it imports statically, and theirs. */
export interface InitialBudget extends Sized {
  readonly kind: 'initial';
  readonly entry: string;
}

/** What is loaded when a dynamically imported module is shown: the entry's initial files and the module's own. */
export interface RouteBudget extends Sized {
  readonly kind: 'route';
  readonly route: string;
}

/** Each output that the pattern matches. */
export interface ChunkBudget extends Sized {
  readonly kind: 'chunk';
  readonly chunk: string;
}

export interface PackageBudget extends Sized {
  readonly kind: 'package';
  readonly package: string;
}

/** All modules that the pattern matches, together. */
export interface ModulesBudget extends Sized {
  readonly kind: 'modules';
  readonly modules: string;
}

export interface TotalBudget extends Sized {
  readonly kind: 'total';
}

export interface CssBudget extends Sized {
  readonly kind: 'css';
}

/** How many files an entry loads before it runs, or a route: one of both. */
export interface RequestsBudget extends Common {
  readonly kind: 'requests';
  readonly entry?: string | undefined;
  readonly route?: string | undefined;
}

/** What the spare copies of modules take. */
export interface DuplicatesBudget extends Sized {
  readonly kind: 'duplicates';
}

/** Packages that must not be in the build. */
export interface BannedBudget {
  readonly kind: 'banned';
  readonly packages: readonly string[];
  /** Why, for whoever meets it. */
  readonly reason?: string | undefined;
  readonly name?: string | undefined;
}

export type Budget =
  | InitialBudget
  | RouteBudget
  | ChunkBudget
  | PackageBudget
  | ModulesBudget
  | TotalBudget
  | CssBudget
  | RequestsBudget
  | DuplicatesBudget
  | BannedBudget;

export type BudgetKind = Budget['kind'];
