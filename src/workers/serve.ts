/** The worker's side. Its entry file is nothing but `serveTasks({ name: () => import('./task.ts'), … })`. */
import { parentPort, workerData, type MessagePort, type Transferable } from 'node:worker_threads';

import { PareError } from '../model/errors.ts';
import { errorToData } from './error-data.ts';
import { claim, type FromWorker, type RunMessage, type ToWorker, type WorkerData } from './messages.ts';
import { Moved } from './moved.ts';
import { loadTask, type TaskContext, type TaskTable } from './task.ts';

type Perform = Awaited<ReturnType<typeof loadTask>>;

/** Does what the pool asks, as long as it asks. Outside of a pool's worker it does nothing. */
export function serveTasks(table: TaskTable): void {
  const data = workerData as Partial<WorkerData> | null;
  if (parentPort === null || data?.pareWorker !== true || data.claims === undefined) return;
  // What a task prints is for people: the program's stdout is for results.
  Object.defineProperty(process, 'stdout', { get: () => process.stderr });
  new Server(table, parentPort, new Int32Array(data.claims)).listen();
}

class Server {
  readonly #table: TaskTable;
  readonly #port: MessagePort;
  readonly #claims: Int32Array;
  readonly #loaded = new Map<string, Perform>();
  readonly #inbox: RunMessage[] = [];
  #running: { readonly id: number; readonly context: Cancellable } | null = null;

  constructor(table: TaskTable, port: MessagePort, claims: Int32Array) {
    this.#table = table;
    this.#port = port;
    this.#claims = claims;
  }

  listen(): void {
    this.#port.on('message', (message: ToWorker) => {
      if (message.kind === 'cancel') {
        if (this.#running?.id === message.id) this.#running.context.cancel();
      } else {
        this.#inbox.push(message);
        if (this.#running === null) void this.#work();
      }
    });
    this.#post({ kind: 'ready' });
  }

  async #work(): Promise<void> {
    for (let message = this.#inbox.shift(); message !== undefined; message = this.#inbox.shift()) {
      if (!claim(this.#claims, message.slot, message.id)) continue;
      const context = new Cancellable();
      this.#running = { id: message.id, context };
      await this.#run(message, context);
      this.#running = null;
    }
  }

  async #run({ id, task, input }: RunMessage, context: TaskContext): Promise<void> {
    try {
      let perform = this.#loaded.get(task);
      if (perform === undefined) this.#loaded.set(task, (perform = await loadTask(this.#table, task)));
      const result = await perform(input, context);
      handOver(task, () => {
        if (result instanceof Moved) this.#post({ kind: 'done', id, result: result.value }, result.transfer);
        else this.#post({ kind: 'done', id, result });
      });
    } catch (error) {
      this.#post({ kind: 'failed', id, error: errorToData(error) });
    }
  }

  #post(message: FromWorker, transfer: readonly Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }
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
