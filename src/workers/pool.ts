/**
 * Runs tasks in worker threads: by priority, with a bounded queue, limits of time and memory, and a second try for a task
 * whose worker died.
 *
 * Of our own, because neither piscina 5.3 nor tinypool 2.2 carries what is asked: both know no priorities of themselves and no
 * time limits, end a running task's worker at once when its signal aborts instead of telling the task, never try again, and
 * reject when their queue is full; tinypool never settles the task of a worker that calls process.exit(). Both find their
 * worker's file beside their own, which a bundle moves. They cost 29 and 15 ms of CPU to import; figures of dispatch are in
 * bench/README.md (`pool`).
 */
import { AbortWatch } from './abort-watch.ts';
import { cannotStart, crashed, poolClosed, queueFull, reasonOf, timedOut, type Death } from './failures.ts';
import { Job, type RunOptions, type TaskReport } from './job.ts';
import { Moved } from './moved.ts';
import { roomForWorkers, workersWorthStarting } from './size.ts';
import { loadTask, type TaskTable } from './task.ts';
import { TaskQueue } from './task-queue.ts';
import { WorkerThread } from './worker-thread.ts';

export interface WorkerSettings {
  /** Workers at most; null: by cores and free memory; 0: everything runs in the caller's thread. */
  readonly max: number | null;
  /** Tasks that may wait. */
  readonly queue: number;
  /** Of each worker's heap; null: Node's own limit. Bytes of buffers don't count. */
  readonly memoryBytes: number | null;
  /** ms for each task; null: no limit. */
  readonly timeoutMs: number | null;
}

export interface PoolOptions {
  /** The workers' entry file, which calls `serveTasks`. */
  readonly file: URL | string;
  /** The same tasks for this thread: for work that is not worth a worker, and where workers don't start. */
  readonly tasks?: TaskTable;
  readonly onWarning?: (message: string) => void;
  /** After each task, for telemetry. */
  readonly onTask?: (report: TaskReport) => void;
  /** ms after which a worker without work ends. Default: 30,000. */
  readonly idleMs?: number;
}

export interface PoolStats {
  readonly workers: number;
  readonly queued: number;
  /** In this thread or handed to a worker, which has one or more ahead. */
  readonly running: number;
  /** Tasks that came to an end, well or not, since the pool was opened. */
  readonly done: number;
  /** Of those, in this thread. */
  readonly doneHere: number;
  /** Workers that were started, and that died of themselves. */
  readonly started: number;
  readonly died: number;
  readonly retried: number;
}

export interface WorkerPool extends AsyncDisposable {
  /**
   * @param input data; or a function that makes it (and may give `moved(…)`), called when a worker takes the task: then what
   *   waits holds no data, and a task whose input is handed over can be tried again. In this thread it is not copied.
   * @throws what the task throws (`PareError` with its code and hint); the signal's reason;
   *   PareError `worker-timeout`, `worker-memory`, `worker-crashed`, `worker-start`, `worker-queue-full`, `worker-input`,
   *   `worker-result`; an AbortError when the pool closes
   */
  run<T = unknown>(task: string, input: unknown, options?: RunOptions): Promise<T>;
  /** Settles when the queue has a place: wait for it before making the next input. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Settles when nothing is queued or running. */
  drained(): Promise<void>;
  stats(): PoolStats;
  /** Rejects what waits, cancels what runs, ends the workers. */
  close(): Promise<void>;
}

/** Two workers in a row that don't come up: the next ones won't either. */
const START_FAILURES = 2;

export function openPool(settings: WorkerSettings, options: PoolOptions): WorkerPool {
  return new Pool(settings, options);
}

interface Waiter {
  readonly signal: AbortSignal | undefined;
  readonly enter: () => void;
  readonly reject: (reason: unknown) => void;
}

