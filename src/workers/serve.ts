/** The worker's side. Its entry file is nothing but `serveTasks({ name: () => import('./task.ts'), … })`. */
import { parentPort, workerData } from 'node:worker_threads';

import { PareError } from '../model/errors.ts';
import { errorToData } from './error-data.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { Moved } from './moved.ts';
import { loadTask, type TaskContext, type TaskTable } from './task.ts';

type Perform = Awaited<ReturnType<typeof loadTask>>;

/** Does what the pool asks, as long as it asks. Outside of a pool's worker it does nothing. */
export function serveTasks(table: TaskTable): void {
  const port = parentPort;
  if (port === null || (workerData as { pareWorker?: unknown } | null)?.pareWorker !== true) return;
  // What a task prints is for people: the program's stdout is for results.
  Object.defineProperty(process, 'stdout', { get: () => process.stderr });
  const loaded = new Map<string, Perform>();
  const running = new Map<number, Cancellable>();
  const post = (message: FromWorker, transfer: Moved<unknown>['transfer'] = []): void =>
    port.postMessage(message, transfer);

  async function run(id: number, task: string, input: unknown): Promise<void> {
    const context = new Cancellable();
    running.set(id, context);
    try {
      let perform = loaded.get(task);
      if (perform === undefined) loaded.set(task, (perform = await loadTask(table, task)));
      const result = await perform(input, context);
      if (result instanceof Moved)
        handOver(task, () => post({ kind: 'done', id, result: result.value }, result.transfer));
      else handOver(task, () => post({ kind: 'done', id, result }));
    } catch (error) {
      post({ kind: 'failed', id, error: errorToData(error) });
    } finally {
      running.delete(id);
    }
  }

  port.on('message', (message: ToWorker) => {
    if (message.kind === 'run') void run(message.id, message.task, message.input);
    else running.get(message.id)?.cancel();
  });
  post({ kind: 'ready' });
}

function handOver(task: string, post: () => void): void {
  try {
    post();
  } catch (cause) {
    throw new PareError('worker-result', `The result of the task "${task}" can't be handed over: ${String(cause)}`, {
      hint: 'A result is data: no functions, no promises, and nothing that was handed over before.',
      cause,
    });
  }
}

/** Makes its signal when somebody asks for it: that takes longer than to hand over a task. */
class Cancellable implements TaskContext {
  #controller: AbortController | null = null;
  #cancelled = false;

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#cancelled) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#controller?.abort();
  }
}
