import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { dominatorTree } from '../../src/detect/dominators.ts';
import { moduleGraph } from '../../src/detect/graph.ts';
import { readReexports } from '../../src/detect/reexports.ts';
import { retainedSizes } from '../../src/detect/retained.ts';
import type { RetainedSizes } from '../../src/detect/retained.ts';
import type { Build } from '../../src/model/build.ts';
import { bundle } from './metafile-build.ts';
import type { App, Bundled } from './metafile-build.ts';
import { buildOf, builds, edgeOf, largeBuild, moduleOf, outputOf, reachable } from './synthetic.ts';

test('a node dominates another iff without it the root does not reach the other', () => {
  const graphs = fc
    .integer({ min: 1, max: 12 })
    .chain((count) =>
      fc.tuple(fc.constant(count), fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 4 * count })),
    );
  fc.assert(
    fc.property(graphs, ([nodeCount, arcs]) => {
      const rows = Array.from({ length: nodeCount }, (_, node) =>
        arcs.filter(([from]) => from === node).map(([, to]) => to),
      );
      const start = Uint32Array.from([
        0,
        ...rows.map((_, node) => rows.slice(0, node + 1).reduce((sum, row) => sum + row.length, 0)),
      ]);
      const { idom } = dominatorTree({ nodeCount, root: 0, start, targets: Uint32Array.from(rows.flat()) });
      const reached = reachable(nodeCount, arcs, [0]);
      for (let node = 1; node < nodeCount; node++) {
        const dominators = new Set<number>();
        for (let at = idom[node]!; at >= 0; at = idom[at]!) dominators.add(at);
        for (let other = 0; other < nodeCount; other++) {
          if (other === node || !reached.has(node)) continue;
          const without = reachable(
            nodeCount,
            arcs.filter(([from, to]) => from !== other && to !== other),
            other === 0 ? [] : [0],
          );
          expect(dominators.has(other)).toBe(!without.has(node));
        }
      }
    }),
  );
});

/** What is left out of the outputs if only these edges and modules are there: all by definition, nothing clever. */
function lostBytes(
  build: Build,
  keepsEdge: (index: number) => boolean,
  keepsModule: (index: number) => boolean,
): number {
  const { entries } = moduleGraph(build);
  const arcs = build.edges.flatMap(({ from, to }, index) =>
    keepsEdge(index) && keepsModule(from) && keepsModule(to) ? [[from, to] as const] : [],
  );
  const left = reachable(build.modules.length, arcs, entries.filter(keepsModule));
  let lost = 0;
  for (const { parts } of build.outputs) {
    const members = parts.filter(({ module }) => module !== null);
    const stays = members.filter(({ module }) => left.has(module!));
    for (const part of members) if (!stays.includes(part)) lost += part.bytes.raw;
    if (members.length > 0 && stays.length === 0)
      for (const part of parts) if (part.module === null) lost += part.bytes.raw;
  }
  return lost;
}

test('modules, packages, imports and sets of them retain what is not reached without them', () => {
  fc.assert(
    fc.property(builds, fc.func(fc.boolean()), (build, chosen) => {
      const sizes = retainedSizes(build);
      build.modules.forEach((_, module) => {
        expect(sizes.modules[module]!.bytes.raw).toBe(
          lostBytes(
            build,
            () => true,
            (index) => index !== module,
          ),
        );
      });
      build.edges.forEach((_, edge) => {
        expect(sizes.edges[edge]!.bytes.raw).toBe(
          lostBytes(
            build,
            (index) => index !== edge,
            () => true,
          ),
        );
      });
      for (const { name, bytes } of sizes.packages) {
        expect(bytes.raw).toBe(
          lostBytes(
            build,
            () => true,
            (index) => build.modules[index]!.package?.name !== name,
          ),
        );
        expect(bytes.gzip).toBe(bytes.raw / 2);
        expect(bytes.brotli).toBe(bytes.raw / 4);
      }
      const set = build.edges.map((_, index) => index).filter((index) => chosen(index));
      expect(sizes.ofImports(set).bytes.raw).toBe(
        lostBytes(
          build,
          (index) => !set.includes(index),
          () => true,
        ),
      );
    }),
    { numRuns: 300 },
  );
});

