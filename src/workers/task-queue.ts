/** Who waits, by priority and then by time. Everything but a new priority is done in constant time. */

/** Something that waits in one queue at most. */
export interface Queued {
  /** Higher first. */
  readonly priority: number;
  /** The queue's own. */
  place: unknown;
}

interface Place<T> {
  readonly item: T;
  readonly line: Line<T>;
  before: Place<T> | null;
  after: Place<T> | null;
}

interface Line<T> {
  readonly priority: number;
  first: Place<T> | null;
  last: Place<T> | null;
}

export class TaskQueue<T extends Queued> {
  /** Highest priority first. There are few of them, and empty ones stay. */
  readonly #lines: Line<T>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    const line = this.#line(item.priority);
    const place: Place<T> = { item, line, before: line.last, after: null };
    if (line.last === null) line.first = place;
    else line.last.after = place;
    line.last = place;
    this.#enter(item, place);
  }

  /** Before all others of its priority: for what had its turn and lost it. */
  unshift(item: T): void {
    const line = this.#line(item.priority);
    const place: Place<T> = { item, line, before: null, after: line.first };
    if (line.first === null) line.last = place;
    else line.first.before = place;
    line.first = place;
    this.#enter(item, place);
  }

  first(): T | null {
    return this.#lines.find((line) => line.first !== null)?.first?.item ?? null;
  }

  shift(): T | null {
    const item = this.first();
    if (item !== null) this.delete(item);
    return item;
  }

  /** @returns whether it was there */
  delete(item: T): boolean {
    const place = item.place as Place<T> | null;
    if (place === null) return false;
    const { line, before, after } = place;
    if (before === null) line.first = after;
    else before.after = after;
    if (after === null) line.last = before;
    else after.before = before;
    item.place = null;
    this.#size--;
    return true;
  }

  #enter(item: T, place: Place<T>): void {
    item.place = place;
    this.#size++;
  }

  #line(priority: number): Line<T> {
    const index = this.#lines.findIndex((line) => line.priority <= priority);
    const found = this.#lines[index];
    if (found?.priority === priority) return found;
    const line: Line<T> = { priority, first: null, last: null };
    this.#lines.splice(index === -1 ? this.#lines.length : index, 0, line);
    return line;
  }
}
