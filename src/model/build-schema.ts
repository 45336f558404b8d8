/** The `Build` record as JSON: what a file must look like, checked at the door. The published JSON Schema is made from this. */
import * as v from 'valibot';

import { BUILD_SCHEMA, EDGE_KINDS, MODULE_FORMATS, REST_NAMES, type Build } from './build.ts';
import { PareError } from './errors.ts';

const bytes = v.strictObject({
  raw: v.pipe(v.number(), v.minValue(0), v.description('Bytes of the file, UTF-8 where it is text')),
  gzip: v.pipe(v.nullable(v.number()), v.description('Bytes after gzip -9, in eighths; null: not measured')),
  brotli: v.pipe(v.nullable(v.number()), v.description('Bytes after brotli -q 11, in eighths; null: not measured')),
});
const index = v.pipe(v.number(), v.integer(), v.minValue(0));
const names = v.nullable(v.array(v.string()));

const Module = v.strictObject({
  id: v.pipe(v.string(), v.description('POSIX path relative to the root, or virtual:NAME; unique in the build')),
  package: v.nullable(v.strictObject({ name: v.string(), version: v.nullable(v.string()) })),
  format: v.picklist(MODULE_FORMATS),
  sourceBytes: v.nullable(v.number()),
  sideEffects: v.nullable(v.boolean()),
  exports: names,
  usedExports: names,
});

const Edge = v.strictObject({
  from: v.pipe(index, v.description('Position in modules')),
  to: v.pipe(index, v.description('Position in modules')),
  kind: v.picklist(EDGE_KINDS),
  names: v.pipe(names, v.description('Imported names; * for a namespace; empty for a bare import; null: not known')),
  line: v.pipe(v.nullable(v.number()), v.description('From 1')),
  column: v.pipe(v.nullable(v.number()), v.description('From 0, in UTF-16 units')),
});

const Part = v.strictObject({
  module: v.nullable(index),
  rest: v.nullable(v.picklist(REST_NAMES)),
  bytes,
});

const Output = v.strictObject({
  file: v.pipe(v.string(), v.description('POSIX path relative to the output folder; unique in the build')),
  kind: v.picklist(['chunk', 'css', 'asset']),
  entry: v.boolean(),
  entryModule: v.nullable(index),
  imports: v.array(v.strictObject({ file: v.string(), kind: v.picklist(['static', 'dynamic', 'css', 'url']) })),
  bytes,
  parts: v.pipe(v.array(Part), v.description('Sums over the parts equal bytes exactly, for each measure')),
});

const Diagnostic = v.strictObject({
  code: v.string(),
  file: v.nullable(v.string()),
  message: v.string(),
  hint: v.nullable(v.string()),
});

export const BuildSchema = v.strictObject({
  schema: v.literal(BUILD_SCHEMA),
  bundler: v.nullable(v.strictObject({ name: v.string(), version: v.nullable(v.string()) })),
  modules: v.array(Module),
  edges: v.array(Edge),
  outputs: v.array(Output),
  diagnostics: v.array(Diagnostic),
});

/** Whether a JSON value claims to be a `Build` of some version. */
export function claimsToBeBuild(json: unknown): boolean {
  return (
    typeof json === 'object' && json !== null && /^pare\/build@/.test(String((json as { schema?: unknown }).schema))
  );
}

/**
 * A `Build` from its JSON.
 *
 * @throws PareError `build-not-json`, `build-version` for a record of another version, `build-invalid` with every place that is wrong
 */
export function readBuild(text: string, file: string): Build {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new PareError('build-not-json', `${file} is not JSON: ${(cause as Error).message}`, { hint: AGAIN, cause });
  }
  if (!claimsToBeBuild(json))
    throw new PareError('build-invalid', `${file} is no Build record of pare`, { hint: AGAIN });
  const { schema } = json as { schema: string };
  if (schema !== BUILD_SCHEMA)
    throw new PareError('build-version', `${file} is a record of version ${schema}; this pare reads ${BUILD_SCHEMA}`, {
      hint: 'Make it again with this version of pare, or read it with the version that wrote it.',
    });
  const result = v.safeParse(BuildSchema, json);
  if (!result.success) {
    const problems = result.issues
      .slice(0, 5)
      .map((issue) => `${v.getDotPath(issue) ?? 'the record'}: ${issue.message}`);
    throw new PareError('build-invalid', `${file} is no valid Build record: ${problems.join('; ')}`, { hint: AGAIN });
  }
  const build = result.output;
  const wrong = danglingReference(build);
  if (wrong !== null)
    throw new PareError('build-invalid', `${file} is no valid Build record: ${wrong}`, { hint: AGAIN });
  return build;
}

const AGAIN = 'Write it again: pare analyze DIR --json > FILE';

/** A position that points at no module; null: all are good. */
function danglingReference({ modules, edges, outputs }: Build): string | null {
  const good = (at: number | null) => at === null || at < modules.length;
  const edge = edges.findIndex(({ from, to }) => !good(from) || !good(to));
  if (edge !== -1) return `edges.${edge} points at no module`;
  const output = outputs.findIndex(
    ({ entryModule, parts }) => !good(entryModule) || parts.some(({ module }) => !good(module)),
  );
  return output === -1 ? null : `outputs.${output} points at no module`;
}
