/** One worker of a pool: it has one job at a time, and tells how that came out and when it died. */
import { Worker, type Transferable } from 'node:worker_threads';

import { errorFromData } from './error-data.ts';
import { inputRefused, resultLost, timedOut, type Death } from './failures.ts';
import type { Job } from './job.ts';
import { POOL_WORKER, type FromWorker, type ToWorker } from './messages.ts';

export interface WorkerEvents {
  /** It waits for a job: the first, or the next. */
  free(worker: WorkerThread): void;
  /** The job has settled, or never will by this worker: see `job.settled`. */
  done(worker: WorkerThread, job: Job): void;
  /** It is gone, and with it the job that it had. */
  died(worker: WorkerThread, job: Job | null, death: Death): void;
}

/** ms that a cancelled task has to end by itself before its worker is ended. */
const GRACE_MS = 250;

export class WorkerThread {
  readonly id: number;
  /** The file is loaded. */
  ready = false;
  readonly #worker: Worker;
  readonly #events: WorkerEvents;
  #job: Job | null = null;
  #jobId = 0;
  #error: Error | null = null;
  #ending = false;
  #grace: NodeJS.Timeout | null = null;
  #idle: NodeJS.Timeout | null = null;

  /** @param memoryBytes of its heap; null: Node's own limit */
  constructor(file: URL | string, memoryBytes: number | null, events: WorkerEvents) {
    this.#events = events;
    this.#worker = new Worker(file, {
      workerData: POOL_WORKER,
      ...(memoryBytes === null ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryBytes / 2 ** 20 } }),
    });
    this.id = this.#worker.threadId;
    this.#worker.on('message', (message: FromWorker) => this.#hear(message));
    this.#worker.on('messageerror', (error) => this.#finish((job) => job.reject(resultLost(job.task, error))));
    this.#worker.on('error', (error: Error) => (this.#error = error));
    this.#worker.on('exit', (exitCode) => this.#died(exitCode));
  }

  get isFree(): boolean {
    return this.ready && this.#job === null && !this.#ending;
  }

  /** Hands the job over. The pool must know that the worker is free. */
  run(job: Job): void {
    const id = ++this.#jobId;
    try {
      const { value, transfer } = job.takeInput();
      this.#tell({ kind: 'run', id, task: job.task, input: value }, transfer);
    } catch (cause) {
      job.reject(inputRefused(job.task, cause));
      this.#events.done(this, job);
      return;
    }
    this.#job = job;
    job.attempts++;
    job.startedAt = performance.now();
    if (this.#idle !== null) {
      clearTimeout(this.#idle);
      this.#idle = null;
    }
    this.#worker.ref();
    const { timeoutMs } = job;
    if (timeoutMs === null) return;
    job.timer = setTimeout(() => {
      job.reject(timedOut(job.task, timeoutMs));
      this.cancel(job);
    }, timeoutMs);
  }

  /** Nobody waits for the job any more: it may end by itself for a while, then the worker is ended. */
  cancel(job: Job): void {
    if (this.#job !== job || this.#ending) return;
    this.#tell({ kind: 'cancel', id: this.#jobId });
    this.#grace ??= setTimeout(() => void this.end(), GRACE_MS);
  }

  /** Has nothing to do: keeps nobody from ending, and ends after a while. */
  rest(idleMs: number): void {
    this.#worker.unref();
    this.#idle ??= setTimeout(() => void this.end(), idleMs).unref();
  }

  /** @returns when it is gone */
  async end(): Promise<void> {
    this.#ending = true;
    this.#clearTimers();
    // Whoever waits for the end must see it.
    this.#worker.ref();
    await this.#worker.terminate();
  }

  /** Lets a cancelled job end by itself first. */
  async endGently(): Promise<void> {
    const job = this.#job;
    if (job === null) return this.end();
    this.cancel(job);
    return new Promise((resolve) => this.#worker.once('exit', () => resolve()));
  }

  #tell(message: ToWorker, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'ready') {
      this.ready = true;
      if (!this.#ending) this.#events.free(this);
    } else if (message.id === this.#jobId) {
      this.#finish((job) => {
        if (message.kind === 'done') job.resolve(message.result);
        else job.reject(errorFromData(message.error));
      });
    }
  }

  #finish(settle: (job: Job) => void): void {
    const job = this.#job;
    if (job === null) return;
    this.#job = null;
    if (this.#grace !== null) clearTimeout(this.#grace);
    this.#grace = null;
    settle(job);
    this.#events.done(this, job);
    if (!this.#ending) this.#events.free(this);
  }

  #died(exitCode: number): void {
    this.#clearTimers();
    const job = this.#job;
    const wanted = this.#ending;
    this.#job = null;
    this.#ending = true;
    this.#events.died(this, job, { error: this.#error, exitCode, wanted });
  }

  #clearTimers(): void {
    for (const timer of [this.#grace, this.#idle]) if (timer !== null) clearTimeout(timer);
    this.#grace = null;
    this.#idle = null;
  }
}
