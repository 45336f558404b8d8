/**
 * What a run of pare owns: cache, worker pool, telemetry, temporary files. All of it hangs on one scope, is opened when it is
 * first asked for, and is closed with it.
 */
import type { ByteCache, CacheEntry } from '../model/byte-cache.ts';
import { load, type LoadedConfig, type LoadOptions } from '../config/load.ts';
import { cacheSettings, telemetrySettings, workerSettings } from '../config/settings.ts';
import { PareError } from '../model/errors.ts';
import { startPhases } from '../scope/phases.ts';
import { ResourceScope } from '../scope/resource-scope.ts';
import type { Store } from '../store/open-store.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { RunOptions, TaskReport } from '../workers/job.ts';
import type { WorkerPool } from '../workers/pool.ts';
import { ownVersion, workerFile } from './own-package.ts';
import { TASKS, type TaskInput, type TaskName, type TaskOutput } from './tasks.ts';

/** A trouble that the run goes on without. */
export interface EngineWarning {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

export interface EngineOptions {
  /** The configuration, or how to load it. */
  readonly config: LoadedConfig | LoadOptions;
  /** What kind of run this is, for the cache to learn what it will ask for: `analyze dist`. */
  readonly runKind?: string | undefined;
  /** false: nothing is looked up and nothing is kept. Default: true. */
  readonly cache?: boolean | undefined;
  /** The run is over in seconds: where nobody says how much of the cache is kept in memory, little is. */
  readonly isShort?: boolean | undefined;
  readonly onWarning: (warning: EngineWarning) => void;
}

const LITTLE_MEMORY = 16 * 1024 * 1024;

interface Resources {
  config: LoadedConfig;
  telemetry: Telemetry;
  store: Store | null;
}

/**
 * Starts what a run needs at once: the configuration, then side by side the telemetry and the cache with what the run is likely
 * to ask of it. Workers are started by the work itself.
 *
 * @throws PareError `config-unreadable`, `config-invalid`: nothing is left open then
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const scope = new ResourceScope('pare');
  try {
    const started = await startPhases<Resources>([
      { name: 'config', start: () => ('config' in options.config ? options.config : load(options.config)) },
      {
        name: 'telemetry',
        needs: ['config'],
        start: async ({ resource }) => {
          const { openTelemetry } = await import('../telemetry/telemetry.ts');
          return openTelemetry(telemetrySettings(resource('config')) ?? { trace: null });
        },
      },
      {
        name: 'store',
        needs: ['config'],
        start: ({ resource }) => openCache(resource('config'), options),
      },
    ]);
    scope.onClose('telemetry and cache', () => started.stop());
    return new Engine(scope, started.resources, options.onWarning);
  } catch (error) {
    await scope.close();
    throw onlyCause(error);
  }
}

/** A wrong configuration is said in its own words. */
function onlyCause(error: unknown): unknown {
  if (!(error instanceof AggregateError) || error.errors.length !== 1) return error;
  const [only] = error.errors as Error[];
  return only?.cause ?? only;
}

async function openCache(config: LoadedConfig, options: EngineOptions): Promise<Store | null> {
  const wanted = options.cache === false ? null : cacheSettings(config);
  if (wanted === null) return null;
  const isLittle = options.isShort === true && config.origin('cache.memory')?.kind === 'defaults';
  const settings = isLittle ? { ...wanted, memoryBytes: LITTLE_MEMORY } : wanted;
  const { openStore } = await import('../store/open-store.ts');
  const store = openStore(settings, { version: ownVersion(), onWarning: options.onWarning });
  if (options.runKind !== undefined) await store.warm(options.runKind);
  return store;
}

export class Engine implements AsyncDisposable {
  readonly scope: ResourceScope;
  readonly config: LoadedConfig;
  readonly telemetry: Telemetry;
  /** null: there is no cache. */
  readonly store: Store | null;
  readonly #pool: { get(): Promise<WorkerPool> };
  readonly #onWarning: EngineOptions['onWarning'];
  #closing: Promise<void> | null = null;

  constructor(scope: ResourceScope, { config, telemetry, store }: Resources, onWarning: EngineOptions['onWarning']) {
    this.scope = scope;
    this.#onWarning = onWarning;
    this.config = config;
    this.telemetry = telemetry;
    this.store = store;
    this.#pool = scope.use('pool', async () => {
      const { openPool } = await import('../workers/pool.ts');
      const file = workerFile();
      const settings = workerSettings(config);
      return openPool(file === null ? { ...settings, max: 0 } : settings, {
        file: file ?? '',
        tasks: TASKS,
        ...(telemetry.on
          ? {
              onTask: ({ task, queuedAt, startedAt, endedAt, worker }: TaskReport) =>
                telemetry.record(task, startedAt, endedAt, { queuedMs: startedAt - queuedAt }, `worker ${worker}`),
            }
          : {}),
        onWarning: (message) => onWarning({ code: 'worker-trouble', message, hint: null }),
      });
    });
  }

  /** The cache, or one that knows nothing. */
  get cache(): ByteCache {
    return this.store ?? NO_CACHE;
  }

  /** Runs a task in a worker, or here where it is too little to start one for. */
  async run<Name extends TaskName>(
    name: Name,
    input: TaskInput<Name>,
    options: RunOptions = {},
  ): Promise<TaskOutput<Name>> {
    const pool = await this.#pool.get();
    return pool.run<TaskOutput<Name>>(name, input, options);
  }

  /** Every call gives the same promise. What does not close is a warning: the work is done, and stands. */
  close(): Promise<void> {
    this.#closing ??= this.scope.close().catch((error: unknown) => {
      for (const each of causesOf(error)) {
        const { code, hint } = each instanceof PareError ? each : { code: 'close-failed', hint: null };
        this.#onWarning({ code, message: each.message, hint });
      }
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The errors below those that only gather or name others. */
function causesOf(error: unknown): Error[] {
  if (error instanceof AggregateError) return error.errors.flatMap(causesOf);
  if (error instanceof PareError || !(error instanceof Error))
    return [error instanceof Error ? error : new Error(String(error))];
  return error.cause instanceof Error ? causesOf(error.cause) : [error];
}

const NO_CACHE: ByteCache = {
  get: async () => null,
  getMany: async (entries) => entries.map(() => null),
  put: async () => undefined,
  through: (_entry: CacheEntry, compute) => compute(),
};
