/**
 * Second witnesses: what a bundler says of its own output, set against the source map.
 *
 * - esbuild's metafile has the bytes that the printer wrote for each module, exactly, wrapper included. Where the map gives a
 *   module too much and its neighbour as much too little, the boundary between them is moved; what remains is reported.
 * - Rollup keeps the code of each module as it was before the chunk was minified. Where it stands unchanged in the output,
 *   that is the module's place, and no map is needed.
 */
import { OwnershipBuilder, type Ownership } from './ownership.ts';

export interface Disagreement {
  readonly owner: number;
  /** Bytes by the map, and by the witness. */
  readonly mapped: number;
  readonly witnessed: number;
}

export type OwnerKind = 'module' | 'gap' | 'fixed';

export interface Reconciled {
  readonly ownership: Ownership;
  readonly disagreements: readonly Disagreement[];
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
 * @param kindOf of an owner: a module, a gap (no witness speaks of it; it gives what a module beside it lacks), or fixed
 *   (a comment, known by its text, which the witness counts as its module's)
 * @param tail owner of what the bundler writes behind the last module, where the map gives that to the module
 */
export function reconcile(
  ownership: Ownership,
  witnessed: ReadonlyMap<number, number>,
  kindOf: (owner: number) => OwnerKind,
  tail: number,
): Reconciled {
  const mapped = bytesByOwner(ownership);
  const excess = new Map<number, number>();
  for (const [owner, wanted] of witnessed) if (mapped[owner] !== wanted) excess.set(owner, mapped[owner]! - wanted);
  if (excess.size === 0) return { ownership, disagreements: [] };
  const runs = new Runs(ownership, kindOf);
  const shifts = new Shifts(runs, excess);
  shifts.countComments();
  // From the surest to the least sure: what a neighbour has too much, then what no source was found for; then whole modules.
  shifts.betweenModules();
  shifts.fromGaps();
  insertMissing(runs, witnessed, excess);
  shifts.betweenModules();
  shifts.fromGaps();
  takeHoisted(runs, witnessed, excess);
  shifts.toGaps();
  shifts.cutTail(tail);
  const disagreements = [...excess]
    .filter(([, left]) => left !== 0)
    .map(([owner, left]) => ({ owner, mapped: witnessed.get(owner)! + left, witnessed: witnessed.get(owner)! }));
  return { ownership: runs.toOwnership(ownership), disagreements };
}

/** Moves of boundaries between neighbours. */
class Shifts {
  readonly #runs: Runs;
  readonly #excess: Map<number, number>;

  constructor(runs: Runs, excess: Map<number, number>) {
    this.#runs = runs;
    this.#excess = excess;
  }

  #isModule(i: number): boolean {
    return this.#runs.kind(i) === 'module';
  }

  #isGap(i: number): boolean {
    return this.#runs.kind(i) === 'gap';
  }

