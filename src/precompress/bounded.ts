/** Work side by side, within bounds of how much at once. */

export interface Bounds {
  readonly concurrency: number;
  /** Of all that runs at one time; what is heavier than that runs alone. */
  readonly weight: number;
}

/** Results in the order of the items. The first failure stops what has not begun, and is thrown when the rest has ended. */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  weigh: (item: Item) => number,
  { concurrency, weight }: Bounds,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  // The heaviest first, so that none of them is left for the end.
  const order = items.map((_, at) => at).sort((a, b) => weigh(items[b]!) - weigh(items[a]!) || a - b);
  const failures: unknown[] = [];
  const running = new Set<Promise<void>>();
  let load = 0;
  const isFull = (more: number): boolean => running.size >= concurrency || (running.size > 0 && load + more > weight);
  for (const at of order) {
    const own = weigh(items[at]!);
    while (isFull(own)) await Promise.race(running);
    if (failures.length > 0) break;
    load += own;
    const task = work(items[at]!)
      .then((result) => void (results[at] = result))
      .catch((error: unknown) => void failures.push(error))
      .finally(() => {
        load -= own;
        running.delete(task);
      });
    running.add(task);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
  return results;
}
