import { expect, test } from 'vitest';

import { partsOf, sizesOf, type Holder } from '../../src/measure/parts.ts';
import { owned } from './owned.ts';

const HOLDERS: readonly Holder[] = [{ rest: 'glue' }, { module: 7 }, { module: 3 }, { module: 7 }];
const ownership = owned([
  [1, 10],
  [0, 2],
  [2, 5],
  [3, 4],
]);
const shares = (bits: readonly number[], container: number, bytes: number) => ({
  shares: Uint32Array.from(bits),
  container,
  bytes,
});

test('parts are by holder, modules first, and carry shares of bits as bytes', () => {
  const compressed = { gzip: shares([8, 12, 4, 4], 144, 21.5), brotli: null };
  expect(partsOf(ownership, compressed, (owner) => HOLDERS[owner]!)).toEqual([
    { module: 3, rest: null, bytes: { raw: 5, gzip: 0.5, brotli: null } },
    { module: 7, rest: null, bytes: { raw: 14, gzip: 2, brotli: null } },
    { module: null, rest: 'container', bytes: { raw: 0, gzip: 18, brotli: null } },
    { module: null, rest: 'glue', bytes: { raw: 2, gzip: 1, brotli: null } },
  ]);
  expect(sizesOf(21, compressed)).toEqual({ raw: 21, gzip: 21.5, brotli: null });
});

test('an owner without bytes has no part', () => {
  expect(
    partsOf({ ...owned([[1, 1]]), ownerCount: 4 }, { gzip: null, brotli: null }, (owner) => HOLDERS[owner]!),
  ).toEqual([{ module: 7, rest: null, bytes: { raw: 1, gzip: null, brotli: null } }]);
});
