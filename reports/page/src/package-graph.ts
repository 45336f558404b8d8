/** Which package needs which: the imports between modules, taken together by package. */
import { OWN_CODE } from './model.ts';
import type { Model } from './model.ts';

/** A slot is a position in `Model.packages` plus one; slot 0 is the project's own code. */
export interface PackageGraph {
  readonly needs: readonly ReadonlyMap<number, Link>[];
  readonly neededBy: readonly ReadonlyMap<number, Link>[];
  /** Number of steps from the project's own code; -1: not reached. */
  readonly depth: Int32Array;
}

export interface Link {
  readonly imports: number;
  /** Whether every one of the imports is dynamic. */
  readonly dynamic: boolean;
}

const cache = new WeakMap<Model, PackageGraph>();

export function packageGraph(model: Model): PackageGraph {
  const known = cache.get(model);
  if (known) return known;
  const slots = model.packages.length + 1;
  const needs = Array.from({ length: slots }, () => new Map<number, Link>());
  const neededBy = Array.from({ length: slots }, () => new Map<number, Link>());
  const { edges, packageOf } = model;
  for (let edge = 0; edge < edges.count; edge++) {
    const from = (packageOf[edges.from[edge] ?? 0] ?? OWN_CODE) + 1;
    const to = (packageOf[edges.to[edge] ?? 0] ?? OWN_CODE) + 1;
    if (from === to) continue;
    const before = needs[from]?.get(to);
    const dynamic = (before?.dynamic ?? true) && model.edgeKind(edge) === 'dynamic';
    const link = { imports: (before?.imports ?? 0) + 1, dynamic };
    needs[from]?.set(to, link);
    neededBy[to]?.set(from, link);
  }
  const graph = { needs, neededBy, depth: depths(model, needs, neededBy) };
  cache.set(model, graph);
  return graph;
}

/** Breadth first from the project's own code; in a build without any, from what no other package needs. */
function depths(model: Model, needs: PackageGraph['needs'], neededBy: PackageGraph['neededBy']): Int32Array {
  const depth = new Int32Array(needs.length).fill(-1);
  const hasOwn = model.packageOf.includes(OWN_CODE);
  const queue = hasOwn ? [0] : Array.from(neededBy.keys()).filter((slot) => slot > 0 && neededBy[slot]?.size === 0);
  for (const slot of queue) depth[slot] = 0;
  for (let head = 0; head < queue.length; head++) {
    const slot = queue[head] ?? 0;
    for (const to of needs[slot]?.keys() ?? []) {
      if (depth[to] !== -1) continue;
      depth[to] = (depth[slot] ?? 0) + 1;
      queue.push(to);
    }
  }
  return depth;
}
