/** The name under which a value is kept: a hash of everything that it depends on. */
import * as crypto from 'node:crypto';

import type { CacheEntry, CacheKind } from '../model/byte-cache.ts';

/** Goes up when the meaning of a key or of a record changes: what older editions kept is then not found. */
const FORMAT = 1;
export const KEY_BYTES = 32;

export interface StoreKey {
  readonly kind: CacheKind;
  /** sha256, in hexadecimal. */
  readonly hex: string;
  readonly tags: readonly string[];
}

/** Values of these kinds are what zlib wrote, and another zlib writes other bytes. */
const MADE_BY_ZLIB: ReadonlySet<CacheKind> = new Set(['compressed', 'attribution', 'precompressed', 'analysis']);

const NO_TAGS: readonly string[] = [];
/** Up to here text is hashed in one call, which costs half of a hash object. */
const ONE_CALL_LENGTH = 64 * 1024;

/** @param version pare's own: other code may make another value of the same parts */
export function createKeys(version: string): (entry: CacheEntry) => StoreKey {
  const { zlib, brotli } = process.versions;
  const prefixes = new Map<CacheKind, string>();
  // A caller asks with the entry that it then puts with: its parts are hashed once.
  const known = new WeakMap<CacheEntry, StoreKey>();
  return (entry) => {
    const before = known.get(entry);
    if (before !== undefined) return before;
    let prefix = prefixes.get(entry.kind);
    if (prefix === undefined) {
      const libraries = MADE_BY_ZLIB.has(entry.kind) ? ` zlib ${zlib} brotli ${brotli}` : '';
      prefix = `pare-store ${FORMAT} pare ${version}${libraries}\n${entry.kind}\n`;
      prefixes.set(entry.kind, prefix);
    }
    const key = { kind: entry.kind, hex: hashParts(prefix, entry.of), tags: entry.tags ?? NO_TAGS };
    known.set(entry, key);
    return key;
  };
}

/** Each part goes in with its type and length before it, so that no two lists of parts read the same. */
function hashParts(prefix: string, parts: readonly (string | Uint8Array)[]): string {
  let text = prefix;
  const pieces: (string | Uint8Array)[] = [];
  for (const part of parts) {
    if (typeof part === 'string') text += `s${part.length}:${part}`;
    else {
      pieces.push(`${text}b${part.length}:`, part);
      text = '';
    }
  }
  if (pieces.length === 0 && text.length <= ONE_CALL_LENGTH) return hashOnce(text);
  const hash = crypto.createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.update(text).digest('hex');
}

/** `crypto.hash` is of Node 20.12 and not of every Bun. */
const hashOnce: (text: string) => string =
  typeof crypto.hash === 'function'
    ? (text) => crypto.hash('sha256', text, 'hex')
    : (text) => crypto.createHash('sha256').update(text).digest('hex');
