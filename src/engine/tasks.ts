/** What a worker can do, by name. Each is loaded when the first of its tasks comes. */
import type { EncodeInput } from '../precompress/encode.ts';
import type { MinifyTaskInput } from '../minify/minify-task.ts';
import type { TaskContext } from '../workers/task.ts';

export const TASKS = {
  /** A chunk through minifiers, one after the other. */
  minify: async () => {
    const { minifyTask } = await import('../minify/minify-task.ts');
    return { run: (input: MinifyTaskInput, context: TaskContext) => minifyTask(input, context) };
  },
  /** A file in one encoding: zstd as WebAssembly would hold a thread up. */
  encode: async () => {
    const { encode } = await import('../precompress/encode.ts');
    return { run: (input: EncodeInput, context: TaskContext) => encode(input, context) };
  },
} as const;

export type TaskName = keyof typeof TASKS;
type Run<Name extends TaskName> = Awaited<ReturnType<(typeof TASKS)[Name]>>['run'];
export type TaskInput<Name extends TaskName> = Parameters<Run<Name>>[0];
export type TaskOutput<Name extends TaskName> = Awaited<ReturnType<Run<Name>>>;
