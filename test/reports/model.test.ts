import { describe, expect, it } from 'vitest';
import { MEASURES, Model } from '../../reports/page/src/model.ts';
import { packBuild } from '../../reports/packed-build.ts';
import { smallBuild } from './small-build.ts';
import { syntheticBuild } from './synthetic-build.ts';

const modelOf = (build = smallBuild()): Model => new Model({ name: 'one', build: packBuild(build) });

describe('the model of the page', () => {
  it.each(MEASURES)('shares out every byte: %s', (measure) => {
    for (const build of [smallBuild(), syntheticBuild(3000)]) {
      const model = modelOf(build);
      for (const initial of [true, false]) {
        const weighing = { measure, initial };
        const modules = model.moduleSizes(weighing).reduce((sum, bytes) => sum + bytes, 0);
        const rests = model.restSizes(weighing).reduce((sum, bytes) => sum + bytes, 0);
        expect(modules + rests).toBe(model.total(weighing));
      }
    }
  });

  it('calls initial what entries reach by static imports and style sheets', () => {
    const initial = modelOf().outputs.filter((output) => output.initial);
    expect(initial.map(({ file }) => file)).toEqual(['main.js', 'shared.js', 'main.css']);
  });

  it('orders modules by size, without those that have no bytes', () => {
    const build = syntheticBuild(500);
    const model = modelOf({ ...build, outputs: build.outputs.slice(0, 1) });
    const weighing = { measure: 'gzip', initial: false } as const;
    const sizes = [...model.order(weighing)].map((module) => model.moduleSizes(weighing)[module] ?? 0);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(sizes.every((size) => size > 0)).toBe(true);
    expect(sizes.length).toBe(new Set(build.outputs[0]?.parts.flatMap(({ module }) => module ?? [])).size);
  });
});
