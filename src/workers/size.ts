/** How many workers there may be, and how many are worth their start. */
import { readFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';

/**
 * What starting a worker costs, ms of CPU: a thread, an isolate, the tasks' modules. Measured from 66 to 160.
 */
const START_MS = 150;

/** Memory that a worker is taken to need where no limit says it: a minifier on a large chunk. */
const USUAL_WORKER_BYTES = 256 * 2 ** 20;

/** The share of the free memory that workers may be planned into; the rest is for this thread and for others. */
const MEMORY_SHARE = 0.75;

/**
 * The rule of when to start. Work of up to 300 ms in all is done in this thread, before workers would be there: with one
 * worker nothing is won, and two that share the work save half of it at most. Of more work, each worker that is started must
 * have at least what its own start costs.
 *
 * @param estimatedMs all work that was asked for and is not done, here and in workers
 * @returns how many workers that work is worth
 */
export function workersWorthStarting(estimatedMs: number): number {
  return estimatedMs <= 2 * START_MS ? 0 : Math.floor(estimatedMs / START_MS);
}

export function worthStarting(estimatedMs: number): boolean {
  return workersWorthStarting(estimatedMs) > 0;
}

/**
 * @param running workers that are there now: what they use is no longer free
 * @param bytes of memory for each; null: the usual
 * @returns how many there may be in all; at least one
 */
export function roomForWorkers(running: number, bytes: number | null, max: number | null): number {
  const byMemory = running + Math.floor((freeMemory() * MEMORY_SHARE) / (bytes ?? USUAL_WORKER_BYTES));
  return Math.max(1, Math.min(max ?? cores(), byMemory));
}

let counted: number | null = null;

/** Cores that this process may use. Node 20 knows the scheduler's mask, not a container's share of time. */
export function cores(): number {
  counted ??= Math.max(1, Math.min(availableParallelism(), Math.ceil(coresOfContainer())));
  return counted;
}

/** Bytes; of the container, where there is one with a limit. */
function freeMemory(): number {
  // Missing before Node 20.13 and in other runtimes.
  const { availableMemory } = process as { availableMemory?: () => number };
  return availableMemory?.() ?? freemem();
}

/** By the quota of cgroups, version 2 then 1; Infinity where there is none. */
function coresOfContainer(): number {
  const [quota, period] = readText('/sys/fs/cgroup/cpu.max')?.split(' ') ?? [
    readText('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'),
    readText('/sys/fs/cgroup/cpu/cpu.cfs_period_us'),
  ];
  const share = Number(quota) / Number(period);
  return share > 0 ? share : Infinity;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
