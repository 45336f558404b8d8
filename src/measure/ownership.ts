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
