import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeColumn,
  decodeRetained,
  encodeColumn,
  packBuild,
  packRetained,
  unpackBuild,
} from '../../reports/packed-build.ts';
import { smallBuild, withoutCompression } from './small-build.ts';
import { syntheticBuild } from './synthetic-build.ts';

describe('packed builds', () => {
  it.each([
    ['a small one', smallBuild()],
    ['one without compressed sizes', withoutCompression(smallBuild())],
    ['a made-up one', syntheticBuild(900)],
    ['an empty one', { ...smallBuild(), modules: [], edges: [], outputs: [], diagnostics: [], bundler: null }],
  ])('give back the build: %s', (_, build) => {
    const throughJson: ReturnType<typeof packBuild> = JSON.parse(JSON.stringify(packBuild(build)));
    expect(unpackBuild(throughJson)).toEqual(build);
  });

  it('are much smaller than the build as JSON', () => {
    const build = syntheticBuild(2000);
    expect(JSON.stringify(packBuild(build)).length).toBeLessThan(JSON.stringify(build).length / 4);
  });

  it('keep retained sizes with their bits and what was not measured', () => {
    const sizes = [
      { bytes: { raw: 12, gzip: 3.125, brotli: null }, isLowerBound: true },
      { bytes: { raw: 0, gzip: 0, brotli: null }, isLowerBound: false },
    ];
    const { raw, gzip, brotli, isLowerBound } = decodeRetained(packRetained(sizes));
    expect([...raw, ...gzip, ...brotli, ...isLowerBound]).toEqual([12, 0, 3.125, 0, Number.NaN, Number.NaN, 1, 0]);
  });

  it('give back any column', () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.nat(),
      fc.maxSafeNat().map((n) => Math.floor(n / 2)),
      // JSON has one zero.
      fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map((value) => value + 0),
    );
    fc.assert(
      fc.property(fc.array(value), (values) => {
        const decoded = Array.from(decodeColumn(encodeColumn(values)), (n) => (Number.isNaN(n) ? null : n));
        expect(decoded).toEqual(values);
      }),
    );
  });

  it('give back ids with any letters in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'binary' })), (ids) => {
        const [first] = smallBuild().modules;
        if (first === undefined) throw new Error('no module');
        const build = { ...smallBuild(), edges: [], outputs: [], modules: ids.map((id) => ({ ...first, id })) };
        expect(unpackBuild(packBuild(build)).modules.map(({ id }) => id)).toEqual(ids);
      }),
    );
  });
});
