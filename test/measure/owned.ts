import type { Ownership } from '../../src/measure/ownership.ts';

/** An ownership from `[owner, length]` pairs; neighbours of one owner are joined, empty pieces dropped. */
export function owned(pieces: readonly (readonly [owner: number, length: number])[]): Ownership {
  const ends: number[] = [];
  const owners: number[] = [];
  let end = 0;
  for (const [owner, length] of pieces) {
    if (length === 0) continue;
    end += length;
    if (owners.at(-1) === owner) {
      ends[ends.length - 1] = end;
    } else {
      ends.push(end);
      owners.push(owner);
    }
  }
  return {
    length: end,
    ends: Uint32Array.from(ends),
    owners: Uint32Array.from(owners),
    ownerCount: Math.max(0, ...pieces.map(([owner]) => owner + 1)),
  };
}

/** Cuts `length` bytes into runs of the lengths given, over and over, for owners 0 up to `ownerCount` in turn. */
export function striped(length: number, runs: readonly number[], ownerCount: number): Ownership {
  const pieces: [number, number][] = [];
  for (let at = 0, i = 0; at < length; i++) {
    const run = Math.min(Math.max(1, runs[i % runs.length] ?? 1), length - at);
    pieces.push([i % ownerCount, run]);
    at += run;
  }
  return { ...owned(pieces), ownerCount };
}
