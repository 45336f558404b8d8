/**
 * What a run let one observe. It holds no time, no random port, no temporary path and no content hash, so that two runs of the
 * same program are equal, and a run after a rewrite differs only where the program's behaviour differs.
 */

/** What the page showed at a `mark` step. */
export interface MarkObservation {
  readonly name: string;
  /** Path, query and fragment, without the origin. */
  readonly url: string;
  readonly title: string;
  /** The document's structure, a line an element or text, indented by depth; attributes sorted, form values included. */
  readonly dom: readonly string[];
  /** The text a person can see, a line an item, blanks collapsed. */
  readonly text: readonly string[];
  /** The accessibility tree (Playwright's ARIA snapshot), by lines. */
  readonly accessibility: readonly string[];
  /** A line for each visible element: its box in CSS pixels of the document (not of the window) and the styles that say how it looks. */
  readonly appearance: readonly string[];
}

export type RequestKind = 'document' | 'script' | 'style' | 'data' | 'other';

export interface RequestObservation {
  readonly kind: RequestKind;
  readonly method: string;
  /** Path and query on the app's own origin with content hashes normalised, or the whole address for another host. */
  readonly url: string;
  /** The HTTP status, or why there is none: `blocked` (another host) or `failed`. */
  readonly status: number | 'blocked' | 'failed';
}

export interface ConsoleObservation {
  /** `log`, `warning`, `error`, … */
  readonly type: string;
  readonly text: string;
}

/** Something else that a user would notice: a dialog, a new page or a download. */
export interface EventObservation {
  readonly type: 'dialog' | 'page' | 'download';
  readonly text: string;
}

export interface StorageObservation {
  readonly local: Readonly<Record<string, string>>;
  readonly session: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
}

/** The step or run that did not go as the scenario says. */
export interface Failure {
  /** Counted from 1. */
  readonly step: number;
  /** The step as it is written, or the name of the run. */
  readonly what: string;
  /** What was wrong, and what could be seen instead. */
  readonly message: string;
  /** The picture taken, if one was asked for. */
  readonly screenshot: string | null;
}

export interface BrowserObservation {
  readonly kind: 'browser';
  readonly scenario: string;
  readonly marks: readonly MarkObservation[];
  readonly console: readonly ConsoleObservation[];
  /** Uncaught errors and unhandled rejections as `Name: message`; stacks are left out, since minified names differ. */
  readonly errors: readonly string[];
  /** Sorted, since parallel requests start in any order; a file that is asked for again (not data or a document) is told once. */
  readonly requests: readonly RequestObservation[];
  readonly events: readonly EventObservation[];
  readonly storage: StorageObservation;
  readonly failure: Failure | null;
}

export interface WrittenFile {
  /** Relative to the working directory, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface NodeRunObservation {
  readonly name: string;
  readonly exit: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly files: readonly WrittenFile[];
}

export interface NodeObservation {
  readonly kind: 'node';
  readonly scenario: string;
  readonly runs: readonly NodeRunObservation[];
  readonly failure: Failure | null;
}

export type Observation = BrowserObservation | NodeObservation;
