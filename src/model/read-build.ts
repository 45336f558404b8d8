/** Reads the record back from its JSON. Apart from the schema, so that its types name no package. */
import * as v from 'valibot';

import { BUILD_SCHEMA, type Build } from './build.ts';
import { BuildSchema } from './build-schema.ts';
import { PareError } from './errors.ts';

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
