/** Why a module is in the build: the shortest way from an entry to it. */
import type { Model } from './model.ts';

interface Reach {
  /** The edge by which the module is first reached; -1 for entries and for what is not reached. */
  readonly by: Int32Array;
  /** Number of edges from the nearest entry; -1: not reached. */
  readonly distance: Int32Array;
}

const cache = new WeakMap<Model, Reach>();

/** Breadth first from all entries at once. */
export function reachFromEntries(model: Model): Reach {
  const known = cache.get(model);
  if (known) return known;
  const { edges } = model;
  const by = new Int32Array(model.ids.length).fill(-1);
  const distance = new Int32Array(model.ids.length).fill(-1);
  const queue = entryModules(model);
  for (const entry of queue) distance[entry] = 0;
  for (let head = 0; head < queue.length; head++) {
    const module = queue[head] ?? 0;
    const end = edges.out.start[module + 1] ?? 0;
    for (let i = edges.out.start[module] ?? 0; i < end; i++) {
      const edge = edges.out.edge[i] ?? 0;
      const to = edges.to[edge] ?? 0;
      if (distance[to] !== -1) continue;
      distance[to] = (distance[module] ?? 0) + 1;
      by[to] = edge;
      queue.push(to);
    }
  }
  const reach = { by, distance };
  cache.set(model, reach);
  return reach;
}

/** The modules that entries start with; where the build doesn't say, those that nothing imports. */
function entryModules(model: Model): number[] {
  const named = model.outputs.flatMap((output) =>
    output.entry && output.entryModule !== null ? [output.entryModule] : [],
  );
  if (named.length > 0) return [...new Set(named)];
  const { start } = model.edges.in;
  return model.ids.flatMap((_, module) => (start[module] === start[module + 1] ? [module] : []));
}

/** The edges from an entry to the module; empty for an entry, null where no entry leads to it. */
export function shortestChain(model: Model, module: number): number[] | null {
  const { by, distance } = reachFromEntries(model);
  if (distance[module] === -1) return null;
  const chain: number[] = [];
  for (let at = module; (by[at] ?? -1) !== -1; at = model.edges.from[by[at] ?? 0] ?? 0) chain.unshift(by[at] ?? 0);
  return chain;
}

export function importersOf(model: Model, module: number): number[] {
  const { start, edge } = model.edges.in;
  return Array.from(edge.subarray(start[module], start[module + 1]));
}

export function importsOf(model: Model, module: number): number[] {
  const { start, edge } = model.edges.out;
  return Array.from(edge.subarray(start[module], start[module + 1]));
}
