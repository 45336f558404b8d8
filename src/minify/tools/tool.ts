/** What every minifier is given, and what it gives back. */
import type { SharedOptions } from '../shared-options.ts';

export interface ToolInput {
  readonly code: string;
  /** `commonjs`: a file's top level is a function's, as far as names go. `script`: its names are everybody's. */
  readonly kind: 'module' | 'commonjs' | 'script';
  readonly wantsMap: boolean;
  readonly target: string;
  readonly terser: object;
  readonly shared: SharedOptions;
  /** Whether there are directives besides "use strict", which say something to whoever loads the chunk: `"use client"`. */
  readonly keepDirectives: boolean;
}

/** As in a source map; the one source is the code that was given. */
export interface ToolMap {
  readonly mappings: string;
  readonly names: readonly string[];
}

export interface ToolOutput {
  readonly code: string;
  /** null where none was wanted. */
  readonly map: ToolMap | null;
}

/** @param module the minifier as it was loaded from the project. Throws what the minifier throws. */
export type RunTool = (module: unknown, input: ToolInput) => Promise<ToolOutput>;

/** Whether names at the top level are nobody else's. */
export function ownsTopLevel({ kind, shared }: ToolInput): boolean {
  return shared.toplevel ?? kind !== 'script';
}

/** The year in `es2022`; 2015 for a list of browsers, where terser and swc need a year. */
export function yearOf(target: string): number {
  const year = Number(/^es(\d+)$/i.exec(target)?.[1] ?? (/^es-?next$/i.test(target) ? 2022 : 2015));
  return year >= 6 && year < 2000 ? year + 2009 : year;
}
