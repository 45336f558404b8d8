/** How things are closed, and how what goes wrong with it is told. */

/** Called with the resource that `open` or `start` gave. */
export type Close<T> = (resource: T) => unknown;

/** Closes in the way that was named, else by the resource's own `Symbol.asyncDispose` or `Symbol.dispose`, else not at all. */
export async function closeResource<T>(resource: T, close: Close<T> | undefined): Promise<void> {
  if (close !== undefined) {
    await close(resource);
    return;
  }
  if ((typeof resource !== 'object' && typeof resource !== 'function') || resource === null) return;
  const { [Symbol.asyncDispose]: asyncDispose, [Symbol.dispose]: dispose } = resource as Partial<AsyncDisposable> &
    Partial<Disposable>;
  await (asyncDispose ?? dispose)?.call(resource);
}

export function named(name: string, cause: unknown): Error {
  return new Error(`${name}: ${messageOf(cause)}`, { cause });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One error that says all of them. */
export function together(intro: string, errors: readonly Error[]): AggregateError {
  return new AggregateError(errors, `${intro} ${errors.map(({ message }) => message).join('; ')}`);
}

/** A way from a name back to itself over `needs`; null where there is none. */
export function findCircle(needsOf: (name: string) => readonly string[], names: Iterable<string>): string[] | null {
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): string[] | null => {
    const at = way.indexOf(name);
    if (at !== -1) return [...way.slice(at), name];
    if (done.has(name)) return null;
    for (const need of needsOf(name)) {
      const circle = visit(need, [...way, name]);
      if (circle !== null) return circle;
    }
    done.add(name);
    return null;
  };
  for (const name of names) {
    const circle = visit(name, []);
    if (circle !== null) return circle;
  }
  return null;
}
