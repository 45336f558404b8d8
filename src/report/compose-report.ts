/** From builds to what the page shows: each build with everything that the detectors find out about it. */
import {
  REPORT_SCHEMA,
  type CutSet,
  type Duplicate,
  type EdgeIndex,
  type ReportBuild,
  type ReportData,
  type Retained,
} from '../../reports/report-data.ts';
import { packBuild, packRetained } from '../../reports/packed-build.ts';
import { cutSetOfPackage } from '../detect/cut-set.ts';
import { findDuplicates } from '../detect/duplicates.ts';
import { retainedSizes, type RetainedSizes } from '../detect/retained.ts';
import type { Build, Edge } from '../model/build.ts';

export interface NamedBuild {
  readonly name: string;
  readonly build: Build;
}

/** How many packages get a cut set: the largest, which are what a reader asks for. */
const CUT_SETS = 40;
/** Above this many modules the findings that cost more than linear time are left to `pare why`. */
const MANY_MODULES = 20_000;

export function composeReport(title: string, builds: readonly NamedBuild[]): ReportData {
  return { schema: REPORT_SCHEMA, title, builds: withUniqueNames(builds).map(reportBuild) };
}

function reportBuild({ name, build }: NamedBuild): ReportBuild {
  const edgeIndex = new Map(build.edges.map((edge, i) => [edge, i]));
  const sizes = retainedSizes(build);
  const small = build.modules.length <= MANY_MODULES;
  return {
    name,
    build: packBuild(build),
    retained: retainedSection(sizes),
    cutSets: small ? cutSets(build, sizes, edgeIndex) : [],
    duplicates: duplicates(build, edgeIndex),
  };
}

function retainedSection(sizes: RetainedSizes): Retained {
  return {
    modules: packRetained(sizes.modules),
    edges: packRetained(sizes.edges),
    packages: sizes.packages.map(({ name, bytes, isLowerBound }) => ({ name, bytes, isLowerBound })),
  };
}

function cutSets(build: Build, sizes: RetainedSizes, edgeIndex: ReadonlyMap<Edge, EdgeIndex>): CutSet[] {
  return sizes.packages.slice(0, CUT_SETS).flatMap(({ name }) => {
    const { cut, scope } = cutSetOfPackage(build, name);
    if (scope === 'none' || cut.length === 0) return [];
    const cuts = cut.flatMap((edge) => edgeIndex.get(edge) ?? []);
    return [{ target: { package: name }, cuts, saves: sizes.ofImports(cuts).bytes }];
  });
}

function duplicates(build: Build, edgeIndex: ReadonlyMap<Edge, EdgeIndex>): Duplicate[] {
  return findDuplicates(build).map(({ kind, subject, copies, wasted, mend }) => ({
    kind,
    name: subject,
    wasted,
    mend,
    copies: copies.map(({ label, modules, bytes, broughtInBy }) => {
      const first = broughtInBy.flatMap(({ imports }) => imports)[0];
      return { label, modules, bytes, broughtBy: first === undefined ? null : (edgeIndex.get(first) ?? null) };
    }),
  }));
}

/** A report tells its builds apart by their names. */
function withUniqueNames(builds: readonly NamedBuild[]): NamedBuild[] {
  const seen = new Map<string, number>();
  return builds.map(({ name, build }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return { name: count === 1 ? name : `${name} ${count}`, build };
  });
}
