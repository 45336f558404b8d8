/**
 * The name that was most likely meant: least edits (Damerau and Levenshtein: insert, delete, replace, swap neighbours), where
 * no more than a third of the letters differ. null where none is near.
 */
export function nearest(word: string, names: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  const wanted = word.toLowerCase();
  for (const name of names) {
    const other = name.toLowerCase();
    if (Math.abs(other.length - wanted.length) >= least && !other.endsWith(`/${wanted}`)) continue;
    // The last part of a path alone is as good as one edit.
    const edits = other.endsWith(`/${wanted}`) ? 1 : distance(wanted, other);
    if (edits >= least) continue;
    least = edits;
    best = name;
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const name = nearest(word, names);
  return name === null ? '' : ` Did you mean ${JSON.stringify(name)}?`;
}

function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1);
      row.push(edits);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
