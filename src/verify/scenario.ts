/**
 * A scenario: what is done with a program and what must be seen. It is plain data (`scenario.json`), so that it can be
 * written by hand, recorded, or made by a crawler, and hashed.
 */

/**
 * A target on the page, in Playwright's selector language restricted to what a person can see:
 * `text=Cart`, `role=button[name="Add"]`, `label=Email`, or a CSS selector.
 */
export type Target = string;

/** One step in the browser; each object has exactly one of these keys. */
export type BrowserStep =
  /** Open a path of the app with a full page load. */
  | { readonly go: string }
  | { readonly click: Target }
  | { readonly hover: Target }
  /** Replace the value of a field. */
  | { readonly type: readonly [Target, string] }
  | { readonly select: readonly [Target, string] }
  | { readonly press: string }
  /** Wait until this text is visible somewhere on the page; not seen within the time limit is a failure. */
  | { readonly see: string }
  /** Wait until the target is there and visible. */
  | { readonly expect: Target }
  /** Wait until the path (with query) of the page is this. */
  | { readonly path: string }
  /** Record what can be observed now (DOM text and structure, accessibility tree) under this name. */
  | { readonly mark: string }
  /** Let the page's clock run on by so many ms. */
  | { readonly wait: number }
  /** Back or forward in the page's history. */
  | { readonly history: 'back' | 'forward' };

export interface BrowserScenario {
  readonly kind: 'browser';
  readonly name: string;
  /** Default: 1280 x 800. */
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Requests answered from data instead of from the output directory: path (with query) to JSON or text. */
  readonly responses?: Readonly<
    Record<string, { readonly status?: number; readonly json?: unknown; readonly text?: string }>
  >;
  readonly steps: readonly BrowserStep[];
}

export interface NodeRun {
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What must be seen; texts are looked for in the stream, the exit code must be equal. */
  readonly see: { readonly exit: number; readonly stdout?: readonly string[]; readonly stderr?: readonly string[] };
}

export interface NodeScenario {
  readonly kind: 'node';
  readonly name: string;
  /** The program, relative to the output directory. */
  readonly program: string;
  readonly runs: readonly NodeRun[];
}

export type Scenario = BrowserScenario | NodeScenario;
