/** A task as both sides know it: a name, an input, and a function in a module of its own that is loaded where it runs. */

export interface TaskContext {
  /** Aborted when nobody wants the result any more. A task that looks at it ends gently; any other is ended with its worker. */
  readonly signal: AbortSignal;
}

export interface TaskModule {
  /**
   * @param input a structured clone in a worker; the caller's own object in the caller's thread, so it is not to be written to
   * @returns what can be cloned, or `moved(…)`
   */
  run(input: never, context: TaskContext): unknown;
}

/** What can be run, by name. A module is loaded when the first task of its name comes. */
export type TaskTable = Readonly<Record<string, () => Promise<TaskModule>>>;

type Perform = (input: unknown, context: TaskContext) => unknown;

/**
 * @throws Error for a name that is not in the table
 */
export async function loadTask(table: TaskTable, name: string): Promise<Perform> {
  const load = Object.hasOwn(table, name) ? table[name] : undefined;
  if (load === undefined) throw new Error(`There is no task "${name}"; there is ${Object.keys(table).join(', ')}.`);
  const module = await load();
  // Names tie inputs to tasks, which the type system can't see.
  return (input, context) => module.run(input as never, context);
}
