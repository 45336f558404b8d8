/** A chunk before and after. */
import type { SourceMapJson } from './compose-maps.ts';
import type { Licences } from './licences.ts';

/** A chunk as the bundler left it. */
export interface MinifyInput {
  /** Its name, for messages and for the licences' file. */
  readonly file: string;
  readonly code: string;
  /** The map of `code`, as JSON or read. null: `code` itself is the source. */
  readonly map: string | SourceMapJson | null;
  /** Whether a map is wanted of the result; without it, one is where `map` is there. */
  readonly sourceMap?: boolean | undefined;
  readonly format: ChunkFormat;
}

export type ChunkFormat = 'es' | 'cjs' | 'iife' | 'umd' | 'amd' | 'system';

/** What one minifier, or several one after the other (`oxc+swc`), made of the chunk. */
export interface Tried {
  readonly tool: string;
  /** Bytes in UTF-8, without licences; null where it failed. */
  readonly raw: number | null;
  /** Compressed bytes at `quality`; null where it failed. */
  readonly brotli: number | null;
  /** The quality at which it was weighed: 5 for the ranking, 11 for a near tie. */
  readonly quality: number | null;
  /** Of all its steps. */
  readonly ms: number;
  readonly error?: string;
}

export interface Minified {
  readonly code: string;
  /** null where none was wanted. Where the chunk stays as it was, its own map. */
  readonly map: string | null;
  /** Who won, `oxc+swc`; null: the chunk stays as it was. */
  readonly tool: string | null;
  readonly licences: Licences;
  /** Empty where the result comes from the cache. */
  readonly tried: readonly Tried[];
  /** About this chunk: minifiers that failed. */
  readonly warnings: readonly string[];
  /** About the project, the same for every chunk: minifiers that are not installed. */
  readonly remarks: readonly string[];
}
