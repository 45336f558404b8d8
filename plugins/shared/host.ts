/** How the parts of a plugin speak to the bundler that runs it. */

/** How a plugin speaks in its bundler's own way. */
export interface Host {
  readonly info: (text: string) => void;
  readonly warn: Warn;
  /** Makes the build fail, once pare is done with it. */
  readonly fail: (failure: BuildFailure) => void;
}

export interface BuildFailure {
  readonly code: string;
  readonly text: string;
  /** `file` relative to the root, line from 1, column from 0. */
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** Says what pare goes on without. */
export type Warn = (code: string, text: string) => void;
