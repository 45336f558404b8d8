import { describe, expect, test } from 'vitest';

import { bytesByOwner, locateRendered, reconcile, type OwnerKind } from '../../src/measure/witness.ts';
import { owned } from './owned.ts';

/** Owners: 0 a gap, 1 a comment, 2 what is behind the last module, from 3 on modules. */
const GAP = 0;
const COMMENT = 1;
const TAIL = 2;
const [A, B, C] = [3, 4, 5] as const;
const kindOf = (owner: number): OwnerKind => (owner >= A ? 'module' : owner === COMMENT ? 'fixed' : 'gap');

function settle(pieces: readonly (readonly [number, number])[], witnessed: readonly (readonly [number, number])[]) {
  const { ownership, disagreements } = reconcile({ ...owned(pieces), ownerCount: 6 }, new Map(witnessed), kindOf, TAIL);
  const shown = Array.from(ownership.owners, (owner, i) => [owner, ownership.ends[i]! - (ownership.ends[i - 1] ?? 0)]);
  return { shown, disagreements };
}

describe('reconcile', () => {
  test('leaves alone what agrees', () => {
    expect(
      settle(
        [
          [A, 10],
          [B, 20],
        ],
        [
          [A, 10],
          [B, 20],
        ],
      ),
    ).toEqual({
      shown: [
        [A, 10],
        [B, 20],
      ],
      disagreements: [],
    });
  });

  test('moves a boundary between neighbours', () => {
    expect(
      settle(
        [
          [A, 13],
          [B, 17],
        ],
        [
          [A, 10],
          [B, 20],
        ],
      ),
    ).toEqual({
      shown: [
        [A, 10],
        [B, 20],
      ],
      disagreements: [],
    });
  });

  test('hands a shift on through modules that agree', () => {
    expect(
      settle(
        [
          [A, 13],
          [B, 20],
          [C, 7],
        ],
        [
          [A, 10],
          [B, 20],
          [C, 10],
        ],
      ).shown,
    ).toEqual([
      [A, 10],
      [B, 20],
      [C, 10],
    ]);
  });

  test('takes what is missing from a gap before or behind', () => {
    expect(
      settle(
        [
          [GAP, 8],
          [A, 10],
        ],
        [[A, 13]],
      ).shown,
    ).toEqual([
      [GAP, 5],
      [A, 13],
    ]);
    expect(
      settle(
        [
          [A, 10],
          [GAP, 8],
        ],
        [[A, 13]],
      ).shown,
    ).toEqual([
      [A, 13],
      [GAP, 5],
    ]);
  });

  test('gives what is too much to the gap behind, or makes one', () => {
    expect(
      settle(
        [
          [A, 10],
          [GAP, 1],
        ],
        [[A, 8]],
      ).shown,
    ).toEqual([
      [A, 8],
      [GAP, 3],
    ]);
    expect(
      settle(
        [
          [A, 10],
          [COMMENT, 5],
        ],
        [[A, 8]],
      ).shown,
    ).toEqual([
      [A, 8],
      [TAIL, 2],
      [COMMENT, 5],
    ]);
  });

  test('finds room for a module that the map does not name', () => {
    expect(
      settle(
        [
          [A, 15],
          [C, 10],
        ],
        [
          [A, 10],
          [B, 5],
          [C, 10],
        ],
      ).shown,
    ).toEqual([
      [A, 10],
      [B, 5],
      [C, 10],
    ]);
    expect(
      settle(
        [
          [GAP, 20],
          [C, 10],
        ],
        [
          [B, 5],
          [C, 12],
        ],
      ).shown,
    ).toEqual([
      [GAP, 13],
      [B, 5],
      [C, 12],
    ]);
  });

  test('counts a comment within a module, and does not move it', () => {
    expect(
      settle(
        [
          [A, 10],
          [COMMENT, 4],
          [A, 6],
        ],
        [[A, 20]],
      ),
    ).toEqual({
      shown: [
        [A, 10],
        [COMMENT, 4],
        [A, 6],
      ],
      disagreements: [],
    });
    expect(
      settle(
        [
          [GAP, 9],
          [A, 10],
          [COMMENT, 4],
        ],
        [[A, 14]],
      ).shown,
    ).toEqual([
      [GAP, 5],
      [A, 14],
      [COMMENT, 4],
    ]);
  });

  test('tells what it cannot settle', () => {
    expect(
      settle(
        [
          [A, 10],
          [B, 10],
        ],
        [
          [A, 12],
          [B, 10],
        ],
      ).disagreements,
    ).toEqual([{ owner: A, mapped: 10, witnessed: 12 }]);
    expect(
      settle(
        [[A, 10]],
        [
          [A, 10],
          [B, 4],
        ],
      ).disagreements,
    ).toEqual([{ owner: B, mapped: 0, witnessed: 4 }]);
  });

  test('never loses a byte', () => {
    const { shown } = settle(
      [
        [GAP, 3],
        [A, 50],
        [GAP, 2],
        [B, 1],
        [COMMENT, 9],
      ],
      [
        [C, 40],
        [A, 10],
        [B, 500],
      ],
    );
    expect(shown.reduce((sum, [, length]) => sum + length!, 0)).toBe(65);
    expect(shown.every(([, length]) => length! > 0)).toBe(true);
  });
});

describe('rendered modules', () => {
  const code = Buffer.from('import x;\nconst é = 1;\n\nf(é);\nexport { é };');
  const locate = (texts: string[]) =>
    locateRendered(
      code,
      texts.map((text, i) => ({ owner: A + i, code: text })),
      6,
      (start) => (start === 0 ? GAP : TAIL),
    );

  test('are found in their order', () => {
    const found = locate(['const é = 1;', '', 'f(é);']);
    expect(found && [...bytesByOwner(found)]).toEqual([10, 0, 2 + 15, 13, 0, 6]);
  });

  test('are not told where one has changed', () => {
    expect(locate(['const é = 1;', 'f(e);'])).toBe(null);
    expect(locate(['f(é);', 'const é = 1;'])).toBe(null);
  });
});
