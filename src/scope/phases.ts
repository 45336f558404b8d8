/**
 * Starting up, as a small graph of phases: what needs nothing of each other starts in parallel, and a failure anywhere takes
 * back what was started.
 */
import { closeResource, findCircle, messageOf, named, together } from './close.ts';

/** @typeParam R what the phases give, by their names */
export type Phase<R extends object> = { [K in keyof R & string]: PhaseOf<R, K> }[keyof R & string];

interface PhaseOf<R extends object, K extends keyof R & string> {
  readonly name: K;
  /** Names of phases that are up before this one starts, and stop after it. */
  readonly needs?: readonly (keyof R & string)[];
  start(context: PhaseContext<R>): R[K] | Promise<R[K]>;
  /** Does it work? `false` or an error says no. */
  check?(resource: R[K]): unknown;
  /** Default: the resource's own `Symbol.asyncDispose` or `Symbol.dispose`. */
  stop?(resource: R[K]): unknown;
  /** For start and check together. Default: no limit. */
  readonly timeoutMs?: number;
}

export interface PhaseContext<R extends object> {
  /** Aborted when another phase fails, when this one's time is over, and with the signal of the whole. */
  readonly signal: AbortSignal;
  /**
   * What a phase that is named in `needs` has given.
   *
   * @throws Error for any other
   */
  resource<K extends keyof R & string>(name: K): R[K];
}

export interface PhaseOptions {
  /** Aborted: what was started is taken back. */
  readonly signal?: AbortSignal | undefined;
}

/** What is up. */
export interface Started<R extends object> extends AsyncDisposable {
  readonly resources: Readonly<R>;
  /** ms that each phase took for itself, without waiting for others. In the order in which they were up. */
  readonly durations: ReadonlyMap<string, number>;
  /** Stops all, what was up last first. @throws AggregateError of all that did not stop */
  stop(): Promise<void>;
}

/**
 * @throws Error for names that are unknown, taken twice or need each other in a circle, before anything starts
 * @throws AggregateError of every phase that failed, each by its name, and of what did not stop then
 */
export async function startPhases<R extends object>(
  phases: readonly Phase<R>[],
  { signal }: PhaseOptions = {},
): Promise<Started<R>> {
  // Within this function a phase is any phase: the names tie resources to their types for the caller.
  const all = phases as readonly AnyPhase[];
  checkNames(all);
  const run = new Run(signal);
  const promises = new Map<string, Promise<void>>();
  const begin = (phase: AnyPhase): Promise<void> => {
    const known = promises.get(phase.name);
    if (known !== undefined) return known;
    const needs = all.filter(({ name }) => phase.needs?.includes(name)).map(begin);
    const promise = Promise.all(needs).then(() => run.start(phase));
    promises.set(phase.name, promise);
    return promise;
  };
  await Promise.allSettled(all.map(begin));
  await run.rollBackIfFailed();
  const stop = once(async () => {
    const errors = await run.stopAll();
    if (errors.length > 0) throw together('Stopping:', errors);
  });
  return {
    resources: Object.fromEntries(run.resources) as R,
    durations: run.durations,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

type AnyPhase = PhaseOf<Record<string, unknown>, string>;

class Run {
  readonly resources = new Map<string, unknown>();
  readonly durations = new Map<string, number>();
  readonly #started: { readonly phase: AnyPhase; readonly resource: unknown }[] = [];
  readonly #errors: Error[] = [];
  readonly #abort = new AbortController();
  readonly #release: () => void;
  /** Every phase is up or has failed. */
  #isOver = false;

  constructor(outer: AbortSignal | undefined) {
    const abort = (): void => this.#fail(named('aborted', outer?.reason));
    if (outer?.aborted === true) abort();
    outer?.addEventListener('abort', abort, { once: true });
    this.#release = () => outer?.removeEventListener('abort', abort);
  }

  #fail(error: Error): void {
    this.#errors.push(error);
    this.#abort.abort(error);
  }

  /** Rejects when the phase is not up: those that need it don't start. */
  async start(phase: AnyPhase): Promise<void> {
    this.#abort.signal.throwIfAborted();
    const begun = performance.now();
    try {
      const resource = await this.#withinTime(phase, (signal) => this.#startAndCheck(phase, signal));
      this.resources.set(phase.name, resource);
      this.durations.set(phase.name, performance.now() - begun);
    } catch (error) {
      // What ends because another has failed is not a fault of its own.
      const { aborted, reason } = this.#abort.signal;
      if (!aborted || (error !== reason && (error as Error | null)?.cause !== reason))
        this.#fail(named(phase.name, error));
      throw error;
    }
  }

  async #startAndCheck(phase: AnyPhase, signal: AbortSignal): Promise<unknown> {
    const context: PhaseContext<Record<string, unknown>> = {
      signal,
      resource: (name) => {
        if (phase.needs?.includes(name) === true) return this.resources.get(name);
        throw new Error(`"${phase.name}" asks for "${name}", which is not among its needs.`);
      },
    };
    const resource = await phase.start(context);
    if (this.#isOver) {
      // Nobody waits any more: the others are stopped already.
      await closeResource(resource, phase.stop);
      return resource;
    }
    this.#started.push({ phase, resource });
    if (phase.check !== undefined) {
      const healthy = await phase.check(resource);
      if (healthy === false) throw new Error('the health check failed');
    }
    return resource;
  }

  async #withinTime(phase: AnyPhase, act: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
    if (phase.timeoutMs === undefined) return act(this.#abort.signal);
    const late = new AbortController();
    const acting = act(AbortSignal.any([this.#abort.signal, late.signal]));
    const { timeoutMs } = phase;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`not up within ${timeoutMs} ms`);
        late.abort(error);
        reject(error);
      }, timeoutMs);
    });
    acting.catch(() => undefined);
    try {
      return await Promise.race([acting, over]);
    } finally {
      clearTimeout(timer);
    }
  }

  async rollBackIfFailed(): Promise<void> {
    this.#release();
    this.#isOver = true;
    if (this.#errors.length === 0) return;
    const faults = [...this.#errors, ...(await this.stopAll())];
    throw together('Starting:', faults);
  }

  async stopAll(): Promise<Error[]> {
    const errors: Error[] = [];
    for (let last = this.#started.pop(); last !== undefined; last = this.#started.pop()) {
      try {
        await closeResource(last.resource, last.phase.stop);
      } catch (error) {
        errors.push(new Error(`${last.phase.name} does not stop: ${messageOf(error)}`, { cause: error }));
      }
    }
    return errors;
  }
}

function checkNames(phases: readonly AnyPhase[]): void {
  const byName = new Map(phases.map((phase) => [phase.name, phase]));
  if (byName.size < phases.length) {
    const twice = phases.filter((phase) => byName.get(phase.name) !== phase).map(({ name }) => `"${name}"`);
    throw new Error(`There is more than one phase ${twice.join(', ')}.`);
  }
  for (const { name, needs = [] } of phases) {
    const unknown = needs.filter((need) => !byName.has(need));
    if (unknown.length > 0) throw new Error(`The phase "${name}" needs "${unknown.join('", "')}", which there is not.`);
  }
  const circle = findCircle((name) => byName.get(name)?.needs ?? [], byName.keys());
  if (circle !== null) throw new Error(`These phases need each other: ${circle.join(' → ')}`);
}

function once(act: () => Promise<void>): () => Promise<void> {
  let promise: Promise<void> | null = null;
  return () => (promise ??= act());
}
