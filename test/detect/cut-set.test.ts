import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutSetOfModule, cutSetOfPackage, modulesLeaving } from '../../src/detect/cut-set.ts';
import { moduleGraph } from '../../src/detect/graph.ts';
import type { Build, Edge } from '../../src/model/build.ts';
import { bundle } from './metafile-build.ts';
import { buildOf, builds, edgeOf, moduleOf, outputOf, reachable } from './synthetic.ts';

function leaves(build: Build, targets: readonly number[], cut: readonly Edge[]): boolean {
  const arcs = build.edges.filter((edge) => !cut.includes(edge)).map(({ from, to }) => [from, to] as const);
  const left = reachable(build.modules.length, arcs, moduleGraph(build).entries);
  return targets.every((target) => !left.has(target));
}

/** Size of the smallest set of these statements after which the targets leave; null where none does. */
function smallest(build: Build, targets: readonly number[], among: readonly Edge[]): number | null {
  for (let size = 0; size <= among.length; size++) {
    const choose = (from: number, chosen: readonly Edge[]): boolean => {
      if (chosen.length === size) return leaves(build, targets, chosen);
      return among.slice(from).some((edge, at) => choose(from + at + 1, [...chosen, edge]));
    };
    if (choose(0, [])) return size;
  }
  return null;
}

const small = builds.filter(({ edges }) => edges.length <= 11);

test('no smaller set of statements does it, for modules and packages', () => {
  fc.assert(
    fc.property(small, (build) => {
      const names = new Set(build.modules.map((module) => module.package?.name ?? null));
      const questions = [
        ...build.modules.map((_, module) => ({ targets: [module], answer: cutSetOfModule(build, module) })),
        ...[...names].flatMap((name) =>
          name === null
            ? []
            : [
                {
                  targets: build.modules.flatMap((module, index) => (module.package?.name === name ? [index] : [])),
                  answer: cutSetOfPackage(build, name),
                },
              ],
        ),
      ];
      const { entries } = moduleGraph(build);
      for (const { targets, answer } of questions) {
        if (targets.some((target) => entries.includes(target))) {
          expect(answer).toMatchObject({ cut: [], scope: 'none' });
          continue;
        }
        expect(leaves(build, targets, answer.cut)).toBe(true);
        const own = build.edges.filter(({ from }) => build.modules[from]!.package === null);
        const fewestOwn = smallest(build, targets, own);
        expect(answer.scope === 'any').toBe(fewestOwn === null);
        expect(leaves(build, targets, answer.fewest)).toBe(true);
        expect(answer.fewest.length).toBe(fewestOwn ?? smallest(build, targets, build.edges));
      }
    }),
    { numRuns: 150 },
  );
});

test('of two smallest sets the one nearest to the target, and all importers', () => {
  const build = buildOf(
    [
      moduleOf('src/main.ts'),
      moduleOf('src/page.ts'),
      moduleOf('src/dates.ts'),
      moduleOf('node_modules/moment/moment.js'),
      moduleOf('node_modules/moment/locale/de.js'),
    ],
    [edgeOf(0, 1), edgeOf(1, 2), edgeOf(2, 3, { line: 7, column: 2 }), edgeOf(3, 4), edgeOf(4, 3)],
    [
      outputOf(
        'main.js',
        [
          [0, 1],
          [1, 1],
          [2, 1],
          [3, 99],
          [4, 9],
        ],
        { entry: true, entryModule: 0 },
      ),
    ],
  );
  expect(cutSetOfPackage(build, 'moment')).toEqual({
    cut: [build.edges[2]],
    fewest: [build.edges[2]],
    scope: 'own',
    importers: [build.edges[2]],
  });
  expect(cutSetOfModule(build, 4)).toEqual({
    cut: [build.edges[2]],
    fewest: [build.edges[2]],
    scope: 'own',
    importers: [build.edges[3]],
  });
});

test('a statement that takes much else with it is not offered where others do', () => {
  const build = buildOf(
    [
      moduleOf('src/main.ts'),
      moduleOf('src/router.ts'),
      moduleOf('src/profile.ts'),
      moduleOf('src/checkout.ts'),
      moduleOf('node_modules/zod/index.js'),
    ],
    [edgeOf(0, 1, { line: 3 }), edgeOf(1, 2), edgeOf(1, 3), edgeOf(2, 4, { line: 5 }), edgeOf(3, 4, { line: 6 })],
    [
      outputOf(
        'main.js',
        [
          [0, 100],
          [1, 90_000],
          [2, 30_000],
          [3, 30_000],
          [4, 50_000],
        ],
        { entry: true, entryModule: 0 },
      ),
    ],
  );
  const { cut, fewest } = cutSetOfPackage(build, 'zod');
  expect(fewest).toEqual([build.edges[0]]);
  expect(cut).toEqual([build.edges[3], build.edges[4]]);
  expect(modulesLeaving(build, cut)).toEqual([4]);
  expect(modulesLeaving(build, fewest)).toEqual([1, 2, 3, 4]);
  // What only the router imports can't leave without it: then the fewest are what there is.
  const alone = { ...build, edges: build.edges.slice(0, 4) };
  expect(cutSetOfModule(alone, 1).cut).toEqual([build.edges[0]]);
});

test('the statements found in a real application make the package leave when it is built without them', async () => {
  const app = {
    entries: ['main.js'],
    files: {
      'main.js': `import { a } from './a.js';\nimport './b.js';\nimport { uniq } from 'lodash-es';\na(uniq);`,
      'a.js': `import { max } from 'd3-array';\nimport debounce from 'lodash-es/debounce.js';\nexport const a = (x) => console.log(x, max, debounce);`,
      'b.js': `import('./c.js');`,
      'c.js': `import { range } from 'lodash-es';\nconsole.log(range);`,
    },
  };
  const { build } = await bundle(app);
  const { cut } = cutSetOfPackage(build, 'lodash-es');
  expect(cut.map(({ from, line }) => `${build.modules[from]!.id.split('/').at(-1)}:${line}`).sort()).toEqual([
    'a.js:2',
    'c.js:1',
    'main.js:3',
  ]);
  const without = await bundle(
    app,
    cut.map(({ from, line, column }) => ({ module: build.modules[from]!.id, line: line!, column: column! })),
  );
  const left = without.build.modules.filter((module) => module.package?.name === 'lodash-es');
  expect(left).toEqual([]);
});
