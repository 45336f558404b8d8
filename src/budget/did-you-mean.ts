import { nearest } from '../model/nearest-name.ts';

/** ` Did you mean "x"?`, or nothing. The last parts of a path alone stand for the path. */
export function didYouMean(word: string, names: readonly string[]): string {
  const name = names.find((path) => path.endsWith(`/${word}`)) ?? nearest(word, names) ?? byLastPart(word, names);
  return name === null ? '' : ` Did you mean ${JSON.stringify(name)}?`;
}

function byLastPart(word: string, names: readonly string[]): string | null {
  const paths = new Map(names.filter((name) => name.includes('/')).map((path) => [lastPart(path), path]));
  const found = nearest(lastPart(word), [...paths.keys()]);
  return found === null ? null : paths.get(found)!;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