class Pool implements WorkerPool {
  readonly #settings: WorkerSettings;
  readonly #options: PoolOptions;
  readonly #queue = new TaskQueue<Job>();
  readonly #workers = new Set<WorkerThread>();
  /** Handed to workers; and in this thread, where there is one at a time. */
  readonly #running = new Map<Job, WorkerThread>();
  #here: { readonly job: Job; readonly controller: AbortController; readonly over: Promise<void> } | null = null;
  readonly #waiters = new Set<Waiter>();
  readonly #drainWaiters = new Set<() => void>();
  readonly #jobsBySignal = new AbortWatch<Job>((job, reason) => this.#abort(job, reason));
  readonly #waitersBySignal = new AbortWatch<Waiter>((waiter, reason) => {
    this.#waiters.delete(waiter);
    waiter.reject(reason);
  });
  /** Of what waits and runs: those with an estimate, ms, and the number of those without. */
  #estimated = 0;
  #unknown = 0;
  #pumping = false;
  #startFailures = 0;
  #hereOnly: boolean;
  #closing: Promise<void> | null = null;
  readonly #count = { done: 0, doneHere: 0, started: 0, died: 0, retried: 0 };

  constructor(settings: WorkerSettings, options: PoolOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#hereOnly = settings.max === 0;
    if (this.#hereOnly && options.tasks === undefined) throw new Error('A pool without workers needs `tasks`.');
  }

  run<T>(task: string, input: unknown, options: RunOptions = {}): Promise<T> {
    if (this.#queue.size >= this.#settings.queue && this.#closing === null) {
      return options.whenFull === 'reject'
        ? Promise.reject(queueFull(task, this.#settings.queue))
        : this.#wait(options.signal, () => this.run<T>(task, input, options));
    }
    if (this.#closing !== null) return Promise.reject(poolClosed());
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason as Error);
    const job = new Job(task, input, options, this.#settings.timeoutMs, this.#onSettled);
    if (job.signal !== undefined) this.#jobsBySignal.add(job.signal, job);
    this.#weigh(job, 1);
    this.#queue.push(job);
    this.#pumpSoon();
    return job.promise as Promise<T>;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closing !== null) throw poolClosed();
    if (this.#queue.size < this.#settings.queue) return;
    await this.#wait(signal, () => undefined);
  }

  /** @param enter what to do with the place, at once */
  #wait<T>(signal: AbortSignal | undefined, enter: () => T | Promise<T>): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    return new Promise<T>((resolve, reject) => {
      const waiter: Waiter = { signal, enter: () => resolve(enter()), reject };
      this.#waiters.add(waiter);
      if (signal !== undefined) this.#waitersBySignal.add(signal, waiter);
    });
  }

  async drained(): Promise<void> {
    if (!this.#isBusy) return;
    await new Promise<void>((resolve) => this.#drainWaiters.add(resolve));
  }

  stats(): PoolStats {
    const running = this.#running.size + (this.#here === null ? 0 : 1);
    return { workers: this.#workers.size, queued: this.#queue.size, running, ...this.#count };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const reason = poolClosed();
    this.#rejectQueue(reason);
    for (const waiter of this.#waiters) this.#release(waiter, () => waiter.reject(reason));
    for (const job of this.#running.keys()) job.reject(reason);
    const here = this.#here;
    here?.job.reject(reason);
    here?.controller.abort(reason);
    await Promise.all([here?.over, ...[...this.#workers].map((worker) => worker.endGently())]);
    this.#tellDrained();
  }

  #rejectQueue(reason: unknown): void {
    for (let job = this.#queue.shift(); job !== null; job = this.#queue.shift()) job.reject(reason);
  }

  get #isBusy(): boolean {
    return this.#queue.size > 0 || this.#running.size > 0 || this.#here !== null;
  }

  /** All that is asked for in one go is weighed together. */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (const worker of this.#workers) {
      if (this.#queue.size === 0) break;
      if (worker.isFree) this.#hand(worker);
    }
    if (this.#queue.size === 0 || this.#closing !== null) return;
    this.#startWorkers();
    if (this.#workers.size === 0) this.#runHere();
    else for (const worker of this.#workers) this.#handAhead(worker);
  }

  #hand(worker: WorkerThread, job = this.#queue.shift()): void {
    if (job === null) return;
    this.#running.set(job, worker);
    worker.run(job);
    this.#letIn();
  }

  /** What can be taken back. */
  #handAhead(worker: WorkerThread): void {
    while (worker.hasRoomAhead && this.#queue.first()?.canBeGivenAgain === true) this.#hand(worker);
  }

  /** What another worker has ahead. */
  #takeBack(): Job | null {
    for (const worker of this.#workers) {
      const job = worker.takeBack();
      if (job !== null) return job;
    }
    return null;
  }

  #startWorkers(): void {
    if (this.#hereOnly) return;
    const worth =
      this.#unknown > 0 || this.#options.tasks === undefined ? Infinity : workersWorthStarting(this.#estimated);
    const starting = [...this.#workers].filter((worker) => !worker.ready).length;
    const wanted = Math.min(this.#queue.size - starting, worth - this.#workers.size);
    if (wanted <= 0) return;
    const { memoryBytes, max } = this.#settings;
    const room = roomForWorkers(this.#workers.size, memoryBytes, max) - this.#workers.size;
    for (let count = Math.min(wanted, room); count > 0; count--) this.#startWorker();
  }

  #startWorker(): void {
    this.#count.started++;
    this.#workers.add(
      new WorkerThread(this.#options.file, this.#settings.memoryBytes, {
        room: (worker) => this.#roomIn(worker),
        done: (worker, job) => this.#done(worker, job),
        died: (...death) => this.#died(...death),
      }),
    );
  }

  #roomIn(worker: WorkerThread): void {
    this.#startFailures = 0;
    if (this.#closing !== null) {
      if (worker.isFree) void worker.end();
    } else {
      if (worker.isFree) this.#hand(worker, this.#queue.shift() ?? this.#takeBack());
      if (worker.isFree) worker.rest(this.#options.idleMs ?? 30_000);
      else this.#handAhead(worker);
    }
    this.#tellDrained();
  }

  #done(worker: WorkerThread, job: Job): void {
    this.#running.delete(job);
    this.#report(job, worker.id);
  }

  #died(worker: WorkerThread, begun: Job | null, ahead: readonly Job[], death: Death): void {
    this.#workers.delete(worker);
    if (!death.wanted) this.#count.died++;
    for (const job of ahead.toReversed()) this.#requeue(job);
    if (begun !== null) this.#lose(begun, worker, death);
    else if (!death.wanted && worker.ready) this.#warn(`A worker without a task died: ${reasonOf(death)}.`);
    else if (!death.wanted) this.#notStarted(death);
    this.#pumpSoon();
    this.#tellDrained();
  }

  /** Before the others: it had its turn. */
  #requeue(job: Job): void {
    this.#running.delete(job);
    job.stopClock();
    if (!job.settled) this.#queue.unshift(job);
  }

  /** The worker died of the job, or while doing it. */
  #lose(job: Job, worker: WorkerThread, death: Death): void {
    job.deaths++;
    const error = crashed(job.task, job.deaths, death, this.#settings.memoryBytes);
    if (job.deaths < 2 && job.canBeGivenAgain && !job.settled) {
      this.#count.retried++;
      this.#warn(`${error.message} It is tried once more.`);
      this.#requeue(job);
      return;
    }
    this.#running.delete(job);
    job.reject(error);
    this.#report(job, worker.id);
  }

  #notStarted(death: Death): void {
    if (++this.#startFailures < START_FAILURES) return;
    this.#startFailures = 0;
    const error = cannotStart(String(this.#options.file), death);
    if (this.#options.tasks === undefined) {
      this.#rejectQueue(error);
      this.#letIn();
    } else {
      this.#hereOnly = true;
      this.#warn(`${error.message} The work is done without them, one task after the other.`);
    }
  }

  #runHere(): void {
    const { tasks } = this.#options;
    if (tasks === undefined || this.#here !== null) return;
    const job = this.#queue.shift();
    if (job === null) return;
    const controller = new AbortController();
    job.startedAt = performance.now();
    this.#here = { job, controller, over: this.#performHere(job, tasks, controller) };
    this.#letIn();
  }

  async #performHere(job: Job, tasks: TaskTable, controller: AbortController): Promise<void> {
    // So that what else this thread has to do gets its turn, and an abort can come between two tasks.
    await new Promise((resolve) => setImmediate(resolve));
    if (!job.settled) {
      // A limit can only be kept by a task that lets go of the thread.
      const { timeoutMs } = job;
      if (timeoutMs !== null) {
        job.timer = setTimeout(() => {
          job.reject(timedOut(job.task, timeoutMs));
          controller.abort();
        }, timeoutMs);
      }
      try {
        const perform = await loadTask(tasks, job.task);
        const result = await perform(job.takeInput().value, { signal: controller.signal });
        job.resolve(result instanceof Moved ? result.value : result);
      } catch (error) {
        job.reject(error);
      }
    }
    this.#here = null;
    this.#count.doneHere++;
    this.#report(job, 0);
    this.#pump();
    this.#tellDrained();
  }

  #abort(job: Job, reason: unknown): void {
    const worker = this.#running.get(job);
    const wasQueued = this.#queue.delete(job);
    job.reject(reason);
    if (wasQueued) {
      this.#letIn();
      this.#tellDrained();
    }
    worker?.cancel(job);
    if (this.#here?.job === job) this.#here.controller.abort(reason);
  }

  readonly #onSettled = (job: Job): void => {
    this.#count.done++;
    this.#weigh(job, -1);
    if (job.signal !== undefined) this.#jobsBySignal.delete(job.signal, job);
  };

  #weigh({ estimateMs }: Job, sign: 1 | -1): void {
    if (estimateMs === Infinity) this.#unknown += sign;
    else this.#estimated += sign * estimateMs;
  }

  /** Those who wait for a place in the queue, as many as there are places; all when nobody else waits. */
  #letIn(): void {
    let told = 0;
    for (const waiter of this.#waiters) {
      const { size } = this.#queue;
      if (size > 0 && size + told >= this.#settings.queue) break;
      this.#release(waiter, waiter.enter);
      if (this.#queue.size === size) told++;
    }
  }

  #release(waiter: Waiter, tell: () => void): void {
    this.#waiters.delete(waiter);
    if (waiter.signal !== undefined) this.#waitersBySignal.delete(waiter.signal, waiter);
    tell();
  }

  #tellDrained(): void {
    if (this.#drainWaiters.size === 0 || this.#isBusy) return;
    for (const tell of this.#drainWaiters) tell();
    this.#drainWaiters.clear();
  }

  #report({ task, queuedAt, startedAt, failed }: Job, worker: number): void {
    this.#options.onTask?.({ task, queuedAt, startedAt, endedAt: performance.now(), worker, failed });
  }

  #warn(message: string): void {
    this.#options.onWarning?.(message);
  }
}
