/**
 * Whose each byte of a file is, as runs: run `i` covers the bytes from `ends[i - 1]` (0 for the first) up to `ends[i]`,
 * and belongs to `owners[i]`. Ends ascend, no run is empty, neighbours differ in owner, and the last end is the file's length.
 * Owners are small whole numbers from 0; what they stand for is the caller's to know.
 */
export interface Ownership {
  readonly length: number;
  readonly ends: Uint32Array;
  readonly owners: Uint32Array;
  /** How many owners there are: owner numbers are below it. */
  readonly ownerCount: number;
}

/** Makes an `Ownership` of runs that are added in the order of the file: empty ones are left out, neighbours of one owner joined. */
export class OwnershipBuilder {
  readonly #ends: number[] = [];
  readonly #owners: number[] = [];

  /** The bytes from the end of the last run up to `end` are `owner`'s. */
  add(end: number, owner: number): void {
    const last = this.#ends.length - 1;
    if (end <= (this.#ends[last] ?? 0)) return;
    if (this.#owners[last] === owner) this.#ends[last] = end;
    else {
      this.#ends.push(end);
      this.#owners.push(owner);
    }
  }

  /** @param ownerCount at least; as many as the largest owner asks for, where that is more */
  finish(length: number, ownerCount: number): Ownership {
    const most = this.#owners.reduce((largest, owner) => Math.max(largest, owner + 1), ownerCount);
    return { length, ends: Uint32Array.from(this.#ends), owners: Uint32Array.from(this.#owners), ownerCount: most };
  }
}
