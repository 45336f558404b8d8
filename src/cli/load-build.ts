/** A build from whatever stands for one: output, a bundler's own record of it, or a record of pare's. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { readBaseline } from '../budget/baseline.ts';
import type { Build } from '../model/build.ts';
import { claimsToBeBuild, readBuild } from '../model/read-build.ts';
import { PareError } from '../model/errors.ts';
import { analyzeTarget, type AnalysisArgs } from './analysis.ts';

/**
 * @param target a folder, an esbuild metafile, a webpack stats file, a `Build` record, or a baseline
 * @throws PareError what `analyze`, `readBuild` and `readBaseline` throw
 */
export async function loadBuild(target: string, args: AnalysisArgs): Promise<Build> {
  if (target.endsWith('.json')) {
    const text = await readFile(path.resolve(target), 'utf8').catch(() => null);
    const schema = text === null ? null : schemaOf(text);
    if (text !== null && schema !== null)
      return claimsToBeBuild({ schema }) ? readBuild(text, target) : readBaseline(text, target);
  }
  return (await analyzeTarget(target, args)).build;
}

/** @throws PareError `not-found`, `unreadable`, and what `readBaseline` and `readBuild` throw */
export async function loadBaseline(file: string): Promise<Build> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new PareError(
      isMissing ? 'not-found' : 'unreadable',
      isMissing ? `There is no baseline ${file}` : `${file} can't be read: ${(cause as Error).message}`,
      { hint: `Write it from a build of the branch that you compare with: pare baseline DIR --out ${file}`, cause },
    );
  }
  return claimsToBeBuild({ schema: schemaOf(text) }) ? readBuild(text, file) : readBaseline(text, file);
}

/** What a JSON text says that it is, if that is one of ours; null otherwise. */
function schemaOf(text: string): string | null {
  try {
    const { schema } = JSON.parse(text) as { readonly schema?: unknown };
    return typeof schema === 'string' && schema.startsWith('pare/') ? schema : null;
  } catch {
    // A merge conflict in a baseline is said best by the reader of baselines.
    return /^\s*(?:<{7}[^\n]*\n)?\s*\{"schema":"pare\/baseline/.test(text) ? 'pare/baseline' : null;
  }
}
