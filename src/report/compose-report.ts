/** From builds to what the page shows: each build with everything that the detectors find out about it. */
import {
  REPORT_SCHEMA,
  type BudgetResult as ShownBudget,
  type Coverage,
  type CutSet,
  type Duplicate,
  type EdgeIndex,
  type Leaving,
  type NotShaken,
  type ReportBuild,
  type ReportData,
  type Retained,
} from '../../reports/report-data.ts';
import { packBuild, packRetained } from '../../reports/packed-build.ts';
import type { BudgetResult } from '../budget/budgets.ts';
import { cutSetOfPackage, modulesLeaving, type CutSetOptions } from '../detect/cut-set.ts';
import { findDuplicates } from '../detect/duplicates.ts';
import { findNotShaken } from '../detect/not-shaken.ts';
import { readReexports } from '../detect/reexports.ts';
import { retainedSizes, type RetainedSizes } from '../detect/retained.ts';
import type { ExecutedBytes } from '../measure/executed.ts';
import type { Build, Bytes, Edge, ModuleIndex } from '../model/build.ts';
import { addBytes, NO_BYTES } from '../model/bytes.ts';
import type { ByteCache } from '../model/byte-cache.ts';
import { bareNames } from './bare-names.ts';
import { cachedSection } from './cached-section.ts';
import type { NamedBuild } from './named-build.ts';
import { uniquelyNamed } from './unique-names.ts';
import { diffSection } from './diff-section.ts';
import { moduleSources } from './module-sources.ts';

/** How many packages get a cut set: the largest, which are what a reader asks for. */
const CUT_SETS = 40;
/** What leaves besides is listed by this many packages. */
const MOST_LEAVING = 5;
/** Above this many modules the findings that cost more than linear time are left to `pare why`. */
const MANY_MODULES = 20_000;

/** @param cache keeps what is composed of each build; none: all is composed */
export async function composeReport(
  title: string,
  builds: readonly NamedBuild[],
  cache: ByteCache | null = null,
): Promise<ReportData> {
  const section = (named: NamedBuild): Promise<ReportBuild> =>
    cache === null ? reportBuild(named) : cachedSection(named, cache, () => reportBuild(named));
  return { schema: REPORT_SCHEMA, title, builds: await Promise.all(uniquelyNamed(builds).map(section)) };
}

async function reportBuild(named: NamedBuild): Promise<ReportBuild> {
  const { name, build, root, sources, maps, baseline, budgets, coverage } = named;
  const edgeIndex = new Map(build.edges.map((edge, i) => [edge, i]));
  const isSmall = build.modules.length <= MANY_MODULES;
  const reexports = isSmall && sources !== undefined ? await readReexports(build, sources) : null;
  const sizes = retainedSizes(build, { reexports });
  return {
    name,
    build: packBuild(build),
    retained: retainedSection(sizes),
    cutSets: isSmall ? cutSets(build, sizes, edgeIndex, { reexports, sizes }) : [],
    duplicates: duplicates(build, edgeIndex),
    ...(isSmall && sources !== undefined && reexports !== null
      ? { notShaken: shownNotShaken(await findNotShaken(build, { sources, reexports })) }
      : {}),
    ...(baseline === undefined ? {} : { diff: diffSection(baseline.name, baseline.build, build) }),
    ...(budgets === undefined ? {} : { budgets: budgets.map((result) => shownBudget(result, build)) }),
    ...(coverage === undefined ? {} : { coverage: coverage.map(shownCoverage) }),
    ...(isSmall && root !== undefined && maps !== undefined
      ? { sources: await moduleSources(build, { root, maps, sources: sources ?? (() => null) }) }
      : {}),
  };
}

function retainedSection(sizes: RetainedSizes): Retained {
  return {
    modules: packRetained(sizes.modules),
    edges: packRetained(sizes.edges),
    packages: sizes.packages.map(({ name, bytes, isLowerBound }) => ({ name, bytes, isLowerBound })),
  };
}

