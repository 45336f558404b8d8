/**
 * Second witnesses: what a bundler says of its own output, set against the source map.
 *
 * - esbuild's metafile has the bytes that the printer wrote for each module, exactly, wrapper included. Where the map gives a
 *   module too much and its neighbour as much too little, the boundary between them is moved; what remains is reported.
 * - Rollup keeps the code of each module as it was before the chunk was minified. Where it stands unchanged in the output,
 *   that is the module's place, and no map is needed.
 */
import type { Ownership } from './ownership.ts';

export interface Disagreement {
  readonly owner: number;
  /** Bytes by the map, and by the witness. */
  readonly mapped: number;
  readonly witnessed: number;
}

/** Bytes of each owner. */
export function bytesByOwner(ownership: Ownership): Float64Array {
  const bytes = new Float64Array(ownership.ownerCount);
  for (let i = 0; i < ownership.ends.length; i++) bytes[ownership.owners[i]!]! += runLength(ownership, i);
  return bytes;
}

/** How many neighbours further a boundary shift may be handed on. */
const REACH = 12;

/**
 * Moves boundaries so that each owner has the bytes that the witness says. What a run has too much lies at its end, behind
 * its last mapped token, and belongs to what comes next; what begins unmarked hides in the gap before it.
 *
 * @param witnessed owners with their bytes, in the order in which they first appear in the file
 * @param isGap owners that no witness speaks of and that give what a module beside them lacks
 */
export function reconcile(
  ownership: Ownership,
  witnessed: ReadonlyMap<number, number>,
  isGap: (owner: number) => boolean,
): { readonly ownership: Ownership; readonly disagreements: readonly Disagreement[] } {
  const mapped = bytesByOwner(ownership);
  const excess = new Map<number, number>();
  for (const [owner, wanted] of witnessed) if (mapped[owner] !== wanted) excess.set(owner, mapped[owner]! - wanted);
  if (excess.size === 0) return { ownership, disagreements: [] };
  const runs = new Runs(ownership);
  insertMissing(runs, witnessed, excess, isGap);
  // From the surest to the least sure: what a neighbour has too much, then what no source was found for, before and behind.
  const module = (i: number) => !isGap(runs.owners[i]!);
  const lacks = (i: number) => (module(i) ? Math.max(0, -(excess.get(runs.owners[i]!) ?? 0)) : 0);
  const spares = (i: number) =>
    module(i) ? Math.max(0, Math.min(excess.get(runs.owners[i]!) ?? 0, runs.lengthOf(i) - 1)) : 0;
  const settle = (i: number, by: number) => {
    if (module(i) && by !== 0) excess.set(runs.owners[i]!, (excess.get(runs.owners[i]!) ?? 0) + by);
  };
  const count = runs.ends.length;
  for (let i = 0; i + 1 < count; i++) {
    for (let reach = 1; reach <= REACH && i + reach < count && module(i + reach) && spares(i) > 0; reach++) {
      const shift = Math.min(spares(i), lacks(i + reach));
      for (let k = i; k < i + reach; k++) runs.ends[k]! -= shift;
      settle(i, -shift);
      settle(i + reach, shift);
    }
  }
  for (let i = 0; i + 1 < count; i++) {
    if (module(i) === module(i + 1)) continue;
    const shift = module(i + 1)
      ? -Math.min(runs.lengthOf(i), lacks(i + 1))
      : lacks(i) > 0
        ? Math.min(runs.lengthOf(i + 1), lacks(i))
        : -spares(i);
    runs.ends[i]! += shift;
    settle(i, shift);
    settle(i + 1, -shift);
  }
  const disagreements = [...excess]
    .filter(([, left]) => left !== 0)
    .map(([owner, left]) => ({ owner, mapped: witnessed.get(owner)! + left, witnessed: witnessed.get(owner)! }));
  return { ownership: runs.toOwnership(ownership), disagreements };
}

