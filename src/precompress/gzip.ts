/** gzip as deterministic as it can be: no name, no time, no operating system in its header. */
import * as zlib from 'node:zlib';
import { promisify } from 'node:util';

const compress = promisify(zlib.gzip);
const decompress = promisify(zlib.gunzip);

export const GZIP_VERSION = `gzip ${process.versions.zlib} 9`;

/** Where RFC 1952, section 2.3, keeps the operating system; 255 is "unknown". */
const OPERATING_SYSTEM = 9;

export async function gzip(contents: Uint8Array): Promise<Uint8Array> {
  const compressed = await compress(contents, { level: 9, memLevel: 9 });
  compressed[OPERATING_SYSTEM] = 255;
  return compressed;
}

export function gunzip(compressed: Uint8Array, bytes: number): Promise<Uint8Array> {
  return decompress(compressed, { maxOutputLength: Math.max(1, bytes) });
}