function cutSets(
  build: Build,
  sizes: RetainedSizes,
  edgeIndex: ReadonlyMap<Edge, EdgeIndex>,
  options: CutSetOptions,
): CutSet[] {
  const bytesOf = moduleBytes(build);
  const positions = (edges: readonly Edge[]): EdgeIndex[] => edges.flatMap((edge) => edgeIndex.get(edge) ?? []);
  return sizes.packages.slice(0, CUT_SETS).flatMap(({ name }): CutSet[] => {
    const { cut, fewest, scope } = cutSetOfPackage(build, name, options);
    if (scope === 'none' || cut.length === 0) return [];
    const cuts = positions(cut);
    const others = fewest.length < cut.length ? positions(fewest) : null;
    const leaving = byPackage(build, modulesLeaving(build, cut, options), bytesOf).filter(
      (each) => each.package !== name,
    );
    return [
      {
        target: { package: name },
        cuts,
        saves: sizes.ofImports(cuts).bytes,
        alsoLeaves: leaving.slice(0, MOST_LEAVING),
        alsoMore: Math.max(0, leaving.length - MOST_LEAVING),
        fewest: others === null ? null : { cuts: others, saves: sizes.ofImports(others).bytes },
      },
    ];
  });
}

function moduleBytes(build: Build): Bytes[] {
  const sizes = build.modules.map(() => NO_BYTES);
  for (const { parts } of build.outputs)
    for (const { module, bytes } of parts) if (module !== null) sizes[module] = addBytes(sizes[module]!, bytes);
  return sizes;
}

/** The heaviest first. */
function byPackage(build: Build, modules: readonly ModuleIndex[], sizes: readonly Bytes[]): Leaving[] {
  const groups = new Map<string | null, { modules: number; bytes: Bytes }>();
  for (const module of modules) {
    const owner = build.modules[module]!.package?.name ?? null;
    const group = groups.get(owner) ?? { modules: 0, bytes: NO_BYTES };
    groups.set(owner, { modules: group.modules + 1, bytes: addBytes(group.bytes, sizes[module]!) });
  }
  return [...groups].map(([owner, group]) => ({ package: owner, ...group })).sort((a, b) => b.bytes.raw - a.bytes.raw);
}

function duplicates(build: Build, edgeIndex: ReadonlyMap<Edge, EdgeIndex>): Duplicate[] {
  return findDuplicates(build).map(({ kind, subject, copies, wasted, mend }) => ({
    kind,
    name: bareNames(subject),
    wasted,
    mend: mend === null ? null : bareNames(mend),
    copies: copies.map(({ label, modules, bytes, broughtInBy }) => {
      const first = broughtInBy.flatMap(({ imports }) => imports)[0];
      return {
        label: bareNames(label),
        modules,
        bytes,
        broughtBy: first === undefined ? null : (edgeIndex.get(first) ?? null),
      };
    }),
  }));
}

/** Bytes below which a finding is not worth a row. */
const LEAST_KEPT = 512;

function shownNotShaken(found: Awaited<ReturnType<typeof findNotShaken>>): NotShaken[] {
  const worthwhile = found.filter(({ bytes }) => bytes.raw >= LEAST_KEPT);
  return worthwhile.map(({ module, kept, reason, detail, at, bytes, isEstimate }) => ({
    module,
    kept,
    reason,
    detail: bareNames(detail),
    at,
    bytes,
    isEstimate,
  }));
}

function shownBudget(result: BudgetResult, build: Build): ShownBudget {
  const { name, subject, status, measure, limit, actual, baseline, message, causes } = result;
  const byId = new Map(build.modules.map(({ id }, module) => [id, module]));
  return {
    name,
    subject,
    unit: measure === 'requests' || measure === 'packages' ? 'count' : measure,
    limit,
    actual,
    baseline,
    passed: status === 'ok' || status === 'new',
    message: bareNames(message),
    causes: causes.map(({ what, size, chain }) => {
      const last = chain.at(-1);
      // What is only named gets the last import that the project can edit; what is a sentence says it already.
      const own = what.includes(' ') ? undefined : chain.findLast(({ from }) => !from.includes('node_modules/'));
      const by = own === undefined ? '' : `, through ${own.from}${own.line === null ? '' : `:${own.line}`}`;
      return {
        text: bareNames(`${what}${by}`),
        module: byId.get(what) ?? byId.get(last?.to ?? '') ?? null,
        bytes: size,
      };
    }),
  };
}

function shownCoverage({ point, modules }: ExecutedBytes): Coverage {
  return { point, modules };
}
