/**
 * What a run owns hangs on one object: it is opened when it is first asked for, and closed in the opposite order however the
 * run ends.
 *
 * Not an AsyncDisposableStack (which Node 20 doesn't have, and whose polyfills bring some forty packages): here things are
 * opened late, leave before the end, have names, and one that doesn't close takes no error of another with it.
 */
import path from 'node:path';
import { writeFile } from 'node:fs/promises';
import type { ChildProcess } from 'node:child_process';

import { spawnOwned, type OwnedProcessOptions } from './child-process.ts';
import { closeResource, findCircle, messageOf, named, together, type Close } from './close.ts';
import { openTempFolder, sweepTempFolders } from './temp-folders.ts';

export interface OpenContext {
  /** Aborted when the scope closes. */
  readonly signal: AbortSignal;
}

export interface UseOptions<T> {
  /** Names of what is opened before it, and closed after it. */
  readonly needs?: readonly string[];
  /** Is it fit for use? `false` or an error says no: it is closed again, and whoever asked for it gets an error. */
  readonly check?: (resource: T) => unknown;
  /** Default: the resource's own `Symbol.asyncDispose` or `Symbol.dispose`. */
  readonly close?: Close<T>;
}

/** Something that is opened when it is first asked for. */
export interface LazyResource<T> {
  readonly name: string;
  /**
   * Opens it, or gives what is open; whoever asks meanwhile gets the same. After a failure the next one to ask tries again.
   *
   * @throws what opening it throws; the scope's abort reason when the scope closes or is closed
   */
  get(): Promise<T>;
  /** What is open now; null before it was asked for. */
  readonly opened: T | null;
}

interface Owned {
  readonly name: string;
  close(): unknown;
}

interface Declared {
  readonly needs: readonly string[];
  open(): Promise<unknown>;
}

export class ResourceScope implements AsyncDisposable {
  readonly name: string;
  /** Settles when the scope is closed, with or without errors. */
  readonly closed: Promise<void>;
  readonly #settleClosed: () => void;
  readonly #abort = new AbortController();
  /** In the order of opening. */
  readonly #owned = new Set<Owned>();
  readonly #declared = new Map<string, Declared>();
  readonly #openings = new Set<Promise<unknown>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #children = new Set<ResourceScope>();
  readonly #parent: ResourceScope | null;
  #sweep: Promise<unknown> | null = null;
  #closing: Promise<void> | null = null;

  /** @param name stands in errors */
  constructor(name: string, parent: ResourceScope | null = null) {
    this.name = name;
    this.#parent = parent;
    let settle!: () => void;
    this.closed = new Promise<void>((resolve) => (settle = resolve));
    this.#settleClosed = settle;
  }

  /** Aborted at the beginning of closing. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * Declares a resource; nothing is opened yet. What `open` asks of other resources of the scope with `get()` is opened
   * before it too; two that ask for each other in that way wait for ever, which `needs` would tell.
   *
   * @throws Error when the name is taken
   */
  use<T>(name: string, open: (context: OpenContext) => T | Promise<T>, options: UseOptions<T> = {}): LazyResource<T> {
    if (this.#declared.has(name)) throw new Error(`"${this.name}" has a resource "${name}" already.`);
    let opening: Promise<T> | null = null;
    let opened: T | null = null;
    const get = (): Promise<T> => {
      opening ??= this.#open(name, open, options).then(
        (resource) => (opened = resource),
        (error: unknown) => {
          opening = null;
          throw error;
        },
      );
      return opening;
    };
    this.#declared.set(name, { needs: options.needs ?? [], open: get });
    return {
      name,
      get,
      get opened() {
        return opened;
      },
    };
  }

