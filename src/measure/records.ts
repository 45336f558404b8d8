/**
 * The modules and edges of a `Build`, from what the adapters and the sources say of them. Places and names of imports and the
 * exported names are read from every source of the build, which costs more than all the rest: it is done when somebody first
 * looks at them.
 */
import type { Edge, Module } from '../model/build.ts';
import type { EdgeEvidence, ModuleEvidence, PackageFacts } from './evidence.ts';
import { formatOf, packageOf } from './module-id.ts';

const NO_FACTS = { sourceBytes: null, sideEffects: null, exports: null, usedExports: null } as const;

/**
 * @param ids of all modules, in the order of the record
 * @param canonical the record's id of a module by the name that the evidence has for it
 */
export function modulesOf(
  ids: readonly string[],
  evidence: readonly ModuleEvidence[],
  packages: PackageFacts,
  canonical: (id: string) => string,
): Module[] {
  const known = new Map<string, ModuleEvidence>();
  for (const facts of evidence) {
    const id = canonical(facts.id);
    const before = known.get(id);
    known.set(id, before === undefined ? facts : merged(before, facts));
  }
  return ids.map((id): Module => {
    const { format, sourceBytes, sideEffects, exports, usedExports } = known.get(id) ?? {
      ...NO_FACTS,
      format: formatOf(id),
    };
    const owner = packageOf(id);
    const ref = owner === null ? null : { name: owner.name, version: packages.version(owner.folder) };
    return { id, package: ref, format, sourceBytes, sideEffects, exports, usedExports };
  });
}

/** One file that a bundler serves in several parts (`App.vue`, `App.vue?vue&type=style`) is one module. */
function merged(a: ModuleEvidence, b: ModuleEvidence): ModuleEvidence {
  const both = (x: readonly string[] | null, y: readonly string[] | null) =>
    x === null || y === null ? (x ?? y) : [...new Set([...x, ...y])].sort();
  return {
    id: a.id,
    format: a.format === 'unknown' ? b.format : a.format,
    sourceBytes:
      a.sourceBytes === null || b.sourceBytes === null
        ? (a.sourceBytes ?? b.sourceBytes)
        : Math.max(a.sourceBytes, b.sourceBytes),
    sideEffects:
      a.sideEffects === null || b.sideEffects === null
        ? (a.sideEffects ?? b.sideEffects)
        : a.sideEffects || b.sideEffects,
    exports: both(a.exports, b.exports),
    usedExports: both(a.usedExports, b.usedExports),
  };
}

/** @param placeOf a module's place in the record by the name that the evidence has for it; undefined: it is not there */
export function edgesOf(evidence: readonly EdgeEvidence[], placeOf: (id: string) => number | undefined): Edge[] {
  const edges: Edge[] = [];
  for (const edge of evidence) {
    const from = placeOf(edge.from);
    const to = placeOf(edge.to);
    if (from === undefined || to === undefined || from === to) continue;
    const { kind, names, line, column } = edge;
    edges.push({ from, to, kind, names, line, column });
  }
  edges.sort(
    (a, b) =>
      a.from - b.from ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      a.to - b.to ||
      compare(a.kind, b.kind),
  );
  return edges.filter((edge, i) => i === 0 || !sameEdge(edge, edges[i - 1]!));
}

function sameEdge(a: Edge, b: Edge): boolean {
  const where = a.from === b.from && a.to === b.to && a.kind === b.kind && a.line === b.line && a.column === b.column;
  return where && (a.names ?? []).join() === (b.names ?? []).join();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
