/** Which modules a query matches. */

export const SEARCH_MODES = ['text', 'fuzzy', 'regex'] as const;
export type SearchMode = (typeof SEARCH_MODES)[number];

export type Matcher = (id: string, lowerId: string) => boolean;

export interface Query {
  /** null: everything matches. */
  readonly matches: Matcher | null;
  /** Why the query can't be used; everything matches then. */
  readonly error: string | null;
}

/**
 * `text`: all the words, in any order. `fuzzy`: the letters of each word in this order and near each other.
 * `regex`: a regular expression; capital letters count only where the expression has some.
 */
export function compileQuery(text: string, mode: SearchMode): Query {
  const trimmed = text.trim();
  if (trimmed === '') return { matches: null, error: null };
  if (mode === 'regex') return compileRegex(trimmed);
  const words = trimmed.toLowerCase().split(/\s+/);
  const one = mode === 'fuzzy' ? isNearSubsequence : (id: string, word: string) => id.includes(word);
  const [first = ''] = words;
  // Most queries are one word, and this runs for every module at every key.
  if (words.length === 1) return { matches: (_, lowerId) => one(lowerId, first), error: null };
  return { matches: (_, lowerId) => words.every((word) => one(lowerId, word)), error: null };
}

function compileRegex(source: string): Query {
  try {
    const flags = /[A-Z]/.test(source.replace(/\\./g, '')) ? 'u' : 'iu';
    const regex = new RegExp(source, flags);
    return { matches: (id) => regex.test(id), error: null };
  } catch (error) {
    return { matches: null, error: error instanceof Error ? error.message : String(error) };
  }
}

/** From the first place where the letters are found in order, the tightest span that ends there must be short. */
function isNearSubsequence(id: string, word: string): boolean {
  for (let from = 0; ;) {
    let end = from - 1;
    for (const letter of word) {
      end = id.indexOf(letter, end + 1);
      if (end === -1) return false;
    }
    let start = end;
    for (let i = word.length - 2; i >= 0; i--) start = id.lastIndexOf(word.charAt(i), start - 1);
    if (end - start < word.length * 2 + 2) return true;
    from = start + 1;
  }
}
