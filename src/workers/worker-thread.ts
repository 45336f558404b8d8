/**
 * One worker of a pool. It does one job at a time, and has the next ones ahead, so that it needn't wait for the pool's thread,
 * which is often that of a busy bundler. What it has not begun can be taken back.
 */
import { Worker, type Transferable } from 'node:worker_threads';

import { errorFromData } from './error-data.ts';
import { inputRefused, resultLost, timedOut, type Death } from './failures.ts';
import type { Job } from './job.ts';
import { takeBack, type FromWorker, type ToWorker, type WorkerData } from './messages.ts';

export interface WorkerEvents {
  /** It has room for a job: it came up, or a job is done. */
  room(worker: WorkerThread): void;
  /** The worker is rid of the job, which has settled. */
  done(worker: WorkerThread, job: Job): void;
  /** It is gone, with the job that it had begun and those that it had ahead. */
  died(worker: WorkerThread, begun: Job | null, ahead: readonly Job[], death: Death): void;
}

/** ms that a cancelled task has to end by itself before its worker is ended. */
const GRACE_MS = 250;

/** Jobs that a worker has at most; of those that take less than a millisecond, and of others. */
const MOST_SHORT_JOBS = 16;
const MOST_JOBS = 2;

interface Held {
  readonly job: Job;
  readonly id: number;
  readonly slot: number;
}

export class WorkerThread {
  readonly id: number;
  /** The file is loaded. */
  ready = false;
  readonly #worker: Worker;
  readonly #events: WorkerEvents;
  readonly #claims = new Int32Array(new SharedArrayBuffer(MOST_SHORT_JOBS * Int32Array.BYTES_PER_ELEMENT));
  /** The first is running, or begins at any moment. */
  readonly #held: Held[] = [];
  #lastId = 0;
  /** Of its jobs, ms, the later ones counting more; Infinity: not known. */
  #usualMs = Infinity;
  #error: Error | null = null;
  #ending = false;
  #grace: NodeJS.Timeout | null = null;
  #idle: NodeJS.Timeout | null = null;

  /** @param memoryBytes of its heap; null: Node's own limit */
  constructor(file: URL | string, memoryBytes: number | null, events: WorkerEvents) {
    this.#events = events;
    this.#worker = new Worker(file, {
      workerData: { pareWorker: true, claims: this.#claims.buffer as SharedArrayBuffer } satisfies WorkerData,
      ...(memoryBytes === null ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryBytes / 2 ** 20 } }),
    });
    this.id = this.#worker.threadId;
    this.#worker.on('message', (message: FromWorker) => this.#hear(message));
    this.#worker.on('messageerror', (error) => {
      const [held] = this.#held;
      held?.job.reject(resultLost(held.job.task, error));
      if (held !== undefined) this.#release(held);
    });
    this.#worker.on('error', (error: Error) => (this.#error = error));
    this.#worker.on('exit', (exitCode) => this.#died(exitCode));
  }

  get isFree(): boolean {
    return this.ready && this.#held.length === 0 && !this.#ending;
  }

  /** It is at work, and could have another job ahead. */
  get hasRoomAhead(): boolean {
    const most = this.#usualMs < 1 ? MOST_SHORT_JOBS : MOST_JOBS;
    return this.ready && !this.#ending && this.#grace === null && this.#held.length > 0 && this.#held.length < most;
  }

  /** Hands the job over. */
  run(job: Job): void {
    const id = ++this.#lastId;
    const slot = this.#freeSlot();
    try {
      const { value, transfer } = job.takeInput();
      Atomics.store(this.#claims, slot, id);
      this.#tell({ kind: 'run', id, slot, task: job.task, input: value }, transfer);
    } catch (cause) {
      job.reject(inputRefused(job.task, cause));
      this.#events.done(this, job);
      // Not at once: whoever hands over a job is not done with it.
      queueMicrotask(() => this.#events.room(this));
      return;
    }
    this.#held.push({ job, id, slot });
    if (this.#held.length > 1) return;
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    this.#worker.ref();
    this.#startClock();
  }

  #freeSlot(): number {
    for (let slot = 0; ; slot++) if (!this.#held.some((held) => held.slot === slot)) return slot;
  }

  /** Of the first job. */
  #startClock(): void {
    const job = this.#held[0]?.job;
    if (job === undefined) return;
    job.startedAt = performance.now();
    const { timeoutMs } = job;
    if (timeoutMs === null) return;
    const over = (): void => {
      if (job.settled) return;
      job.reject(timedOut(job.task, timeoutMs));
      this.cancel(job);
    };
    // After a long turn of this thread the timers come first: the result may be there, and is read before the immediates.
    job.timer = setTimeout(() => setImmediate(over), timeoutMs);
  }

  /** The last job that it has ahead and has not begun; null: there is none. */
  takeBack(): Job | null {
    const held = this.#held.length > 1 ? this.#held.at(-1)! : null;
    if (held === null || !takeBack(this.#claims, held.slot, held.id)) return null;
    this.#held.pop();
    return held.job;
  }

  /** Nobody waits for the job any more. When it runs, it may end by itself for a while; then the worker is ended. */
  cancel(job: Job): void {
    const held = this.#held.find((each) => each.job === job);
    if (held === undefined || this.#ending) return;
    if (takeBack(this.#claims, held.slot, held.id)) {
      this.#release(held);
    } else {
      this.#tell({ kind: 'cancel', id: held.id });
      this.#grace ??= setTimeout(() => void this.end(), GRACE_MS);
    }
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

  /** Lets a job that has begun, and that nobody waits for, end by itself first. */
  async endGently(): Promise<void> {
    for (const { job } of this.#held.toReversed()) this.cancel(job);
    if (this.#held.length === 0) return this.end();
    return new Promise((resolve) => this.#worker.once('exit', () => resolve()));
  }

  #tell(message: ToWorker, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'ready') {
      this.ready = true;
      if (!this.#ending) this.#events.room(this);
      return;
    }
    const held = this.#held.find(({ id }) => id === message.id);
    if (held === undefined) return;
    const { job } = held;
    const took = performance.now() - job.startedAt;
    this.#usualMs = this.#usualMs === Infinity ? took : this.#usualMs * 0.8 + took * 0.2;
    if (message.kind === 'done') job.resolve(message.result);
    else job.reject(errorFromData(message.error));
    this.#release(held);
  }

  /** Of a job that has settled. */
  #release(held: Held): void {
    const index = this.#held.indexOf(held);
    this.#held.splice(index, 1);
    if (index === 0) {
      if (this.#grace !== null) clearTimeout(this.#grace);
      this.#grace = null;
      this.#startClock();
    }
    this.#events.done(this, held.job);
    if (!this.#ending) this.#events.room(this);
  }

  #died(exitCode: number): void {
    this.#clearTimers();
    const wanted = this.#ending;
    this.#ending = true;
    const begun = this.#held.find(({ id, slot }) => this.#claims[slot] === -id)?.job ?? null;
    const ahead = this.#held.map(({ job }) => job).filter((job) => job !== begun);
    this.#held.length = 0;
    this.#events.died(this, begun, ahead, { error: this.#error, exitCode, wanted });
  }

  #clearTimers(): void {
    for (const timer of [this.#grace, this.#idle]) if (timer !== null) clearTimeout(timer);
    this.#grace = null;
    this.#idle = null;
  }
}
