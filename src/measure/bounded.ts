/** Keeps what is under way at once within a weight. */
export class Bounded {
  readonly #most: number;
  #weight = 0;
  #waiting: (() => void)[] = [];
  readonly #all: Promise<void>[] = [];

  /** @param most what weighs more goes alone */
  constructor(most: number) {
    this.#most = most;
  }

  /** Waits for room, then starts the work; its end is awaited by `done`. */
  async start(weight: number, work: () => Promise<void>): Promise<void> {
    while (this.#weight > 0 && this.#weight + weight > this.#most)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#weight += weight;
    const running = work().finally(() => {
      this.#weight -= weight;
      for (const wake of this.#waiting.splice(0)) wake();
    });
    // `done` throws it; until then it counts as handled.
    running.catch(() => undefined);
    this.#all.push(running);
  }

  /** Throws what the first failed work threw. */
  async done(): Promise<void> {
    await Promise.all(this.#all);
  }
}
