/**
 * The way to a Redis that may be slow, full, gone or back again. What callers wait for it in vain is bounded: when the budget is
 * used up, or the connection breaks, the circuit opens and every question is answered with null at once, those that are under
 * way included. A question of our own, asked in the background, closes it again.
 *
 * A breaker of our own and not cockatiel's or opossum's: those count failures, and let a caller's question find out whether
 * things are well again. Here the bound is on the time that all callers wait together, and no caller ever waits for a probe.
 */
import type { Redis } from 'ioredis';

import { idleMs, WaitBudget } from './wait-budget.ts';
import type { LinkStatistics } from './redis-statistics.ts';
import type { RedisSettings, Warn } from './settings.ts';

const FIRST_PROBE_MS = 1000;
const LAST_PROBE_MS = 60_000;
/** A Redis that has been well for so long is trusted again as at first. */
const TRUSTED_AFTER_MS = 60_000;
/** In the background, where nobody waits. */
const CONNECT_MS = 5000;
/** For a Redis that doesn't hang up with us: until then the process is kept alive. */
const HANG_UP_MS = 100;

type RedisClass = (typeof import('ioredis'))['Redis'];
/** What an answer was good for. */
export interface Worth {
  /** Milliseconds that it would take to make what was found. */
  readonly savedMs: number;
  /** Share of what was asked for that wasn't there, from 0 to 1. */
  readonly inVain: number;
}

/** Writing isn't weighed against what it gives: others have that. */
const NOT_READ: Worth = { savedMs: 0, inVain: 0 };
const NO_ANSWER: Worth = { savedMs: 0, inVain: 1 };

type Trouble = 'away' | 'slow' | 'refused';

export class RedisLink {
  readonly #settings: RedisSettings;
  readonly #warn: Warn;
  readonly #budget: WaitBudget;
  readonly #onConnect: (client: Redis) => Promise<void>;
  #client: Redis | null = null;
  #connecting: Promise<void> | null = null;
  #loading: Promise<RedisClass> | null = null;
  #isOpen = false;
  #isClosed = false;
  #probeMs = FIRST_PROBE_MS;
  #probe: NodeJS.Timeout | null = null;
  #wellSince = 0;
  /** What ends the waits that are under way. */
  readonly #waits = new Set<() => void>();
  /** The first error of the connection there is, or was. */
  #said: Error | null = null;
  #asked = 0;
  #opened = 0;

  /** @param onConnect runs on each new connection, before anybody else asks something */
  constructor(settings: RedisSettings, warn: Warn, onConnect: (client: Redis) => Promise<void>) {
    this.#settings = settings;
    this.#warn = warn;
    this.#budget = new WaitBudget(settings.timeoutMs);
    this.#onConnect = onConnect;
  }

