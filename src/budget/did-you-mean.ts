import { nearest } from '../model/nearest-name.ts';

/** ` Did you mean "x"?`, or nothing. The last parts of a path alone stand for the path. */
export function didYouMean(word: string, names: readonly string[]): string {
  const name = names.find((path) => path.endsWith(`/${word}`)) ?? nearest(word, names);
  return name === null ? '' : ` Did you mean ${JSON.stringify(name)}?`;
}