  #lacks(i: number): number {
    return this.#isModule(i) ? Math.max(0, -(this.#excess.get(this.#runs.owners[i]!) ?? 0)) : 0;
  }

  /** What run `i` can give away and still have a byte. */
  #spares(i: number): number {
    const excess = this.#isModule(i) ? (this.#excess.get(this.#runs.owners[i]!) ?? 0) : 0;
    return Math.max(0, Math.min(excess, this.#runs.lengthOf(i) - 1));
  }

  #settle(i: number, by: number): void {
    const owner = this.#runs.owners[i]!;
    if (by !== 0 && this.#isModule(i)) this.#excess.set(owner, (this.#excess.get(owner) ?? 0) + by);
  }

  /** Moves the end of run `i` (to the left for a positive `by`), and all ends up to run `to`. */
  #move(i: number, to: number, by: number): void {
    if (by === 0) return;
    for (let k = i; k < to; k++) this.#runs.ends[k]! -= by;
    this.#settle(i, -by);
    this.#settle(to, by);
  }

  /** A comment among the modules (not one at the file's end): the witness counts it, here it stands for itself. */
  countComments(): void {
    for (let i = 0; i < this.#runs.lastModule(); i++) {
      if (this.#runs.kind(i) !== 'fixed') continue;
      const length = this.#runs.lengthOf(i);
      const owner = [this.#runs.nextModule(i, 1), this.#runs.nextModule(i, -1)].find((k) => this.#lacks(k) >= length);
      if (owner !== undefined) this.#settle(owner, length);
    }
  }

  /** The end of a run that has too much goes to the next that has too little, a few neighbours on at most. */
  betweenModules(): void {
    const count = this.#runs.ends.length;
    for (let i = 0; i + 1 < count; i++)
      for (let to = i + 1; to <= i + REACH && to < count && this.#isModule(to) && this.#spares(i) > 0; to++)
        this.#move(i, to, Math.min(this.#spares(i), this.#lacks(to)));
  }

  /** A run that has too little takes from the gap before it, then from the one behind it. */
  fromGaps(): void {
    const count = this.#runs.ends.length;
    for (let i = 0; i + 1 < count; i++) {
      if (this.#isGap(i) && this.#isModule(i + 1))
        this.#move(i, i + 1, Math.min(this.#runs.lengthOf(i), this.#lacks(i + 1)));
      else if (this.#isModule(i) && this.#isGap(i + 1))
        this.#move(i, i + 1, -Math.min(this.#runs.lengthOf(i + 1), this.#lacks(i)));
    }
  }

  /** What nobody lacks goes to the gap behind. */
  toGaps(): void {
    for (let i = 0; i + 1 < this.#runs.ends.length; i++)
      if (this.#isModule(i) && this.#isGap(i + 1)) this.#move(i, i + 1, this.#spares(i));
  }

  /** What the last module has too much was written behind it. */
  cutTail(owner: number): void {
    const last = this.#runs.lastModule();
    const spare = last === -1 ? 0 : this.#spares(last);
    if (spare === 0) return;
    this.#settle(last, -spare);
    this.#runs.splitEnd(last, spare, owner);
  }
}

/** Modules that the map doesn't name at all are cut from the end of what lies before their successor. */
function insertMissing(runs: Runs, witnessed: ReadonlyMap<number, number>, excess: Map<number, number>): void {
  const order = [...witnessed.keys()];
  const present = new Set(runs.owners);
  for (let k = order.length - 1; k >= 0; k--) {
    const owner = order[k]!;
    const bytes = witnessed.get(owner)!;
    if (bytes === 0 || present.has(owner)) continue;
    const successor = order.slice(k + 1).find((next) => present.has(next));
    const at = successor === undefined ? runs.lastModule() + 1 : runs.owners.indexOf(successor);
    const giver = at - 1;
    if (giver < 0 || runs.kind(giver) === 'fixed') continue;
    const from = runs.owners[giver]!;
    const gap = runs.kind(giver) === 'gap';
    const spare = gap ? runs.lengthOf(giver) : Math.min(excess.get(from) ?? 0, runs.lengthOf(giver) - 1);
    if (spare < bytes) continue;
    runs.splitEnd(giver, bytes, owner);
    if (!gap) excess.set(from, excess.get(from)! - bytes);
    excess.delete(owner);
    present.add(owner);
  }
}

/**
 * What a module still lacks lies apart from it: Bun writes a module's namespace (`var x={};n(x,{…})`) before functions of other
 * modules, unmapped. It is cut from the end of the nearest run before the module that has so much too much, or that nobody owns.
 */
function takeHoisted(runs: Runs, witnessed: ReadonlyMap<number, number>, excess: Map<number, number>): void {
  const order = [...witnessed.keys()];
  for (let k = order.length - 1; k >= 0; k--) {
    const owner = order[k]!;
    const bytes = -(excess.get(owner) ?? 0);
    if (bytes <= 0) continue;
    const first = runs.owners.indexOf(owner);
    // A module that the map doesn't know at all may be there under another name: it takes no gap.
    const spares = (i: number): number => {
      const kind = runs.kind(i);
      if (kind === 'gap') return first === -1 ? 0 : runs.lengthOf(i);
      return kind === 'module' ? Math.min(excess.get(runs.owners[i]!) ?? 0, runs.lengthOf(i) - 1) : 0;
    };
    let giver = (first === -1 ? runs.owners.length : first) - 1;
    while (giver >= 0 && spares(giver) < bytes) giver--;
    if (giver < 0) continue;
    const from = runs.owners[giver]!;
    if (runs.kind(giver) === 'module') excess.set(from, excess.get(from)! - bytes);
    runs.splitEnd(giver, bytes, owner);
    excess.set(owner, 0);
  }
}

/** Runs that can be moved and split. */
class Runs {
  readonly ends: number[];
  readonly owners: number[];

  readonly #kindOf: (owner: number) => OwnerKind;

  constructor(ownership: Ownership, kindOf: (owner: number) => OwnerKind) {
    this.ends = [...ownership.ends];
    this.owners = [...ownership.owners];
    this.#kindOf = kindOf;
  }

  /** undefined: there is no such run. */
  kind(i: number): OwnerKind | undefined {
    const owner = this.owners[i];
    return owner === undefined ? undefined : this.#kindOf(owner);
  }

  lengthOf(i: number): number {
    return this.ends[i]! - (i === 0 ? 0 : this.ends[i - 1]!);
  }

  lastModule(): number {
    return this.owners.findLastIndex((owner) => this.#kindOf(owner) === 'module');
  }

  /** The nearest module's run in a direction; out of range where there is none. */
  nextModule(i: number, step: 1 | -1): number {
    let k = i + step;
    while (this.kind(k) !== undefined && this.kind(k) !== 'module') k += step;
    return k;
  }

  /** Gives the last bytes of run `i` to another owner. */
  splitEnd(i: number, bytes: number, owner: number): void {
    this.ends.splice(i, 0, this.ends[i]! - bytes);
    this.owners.splice(i + 1, 0, owner);
  }

  toOwnership(like: Ownership): Ownership {
    const runs = new OwnershipBuilder();
    this.ends.forEach((end, i) => runs.add(end, this.owners[i]!));
    return runs.finish(like.length, like.ownerCount);
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
  const runs = new OwnershipBuilder();
  let cursor = 0;
  for (const { owner, code: text } of rendered) {
    if (text === '') continue;
    const bytes = Buffer.from(text);
    const at = buffer.indexOf(bytes, cursor);
    if (at === -1) return null;
    if (at > cursor) runs.add(at, gap(cursor, at));
    cursor = at + bytes.length;
    runs.add(cursor, owner);
  }
  if (cursor < code.length) runs.add(code.length, gap(cursor, code.length));
  return runs.finish(code.length, ownerCount);
}

function runLength(ownership: Ownership, i: number): number {
  return ownership.ends[i]! - (i === 0 ? 0 : ownership.ends[i - 1]!);
}
