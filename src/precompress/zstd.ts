/**
 * Zstandard at the highest levels that browsers decode: Node's own where it has one that takes dictionaries (from 24.6 and
 * 22.19), else the same library as WebAssembly.
 */
import type { ZstdCodec } from './zstd-codec.ts';
import { nativeZstd } from './zstd-native.ts';

/** The highest level; with more than the window below it would ask for more memory than a browser gives. */
const HIGHEST = 22;
const WITHIN_8_MB = 19;

/** What a response may ask of a decoder: RFC 9659 for zstd, RFC 9842, section 2.2, for the least that dcz may ask. */
export const MAX_WINDOW = 8 * 1024 * 1024;

export function levelFor(bytes: number): number {
  return bytes <= MAX_WINDOW ? HIGHEST : WITHIN_8_MB;
}

let opened: Promise<ZstdCodec> | undefined;

export function openZstd(): Promise<ZstdCodec> {
  opened ??= open();
  return opened;
}

async function open(): Promise<ZstdCodec> {
  const native = nativeZstd();
  if (native !== null) return native;
  const { wasmZstd } = await import('./zstd-wasm.ts');
  return wasmZstd();
}
