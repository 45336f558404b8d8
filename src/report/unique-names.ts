/** A report tells its builds apart by their names: the second `app` is `app 2`. */
export function uniquelyNamed<T extends { readonly name: string }>(builds: readonly T[]): T[] {
  const seen = new Map<string, number>();
  return builds.map((named) => {
    const count = (seen.get(named.name) ?? 0) + 1;
    seen.set(named.name, count);
    return { ...named, name: count === 1 ? named.name : `${named.name} ${count}` };
  });
}
