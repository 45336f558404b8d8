/** What can go wrong with a task apart from what the task itself throws. Each says the mend. */
import { PareError } from '../model/errors.ts';

/** Of a pool that closes: nobody wants the results any more. */
export function poolClosed(): DOMException {
  return new DOMException('The worker pool is closed.', 'AbortError');
}

export function queueFull(task: string, places: number): PareError {
  return new PareError('worker-queue-full', `The task "${task}" finds all ${places} places of the queue taken.`, {
    hint: 'Set workers.queue higher, or ask for less at once.',
  });
}

export function timedOut(task: string, ms: number): PareError {
  return new PareError('worker-timeout', `The task "${task}" was not done within ${ms} ms.`, {
    hint: 'Set workers.timeout higher, or leave it out.',
  });
}

export function inputRefused(task: string, cause: unknown): PareError {
  return new PareError(
    'worker-input',
    `The input of the task "${task}" can't be handed to a worker: ${String(cause)}`,
    {
      hint: 'An input is data. Options that are functions can only be used with workers.max set to 0.',
      cause,
    },
  );
}

export function resultLost(task: string, cause: unknown): PareError {
  return new PareError('worker-result', `The result of the task "${task}" can't be read: ${String(cause)}`, { cause });
}

/** How a worker came to its end. */
export interface Death {
  /** What nobody caught; null: it ended by itself. */
  readonly error: Error | null;
  readonly exitCode: number;
  /** We ended it. */
  readonly wanted: boolean;
}

export function outOfMemory(death: Death): boolean {
  return (death.error as NodeJS.ErrnoException | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

export function reasonOf({ error, exitCode }: Death): string {
  return error === null ? `exit code ${exitCode}` : error.message.replace(/\.$/, '');
}

/** @param memoryBytes the limit; null: Node's own */
export function crashed(task: string, deaths: number, death: Death, memoryBytes: number | null): PareError {
  if (outOfMemory(death)) {
    const limit = memoryBytes === null ? 'Node gives a worker' : `${Math.round(memoryBytes / 2 ** 20)} MB`;
    return new PareError('worker-memory', `The task "${task}" needs more memory than ${limit}.`, {
      hint:
        memoryBytes === null
          ? 'Set workers.memory, for instance to "4 GB", and workers.max lower where that is more than there is.'
          : 'Set workers.memory higher, and workers.max lower where that is more than there is.',
      cause: death.error,
    });
  }
  const times = deaths > 1 ? ' twice' : '';
  return new PareError('worker-crashed', `The worker of the task "${task}" died${times}: ${reasonOf(death)}.`, {
    hint: 'With workers.max set to 0 the task runs without workers, which may show why.',
    ...(death.error === null ? {} : { cause: death.error }),
  });
}

export function cannotStart(file: string, death: Death): PareError {
  return new PareError('worker-start', `Workers don't start (${file}): ${reasonOf(death)}.`, {
    hint: 'Install pare again, or set workers.max to 0 to do without workers.',
    ...(death.error === null ? {} : { cause: death.error }),
  });
}
