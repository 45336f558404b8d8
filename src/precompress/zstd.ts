/**
 * Zstandard at the highest levels that browsers decode: Node's own where it has one that takes dictionaries (from 24.6 and
 * 22.19), else the same library as WebAssembly.
 */
import { nativeZstd } from './zstd-native.ts';

export interface Zstd {
  /** For the cache's keys: another version may write other bytes. */
  readonly version: string;
  /** The work is done on this thread, which answers nothing meanwhile. */
  readonly blocks: boolean;
  /** @param dictionary raw bytes that come before the contents, so to say; null: none */
  compress(contents: Uint8Array, level: number, dictionary: Uint8Array | null): Promise<Uint8Array>;
  /** @param bytes how much comes out, no more and no less */
  decompress(compressed: Uint8Array, bytes: number, dictionary: Uint8Array | null): Promise<Uint8Array>;
}

/** The highest level; with more than the window below it would ask for more memory than a browser gives. */
const HIGHEST = 22;
const WITHIN_8_MB = 19;

/** What a response may ask of a decoder: RFC 9659 for zstd, RFC 9842, section 2.2, for the least that dcz may ask. */
export const MAX_WINDOW = 8 * 1024 * 1024;

export function levelFor(bytes: number): number {
  return bytes <= MAX_WINDOW ? HIGHEST : WITHIN_8_MB;
}

let opened: Promise<Zstd> | undefined;

export function openZstd(): Promise<Zstd> {
  opened ??= open();
  return opened;
}

async function open(): Promise<Zstd> {
  const native = nativeZstd();
  if (native !== null) return native;
  const { wasmZstd } = await import('./zstd-wasm.ts');
  return wasmZstd();
}
