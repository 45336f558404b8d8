import fc from 'fast-check';
import { expect, test } from 'vitest';
import { importChain, importersOf, isDeadImport, moduleGraph } from '../../src/detect/graph.ts';
import { buildOf, builds, edgeOf, moduleOf, outputOf, reachable } from './synthetic.ts';

test('a chain is a path of statements from an entry, and no shorter one exists', () => {
  fc.assert(
    fc.property(builds, (build) => {
      const arcs = build.edges.map(({ from, to }) => [from, to] as const);
      const { entries } = moduleGraph(build);
      const distance = new Map(entries.map((entry) => [entry, 0]));
      for (let round = 1; round <= build.modules.length; round++) {
        for (const [from, to] of arcs)
          if (distance.get(from) === round - 1 && !distance.has(to)) distance.set(to, round);
      }
      build.modules.forEach((_, module) => {
        const chain = importChain(build, module);
        expect(chain?.length).toBe(distance.get(module));
        if (chain === null || chain.length === 0) return;
        expect(entries).toContain(chain[0]!.from);
        expect(chain.at(-1)!.to).toBe(module);
        chain.slice(1).forEach((edge, at) => expect(edge.from).toBe(chain[at]!.to));
      });
    }),
  );
});

test('importers are all edges into the module', () => {
  fc.assert(
    fc.property(builds, (build) => {
      build.modules.forEach((_, module) => {
        expect(importersOf(build, module)).toEqual(build.edges.filter(({ to }) => to === module));
      });
    }),
  );
});

test('an entry output without an entry module starts at its modules that nobody imports', () => {
  const build = buildOf(
    [moduleOf('src/main.ts'), moduleOf('src/part.ts')],
    [edgeOf(0, 1)],
    [
      outputOf(
        'main.js',
        [
          [0, 10],
          [1, 10],
        ],
        { entry: true },
      ),
    ],
  );
  expect(moduleGraph(build).entries).toEqual([0]);
});

test('every module with bytes is reached from the roots', () => {
  fc.assert(
    fc.property(builds, fc.boolean(), (build, keepsEdges) => {
      const cut = {
        ...build,
        edges: keepsEdges ? build.edges : [],
        outputs: build.outputs.map((output) => ({ ...output, entry: false })),
      };
      const graph = moduleGraph(cut);
      const reached = reachable(
        cut.modules.length,
        cut.edges.map(({ from, to }) => [from, to] as const),
        graph.roots,
      );
      cut.modules.forEach((_, module) => {
        if (graph.rawBytes[module]! > 0) expect(reached).toContain(module);
      });
    }),
  );
});

test('a statement whose names were all dropped does not carry the chain where another does', () => {
  const build = buildOf(
    [
      moduleOf('src/main.ts'),
      moduleOf('src/a.ts'),
      moduleOf('node_modules/p/index.js', { sideEffects: false, exports: ['x', 'y'], usedExports: ['x'] }),
    ],
    [edgeOf(0, 1), edgeOf(0, 2, { names: ['y'] }), edgeOf(1, 2, { names: ['x'] })],
    [
      outputOf(
        'main.js',
        [
          [0, 1],
          [1, 1],
          [2, 1],
        ],
        { entry: true, entryModule: 0 },
      ),
    ],
  );
  expect(build.edges.map((edge) => isDeadImport(build, edge))).toEqual([false, true, false]);
  expect(importChain(build, 2)).toEqual([build.edges[0], build.edges[2]]);
});
