/**
 * Content hashes in file names. A name with a hash stands for its bytes for ever and may be cached without asking again, so what
 * could be a word as well counts as a hash only where other evidence says so.
 */

export interface HashedName {
  /** The path up to the hash. */
  readonly before: string;
  readonly hash: string;
  /** What follows: the extension. */
  readonly after: string;
  /** false: people write such words too (`BarChart`, `PanelSVG`). */
  readonly isCertain: boolean;
}

/** The parts of a file's path around the content hash in its name; null where there is none. */
export function splitHashedName(file: string): HashedName | null {
  const slash = file.lastIndexOf('/') + 1;
  const name = file.slice(slash);
  // `main.3f2a9c0d.js`, `main-DcxthKLP.js.map`: there may be one extension or two.
  const last = name.lastIndexOf('.');
  const ends = [last, name.lastIndexOf('.', last - 1)].filter((end) => end > 0);
  for (const end of ends) {
    const stem = name.slice(0, end);
    for (const length of hashLengths(stem)) {
      const hash = stem.slice(-length);
      const before = stem.slice(0, -length);
      const isCertain = judge(hash);
      if (isCertain === null || !(before === '' ? isCertain : /[-._~]$/.test(before))) continue;
      return { before: file.slice(0, slash) + before, hash, after: name.slice(end), isCertain };
    }
  }
  return null;
}

/**
 * Files whose names are for their bytes alone. A doubtful word is a hash where a neighbour has a certain one of the same form:
 * a bundler names all files of a folder alike.
 */
export function immutableFiles(files: readonly string[]): Set<string> {
  const names = files.map((file) => ({ file, name: splitHashedName(file) }));
  const formOf = ({ before, hash }: HashedName): string =>
    `${before.slice(0, before.lastIndexOf('/') + 1)} ${before.slice(-1)} ${hash.length}`;
  const certain = new Set(names.flatMap(({ name }) => (name?.isCertain === true ? [formOf(name)] : [])));
  return new Set(names.flatMap(({ file, name }) => (name !== null && certain.has(formOf(name)) ? [file] : [])));
}

/** What bundlers write by default comes first. */
function hashLengths(stem: string): number[] {
  const word = stem.length - 1 - Math.max(...['-', '.', '_', '~'].map((sign) => stem.lastIndexOf(sign)));
  return [8, 10, 12, 16, 20, 21, 32, word].filter((length) => length >= 8 && length <= Math.min(64, stem.length));
}

/** Whether the word is a hash beyond doubt; null: it is none. */
function judge(word: string): boolean | null {
  if (!/^[A-Za-z0-9_-]+$/.test(word)) return null;
  // esbuild: eight signs of base 32.
  if (/^[A-Z2-7]{8}$/.test(word)) return /\d/.test(word);
  // Hexadecimal; digits alone may be a date or a number, letters alone are a word.
  if (/^[0-9a-f]+$/.test(word)) return /\d/.test(word) ? /[a-f]/.test(word) : null;
  const signs = word.replace(/[-_]/g, '');
  const kinds = Array.from(signs, (sign) => (/\d/.test(sign) ? 'digit' : /[A-Z]/.test(sign) ? 'upper' : 'lower'));
  // From a capital to a small letter is how words begin; any other change is how numbers of base 36, 62 or 64 look.
  const changes = kinds.filter((kind, at) => {
    const from = kinds[at - 1];
    return from !== undefined && kind !== from && !(from === 'upper' && kind === 'lower');
  }).length;
  if (changes >= 3) return true;
  return word.length === 8 && new Set(kinds.slice(1)).size >= 2 ? false : null;
}
