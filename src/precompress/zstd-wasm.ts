/**
 * Zstandard as WebAssembly: the binary of `@bokuweb/zstd-wasm`, whose own loader looks for files where a bundle has none. The
 * exported names are those of that one build, so the package's version is pinned, and what is loaded is tried before it is used.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { PareError } from '../model/errors.ts';
import type { ZstdCodec } from './zstd-codec.ts';

const VERSION = '0.0.27';

type Pointer = number;

/** The functions of zstd.h that are in the binary, by their short names there. */
interface Exports {
  readonly f: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** Static constructors. */
  readonly g: () => void;
  /** ZSTD_isError */
  readonly h: (size: number) => number;
  /** ZSTD_compressBound */
  readonly i: (bytes: number) => number;
  /** ZSTD_createCCtx, ZSTD_freeCCtx */
  readonly j: () => Pointer;
  readonly k: (context: Pointer) => number;
  /** ZSTD_compress_usingDict */
  readonly l: (
    context: Pointer,
    to: Pointer,
    room: number,
    from: Pointer,
    bytes: number,
    dictionary: Pointer,
    dictionaryBytes: number,
    level: number,
  ) => number;
  /** ZSTD_createDCtx, ZSTD_freeDCtx */
  readonly n: () => Pointer;
  readonly o: (context: Pointer) => number;
  /** ZSTD_decompress_usingDict */
  readonly q: (
    context: Pointer,
    to: Pointer,
    room: number,
    from: Pointer,
    bytes: number,
    dictionary: Pointer,
    dictionaryBytes: number,
  ) => number;
  readonly s: (bytes: number) => Pointer;
  readonly t: (pointer: Pointer) => void;
}

/** The platform's; the types of Node leave it to those of browsers. */
declare const WebAssembly: {
  instantiate(binary: Uint8Array, imports: object): Promise<{ readonly instance: { readonly exports: unknown } }>;
};

const PAGE = 65_536;
const MOST_PAGES = 32_768;

/** @throws PareError `zstd-missing` */
export async function wasmZstd(): Promise<ZstdCodec> {
  const library = await instantiate(await readBinary());
  const zstd: ZstdCodec = {
    version: `zstd-wasm ${VERSION}`,
    blocks: true,
    compress: async (contents, level, dictionary) =>
      withBytes(library, [contents, dictionary ?? NOTHING], library.i(contents.length), ([from, extra], to, room) => {
        const context = library.j();
        try {
          return library.l(context, to, room, from!, contents.length, extra!, dictionary?.length ?? 0, level);
        } finally {
          library.k(context);
        }
      }),
    decompress: async (compressed, bytes, dictionary) =>
      withBytes(library, [compressed, dictionary ?? NOTHING], bytes, ([from, extra], to, room) => {
        const context = library.n();
        try {
          return library.q(context, to, room, from!, compressed.length, extra!, dictionary?.length ?? 0);
        } finally {
          library.o(context);
        }
      }),
  };
  await tryOut(zstd);
  return zstd;
}

const NOTHING = new Uint8Array(0);

/** Puts the inputs into the library's memory, and takes what it wrote out of it. */
function withBytes(
  { f: memory, h: isError, s: allocate, t: free }: Exports,
  inputs: readonly Uint8Array[],
  room: number,
  work: (inputs: readonly Pointer[], to: Pointer, room: number) => number,
): Uint8Array {
  const taken: Pointer[] = [];
  const take = (bytes: number): Pointer => {
    const pointer = allocate(Math.max(1, bytes)) >>> 0;
    if (pointer === 0) throw new RangeError('zstd has not memory enough for this file');
    taken.push(pointer);
    return pointer;
  };
  try {
    const pointers = inputs.map((input) => take(input.length));
    const to = take(room);
    // Allocating may have moved the memory: only now is it written to.
    inputs.forEach((input, at) => new Uint8Array(memory.buffer).set(input, pointers[at]!));
    const written = work(pointers, to, room);
    if (isError(written) !== 0) throw new Error(`zstd fails with ${written | 0}`);
    return new Uint8Array(memory.buffer, to, written).slice();
  } finally {
    for (const pointer of taken) free(pointer);
  }
}

async function instantiate(binary: Uint8Array): Promise<Exports> {
  const abort = (): never => {
    throw new Error('zstd ended by itself');
  };
  // What the binary asks of its host: to end, to keep running, to end, a timer that it never uses, more memory.
  const imports = {
    a: {
      a: abort,
      b: () => undefined,
      c: abort,
      d: () => 0,
      e: (wanted: number) => grow(library.f, wanted >>> 0),
    },
  };
  const { instance } = await WebAssembly.instantiate(binary, imports);
  const library = instance.exports as Exports;
  library.g();
  return library;
}

/** By a fifth more than is there, so that it isn't asked for at every turn. */
function grow(memory: Exports['f'], wanted: number): number {
  const present = memory.buffer.byteLength / PAGE;
  const least = Math.ceil(wanted / PAGE);
  for (const pages of [Math.max(least, Math.ceil(present * 1.2)), least]) {
    if (pages > MOST_PAGES) continue;
    try {
      memory.grow(pages - present);
      return 1;
    } catch {
      // Less, then.
    }
  }
  return 0;
}

/** Beside the bundles of the package, or in the package that it comes from. */
async function readBinary(): Promise<Uint8Array> {
  for (const place of ['./zstd.wasm', './chunks/zstd.wasm', '../chunks/zstd.wasm']) {
    const found = await readFile(fileURLToPath(new URL(place, import.meta.url))).catch(() => null);
    if (found !== null) return found;
  }
  try {
    const main = createRequire(import.meta.url).resolve('@bokuweb/zstd-wasm');
    return await readFile(path.join(path.dirname(main), 'zstd.wasm'));
  } catch (cause) {
    throw new PareError('zstd-missing', 'There is no Zstandard here: dist/chunks/zstd.wasm of pare is missing', {
      hint: 'Install pare again, run it on Node 24.6 or later, or leave zst and --previous out.',
      cause,
    });
  }
}

async function tryOut(zstd: ZstdCodec): Promise<void> {
  const sample = Buffer.from('What is in the dictionary need not be written once more.');
  const packed = await zstd.compress(sample, 3, sample);
  const back = await zstd.decompress(packed, sample.length, sample);
  if (packed.length < sample.length && Buffer.compare(back, sample) === 0) return;
  throw new PareError('zstd-missing', 'zstd.wasm is of another version than this pare knows', {
    hint: 'Install pare again.',
  });
}