  get statistics(): LinkStatistics {
    return { asked: this.#asked, opened: this.#opened };
  }

  /** Whether asking is of any use now. */
  get isUsable(): boolean {
    return !this.#isOpen && !this.#isClosed;
  }

  /** Whether questions to read are worth their wait; writing in the background goes on. */
  get isWorthAsking(): boolean {
    return this.isUsable && this.#budget.isWorthAsking;
  }

  /** Begins to connect; nobody need wait for it. */
  start(): void {
    if (this.#connecting === null && this.#client === null && this.isUsable) this.#connecting = this.#connect();
  }

  /**
   * Asks, and waits no longer than is left for waiting.
   * @param ask what Redis refuses, it throws
   * @param worth of the answer
   * @returns null: no answer
   */
  async ask<T>(ask: (client: Redis) => Promise<T>, worth: (answer: T) => Worth = () => NOT_READ): Promise<T | null> {
    if (!this.isUsable) return null;
    this.start();
    // Loading the client is work and no waiting for Redis; it happens once.
    await this.#load().catch(() => null);
    this.#budget.begin();
    let { savedMs, inVain } = NO_ANSWER;
    try {
      const answer = await this.#inTime(async () => {
        if (this.#client === null) await this.#connecting;
        const client = this.#client;
        if (client === null) return null;
        this.#asked++;
        return { value: await ask(client) };
      });
      if (answer === null) return null;
      ({ savedMs, inVain } = worth(answer.value));
      return answer.value;
    } finally {
      this.#budget.end(savedMs, inVain);
      if (this.isUsable && this.#budget.leftMs === 0) this.#trip('slow', null);
    }
  }

  /**
   * For work in the background, which keeps no process alive.
   * @param isAwaited somebody waits for it all the same, and wants to
   */
  async send<T>(ask: (client: Redis) => Promise<T>, limitMs: number, isAwaited = false): Promise<T | null> {
    if (!this.isUsable) return null;
    this.start();
    const answer = await this.#inTime(
      async () => {
        await this.#connecting;
        const client = this.#client;
        return client === null ? null : { value: await ask(client) };
      },
      { limitMs, isAwaited },
    );
    return answer?.value ?? null;
  }

  /**
   * The timer of one who waits keeps the process alive, while the connection itself doesn't. What counts is the time in which this
   * thread had nothing else to do; and when that is up, the answer may lie in the socket already and gets a turn to come out.
   */
  #inTime<T>(
    run: () => Promise<T | null>,
    { limitMs, isAwaited } = { limitMs: this.#budget.leftMs, isAwaited: true },
  ): Promise<T | null> {
    return new Promise<T | null>((resolve) => {
      const start = idleMs();
      let timer: NodeJS.Timeout | undefined;
      let isSettled = false;
      const settle = (value: T | null): void => {
        if (isSettled) return;
        isSettled = true;
        clearTimeout(timer);
        this.#waits.delete(giveUp);
        resolve(value);
      };
      const giveUp = (): void => settle(null);
      const timeIsUp = (): void => {
        const left = limitMs - (idleMs() - start);
        if (left > 1) arm(left);
        else setImmediate(() => (isSettled ? undefined : this.#trip('slow', null)));
      };
      const arm = (ms: number): void => {
        timer = setTimeout(timeIsUp, ms);
        if (!isAwaited) timer.unref();
      };
      arm(limitMs);
      this.#waits.add(giveUp);
      run().then(settle, (error: unknown) => {
        settle(null);
        this.#failed(error);
      });
    });
  }

  #failed(thrown: unknown): void {
    // Whoever asks on a connection that was ended hears only that; why it was ended, its first error says.
    const error =
      (/^(Stream isn't writeable|Connection is closed)/.test((thrown as Error).message) && this.#said) || thrown;
    const { name, message } = error as Error;
    // Redis is there and says no: to this question, or to us.
    const isRefusal = name === 'ReplyError' && /^(NOAUTH|WRONGPASS|NOPERM|ERR invalid password|ERR AUTH)/.test(message);
    if (name === 'ReplyError' && !isRefusal && !/^(LOADING|MASTERDOWN|BUSY|CLUSTERDOWN)/.test(message)) return;
    this.#trip(isRefusal ? 'refused' : 'away', error as Error);
  }

  #load(): Promise<RedisClass> {
    // By its default: the names of a CommonJS module are not there once it is bundled.
    return (this.#loading ??= import('ioredis').then((client) => client.default as unknown as RedisClass));
  }

  async #connect(): Promise<void> {
    try {
      const client = await this.#newClient();
      if (this.#isClosed || this.#isOpen) {
        hangUp(client);
        return;
      }
      this.#adopt(client);
      await this.#onConnect(client);
    } catch (error) {
      this.#failed(error);
      if (this.#client === null) this.#trip('away', error as Error);
    } finally {
      this.#connecting = null;
    }
  }

  #adopt(client: Redis): void {
    this.#client = client;
    this.#wellSince = performance.now();
    client.once('close', () => {
      if (this.#client !== client || this.#isClosed) return;
      if (this.#said === null) this.#trip('away', null);
      else this.#failed(this.#said);
    });
  }

  /**
   * ioredis, for 36 ms of CPU to load against 56 of \@redis/client: it pipelines, reads bytes, and can be told to try nothing
   * again by itself. It keeps no process alive.
   */
  async #newClient(): Promise<Redis> {
    const Redis = await this.#load();
    const client = new Redis(this.#settings.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      reconnectOnError: () => false,
      connectTimeout: CONNECT_MS,
      disconnectTimeout: HANG_UP_MS,
      connectionName: 'pare',
    });
    this.#said = null;
    client.on('error', (error: Error) => (this.#said ??= error));
    const connected = client.connect();
    const letGo = (): void => {
      (client as unknown as { stream?: { unref?: () => void } }).stream?.unref?.();
    };
    process.nextTick(letGo);
    setImmediate(letGo);
    try {
      await connected;
    } catch (error) {
      hangUp(client);
      throw this.#said ?? error;
    }
    letGo();
    return client;
  }

  /** Opens the circuit. */
  #trip(trouble: Trouble, error: Error | null): void {
    if (this.#isOpen || this.#isClosed) return;
    this.#isOpen = true;
    this.#opened++;
    const client = this.#client;
    this.#client = null;
    hangUp(client);
    for (const giveUp of Array.from(this.#waits)) giveUp();
    this.#warn(describe(trouble, this.#settings, error));
    if (performance.now() - this.#wellSince > TRUSTED_AFTER_MS) this.#probeMs = FIRST_PROBE_MS;
    this.#scheduleProbe(trouble);
  }

  /** For one who sees that nothing moves. */
  giveUp(): void {
    this.#trip('slow', null);
  }

  #scheduleProbe(trouble: Trouble): void {
    if (trouble === 'refused') return;
    this.#probe = setTimeout(() => void this.#tryAgain(trouble), this.#probeMs).unref();
    this.#probeMs = Math.min(this.#probeMs * 2, LAST_PROBE_MS);
  }

  async #tryAgain(trouble: Trouble): Promise<void> {
    if (this.#isClosed) return;
    let client: Redis | null = null;
    try {
      client = await this.#newClient();
      const limit = setTimeout(() => hangUp(client), CONNECT_MS).unref();
      await client.ping();
      const start = performance.now();
      await client.ping();
      clearTimeout(limit);
      if (this.#isClosed || (trouble === 'slow' && performance.now() - start > this.#budget.slowMs))
        throw new Error('still slow');
      await this.#onConnect(client);
      this.#adopt(client);
      this.#budget.reset();
      this.#isOpen = false;
    } catch {
      hangUp(client);
      if (!this.#isClosed) this.#scheduleProbe(trouble);
    }
  }

  close(): void {
    this.#isClosed = true;
    if (this.#probe !== null) clearTimeout(this.#probe);
    hangUp(this.#client);
    this.#client = null;
    for (const giveUp of Array.from(this.#waits)) giveUp();
  }
}

/** Of a connection that is gone already, ioredis would wait until it times out. */
function hangUp(client: Redis | null): void {
  const { stream } = (client ?? {}) as { stream?: { readonly destroyed?: boolean } };
  if (stream?.destroyed !== true) client?.disconnect();
}

function describe(trouble: Trouble, { url, timeoutMs }: RedisSettings, error: Error | null): Parameters<Warn>[0] {
  const where = withoutPassword(url);
  const cause = error === null || error.message === '' ? '' : `: ${error.message}`;
  const goesOn = 'The run goes on without it.';
  if (trouble === 'refused')
    return {
      code: 'cache-redis-refused',
      message: `Redis at ${where} lets us do nothing${cause}`,
      hint: `Put the user and the password into cache.redis.url. ${goesOn}`,
    };
  if (trouble === 'slow')
    return {
      code: 'cache-redis-slow',
      message: `Redis at ${where} kept the run waiting for more than ${timeoutMs} ms`,
      hint: `${goesOn} If it is always that far away, raise cache.redis.timeout.`,
    };
  return {
    code: 'cache-redis-away',
    message: `Redis at ${where} can't be reached${cause}`,
    hint: `Start it, or mend cache.redis.url. ${goesOn}`,
  };
}

/** An address for messages: logs are no place for passwords. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
