/**
 * A bundler that prints module by module ends each with a whole statement, so a top-level statement belongs to one module. The
 * map knows whose token is where, but not where the statement around it begins and ends; the text does.
 */
import type { Ownership } from './ownership.ts';
import type { OwnerKind } from './witness.ts';

/**
 * Gives each top-level statement whole to the module that has the most of it among those whose text begins in it. A statement
 * in which no module's text begins is left as it is, and so are fixed ranges (licence comments).
 *
 * @param ends of the statements, ascending (`walkLexically`)
 */
export function byStatement(
  code: Uint8Array,
  ownership: Ownership,
  ends: readonly number[],
  kindOf: (owner: number) => OwnerKind,
): Ownership {
  const result = new Runs(ownership);
  const weights = new Map<number, number>();
  let run = 0;
  let statement = 0;
  for (const end of ends) {
    const start = behindBlanks(code, statement, end);
    statement = end;
    while (run < ownership.ends.length && ownership.ends[run]! <= start) run++;
    weights.clear();
    for (let i = run; i < ownership.ends.length; i++) {
      const from = i === 0 ? 0 : ownership.ends[i - 1]!;
      if (from >= end) break;
      const owner = ownership.owners[i]!;
      if (from < start || kindOf(owner) !== 'module') continue;
      weights.set(owner, (weights.get(owner) ?? 0) + Math.min(end, ownership.ends[i]!) - from);
    }
    let owner = -1;
    let most = 0;
    for (const [each, weight] of weights) if (weight > most) [owner, most] = [each, weight];
    result.copyUntil(start);
    if (owner === -1) result.copyUntil(end);
    else result.paintUntil(end, owner, kindOf);
  }
  result.copyUntil(ownership.length);
  return result.finish();
}

/** Behind white space and comments (a comment before a statement is the bundler's `// path`, or keeps the owner it has). */
function behindBlanks(code: Uint8Array, from: number, to: number): number {
  let i = from;
  while (i < to) {
    const byte = code[i]!;
    if (byte <= 0x20) i++;
    else if (byte === 0x2f && code[i + 1] === 0x2f) {
      while (i < to && code[i] !== 0x0a) i++;
    } else if (byte === 0x2f && code[i + 1] === 0x2a) {
      i += 2;
      while (i < to && !(code[i] === 0x2a && code[i + 1] === 0x2f)) i++;
      i += 2;
    } else break;
  }
  return Math.min(i, to);
}

/** Writes runs from left to right, as they were or in another owner's name. */
class Runs {
  readonly #from: Ownership;
  readonly #ends: number[] = [];
  readonly #owners: number[] = [];
  /** The run of `#from` that holds the next byte. */
  #run = 0;

  constructor(from: Ownership) {
    this.#from = from;
  }

  copyUntil(end: number): void {
    this.#walk(end, (owner) => owner);
  }

  paintUntil(end: number, by: number, kindOf: (owner: number) => OwnerKind): void {
    this.#walk(end, (owner) => (kindOf(owner) === 'fixed' ? owner : by));
  }

  #walk(end: number, ownerOf: (owner: number) => number): void {
    const { ends, owners } = this.#from;
    while ((this.#ends.at(-1) ?? 0) < end) {
      this.#add(Math.min(ends[this.#run]!, end), ownerOf(owners[this.#run]!));
      if (ends[this.#run]! <= end) this.#run++;
    }
  }

  #add(end: number, owner: number): void {
    const last = this.#ends.length - 1;
    if (end <= (this.#ends[last] ?? 0)) return;
    if (last >= 0 && this.#owners[last] === owner) this.#ends[last] = end;
    else {
      this.#ends.push(end);
      this.#owners.push(owner);
    }
  }

  finish(): Ownership {
    return { ...this.#from, ends: Uint32Array.from(this.#ends), owners: Uint32Array.from(this.#owners) };
  }
}
