/** What the caller decides about compressed copies. */

/** Encodings that need nothing but the file itself, by the suffix of the copy. */
export const COPY_FORMATS = ['br', 'gz', 'zst'] as const;
export type CopyFormat = (typeof COPY_FORMATS)[number];

/** Encodings against an earlier file (RFC 9842), by the suffix of the delta. */
export const DELTA_FORMATS = ['dcb', 'dcz'] as const;
export type DeltaFormat = (typeof DELTA_FORMATS)[number];

export type Format = CopyFormat | DeltaFormat;

export interface CompressSettings {
  readonly formats: readonly CopyFormat[];
  /** Share of the file, and for a delta of its best copy: what saves less is not written. */
  readonly minSaving: number;
  /** Files below this many bytes get no copies: a network packet holds them as they are. */
  readonly minBytes: number;
  /** Which files get copies: a glob over POSIX paths relative to the folder. Source maps only where it names them (`*.map`). */
  readonly include: string;
  /** Folders of earlier releases, the latest first: deltas are made against their files. */
  readonly previous: readonly string[];
}

export const COMPRESS_DEFAULTS: CompressSettings = {
  formats: ['br', 'gz'],
  minSaving: 0.02,
  minBytes: 1024,
  include: '**',
  previous: [],
};
