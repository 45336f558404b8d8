/** What would mend a failure of a budget: the import statements that must go for its cause to leave. */
import type { CauseCut } from '../../reports/check-report.ts';
import type { BudgetCause } from '../budget/budgets.ts';
import { cutSetOfModule, cutSetOfPackage } from '../detect/cut-set.ts';
import { hasBytes, moduleGraph } from '../detect/graph.ts';
import { readReexports } from '../detect/reexports.ts';
import { retainedSizes } from '../detect/retained.ts';
import type { Build, ModuleIndex } from '../model/build.ts';

/** @param sources text of a module, which makes cuts through barrels exact */
export async function cutFinder(
  build: Build,
  baseline: Build | null,
  sources: ((module: ModuleIndex) => string | null) | undefined,
): Promise<(cause: BudgetCause) => CauseCut | null> {
  const reexports = sources === undefined ? null : await readReexports(build, sources);
  const sizes = retainedSizes(build, { reexports });
  const indexOf = new Map(build.modules.map(({ id }, index) => [id, index]));
  const edgeIndex = new Map(build.edges.map((edge, index) => [edge, index]));
  const known = new Map<string, CauseCut | null>();
  const find = (module: ModuleIndex, owner: string | null): CauseCut | null => {
    const options = { reexports, sizes };
    const { cut } = owner === null ? cutSetOfModule(build, module, options) : cutSetOfPackage(build, owner, options);
    if (cut.length === 0) return null;
    const { bytes, isLowerBound } = sizes.ofImports(cut.map((edge) => edgeIndex.get(edge)!));
    const statements = cut.map(({ from, to, line, column }) => ({
      from: build.modules[from]!.id,
      to: build.modules[to]!.id,
      line,
      column,
    }));
    return { what: owner ?? build.modules[module]!.id, statements, saves: bytes, isLowerBound };
  };
  return ({ chain, isGrowth }) => {
    const end = chain.at(-1);
    const module = end === undefined ? undefined : indexOf.get(end.to);
    if (module === undefined) return null;
    const { id, package: ref } = build.modules[module]!;
    const before = isGrowth ? baseline : null;
    // What was there before and has grown needn't go; of a package that was there only what is new.
    if (before !== null && hasModule(before, id)) return null;
    const whole = ref !== null && !(before !== null && hasPackage(before, ref.name)) ? ref.name : null;
    const key = whole ?? `module ${module}`;
    if (!known.has(key)) known.set(key, find(module, whole));
    return known.get(key)!;
  };
}

function hasModule(build: Build, id: string): boolean {
  const graph = moduleGraph(build);
  return build.modules.some((each, module) => each.id === id && hasBytes(graph, module));
}

function hasPackage(build: Build, name: string): boolean {
  const graph = moduleGraph(build);
  return build.modules.some(({ package: owner }, module) => owner?.name === name && hasBytes(graph, module));
}
