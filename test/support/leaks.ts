/** What a program holds after many rounds of the same work: heap and handles, measured in a process of its own. */
import { runScript, type Scripts } from './script.ts';

export interface LeakOptions {
  /**
   * A module that exports `round(index)`, done once for each round, and optionally `end()`, done before the last look. What
   * it imports is named from the repository's root.
   */
  readonly source: string;
  readonly rounds: number;
  /** How many looks, evenly spread over the rounds. Default: 10. The first is after the first tenth: caches are warm then. */
  readonly looks?: number;
}

export interface Look {
  readonly round: number;
  /** Bytes of the JavaScript heap after a collection. */
  readonly heap: number;
  /** Bytes of array buffers, which lie outside of the heap. */
  readonly buffers: number;
  /** Kinds of what keeps the event loop busy, sorted, as `process.getActiveResourcesInfo()` names them. */
  readonly handles: readonly string[];
}

export interface Leaks {
  readonly looks: readonly Look[];
  /** After `end()`: what would keep the process alive. */
  readonly handlesAtEnd: readonly string[];
}

/** @throws Error when the program fails, with what it printed */
export async function measureLeaks(scripts: Scripts, { source, rounds, looks = 10 }: LeakOptions): Promise<Leaks> {
  const subject = await scripts.write(source);
  const driver = await scripts.write(`
    const { round, end } = await import(${JSON.stringify(subject)});
    const every = ${Math.max(1, Math.floor(rounds / looks))};
    // stdout is a pipe, and would be counted.
    const handles = () => process.getActiveResourcesInfo().filter((kind) => kind !== 'PipeWrap').sort();
    const looks = [];
    for (let index = 1; index <= ${rounds}; index++) {
      await round(index);
      if (index % every !== 0) continue;
      for (let time = 0; time < 3; time++) {
        await new Promise((resolve) => setImmediate(resolve));
        globalThis.gc();
      }
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      looks.push({ round: index, heap: heapUsed, buffers: arrayBuffers, handles: handles() });
    }
    await end?.();
    await new Promise((resolve) => setImmediate(resolve));
    process.stdout.write(JSON.stringify({ looks, handlesAtEnd: handles() }));
  `);
  const { code, stdout, stderr } = await runScript(driver, [], ['--expose-gc']);
  if (code !== 0) throw new Error(`the program ended with ${code}\n${stdout}\n${stderr}`);
  return JSON.parse(stdout) as Leaks;
}

/** Bytes of heap that a round leaves behind: the slope of a line through the looks, by least squares. */
export function heapPerRound({ looks }: Leaks): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = mean(looks.map(({ round }) => round));
  const height = mean(looks.map(({ heap }) => heap));
  const over = looks.reduce((sum, { round, heap }) => sum + (round - middle) * (heap - height), 0);
  const under = looks.reduce((sum, { round }) => sum + (round - middle) ** 2, 0);
  return over / under;
}
