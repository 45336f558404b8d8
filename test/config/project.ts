/** Projects in folders of their own, and what loading them gives. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

import { load, type LoadedConfig, type LoadOptions } from '../../src/config/load.ts';
import { ConfigError, describeProblem } from '../../src/config/problems.ts';

type Files = Readonly<Record<string, unknown>>;

/** A folder with these files, gone after the tests; what is no text is written as JSON. */
export function makeProject(files: Files): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pare-config-')));
  writeFiles(folder, files);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeFiles(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }
}

/** Loads what is in the folder, and nothing of this machine's environment. */
export function loadIn(cwd: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  return load({ cwd, env: {}, ...options });
}

/** Every problem of the configuration in these files, a line each, with the folder left out. */
export async function problemsOf(files: Files, options: LoadOptions = {}): Promise<string[]> {
  const folder = makeProject(files);
  try {
    await loadIn(folder, options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => describeProblem(problem).replaceAll(`${folder}/`, ''));
  }
  return [];
}