  async #open<T>(name: string, open: (context: OpenContext) => T | Promise<T>, options: UseOptions<T>): Promise<T> {
    this.signal.throwIfAborted();
    this.#refuseCircle(name);
    const opening = this.#openInOrder(name, open, options);
    this.#openings.add(opening);
    try {
      return await opening;
    } finally {
      this.#openings.delete(opening);
    }
  }

  async #openInOrder<T>(
    name: string,
    open: (context: OpenContext) => T | Promise<T>,
    { needs = [], check, close }: UseOptions<T>,
  ): Promise<T> {
    await Promise.all(needs.map((need) => this.#declaration(need, name).open()));
    this.signal.throwIfAborted();
    const resource = await open({ signal: this.signal });
    const owned: Owned = { name, close: () => closeResource(resource, close) };
    this.#owned.add(owned);
    if (check !== undefined) {
      const reason = await unfit(resource, check);
      if (reason !== null) {
        this.#owned.delete(owned);
        await this.#closeUnfit(name, owned, reason);
      }
    }
    // Closing waits for openings, and closes this one too.
    this.signal.throwIfAborted();
    return resource;
  }

  async #closeUnfit(name: string, owned: Owned, reason: Error): Promise<never> {
    const fault = named(name, reason);
    try {
      await owned.close();
    } catch (error) {
      throw together('Not fit for use, and does not close:', [fault, named(name, error)]);
    }
    throw fault;
  }

  #declaration(name: string, forWhom: string): Declared {
    const declared = this.#declared.get(name);
    if (declared === undefined) throw new Error(`"${forWhom}" needs "${name}", which "${this.name}" doesn't have.`);
    return declared;
  }

  #refuseCircle(name: string): void {
    const circle = findCircle((each) => this.#declared.get(each)?.needs ?? [], [name]);
    if (circle !== null) throw new Error(`These need each other: ${circle.join(' → ')}`);
  }

  /**
   * Has something done at closing, in turn with what else is open.
   *
   * @returns takes it back, without doing it
   */
  onClose(name: string, close: () => unknown): () => void {
    this.signal.throwIfAborted();
    const owned: Owned = { name, close };
    this.#owned.add(owned);
    return () => void this.#owned.delete(owned);
  }

  /** A scope for a part of the run: closed on its own, or with this one. */
  child(name: string): ResourceScope {
    this.signal.throwIfAborted();
    const child = new ResourceScope(name, this);
    const owned: Owned = { name, close: () => child.close() };
    this.#owned.add(owned);
    this.#children.add(child);
    void child.closed.then(() => this.#forget(child, owned));
    return child;
  }

  #forget(child: ResourceScope, owned: Owned): void {
    this.#owned.delete(owned);
    this.#children.delete(child);
  }

  /**
   * A new folder that is gone with the scope. The first one sweeps what killed processes left beside it.
   *
   * @param parent default: the system's folder for temporary files
   */
  async tempFolder(parent?: string): Promise<string> {
    this.signal.throwIfAborted();
    this.#root().#sweepOnce(parent);
    const opening = openTempFolder(parent).then((temp) => {
      this.#owned.add({ name: temp.folder, close: () => temp.remove() });
      return temp.folder;
    });
    this.#openings.add(opening);
    try {
      return await opening;
    } finally {
      this.#openings.delete(opening);
    }
  }

  /** A new file, in a folder of its own, that is gone with the scope. */
  async tempFile(name: string, contents: string | Uint8Array = ''): Promise<string> {
    const file = path.join(await this.tempFolder(), path.basename(name));
    await writeFile(file, contents, { signal: this.signal });
    return file;
  }

  /** Nobody waits for it but the end. */
  #sweepOnce(parent: string | undefined): void {
    this.#sweep ??= sweepTempFolders(parent);
  }

  #root(): ResourceScope {
    return this.#parent === null ? this : this.#parent.#root();
  }

  /** Starts a process that ends with the scope: SIGTERM, and after a grace SIGKILL. */
  spawn(command: string, args: readonly string[] = [], options: OwnedProcessOptions = {}): ChildProcess {
    this.signal.throwIfAborted();
    const { child, ended, end } = spawnOwned(command, args, options);
    const owned: Owned = { name: command, close: end };
    this.#owned.add(owned);
    void ended.then(() => this.#owned.delete(owned));
    return child;
  }

  /**
   * Like setTimeout; closing clears it.
   *
   * @returns clears it
   */
  timeout(ms: number, act: () => void): () => void {
    this.signal.throwIfAborted();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    return this.#ownTimer(timer);
  }

  /**
   * Like setInterval; closing clears it. It doesn't keep the process alive.
   *
   * @returns clears it
   */
  interval(ms: number, act: () => void): () => void {
    this.signal.throwIfAborted();
    return this.#ownTimer(setInterval(act, ms).unref());
  }

  #ownTimer(timer: NodeJS.Timeout): () => void {
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
      clearTimeout(timer);
    };
  }

  /**
   * Closes everything, what was opened last first. Every call gives the same promise.
   *
   * @throws AggregateError of all that did not close, each by its name, when everything had its turn
   */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll().finally(this.#settleClosed);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeAll(): Promise<void> {
    this.#announce();
    await Promise.allSettled(this.#openings);
    const errors: Error[] = [];
    // What is closed may leave something: a last write that needs a closer.
    while (this.#owned.size > 0) {
      for (const owned of [...this.#owned].reverse()) {
        if (!this.#owned.delete(owned)) continue;
        try {
          await owned.close();
        } catch (error) {
          errors.push(named(owned.name, error));
        }
      }
    }
    await this.#sweep;
    if (errors.length > 0) throw together(`Closing "${this.name}":`, errors);
  }

  /** Tells everybody below at once, so that nobody begins something new. */
  #announce(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#abort.abort(new DOMException(`"${this.name}" is closed.`, 'AbortError'));
    for (const child of this.#children) child.#announce();
  }
}

/** Why a resource is not fit for use; null: it is. */
async function unfit<T>(resource: T, check: (resource: T) => unknown): Promise<Error | null> {
  try {
    return (await check(resource)) === false ? new Error('the health check failed') : null;
  } catch (error) {
    return new Error(`the health check failed: ${messageOf(error)}`, { cause: error });
  }
}
