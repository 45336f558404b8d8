/**
 * The work of a worker: minifiers run one after the other on one chunk, each on what the one before it left. Plain data in,
 * plain data out; nothing is kept but the loaded minifiers.
 */
import { pathToFileURL } from 'node:url';

import type { FoundTool } from './find-tools.ts';
import type { Minifier } from './settings.ts';
import { runEsbuild } from './tools/esbuild.ts';
import { runOxc } from './tools/oxc.ts';
import { runSwc } from './tools/swc.ts';
import { runTerser } from './tools/terser.ts';
import type { RunTool, ToolInput, ToolMap } from './tools/tool.ts';

export interface MinifyTaskInput extends ToolInput {
  readonly steps: readonly FoundTool[];
}

/** One step's result. */
export interface MinifyStep {
  readonly code: string;
  /** From this step's code to the code of the step before it. */
  readonly map: ToolMap | null;
  /** What this step alone took. */
  readonly ms: number;
}

export interface MinifyTaskOutput {
  /** As many as there are steps, or fewer where one failed. */
  readonly steps: readonly MinifyStep[];
  /** Why the step behind the last of `steps` failed; what follows it was not run. */
  readonly error: string | null;
}

const RUN: Readonly<Record<Minifier, RunTool>> = { oxc: runOxc, swc: runSwc, terser: runTerser, esbuild: runEsbuild };

/** @throws the signal's reason between two steps; a minifier that fails is part of the output */
export async function minifyTask(
  input: MinifyTaskInput,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<MinifyTaskOutput> {
  const steps: MinifyStep[] = [];
  let code = input.code;
  for (const { tool, file } of input.steps) {
    signal?.throwIfAborted();
    const start = performance.now();
    try {
      const output = await RUN[tool](await load(file), { ...input, code });
      if (typeof output.code !== 'string') throw new Error('it gave no code');
      steps.push({ ...output, ms: performance.now() - start });
      code = output.code;
    } catch (error) {
      return { steps, error: error instanceof Error ? error.message : String(error) };
    }
  }
  signal?.throwIfAborted();
  return { steps, error: null };
}

/** CommonJS packages come as a module's default export. */
async function load(file: string): Promise<unknown> {
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  return 'minify' in module || 'transform' in module ? module : module['default'];
}