/** Modules that the map doesn't name at all are cut from the end of what lies before their successor. */
function insertMissing(
  runs: Runs,
  witnessed: ReadonlyMap<number, number>,
  excess: Map<number, number>,
  isGap: (owner: number) => boolean,
): void {
  const order = [...witnessed.keys()];
  const present = new Set(runs.owners);
  for (let k = order.length - 1; k >= 0; k--) {
    const owner = order[k]!;
    const bytes = witnessed.get(owner)!;
    if (bytes === 0 || present.has(owner)) continue;
    const successor = order.slice(k + 1).find((next) => present.has(next));
    const at = successor === undefined ? runs.lastModule(isGap) + 1 : runs.owners.indexOf(successor);
    const giver = at - 1;
    if (giver < 0) continue;
    const from = runs.owners[giver]!;
    const spare = isGap(from) ? runs.lengthOf(giver) : Math.min(excess.get(from) ?? 0, runs.lengthOf(giver) - 1);
    if (spare < bytes) continue;
    runs.splitEnd(giver, bytes, owner);
    if (!isGap(from)) excess.set(from, excess.get(from)! - bytes);
    excess.delete(owner);
    present.add(owner);
  }
}

/** Runs that can be moved and split. */
class Runs {
  readonly ends: number[];
  readonly owners: number[];

  constructor(ownership: Ownership) {
    this.ends = [...ownership.ends];
    this.owners = [...ownership.owners];
  }

  lengthOf(i: number): number {
    return this.ends[i]! - (i === 0 ? 0 : this.ends[i - 1]!);
  }

  lastModule(isGap: (owner: number) => boolean): number {
    return this.owners.findLastIndex((owner) => !isGap(owner));
  }

  /** Gives the last bytes of run `i` to another owner. */
  splitEnd(i: number, bytes: number, owner: number): void {
    this.ends.splice(i, 0, this.ends[i]! - bytes);
    this.owners.splice(i + 1, 0, owner);
  }

  toOwnership(like: Ownership): Ownership {
    const ends: number[] = [];
    const owners: number[] = [];
    this.ends.forEach((end, i) => {
      if (end <= (ends.at(-1) ?? 0)) return;
      if (owners.at(-1) === this.owners[i]) ends[ends.length - 1] = end;
      else {
        ends.push(end);
        owners.push(this.owners[i]!);
      }
    });
    return { ...like, ends: Uint32Array.from(ends), owners: Uint32Array.from(owners) };
  }
}

/**
 * The places of the modules in a chunk that was not changed after they were rendered. null where a module's code is not
 * found: then the chunk was minified or otherwise rewritten.
 *
 * @param rendered code of each module in the order of the chunk, and its owner number
 * @param gap the owner of what lies between two modules (starts and ends as byte offsets)
 */
export function locateRendered(
  code: Uint8Array,
  rendered: readonly { readonly owner: number; readonly code: string }[],
  ownerCount: number,
  gap: (start: number, end: number) => number,
): Ownership | null {
  const buffer = Buffer.from(code.buffer, code.byteOffset, code.byteLength);
  const ends: number[] = [];
  const owners: number[] = [];
  const add = (end: number, owner: number) => {
    if (end <= (ends.at(-1) ?? 0)) return;
    if (owners.at(-1) === owner) ends[ends.length - 1] = end;
    else {
      ends.push(end);
      owners.push(owner);
    }
  };
  let cursor = 0;
  for (const { owner, code: text } of rendered) {
    if (text === '') continue;
    const bytes = Buffer.from(text);
    const at = buffer.indexOf(bytes, cursor);
    if (at === -1) return null;
    if (at > cursor) add(at, gap(cursor, at));
    cursor = at + bytes.length;
    add(cursor, owner);
  }
  if (cursor < code.length) add(code.length, gap(cursor, code.length));
  return { length: code.length, ends: Uint32Array.from(ends), owners: Uint32Array.from(owners), ownerCount };
}

function runLength(ownership: Ownership, i: number): number {
  return ownership.ends[i]! - (i === 0 ? 0 : ownership.ends[i - 1]!);
}