test('a name that a barrel passes on leaves with its last import, and its neighbours stay', () => {
  const shaken = { sideEffects: false };
  const build = buildOf(
    [
      moduleOf('src/main.ts'),
      moduleOf('src/other.ts'),
      moduleOf('node_modules/p/index.js', { ...shaken, exports: ['a', 'b', '*'] }),
      moduleOf('node_modules/p/a.js', { ...shaken, exports: ['default'] }),
      moduleOf('node_modules/p/b.js', { ...shaken, exports: ['b'] }),
      moduleOf('node_modules/p/c.js', { ...shaken, exports: ['c'] }),
    ],
    [
      edgeOf(0, 1),
      edgeOf(0, 2, { names: ['a'] }),
      edgeOf(1, 2, { names: ['b', 'c'] }),
      edgeOf(2, 3, { names: ['default'] }),
      edgeOf(2, 4, { names: ['b'] }),
      edgeOf(2, 5, { names: ['*'] }),
    ],
    [
      outputOf(
        'main.js',
        [
          [0, 1],
          [1, 2],
          [3, 30],
          [4, 400],
          [5, 5000],
        ],
        { entry: true, entryModule: 0 },
      ),
    ],
  );
  const sizes = retainedSizes(build);
  expect(sizes.edges.map(({ bytes }) => bytes.raw)).toEqual([5402, 30, 5400, 30, 400, 5000]);
  expect(sizes.packages[0]).toMatchObject({ name: 'p', modules: 3, self: { raw: 5430 }, bytes: { raw: 5430 } });
});

test('a module that only has to run keeps what it does, not what its exports need', () => {
  const build = buildOf(
    [
      moduleOf('src/main.ts'),
      moduleOf('src/page.ts'),
      moduleOf('src/components/index.ts', {
        sideEffects: true,
        exports: ['Chart', 'Button'],
        usedExports: ['Chart', 'Button'],
      }),
      moduleOf('src/components/chart.ts', { sideEffects: true, exports: ['Chart'], usedExports: ['Chart'] }),
      moduleOf('src/components/button.ts', { sideEffects: true, exports: ['Button'], usedExports: ['Button'] }),
      moduleOf('node_modules/charts/index.js', { sideEffects: false, exports: ['Line'] }),
      moduleOf('src/setup.ts', { sideEffects: true, exports: [], usedExports: [] }),
      moduleOf('src/registry.ts', { sideEffects: true, exports: ['all'], usedExports: ['all'] }),
    ],
    [
      edgeOf(0, 1, { names: ['page'] }),
      edgeOf(0, 2, { names: ['Button'] }),
      edgeOf(1, 2, { names: ['Chart'] }),
      edgeOf(2, 3, { names: ['Chart'] }),
      edgeOf(2, 4, { names: ['Button'] }),
      edgeOf(3, 5, { names: ['Line'] }),
      edgeOf(3, 6, { names: [] }),
      edgeOf(1, 7, { names: ['all'] }),
      edgeOf(0, 7, { names: [] }),
    ],
    [
      outputOf(
        'main.js',
        [
          [0, 1],
          [1, 2],
          [3, 30],
          [4, 400],
          [5, 5000],
          [6, 60_000],
          [7, 700_000],
        ],
        {
          entry: true,
          entryModule: 0,
        },
      ),
    ],
  );
  const sizes = retainedSizes(build);
  // Without the page's import: the chart and its library; the set-up and the registry are imported for what they do.
  expect(sizes.edges[2]!.bytes.raw).toBe(5030);
  expect(sizes.edges[0]!.bytes.raw).toBe(5032);
  expect(sizes.edges[1]!.bytes.raw).toBe(400);
  expect(sizes.edges[6]!.bytes.raw).toBe(60_000);
  expect(sizes.edges[7]!.bytes.raw).toBe(0);
});

