import fc from 'fast-check';
import type { Build, Bytes, Edge, Module, Output } from '../../src/model/build.ts';
import { BUILD_SCHEMA } from '../../src/model/build.ts';

export function bytes(raw: number): Bytes {
  return { raw, gzip: raw / 2, brotli: raw / 4 };
}

export function moduleOf(id: string, more: Partial<Module> = {}): Module {
  const inner = /^(.*node_modules\/)((?:@[^/]+\/)?[^/]+)/.exec(id);
  return {
    id,
    package: inner === null ? null : { name: inner[2]!, version: '1.0.0' },
    format: 'esm',
    sourceBytes: 100,
    sideEffects: null,
    exports: null,
    usedExports: null,
    ...more,
  };
}

export function edgeOf(from: number, to: number, more: Partial<Edge> = {}): Edge {
  return { from, to, kind: 'static', names: null, line: null, column: null, ...more };
}

/** An output whose parts are the modules given, each with its raw bytes, and some glue. */
export function outputOf(
  file: string,
  sizes: readonly (readonly [number, number])[],
  more: Partial<Output> = {},
): Output {
  const parts = [
    ...sizes.map(([module, size]) => ({ module, rest: null, bytes: bytes(size) })),
    { module: null, rest: 'glue' as const, bytes: bytes(8) },
  ];
  const total = 8 + sizes.reduce((sum, [, size]) => sum + size, 0);
  return { file, kind: 'chunk', entry: false, entryModule: null, imports: [], bytes: bytes(total), parts, ...more };
}

export function buildOf(modules: readonly Module[], edges: readonly Edge[], outputs: readonly Output[]): Build {
  return {
    schema: BUILD_SCHEMA,
    bundler: { name: 'esbuild', version: '0.28.0' },
    modules,
    edges,
    outputs,
    diagnostics: [],
  };
}

/** Small builds with cycles, several entries, packages, several edges between two modules and several outputs. */
export const builds: fc.Arbitrary<Build> = fc
  .integer({ min: 1, max: 14 })
  .chain((count) =>
    fc.record({
      edges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 3 * count }),
      owners: fc.array(fc.constantFrom(null, 'a', 'b', 'c'), { minLength: count, maxLength: count }),
      sizes: fc.array(fc.integer({ min: 1, max: 999 }), { minLength: count, maxLength: count }),
      homes: fc.array(fc.nat(2), { minLength: count, maxLength: count }),
      entries: fc.uniqueArray(fc.nat(count - 1), { minLength: 1, maxLength: 2 }),
    }),
  )
  .map(({ edges, owners, sizes, homes, entries }) => {
    const modules = owners.map((owner, index) =>
      moduleOf(owner === null ? `src/${index}.js` : `node_modules/${owner}/${index}.js`),
    );
    const reached = reachable(modules.length, edges, entries);
    const outputs = [0, 1, 2].map((home) =>
      outputOf(
        `chunk-${home}.js`,
        sizes.flatMap((size, index) => (homes[index] === home && reached.has(index) ? [[index, size] as const] : [])),
      ),
    );
    const starts = entries.map((entry) => outputOf(`entry-${entry}.js`, [], { entry: true, entryModule: entry }));
    return buildOf(
      modules,
      edges.map(([from, to], line) => edgeOf(from, to, { line: line + 1, column: 0 })),
      [...outputs, ...starts],
    );
  });

export function reachable(
  count: number,
  edges: readonly (readonly [number, number])[],
  starts: readonly number[],
): Set<number> {
  const reached = new Set(starts.filter((start) => start < count));
  for (let isGrowing = true; isGrowing;) {
    isGrowing = false;
    for (const [from, to] of edges) {
      if (!reached.has(from) || reached.has(to)) continue;
      reached.add(to);
      isGrowing = true;
    }
  }
  return reached;
}

/** A layered application of `count` modules: own code in front, packages behind, three imports a module. */
export function largeBuild(count: number): Build {
  let seed = 42;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const own = Math.floor(count / 4);
  const modules = Array.from({ length: count }, (_, index) =>
    moduleOf(
      index < own
        ? `src/feature-${index % 97}/part-${index}.ts`
        : `node_modules/package-${Math.floor((index - own) / 40)}/lib/file-${index}.js`,
      {
        sideEffects: index < own ? null : false,
      },
    ),
  );
  const edges: Edge[] = [];
  for (let index = 1; index < count; index++) {
    const near = index < own ? random(index) : Math.max(0, index - 1 - random(60));
    edges.push(edgeOf(near, index, { names: ['default'], line: 1, column: 0 }));
    for (let more = 0; more < 2; more++) {
      const to = index < own ? random(count) : Math.min(count - 1, index + random(400));
      edges.push(edgeOf(index, to, { names: [`name${random(9)}`], line: 2 + more, column: 0 }));
    }
  }
  const outputs = Array.from({ length: 50 }, (_, chunk) =>
    outputOf(
      `chunk-${chunk}.js`,
      modules.flatMap((_module, index) => (index % 50 === chunk ? [[index, 200 + (index % 1000)] as const] : [])),
      {
        entry: chunk === 0,
        entryModule: chunk === 0 ? 0 : null,
      },
    ),
  );
  return buildOf(modules, edges, outputs);
}
