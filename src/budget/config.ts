import * as v from 'valibot';
import { PareError } from '../model/errors.ts';
import { LIMIT_FORMS, parseLimit } from './limit.ts';
import type { Budget, BudgetKind } from './budget.ts';
import { didYouMean } from './did-you-mean.ts';

const Name = v.pipe(v.string('must be a text'), v.minLength(1, 'must not be empty'));
const Max = v.pipe(
  v.union([v.number(), v.string()], `must be ${LIMIT_FORMS}`),
  v.check((limit) => parseLimit(limit) !== null, `must be ${LIMIT_FORMS}`),
);
const common = {
  /** What the result is called; by default made from the kind and what it is on. */
  name: v.optional(Name),
  max: Max,
};
const sized = {
  ...common,
  /** Default: brotli. */
  measure: v.optional(v.picklist(['raw', 'gzip', 'brotli'], 'must be "raw", "gzip" or "brotli"')),
};
const literal = <const Kind extends string>(kind: Kind) => v.literal(kind);

const KINDS = {
  /** All that an entry loads before it runs: itself, the chunks and styles that it imports statically, and theirs. */
  initial: v.object({ kind: literal('initial'), entry: Name, ...sized }),
  /** What is loaded when a dynamically imported module is shown: the entry's initial files and the module's own. */
  route: v.object({ kind: literal('route'), route: Name, ...sized }),
  /** Each output that the pattern matches. */
  chunk: v.object({ kind: literal('chunk'), chunk: Name, ...sized }),
  package: v.object({ kind: literal('package'), package: Name, ...sized }),
  /** All modules that the pattern matches, together. */
  modules: v.object({ kind: literal('modules'), modules: Name, ...sized }),
  total: v.object({ kind: literal('total'), ...sized }),
  css: v.object({ kind: literal('css'), ...sized }),
  /** How many files an entry loads before it runs, or a route. */
  requests: v.object({ kind: literal('requests'), entry: v.optional(Name), route: v.optional(Name), ...common }),
  /** What the spare copies of modules take. */
  duplicates: v.object({ kind: literal('duplicates'), ...sized }),
  banned: v.object({
    kind: literal('banned'),
    packages: v.pipe(v.array(Name, 'must be a list of package names'), v.minLength(1, 'must name a package')),
    /** Why, for whoever meets it. */
    reason: v.optional(Name),
    name: common.name,
  }),
} as const satisfies { [Kind in BudgetKind]: v.GenericSchema<Extract<Budget, { kind: Kind }>> };

/** For the published JSON Schema; messages for people come from `budgetProblems`. */
export const BudgetSchema = v.variant(
  'kind',
  Object.values(KINDS).map(({ entries }) => v.strictObject(entries)) as never,
) as unknown as v.GenericSchema<Budget>;

export interface BudgetProblem {
  /** Where in the configuration: `budgets[2].max`. */
  readonly path: string;
  readonly message: string;
}

/** Every problem of a list of budgets, in its order; none where it is valid. */
export function budgetProblems(input: unknown, at = 'budgets'): BudgetProblem[] {
  if (!Array.isArray(input)) return [{ path: at, message: 'must be a list of budgets' }];
  return input.flatMap((budget: unknown, index) => problemsOf(budget, `${at}[${index}]`));
}

function problemsOf(budget: unknown, path: string): BudgetProblem[] {
  if (typeof budget !== 'object' || budget === null || Array.isArray(budget))
    return [{ path, message: 'must be an object with a "kind"' }];
  const kinds = Object.keys(KINDS);
  const kind = 'kind' in budget ? budget.kind : undefined;
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) {
    const known = `The kinds are ${kinds.join(', ')}.`;
    if (kind === undefined) return [{ path: `${path}.kind`, message: `is missing. ${known}` }];
    return [
      {
        path: `${path}.kind`,
        message: `${JSON.stringify(kind)} is no kind of budget.${didYouMean(String(kind), kinds)} ${known}`,
      },
    ];
  }
  const schema: v.GenericSchema & { readonly entries: object } = KINDS[kind as BudgetKind];
  const keys = Object.keys(schema.entries);
  const problems: BudgetProblem[] = [];
  for (const key of Object.keys(budget)) {
    if (keys.includes(key)) continue;
    problems.push({
      path: `${path}.${key}`,
      message: `is no option of a budget of kind ${JSON.stringify(kind)}.${didYouMean(key, keys)} Its options are ${keys.join(', ')}.`,
    });
  }
  const result = v.safeParse(schema, budget);
  for (const issue of result.issues ?? []) {
    const inner = v.getDotPath(issue);
    const isMissing = issue.input === undefined;
    problems.push({
      path: inner === null ? path : `${path}.${inner}`,
      message: isMissing ? 'is missing' : issue.message,
    });
  }
  if (kind === 'requests' && problems.length === 0 && Number('entry' in budget) + Number('route' in budget) !== 1) {
    problems.push({ path, message: 'must have either "entry" or "route"' });
  }
  return problems;
}

/**
 * Budgets from a configuration, checked.
 * @throws {PareError} `budget-config`, with every problem and its path.
 */
export function parseBudgets(input: unknown, at = 'budgets'): readonly Budget[] {
  const problems = budgetProblems(input, at);
  if (problems.length === 0) return input as readonly Budget[];
  throw new PareError(
    'budget-config',
    `${problems.length === 1 ? 'A budget is' : `${problems.length} things in the budgets are`} not right:\n${problems.map(({ path, message }) => `  ${path} ${message}`).join('\n')}`,
    { hint: 'Mend the configuration; nothing was checked.' },
  );
}