test('says so where a part of a module that stays would leave too', () => {
  const build = buildOf(
    [
      moduleOf('src/main.ts'),
      moduleOf('src/other.ts'),
      moduleOf('node_modules/p/index.js', { sideEffects: false, exports: ['a', 'b'] }),
    ],
    [edgeOf(0, 1), edgeOf(0, 2, { names: ['a', 'b'] }), edgeOf(1, 2, { names: ['a'] })],
    [
      outputOf(
        'main.js',
        [
          [0, 1],
          [1, 2],
          [2, 30],
        ],
        { entry: true, entryModule: 0 },
      ),
    ],
  );
  expect(retainedSizes(build).edges.map(({ isLowerBound }) => isLowerBound)).toEqual([false, true, false]);
});

test('twenty thousand modules: what the entry holds is the whole output', () => {
  const build = largeBuild(20_000);
  const sizes = retainedSizes(build);
  const total = build.outputs.reduce((sum, { bytes }) => sum + bytes.raw, 0);
  expect(sizes.modules[0]!.bytes.raw).toBe(total);
});

describe('against real rebuilds without the import', () => {
  const app: App = {
    entries: ['main.js'],
    files: {
      'main.js': `import { bar } from './chart.js';
import { table } from './table.js';
import moment from 'moment';
import { format, addDays } from 'date-fns';
import { map, filter } from 'rxjs';
import { debounce } from 'lodash-es';
import { z } from 'zod';
import './side.js';
bar(); table(); console.log(moment(), format(addDays(new Date(), 1), 'P'), map, filter, debounce(() => {}), z.object({ a: z.string() }));
import('./lazy.js').then((lazy) => lazy.go());`,
      'chart.js': `import * as d3 from 'd3';
import { memoize } from 'lodash-es';
export function bar() { console.log(d3, memoize); }`,
      'table.js': `import { sortBy, memoize } from 'lodash-es';
export function table() { return sortBy([], memoize); }`,
      'side.js': `import { map, pluck as p2 } from 'ramda';
import $ from 'jquery';
console.log(map, $, p2);`,
      'lazy.js': `import { Scene } from 'three';
import { createApp } from 'vue';
export function go() { console.log(new Scene(), createApp); }`,
    },
    // Short names depend on what else is in the file. Kept long here, so that what is compared is what leaves.
    options: {
      minifyIdentifiers: false,
      minifySyntax: true,
      minifyWhitespace: true,
      minify: false,
      legalComments: 'none',
    },
  };
  let base: Bundled;
  let byNames: RetainedSizes;
  let bySources: RetainedSizes;

  beforeAll(async () => {
    base = await bundle(app);
    byNames = retainedSizes(base.build);
    bySources = retainedSizes(base.build, { reexports: await readReexports(base.build, base.sources) });
  });

  test('each static import of the project that retains over 1 kB agrees', { timeout: 60_000 }, async () => {
    const { modules, edges } = base.build;
    let compared = 0;
    for (const [index, { from, to, kind, line, column }] of edges.entries()) {
      if (modules[from]!.package !== null || kind !== 'static') continue;
      const predicted = bySources.edges[index]!;
      if (predicted.bytes.raw < 1000) continue;
      const cut = await bundle(app, [{ module: modules[from]!.id, line: line!, column: column! }]);
      const real = base.size - cut.size;
      const label = `${modules[from]!.id}:${line} ${modules[to]!.id}`;
      // Even then names that collide are told apart by a digit, and fewer collide without the import.
      const slack = Math.max(0.01 * real, 0.0005 * base.size);
      expect(predicted.bytes.raw, label).toBeLessThan(real + slack);
      if (!predicted.isLowerBound) expect(predicted.bytes.raw, label).toBeGreaterThan(real - slack);
      expect(Math.abs(byNames.edges[index]!.bytes.raw - predicted.bytes.raw) / real, label).toBeLessThan(0.02);
      compared++;
    }
    expect(compared).toBeGreaterThan(9);
  });

  test('a package that only passes others on retains them', () => {
    const d3 = bySources.packages.find(({ name }) => name === 'd3')!;
    expect(d3.bytes.raw).toBeGreaterThan(10 * d3.self.raw);
    expect(d3.modules).toBeGreaterThan(20);
  });
});
