/** `pare-compress.json`: what lies beside the files of a folder, for servers, for checks, and for the next run. */
import { PareError } from '../model/errors.ts';
import type { CopyFormat, DeltaFormat } from './settings.ts';

export const MANIFEST_FILE = 'pare-compress.json';
export const MANIFEST_SCHEMA = 'pare/compress@1';

/** As HTTP calls it (`Content-Encoding`). */
export const CODINGS = { br: 'br', gz: 'gzip', zst: 'zstd', dcb: 'dcb', dcz: 'dcz' } as const;

/** A compressed file on disk. Paths are POSIX and relative to the folder. */
interface Encoded {
  readonly file: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface EncodedCopy extends Encoded {
  readonly coding: (typeof CODINGS)[CopyFormat];
}

/** What gives the file to somebody who has an earlier one. */
export interface EncodedDelta extends Encoded {
  readonly coding: (typeof CODINGS)[DeltaFormat];
  /** SHA-256 of the earlier file, hexadecimal. In `Available-Dictionary` it stands in base 64. */
  readonly dictionary: string;
}

export interface CompressedFile {
  readonly file: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** The same hash as pages write it (subresource integrity): `sha256-` and base 64. */
  readonly integrity: string;
  /** null where the name doesn't say it. */
  readonly contentType: string | null;
  /** The name has a hash of the contents: it may be cached for ever. */
  readonly immutable: boolean;
  /** The value of the header, for the files that later versions are made deltas against; null for the others. */
  readonly useAsDictionary: string | null;
  /** By coding. */
  readonly copies: readonly EncodedCopy[];
  /** By dictionary and coding. */
  readonly deltas: readonly EncodedDelta[];
}

export interface PrecompressManifest {
  readonly schema: typeof MANIFEST_SCHEMA;
  /** Path of the folder on the server, with a slash at either end: `match` of the dictionaries starts with it. */
  readonly base: string;
  /** By name. */
  readonly files: readonly CompressedFile[];
}

/** The same manifest gives the same text. */
export function writeManifest(manifest: PrecompressManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** @throws PareError `bad-manifest` */
export function parseManifest(text: string, name: string): PrecompressManifest {
  const bad = (message: string, cause?: unknown): PareError =>
    new PareError('bad-manifest', `${name} ${message}`, {
      hint: 'Delete it and compress the folder again.',
      ...(cause !== undefined && { cause }),
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(`is no JSON: ${(cause as Error).message}`, cause);
  }
  if (!isRecord(value)) throw bad('is no manifest of compressed files');
  if (value['schema'] !== MANIFEST_SCHEMA)
    throw bad(`has the schema ${JSON.stringify(value['schema'])}; this pare reads ${MANIFEST_SCHEMA}`);
  const { base, files } = value;
  if (typeof base !== 'string' || !Array.isArray(files) || !files.every(isFile))
    throw bad('has not the fields that its schema asks for');
  return { schema: MANIFEST_SCHEMA, base, files };
}

function isFile(value: unknown): value is CompressedFile {
  return (
    isEncoded(value) &&
    isString(value['integrity']) &&
    (value['contentType'] === null || isString(value['contentType'])) &&
    typeof value['immutable'] === 'boolean' &&
    (value['useAsDictionary'] === null || isString(value['useAsDictionary'])) &&
    isListOf(value['copies'], (copy) => isEncoded(copy) && ['br', 'gzip', 'zstd'].includes(copy['coding'] as string)) &&
    isListOf(
      value['deltas'],
      (delta) => isEncoded(delta) && ['dcb', 'dcz'].includes(delta['coding'] as string) && isHash(delta['dictionary']),
    )
  );
}

function isEncoded(value: unknown): value is Record<string, unknown> {
  return (
    isRecord(value) &&
    isString(value['file']) &&
    // A manifest that was written by somebody else must not lead out of its folder.
    !value['file'].split('/').some((part) => part === '..' || part === '' || part.includes('\\')) &&
    Number.isSafeInteger(value['bytes']) &&
    isHash(value['sha256'])
  );
}

function isHash(value: unknown): boolean {
  return isString(value) && /^[0-9a-f]{64}$/.test(value);
}

function isListOf(value: unknown, is: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
