import * as v from 'valibot';
import { PareError } from '../model/errors.ts';
import type { BrowserStep, Scenario } from './scenario.ts';

const text = v.string();
const filled = v.pipe(v.string(), v.nonEmpty('must not be empty'));
const count = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(0, 'must not be negative'));
const size = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'));
const appPath = v.pipe(v.string(), v.startsWith('/', 'must be a path of the app, from /'));

/** What each kind of step must carry. */
const stepSchemas = {
  go: appPath,
  click: filled,
  hover: filled,
  type: v.strictTuple([filled, text]),
  select: v.strictTuple([filled, text]),
  press: filled,
  see: filled,
  expect: filled,
  path: appPath,
  mark: filled,
  wait: count,
  history: v.picklist(['back', 'forward'], 'must be "back" or "forward"'),
} as const;

type StepName = keyof typeof stepSchemas;

function isStepName(key: string): key is StepName {
  return Object.hasOwn(stepSchemas, key);
}

/** A step is checked by hand, since a union of twelve shapes would report one useless problem for any mistake. */
const step = v.pipe(
  v.record(v.string(), v.unknown(), 'must be an object such as { "click": "text=Cart" }'),
  v.rawTransform(({ dataset, addIssue, NEVER }): BrowserStep => {
    const keys = Object.keys(dataset.value);
    const [key] = keys;
    if (key === undefined || keys.length > 1) {
      addIssue({ message: `must have exactly one key, has ${keys.length === 0 ? 'none' : keys.join(', ')}` });
      return NEVER;
    }
    const value = dataset.value[key];
    const path = [{ type: 'object', origin: 'value', input: dataset.value, key, value }] as const;
    if (!isStepName(key)) {
      addIssue({ message: `is no kind of step; these are: ${Object.keys(stepSchemas).join(', ')}`, path: [path[0]] });
      return NEVER;
    }
    const result = v.safeParse(stepSchemas[key], value);
    for (const issue of result.issues ?? []) {
      addIssue({ message: issue.message, path: [path[0], ...(issue.path ?? [])] });
    }
    return result.success ? ({ [key]: result.output } as unknown as BrowserStep) : NEVER;
  }),
);

const marksDiffer = v.check((steps: BrowserStep[]) => {
  const marks = steps.flatMap((each) => ('mark' in each ? [each.mark] : []));
  return new Set(marks).size === marks.length;
}, 'two marks have the same name');

const response = v.strictObject({
  status: v.optional(v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599))),
  json: v.optional(v.unknown()),
  text: v.optional(text),
});

const browserScenario = v.strictObject({
  kind: v.literal('browser'),
  name: filled,
  viewport: v.optional(v.strictObject({ width: size, height: size })),
  responses: v.optional(v.record(appPath, response)),
  steps: v.pipe(v.array(step), v.minLength(1, 'must have at least one step'), marksDiffer),
});

const nodeRun = v.strictObject({
  name: filled,
  args: v.array(text),
  stdin: v.optional(text),
  env: v.optional(v.record(v.string(), text)),
  see: v.strictObject({ exit: count, stdout: v.optional(v.array(text)), stderr: v.optional(v.array(text)) }),
});

const runsDiffer = v.check(
  (runs: v.InferOutput<typeof nodeRun>[]) => new Set(runs.map((run) => run.name)).size === runs.length,
  'two runs have the same name',
);

const nodeScenario = v.strictObject({
  kind: v.literal('node'),
  name: filled,
  program: filled,
  runs: v.pipe(v.array(nodeRun), v.minLength(1, 'must have at least one run'), runsDiffer),
});

const scenario = v.variant('kind', [browserScenario, nodeScenario], 'must be "browser" or "node"');

/**
 * Reads a scenario.
 * @param json the text of the file, or the value parsed from it
 * @param file its name, for messages
 * @throws PareError `scenario-json` when the text is no JSON, `scenario-invalid` with every problem and its path
 */
export function parseScenario(json: unknown, file: string): Scenario {
  const result = v.safeParse(scenario, typeof json === 'string' ? parseJson(json, file) : json);
  if (result.success) return result.output as Scenario;
  const problems = result.issues.map((issue) => `  ${pathOf(issue.path)}: ${issue.message}`);
  const counted = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  throw new PareError('scenario-invalid', `${file} is not a scenario, ${counted}:\n${problems.join('\n')}`, {
    hint: 'A scenario has "kind", "name" and "steps" (browser) or "program" and "runs" (node).',
  });
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PareError('scenario-json', `${file} is not JSON: ${reason}`, {
      hint: 'Check the file for a missing comma or quote.',
      cause,
    });
  }
}

/** `steps[2].click`, or `scenario` for the whole. */
function pathOf(path: readonly { readonly key: unknown }[] | undefined): string {
  let out = '';
  for (const { key } of path ?? []) {
    out += typeof key === 'number' ? `[${key}]` : out === '' ? String(key) : `.${String(key)}`;
  }
  return out || 'scenario';
}
