/** Zstandard of the platform's own zlib. */
import * as zlib from 'node:zlib';
import { promisify } from 'node:util';

import type { ZstdCodec } from './zstd-codec.ts';

interface ZstdOptions {
  readonly params?: Readonly<Record<number, number>>;
  readonly dictionary?: Uint8Array;
  /** Bytes of the input: the parameters are chosen for it, and the frame says it. */
  readonly pledgedSrcSize?: number;
  readonly maxOutputLength?: number;
}

type Answer = (error: Error | null, result: Buffer) => void;

/** What newer versions of Node have besides; the types are those of the oldest that we run on. */
interface ZlibWithZstd {
  readonly zstdCompress: (input: Uint8Array, options: ZstdOptions, answer: Answer) => void;
  readonly zstdDecompress: (input: Uint8Array, options: ZstdOptions, answer: Answer) => void;
  readonly zstdCompressSync: (input: Uint8Array, options: ZstdOptions) => Buffer;
}

/** Of `zlib.constants`; the numbers are zstd's own and don't change. */
const COMPRESSION_LEVEL = 100;
const DECODER_WINDOW_LOG_MAX = 100;

/** null: there is none here, or it knows no dictionaries. */
export function nativeZstd(): ZstdCodec | null {
  const found = zlib as unknown as Partial<ZlibWithZstd>;
  if (found.zstdCompress === undefined || found.zstdDecompress === undefined || !takesDictionaries(found)) return null;
  const compress = promisify(found.zstdCompress);
  const decompress = promisify(found.zstdDecompress);
  return {
    version: `zlib zstd ${process.versions['zstd'] ?? process.version}`,
    blocks: false,
    compress: (contents, level, dictionary) =>
      compress(contents, {
        params: { [COMPRESSION_LEVEL]: level },
        pledgedSrcSize: contents.length,
        ...(dictionary !== null && { dictionary: asBuffer(dictionary) }),
      }),
    decompress: (compressed, bytes, dictionary) =>
      decompress(compressed, {
        params: { [DECODER_WINDOW_LOG_MAX]: 27 },
        maxOutputLength: Math.max(1, bytes),
        ...(dictionary !== null && { dictionary: asBuffer(dictionary) }),
      }),
  };
}

/** Node 22.15 to 22.18 have zstd and pass over the option in silence. */
function takesDictionaries({ zstdCompressSync }: Partial<ZlibWithZstd>): boolean {
  const sample = Buffer.from('All that is in the dictionary already, 0123456789, need not be written once more.');
  return zstdCompressSync !== undefined && zstdCompressSync(sample, { dictionary: sample }).length < sample.length / 2;
}

/** Some versions take a Buffer only. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
