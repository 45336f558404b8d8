/** Writes source maps by hand, to say exactly what is in them. */

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function vlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = '';
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}

/** A column, and the number of the source the text from there on is of; no number: of none. Lines and names are not told. */
export type Segment = readonly [column: number, source?: number];

/** The `mappings` text of lines of segments. */
export function mappings(lines: readonly (readonly Segment[])[]): string {
  let source = 0;
  return lines
    .map((segments) => {
      let column = 0;
      return segments
        .map(([at, from]) => {
          const fields = [at - column];
          column = at;
          if (from !== undefined) {
            fields.push(from - source, 0, 0);
            source = from;
          }
          return fields.map(vlq).join('');
        })
        .join(',');
    })
    .join(';');
}
