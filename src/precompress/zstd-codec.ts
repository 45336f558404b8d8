/** Zstandard, whoever does the work. */
export interface ZstdCodec {
  /** For the cache's keys: another version may write other bytes. */
  readonly version: string;
  /** The work is done on this thread, which answers nothing meanwhile. */
  readonly blocks: boolean;
  /** @param dictionary raw bytes that come before the contents, so to say; null: none */
  compress(contents: Uint8Array, level: number, dictionary: Uint8Array | null): Promise<Uint8Array>;
  /** @param bytes how much comes out, no more and no less */
  decompress(compressed: Uint8Array, bytes: number, dictionary: Uint8Array | null): Promise<Uint8Array>;
}
