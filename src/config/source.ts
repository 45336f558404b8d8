/** Where settings come from, and what is wrong with them there. */

export type SourceKind =
  | 'defaults'
  /** The configuration of the workspace's root, for its packages. */
  | 'workspace'
  /** What a configuration extends. */
  | 'extends'
  /** `pare.config.*` */
  | 'file'
  /** The field `pare` of package.json. */
  | 'package'
  | 'environment'
  | 'flags'
  | 'inline'
  | 'update';

export interface Source {
  readonly kind: SourceKind;
  /** As it is shown: a file relative to the working directory, "the environment". */
  readonly name: string;
  /** Absolute; null where it is no file. */
  readonly file: string | null;
  /** Of an override for an environment: the environment's name. */
  readonly environment: string | null;
  /** Keys within the file that lead to the settings: `["pare", "env", "production"]`. */
  readonly within: readonly string[];
}

/** One setting of the command line. */
export interface Setting {
  /** The key: `cache.memory`. */
  readonly path: string;
  /** Text is read as the key's type asks; anything else is the value. */
  readonly value: unknown;
  /** As it was given: `--no-brotli`. */
  readonly name: string;
}

/** One of the sources that were read; a later one in a list comes before an earlier one. */
export interface Layer {
  readonly source: Source;
  /** Values by the path of their key, checked, as they were written. */
  readonly entries: ReadonlyMap<string, unknown>;
  /** What a source that is no file calls a key: `PARE_CACHE`, `--no-brotli`. */
  readonly names: ReadonlyMap<string, string>;
  /** Folder that paths are relative to: of keys that are relative to the source itself, and of all others. */
  readonly folders: { readonly source: string; readonly project: string };
}

/** One thing that is wrong. */
export interface ConfigProblem {
  readonly code: 'config-unreadable' | 'config-invalid';
  /** `cache.redis.url`, `budgets[2].max`; an empty text: the source as a whole. */
  readonly path: string;
  readonly message: string;
  /** What would be right: `a size such as "64 MB"`; null where that is no one thing. */
  readonly expected: string | null;
  /** The valid name that comes nearest; null: none does, or the name isn't what is wrong. */
  readonly meant: string | null;
  /** File, variable or option. */
  readonly source: string;
  /** Absolute; null where the source is no file. */
  readonly file: string | null;
  /** From 1; null where they aren't known. */
  readonly line: number | null;
  readonly column: number | null;
}

/** What is wrong, before it is known where that stands. */
export type Finding = Pick<ConfigProblem, 'path' | 'message'> & Partial<Pick<ConfigProblem, 'expected' | 'meant'>>;

/** `budgets[2].max` as keys and positions. */
export function segmentsOf(path: string): string[] {
  return path.split(/[.[\]]+/).filter((segment) => segment !== '');
}
