/**
 * Which earlier file stands in for a file of now. A browser takes, of the earlier responses whose `match` fits the new address,
 * the one with the longest `match` (RFC 9842, section 2.2.2), so a choice of ours that it would not make is of no use: where
 * several files of a release have one pattern (`chunk-*.js`), only the largest of them is offered as a dictionary.
 */
import { isCompressible, isPage, isSourceMap } from './content-type.ts';
import { splitHashedName, type HashedName } from './hashed-name.ts';
import type { FoundFile } from './output-files.ts';
import { patternOf } from './url-pattern.ts';

export interface Dictionary extends FoundFile {
  readonly pattern: string;
  /** null: the pattern is the file's own path. */
  readonly name: HashedName | null;
}

/** More than this is not worth a browser's cache. */
const MOST_BYTES = 100 * 1024 * 1024;

/** The files of a release that are offered as dictionaries, one for each pattern. */
export function dictionariesOf(
  files: readonly FoundFile[],
  { base, minBytes }: { readonly base: string; readonly minBytes: number },
): Dictionary[] {
  const byPattern = new Map<string, Dictionary>();
  for (const { file, bytes } of files) {
    // Pages are asked for by many addresses and never cached for long.
    if (bytes < Math.max(1, minBytes) || bytes > MOST_BYTES) continue;
    if (!isCompressible(file) || isPage(file) || isSourceMap(file)) continue;
    const name = splitHashedName(file);
    const pattern = patternOf(file, name, base);
    const known = byPattern.get(pattern);
    if (known === undefined || bytes > known.bytes || (bytes === known.bytes && file < known.file))
      byPattern.set(pattern, { file, bytes, pattern, name });
  }
  return [...byPattern.values()];
}

/** The dictionary that a browser which has all of them offers for a file; null where none fits. */
export function dictionaryFor(file: string, dictionaries: readonly Dictionary[]): Dictionary | null {
  let best: Dictionary | null = null;
  for (const each of dictionaries)
    if (fits(file, each) && (best === null || each.pattern.length > best.pattern.length)) best = each;
  return best;
}

function fits(file: string, { file: own, name }: Dictionary): boolean {
  if (name === null) return file === own;
  const { before, after } = name;
  return file.length >= before.length + after.length && file.startsWith(before) && file.endsWith(after);
}
