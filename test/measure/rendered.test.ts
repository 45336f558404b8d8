import { describe, expect, it } from 'vitest';

import { placeRendered, type Openness } from '../../src/measure/rendered.ts';

/** Owner 0 is nobody; the others are modules. */
const opennessOf = (owner: number): Openness => (owner === 0 ? 'open' : 'module');

function place(pieces: readonly (readonly [string, number])[], rendered: readonly (readonly [number, string])[]) {
  const ends: number[] = [];
  for (const [text] of pieces) ends.push((ends.at(-1) ?? 0) + Buffer.byteLength(text));
  const code = Buffer.from(pieces.map(([text]) => text).join(''));
  const ownership = {
    length: code.length,
    ends: Uint32Array.from(ends),
    owners: Uint32Array.from(pieces, ([, owner]) => owner),
    ownerCount: 5,
  };
  const placed = placeRendered(
    code,
    ownership,
    rendered.map(([owner, text]) => ({ owner, code: text })),
    opennessOf,
  );
  const { ends: after, owners } = placed.ownership;
  const runs = [...owners].map((owner, i) => [code.toString('utf8', after[i - 1] ?? 0, after[i]), owner]);
  return { runs, missing: placed.missing };
}

const A = 'function a() { return first("a literal of a"); }';
const B = 'function b() { return "a literal of b"; }';
const german = 'var de = { "greeting": "Guten Morgen", "farewell": "Auf Wiedersehen" };';
const french = 'var fr = { "greeting": "Bonjour à tous", "farewell": "Au revoir" };';

describe('modules that the map does not name', () => {
  it('the only one between two modules has what nobody has there', () => {
    const gap = 'var d={greeting:`Guten Morgen`,farewell:`Auf Wiedersehen`};';
    const { runs, missing } = place(
      [
        ['a();', 1],
        [gap, 0],
        ['b();', 2],
      ],
      [
        [1, A],
        [3, german],
        [2, B],
      ],
    );
    expect(runs).toEqual([
      ['a();', 1],
      [gap, 3],
      ['b();', 2],
    ]);
    expect(missing).toEqual([]);
  });

  it('several are told apart by their literals', () => {
    const d = 'var d={greeting:`Guten Morgen`,farewell:`Auf Wiedersehen`},';
    const f = 'f={greeting:`Bonjour à tous`,farewell:`Au revoir`};';
    const { runs } = place(
      [
        ['a();', 1],
        [d + f, 0],
        ['b();', 2],
      ],
      [
        [1, A],
        [3, german],
        [4, french],
        [2, B],
      ],
    );
    expect(runs).toEqual([
      ['a();', 1],
      [d, 3],
      [f, 4],
      ['b();', 2],
    ]);
  });

  it('what hides in the last segment of the module before is taken out of it', () => {
    const list = 'var l = ["the first of the list", "the second of the list", "the third of the list"];';
    const minified = 'l=["the first of the list","the second of the list","the third of the list"];';
    const { runs } = place(
      [
        [`var x=1,${minified}`, 1],
        ['b();', 2],
      ],
      [
        [1, A],
        [3, list],
        [2, B],
      ],
    );
    expect(runs).toEqual([
      ['var x=1,', 1],
      [minified, 3],
      ['b();', 2],
    ]);
  });

  it('is left alone where the literals are those of another text, and said to be missing', () => {
    const gap = 'var q={some:"text that nobody wrote",other:"and more of it"};';
    const { runs, missing } = place(
      [
        ['a();', 1],
        [gap, 0],
        ['b();', 2],
      ],
      [
        [1, A],
        [3, german],
        [2, B],
      ],
    );
    expect(runs).toEqual([
      ['a();', 1],
      [gap, 0],
      ['b();', 2],
    ]);
    expect(missing).toEqual([{ owner: 3, bytes: Buffer.byteLength(german) }]);
  });
});
