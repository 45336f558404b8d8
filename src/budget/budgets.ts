import { importChain } from '../detect/graph.ts';
import type { Build, Bytes, ModuleIndex } from '../model/build.ts';
import { PareError } from '../model/errors.ts';
import type { Budget } from './budget.ts';
import { describeCause, diffBuilds, newImportsBetween } from './diff.ts';
import type { DiffCause, ImportPlace, ModuleChange } from './diff.ts';
import { joinModules } from './identity.ts';
import type { Joined } from './identity.ts';
import { allowed, formatBytes, parseLimit } from './limit.ts';
import { didYouMean } from './did-you-mean.ts';
import { entriesOf, routesOf, scopesOf } from './scope.ts';
import type { Scope } from './scope.ts';

/** What a command that checks budgets exits with: some of the exit codes of `src/cli/exit-codes.ts`, where 3 is a file's fault. */
export const EXIT_WITHIN_BUDGET = 0;
/** Something is over an absolute limit, or a banned package is in. */
export const EXIT_OVER_BUDGET = 1;
/** The configuration or the baseline can't be used; nothing was checked. */
export const EXIT_BAD_CONFIG = 2;
/** Nothing is over an absolute limit, but something grew more over the baseline than it may. */
export const EXIT_REGRESSION = 4;

export type Measure = 'raw' | 'gzip' | 'brotli';

/** One of the things that make up a failure. */
export interface BudgetCause {
  /** A package's name, a module's id, or what changed in words. */
  readonly what: string;
  /** In the unit of the budget: what it has, or, against a baseline, what it added. */
  readonly size: number;
  /** Whether `size` is what was added over the baseline. */
  readonly isGrowth: boolean;
  /** Import statements from an entry to it; empty where it is an entry itself or no entry leads to it. */
  readonly chain: readonly ImportPlace[];
}

export interface BudgetResult {
  readonly name: string;
  readonly budget: Budget;
  /** What was measured: an entry, a route, a file without its hash, a package. */
  readonly subject: string;
  /**
   * `over`: above an absolute limit, or banned. `regressed`: above what the baseline allows. `new`: the limit is relative and
   * the baseline has no such thing, so that there is nothing to hold it to.
   */
  readonly status: 'ok' | 'over' | 'regressed' | 'new';
  readonly measure: Measure | 'requests' | 'packages';
  readonly actual: number;
  readonly limit: number | null;
  /** What the baseline had; null without a baseline, or where it has no such thing. */
  readonly baseline: number | null;
  /** In a sentence. */
  readonly message: string;
  /** The top three; empty where the budget holds. */
  readonly causes: readonly BudgetCause[];
}

export interface CheckOptions {
  /** A build before, or what `readBaseline` gives. Needed by limits that are relative. */
  readonly baseline?: Build | null;
}

/**
 * Holds a build to its budgets, in their order; a budget that matches several things has a result for each.
 * @throws {PareError} `budget-unknown` where something named is not in the build, `budget-baseline` where a limit is relative
 * and there is no baseline, `budget-unmeasured` where the build lacks the measure. All of a kind at once.
 */
export function checkBudgets(build: Build, budgets: readonly Budget[], options: CheckOptions = {}): BudgetResult[] {
  const baseline = options.baseline ?? null;
  refuseUnusable(build, budgets, baseline);
  let comparison: Comparison | null = null;
  const compareOnce = (): Comparison | null =>
    baseline === null ? null : (comparison ??= compareBuilds(baseline, build));
  return budgets.flatMap((budget) => {
    if (budget.kind === 'banned') return [checkBanned(build, budget)];
    const before = baseline === null ? [] : (scopesOf(baseline, budget) ?? []);
    return scopesOf(build, budget)!.map((scope, at, all) =>
      checkScope(build, budget, scope, counterpart(before, scope, at, all), compareOnce),
    );
  });
}

/** The worst of the results as an exit code. */
export function exitCodeOf(results: readonly BudgetResult[]): number {
  if (results.some(({ status }) => status === 'over')) return EXIT_OVER_BUDGET;
  return results.some(({ status }) => status === 'regressed') ? EXIT_REGRESSION : EXIT_WITHIN_BUDGET;
}

type Sized = Exclude<Budget, { kind: 'banned' }>;

function measureOf(budget: Sized): BudgetResult['measure'] {
  return budget.kind === 'requests' ? 'requests' : (budget.measure ?? 'brotli');
}

function sizeIn(bytes: Bytes, measure: BudgetResult['measure']): number | null {
  return measure === 'requests' || measure === 'packages' ? 0 : bytes[measure];
}

