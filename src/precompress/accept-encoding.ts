/** What a request takes (RFC 9110, section 12.5.3). */

export interface AcceptedCodings {
  /** 0: it doesn't; 1: gladly. `identity` is the file as it is. */
  weightOf(coding: string): number;
}

/** Encodings against a dictionary are taken only by who names them: a `*` may be older than they are. */
const NAMED_ONLY = new Set(['dcb', 'dcz']);

/** @param header undefined: the request doesn't say; the file as it is suits everybody */
export function parseAcceptEncoding(header: string | undefined): AcceptedCodings {
  const weights = new Map<string, number>();
  for (const item of (header ?? '').split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    if (name === '') continue;
    const coding = name === 'x-gzip' ? 'gzip' : name;
    // Who names one twice is taken by the word that asks less.
    weights.set(coding, Math.min(weights.get(coding) ?? 1, weightIn(parameters)));
  }
  return {
    weightOf(coding) {
      const own = weights.get(coding);
      if (own !== undefined) return own;
      const rest = NAMED_ONLY.has(coding) ? undefined : weights.get('*');
      if (coding !== 'identity') return rest ?? 0;
      // Without a word about it the file as it is stays possible, after everything that was asked for.
      return rest === 0 ? 0 : LAST;
    },
  };
}

const LAST = Number.MIN_VALUE;

/** A weight that can't be read asks for nothing. */
function weightIn(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => /^q\s*=/.test(parameter));
  if (weight === undefined) return 1;
  const value = weight.replace(/^q\s*=\s*/, '');
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(value) ? Number(value) : 0;
}
