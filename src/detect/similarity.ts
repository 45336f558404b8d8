/** Tokens in one shingle: long enough that the same run of tokens in two texts is no accident. */
const SHINGLE = 8;
/** Smallest hashes kept of each text. The error of the similarity is about 1 / √128, 9 %. */
const SKETCH = 128;
/** A hash that more texts share than this (a helper in all of a compiler's output) finds no pairs. */
const COMMON = 64;

export interface Similar {
  readonly a: number;
  readonly b: number;
  /** Share of their shingles that both have, 0 to 1. */
  readonly similarity: number;
}

/**
 * The smallest hashes of a text's token shingles, ascending and distinct ("bottom-k sketch", Broder, On the resemblance and
 * containment of documents, 1997). Comments and white space don't count. null where the text is too short to compare.
 */
export function sketch(text: string): Uint32Array | null {
  const hashes: number[] = [];
  const tokens =
    /\/\*[^]*?\*\/|\/\/[^\n]*|[\p{ID_Start}$_][\p{ID_Continue}$]*|\d[\w.]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[^\s]/gu;
  for (const [token] of text.matchAll(tokens)) {
    if (token.startsWith('//') || token.startsWith('/*')) continue;
    let hash = 0x811c9dc5;
    for (let at = 0; at < token.length; at++) hash = Math.imul(hash ^ token.charCodeAt(at), 0x01000193);
    hashes.push(hash);
  }
  if (hashes.length < 4 * SHINGLE) return null;
  const shingles = new Set<number>();
  for (let at = 0; at + SHINGLE <= hashes.length; at++) {
    let hash = 0;
    for (let next = at; next < at + SHINGLE; next++) hash = Math.imul(hash, 0x9e3779b1) + hashes[next]!;
    shingles.add(mix(hash));
  }
  return Uint32Array.from(shingles).sort().slice(0, SKETCH);
}

/** Spreads the bits of a 32-bit number (the finaliser of MurmurHash3). */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Similarity of two texts by their sketches: of the smallest hashes of both together, the share that is in both. */
export function similarity(a: Uint32Array, b: Uint32Array): number {
  const limit = Math.min(SKETCH, Math.max(a.length, b.length));
  let shared = 0;
  let seen = 0;
  for (let i = 0, j = 0; seen < limit && (i < a.length || j < b.length); seen++) {
    const left = a[i] ?? Infinity;
    const right = b[j] ?? Infinity;
    if (left === right) shared++;
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return seen === 0 ? 0 : shared / seen;
}

/** Pairs at least so similar; null entries take no part. Only texts that share one of their smallest hashes are compared. */
export function similarPairs(sketches: readonly (Uint32Array | null)[], atLeast: number): Similar[] {
  const holders = new Map<number, number[]>();
  sketches.forEach((hashes, text) => {
    // Two texts of similarity s share none of the first 24 with a chance of about (1 - s)^24.
    for (const hash of hashes?.subarray(0, 24) ?? []) {
      const texts = holders.get(hash);
      if (texts === undefined) holders.set(hash, [text]);
      else texts.push(text);
    }
  });
  const pairs: Similar[] = [];
  const seen = new Set<number>();
  for (const texts of holders.values()) {
    if (texts.length > COMMON) continue;
    for (const [at, a] of texts.entries()) {
      for (const b of texts.slice(at + 1)) {
        const pair = a * sketches.length + b;
        if (seen.has(pair)) continue;
        seen.add(pair);
        const found = similarity(sketches[a]!, sketches[b]!);
        if (found >= atLeast) pairs.push({ a, b, similarity: found });
      }
    }
  }
  return pairs;
}