function valueOf(scope: Scope, measure: BudgetResult['measure']): number | null {
  return measure === 'requests' ? scope.files.length : sizeIn(scope.bytes, measure);
}

/** The same thing in the baseline: by its subject; of several with one subject (chunks by hash alone), by the most in common. */
function counterpart(before: readonly Scope[], scope: Scope, at: number, all: readonly Scope[]): Scope | null {
  const same = before.filter(({ subject }) => subject === scope.subject);
  const rank = all.slice(0, at).filter(({ subject }) => subject === scope.subject).length;
  const bySize = (a: Scope, b: Scope): number => b.bytes.raw - a.bytes.raw;
  if (same.length <= 1) return rank === 0 ? (same[0] ?? null) : null;
  // Largest with largest: files without a name of their own can be told apart by nothing steadier.
  const place = all
    .filter(({ subject }) => subject === scope.subject)
    .sort(bySize)
    .indexOf(scope);
  return same.sort(bySize)[place] ?? null;
}

function checkScope(
  build: Build,
  budget: Sized,
  scope: Scope,
  before: Scope | null,
  comparison: () => Comparison | null,
): BudgetResult {
  const measure = measureOf(budget);
  const limit = parseLimit(budget.max)!;
  const actual = valueOf(scope, measure)!;
  const baseline = before === null ? null : valueOf(before, measure);
  const most = allowed(limit, baseline);
  const isOver = most !== null && actual > most;
  const isRelative = limit.kind !== 'most';
  const status = most === null ? 'new' : !isOver ? 'ok' : isRelative ? 'regressed' : 'over';
  const name = budget.name ?? `${budget.kind} ${scope.subject}`;
  const format = (value: number): string =>
    measure === 'requests' ? `${Math.round(value)} requests` : formatBytes(value);
  return {
    name,
    budget,
    subject: scope.subject,
    status,
    measure,
    actual,
    limit: most,
    baseline,
    message: messageOf(name, measure, status, actual, most, isRelative ? baseline : null, format),
    causes: isOver
      ? causesOf(build, budget, scope, isRelative || baseline !== null ? comparison() : null, before, measure)
      : [],
  };
}

function messageOf(
  name: string,
  measure: BudgetResult['measure'],
  status: BudgetResult['status'],
  actual: number,
  most: number | null,
  baseline: number | null,
  format: (value: number) => string,
): string {
  const unit = measure === 'requests' ? '' : ` (${measure})`;
  if (most === null) return `${name}: ${format(actual)}${unit}; the baseline has none to compare with.`;
  const over = actual - most;
  if (status === 'ok') return `${name}: ${format(actual)} of ${format(most)}${unit}.`;
  const base = baseline === null ? '' : `, the baseline's ${format(baseline)} and what may be added`;
  return `${name}: ${format(actual)} is ${format(over)} over ${format(most)}${unit}${base}.`;
}

const TOP = 3;
/** A cause that is smaller than the largest by more than this factor is not shown beside it. */
const NOISE = 100;

function causesOf(
  build: Build,
  budget: Sized,
  scope: Scope,
  comparison: Comparison | null,
  before: Scope | null,
  measure: BudgetResult['measure'],
): BudgetCause[] {
  if (measure === 'requests') return fileCauses(build, scope, before);
  if (comparison !== null) {
    const causes = growthCauses(build, scope, before, comparison, measure);
    if (causes.length > 0) return causes;
  }
  return contentCauses(build, budget, scope, measure);
}

/** What changed between the baseline and the build, by module. */
interface Comparison {
  readonly joined: Joined;
  /** By id. */
  readonly changes: ReadonlyMap<string, ModuleChange>;
  readonly newImportOf: (module: ModuleIndex) => DiffCause | null;
}

function compareBuilds(baseline: Build, build: Build): Comparison {
  return {
    joined: joinModules(baseline, build),
    changes: new Map(diffBuilds(baseline, build).modules.map((change) => [change.id, change])),
    newImportOf: newImportsBetween(baseline, build),
  };
}

