/** A file in each encoding, decoded again before anybody gets to see it. Heavy: made to be run in a worker too. */
import { createHash } from 'node:crypto';

import { brotli, BROTLI_VERSION, hasSharedBrotli, unbrotli } from './brotli.ts';
import { gunzip, gzip, GZIP_VERSION } from './gzip.ts';
import type { Format } from './settings.ts';
import { windowSize } from './zstd-frame.ts';
import { levelFor, MAX_WINDOW, openZstd } from './zstd.ts';

export interface EncodeInput {
  readonly contents: Uint8Array;
  readonly format: Format;
  /** The earlier file that a delta (dcb, dcz) is made against; null for the others. */
  readonly dictionary: Uint8Array | null;
}

/** How an encoding is run: here, or by a pool that loads this file in a worker. */
export type RunEncode = (input: EncodeInput, options: { readonly signal?: AbortSignal }) => Promise<Uint8Array>;

/** How each delta begins (RFC 9842, sections 4 and 5); the SHA-256 of the dictionary follows. */
const DCB_MAGIC = Buffer.from('ff444342', 'hex');
const DCZ_MAGIC = Buffer.from('5e2a4d1820000000', 'hex');
const HASH_BYTES = 32;
const MAX_DCZ_WINDOW = 128 * 1024 * 1024;

/** Names the tools and their settings, for the cache's keys. Loads no WebAssembly where it doesn't have to. */
export async function versionOf(format: Format): Promise<string> {
  switch (format) {
    case 'gz':
      return GZIP_VERSION;
    case 'br':
    case 'dcb':
      return BROTLI_VERSION;
    default:
      return `${(await openZstd()).version} ${levelFor(0)}`;
  }
}

/** Whether a delta of this format can be made here. */
export function isDeltaPossible(format: Format): boolean {
  return format !== 'dcb' || hasSharedBrotli();
}

/** Whether the encoding would hold this thread up. */
export async function isBlocking(format: Format): Promise<boolean> {
  return (format === 'zst' || format === 'dcz') && (await openZstd()).blocks;
}

/** Encodes and decodes. @throws the signal's reason; an Error where what comes back is not the file, which would be a bug */
export async function encode(
  { contents, format, dictionary }: EncodeInput,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const encoded = await encodeOnly(contents, format, dictionary);
  signal?.throwIfAborted();
  const decoded = await decode(encoded, format, contents.length, dictionary);
  if (Buffer.compare(decoded, contents) !== 0) throw new Error(`${format} does not give back what went in`);
  return encoded;
}

async function encodeOnly(contents: Uint8Array, format: Format, dictionary: Uint8Array | null): Promise<Uint8Array> {
  switch (format) {
    case 'br':
      return brotli(contents, null);
    case 'gz':
      return gzip(contents);
    case 'zst':
      return zstandard(contents, null, MAX_WINDOW);
    case 'dcb':
      return Buffer.concat([DCB_MAGIC, sha256(dictionary!), await brotli(contents, dictionary)]);
    case 'dcz': {
      const window = Math.min(MAX_DCZ_WINDOW, Math.max(MAX_WINDOW, 1.25 * dictionary!.length));
      return Buffer.concat([DCZ_MAGIC, sha256(dictionary!), await zstandard(contents, dictionary, window)]);
    }
  }
}

async function zstandard(contents: Uint8Array, dictionary: Uint8Array | null, window: number): Promise<Uint8Array> {
  const zstd = await openZstd();
  const level = levelFor(contents.length + (dictionary?.length ?? 0));
  const frame = await zstd.compress(contents, level, dictionary);
  const asked = windowSize(frame);
  if (asked === null || asked > window) throw new Error(`a frame of zstd asks for a window of ${asked} bytes`);
  return frame;
}

/** @param bytes of the file. Rejects where these are no such bytes. */
export async function decode(
  encoded: Uint8Array,
  format: Format,
  bytes: number,
  dictionary: Uint8Array | null,
): Promise<Uint8Array> {
  switch (format) {
    case 'br':
      return unbrotli(encoded, bytes, null);
    case 'gz':
      return gunzip(encoded, bytes);
    case 'zst':
      return (await openZstd()).decompress(encoded, bytes, null);
    case 'dcb':
      return unbrotli(afterHeader(encoded, DCB_MAGIC, dictionary!), bytes, dictionary);
    case 'dcz':
      return (await openZstd()).decompress(afterHeader(encoded, DCZ_MAGIC, dictionary!), bytes, dictionary);
  }
}

function afterHeader(encoded: Uint8Array, magic: Uint8Array, dictionary: Uint8Array): Uint8Array {
  const header = Buffer.concat([magic, sha256(dictionary)]);
  const end = magic.length + HASH_BYTES;
  if (Buffer.compare(encoded.subarray(0, end), header) !== 0) throw new Error('a delta against another dictionary');
  return encoded.subarray(end);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
