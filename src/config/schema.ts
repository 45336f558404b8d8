/** What `pare.config.*` and the field `pare` of package.json may say. */
import * as v from 'valibot';

import { budgetProblems, type Budget, type BudgetProblem } from '../budget/config.ts';
import { didYouMean } from '../budget/did-you-mean.ts';
import { PareError } from '../model/errors.ts';

export interface PareConfig {
  readonly budgets?: readonly Budget[];
  /** The baseline's file, relative to the configuration's. */
  readonly baseline?: string;
  /** Files that `pare check` writes, by format; relative to the configuration's. */
  readonly outputs?: Readonly<Partial<Record<OutputFormat, string>>>;
}

export const OUTPUT_FORMATS = ['text', 'json', 'jsonl', 'markdown', 'github', 'sarif', 'junit', 'gitlab'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

const File = v.pipe(v.string('must be the name of a file'), v.minLength(1, 'must be the name of a file'));
const outputEntries = Object.fromEntries(OUTPUT_FORMATS.map((format) => [format, v.optional(File)]));
const Outputs = v.object(outputEntries, 'must be an object of formats and files');

/** Budgets have their own check, which knows the kinds. */
const Rest = v.object({ baseline: v.optional(File), outputs: v.optional(Outputs) });

const OPTIONS = ['budgets', 'baseline', 'outputs'];

/** @throws PareError `config-invalid`, with every problem and where it is */
export function parseConfig(input: unknown, file: string): PareConfig {
  const problems = configProblems(input);
  if (problems.length === 0) return input as PareConfig;
  const list = problems.map(({ path, message }) => `  ${path} ${message}`.trimEnd()).join('\n');
  throw new PareError('config-invalid', `${file} is not right:\n${list}`, {
    hint: 'Mend the configuration; nothing was checked.',
  });
}

function configProblems(input: unknown): BudgetProblem[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return [{ path: 'the configuration', message: 'must be an object' }];
  const problems = unknownKeys(input, OPTIONS, '');
  if ('outputs' in input && typeof input.outputs === 'object' && input.outputs !== null)
    problems.push(...unknownKeys(input.outputs, OUTPUT_FORMATS, 'outputs.'));
  for (const issue of v.safeParse(Rest, input).issues ?? [])
    problems.push({ path: v.getDotPath(issue) ?? 'the configuration', message: issue.message });
  return 'budgets' in input ? [...problems, ...budgetProblems(input.budgets)] : problems;
}

function unknownKeys(input: object, known: readonly string[], prefix: string): BudgetProblem[] {
  return Object.keys(input)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      path: `${prefix}${key}`,
      message: `is no option.${didYouMean(key, known)} The options are ${known.join(', ')}.`,
    }));
}