/** Against a baseline: what made the scope grow, be it that modules grew or that they came in from elsewhere in the build. */
function growthCauses(
  build: Build,
  scope: Scope,
  before: Scope | null,
  comparison: Comparison,
  measure: BudgetResult['measure'],
): BudgetCause[] {
  const groups = new Map<string, { size: number; largest: ModuleIndex | null; most: number }>();
  const add = (what: string, size: number, module: ModuleIndex | null): void => {
    const group = groups.get(what) ?? { size: 0, largest: null, most: -Infinity };
    group.size += size;
    // To the module that grew most, so that the chain tells what the change brought and not only where it began.
    if (size > group.most) [group.largest, group.most] = [module, size];
    groups.set(what, group);
  };
  for (const [module, bytes] of scope.modules) {
    const was = before?.modules.get(comparison.joined.before[module]!);
    const growth = (sizeIn(bytes, measure) ?? 0) - (was === undefined ? 0 : (sizeIn(was, measure) ?? 0));
    if (growth !== 0) add(whyInScope(build, module, was !== undefined, comparison), growth, module);
  }
  const rest = restOf(scope, measure) - (before === null ? 0 : restOf(before, measure));
  if (rest !== 0) add('what the bundler writes besides modules', rest, null);
  // What the compressor makes of other neighbours is noise beside what made it so.
  const least = Math.max(...[...groups.values()].map(({ size }) => size)) / NOISE;
  return [...groups]
    .filter(([, { size }]) => size > 0 && size > least)
    .sort(([, a], [, b]) => b.size - a.size)
    .slice(0, TOP)
    .map(([what, { size, largest }]) => ({
      what,
      size,
      isGrowth: true,
      chain: largest === null ? [] : chainTo(build, largest),
    }));
}

function whyInScope(
  build: Build,
  module: ModuleIndex,
  wasInScope: boolean,
  { changes, newImportOf }: Comparison,
): string {
  const { id } = build.modules[module]!;
  const change = changes.get(id);
  const isNew = change !== undefined && change.before.raw === 0;
  if (change !== undefined && (wasInScope || isNew)) return describeCause(change.cause);
  const cause = newImportOf(module);
  return cause === null ? `${id} is in other files than before` : describeCause(cause);
}

/** What of a scope of files no module owns; 0 where it is one of modules. */
function restOf(scope: Scope, measure: BudgetResult['measure']): number {
  if (scope.files.length === 0) return 0;
  let rest = sizeIn(scope.bytes, measure) ?? 0;
  for (const bytes of scope.modules.values()) rest -= sizeIn(bytes, measure) ?? 0;
  return rest;
}

/** Without a baseline: the packages, or the own modules, that have the most in the scope. */
function contentCauses(build: Build, budget: Sized, scope: Scope, measure: BudgetResult['measure']): BudgetCause[] {
  const byModule = budget.kind === 'package' || budget.kind === 'modules';
  const groups = new Map<string, { size: number; modules: ModuleIndex[] }>();
  for (const [module, bytes] of scope.modules) {
    const { id, package: owner } = build.modules[module]!;
    const what = byModule || owner === null ? id : owner.name;
    const size = sizeIn(bytes, measure) ?? 0;
    const group = groups.get(what) ?? { size: 0, modules: [] };
    group.size += size;
    group.modules.push(module);
    groups.set(what, group);
  }
  return [...groups]
    .filter(([, { size }]) => size > 0)
    .sort(([, a], [, b]) => b.size - a.size)
    .slice(0, TOP)
    .map(([what, { size, modules }]) => ({ what, size, isGrowth: false, chain: shortestChain(build, modules) }));
}

/** Too many files: the smallest, which are the first to be merged; against a baseline those whose names are new. */
function fileCauses(build: Build, scope: Scope, before: Scope | null): BudgetCause[] {
  const known = new Set(before?.files);
  const outputs = build.outputs.filter(({ file }) => scope.files.includes(file));
  const fresh = outputs.filter(({ file }) => !known.has(file));
  return (before !== null && fresh.length > 0 ? fresh : outputs)
    .sort((a, b) => a.bytes.raw - b.bytes.raw)
    .slice(0, TOP)
    .map(({ file, parts }) => {
      const first = parts.filter(({ module }) => module !== null).sort((a, b) => b.bytes.raw - a.bytes.raw)[0];
      return { what: file, size: 1, isGrowth: false, chain: first === undefined ? [] : chainTo(build, first.module!) };
    });
}

function chainTo(build: Build, module: ModuleIndex): ImportPlace[] {
  return (importChain(build, module) ?? []).map(({ from, to, line, column }) => ({
    from: build.modules[from]!.id,
    to: build.modules[to]!.id,
    line,
    column,
  }));
}

function checkBanned(build: Build, budget: Extract<Budget, { kind: 'banned' }>): BudgetResult {
  const scopes = budget.packages.map((name) => scopesOf(build, { kind: 'package', package: name, max: 0 })![0]!);
  const present = scopes.filter(({ bytes }) => bytes.raw > 0);
  const names = present.map(({ subject }) => subject).join(', ');
  const name = budget.name ?? 'banned packages';
  const reason = budget.reason === undefined ? '' : ` ${budget.reason}`;
  return {
    name,
    budget,
    subject: present.length === 0 ? budget.packages.join(', ') : names,
    status: present.length === 0 ? 'ok' : 'over',
    measure: 'packages',
    actual: present.length,
    limit: 0,
    baseline: null,
    message:
      present.length === 0
        ? `${name}: none of them is in.`
        : `${name}: ${names} ${present.length === 1 ? 'is' : 'are'} in the bundle.${reason}`,
    causes: present
      .sort((a, b) => b.bytes.raw - a.bytes.raw)
      .slice(0, TOP)
      .map(({ subject, bytes, modules }) => ({
        what: subject,
        size: bytes.raw,
        isGrowth: false,
        chain: shortestChain(build, modules.keys()),
      })),
  };
}

/** To whichever of the modules is nearest to an entry: it ends with the statement that brings them in. */
function shortestChain(build: Build, modules: Iterable<ModuleIndex>): ImportPlace[] {
  const chains = [...modules].map((module) => chainTo(build, module)).filter(({ length }) => length > 0);
  return chains.reduce<ImportPlace[]>(
    (best, chain) => (best.length === 0 || chain.length < best.length ? chain : best),
    [],
  );
}

/** Everything that keeps the budgets from being checked, said at once. */
function refuseUnusable(build: Build, budgets: readonly Budget[], baseline: Build | null): void {
  const unknown: string[] = [];
  const lists = new Set<string>();
  const relative: string[] = [];
  const unmeasured: string[] = [];
  budgets.forEach((budget, index) => {
    if (budget.kind === 'banned') return;
    const path = `budgets[${index}]`;
    const measure = measureOf(budget);
    if (scopesOf(build, budget) === null) {
      const { what, name, known } = wanted(build, budget);
      unknown.push(`${path}: there is no ${what} ${JSON.stringify(name)} in this build.${didYouMean(name, known)}`);
      lists.add(
        known.length === 0
          ? `This build has no ${what}.`
          : `This build's ${what} names are: ${known.slice(0, 30).join(', ')}${known.length > 30 ? ` and ${known.length - 30} more` : ''}.`,
      );
    } else if (measure !== 'requests' && build.outputs.some(({ bytes }) => sizeIn(bytes, measure) === null)) {
      unmeasured.push(`${path}: ${measure} was not measured in this build.`);
    } else if (
      baseline !== null &&
      measure !== 'requests' &&
      baseline.outputs.some(({ bytes }) => sizeIn(bytes, measure) === null)
    ) {
      unmeasured.push(`${path}: ${measure} was not measured in the baseline.`);
    }
    if (baseline === null && parseLimit(budget.max)?.kind !== 'most')
      relative.push(`${path}: ${JSON.stringify(budget.max)} needs a baseline.`);
  });
  if (unknown.length > 0) throw new PareError('budget-unknown', unknown.join('\n'), { hint: [...lists].join('\n') });
  if (relative.length > 0) {
    throw new PareError('budget-baseline', relative.join('\n'), {
      hint: 'Name a baseline file, written from a build of the branch that you compare with.',
    });
  }
  if (unmeasured.length > 0) {
    throw new PareError('budget-unmeasured', unmeasured.join('\n'), {
      hint: 'Turn that measure on, or let the budget use another: "measure": "raw".',
    });
  }
}

function wanted(build: Build, budget: Budget): { what: string; name: string; known: string[] } {
  const firsts = (all: readonly { readonly names: readonly string[] }[]): string[] =>
    [...new Set(all.map(({ names }) => names[0]!))].sort();
  if (budget.kind === 'chunk') {
    return {
      what: 'chunk',
      name: budget.chunk,
      known: build.outputs
        .filter(({ kind }) => kind !== 'asset')
        .map(({ file }) => file)
        .sort(),
    };
  }
  if (budget.kind === 'route') return { what: 'route', name: budget.route, known: firsts(routesOf(build)) };
  if (budget.kind === 'requests' && budget.route !== undefined)
    return { what: 'route', name: budget.route, known: firsts(routesOf(build)) };
  const name = budget.kind === 'initial' || budget.kind === 'requests' ? (budget.entry ?? '') : '';
  return { what: 'entry', name, known: firsts(entriesOf(build)) };
}
