/** Which places of the sources a source map names: where in the original each of its segments begins. */
import type { SourceMapView } from '../measure/source-map.ts';

/** A place as one number, so that places sort in the order of the text. */
export type Place = number;

/** No line of a source is longer than this, in UTF-16 units; what is behind counts as its end. */
const LINE_SPAN = 2 ** 24;

/** @param line from 0 */
export function placeAt(line: number, column: number): Place {
  return line * LINE_SPAN + Math.min(column, LINE_SPAN - 1);
}

export function lineOf(place: Place): number {
  return Math.floor(place / LINE_SPAN);
}

export function columnOf(place: Place): number {
  return place % LINE_SPAN;
}

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const DIGITS = new Int8Array(256).fill(-1);
for (const [value, digit] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  DIGITS[digit.charCodeAt(0)] = value;

/**
 * Calls back with each segment that has a source; `source` counts through the sources of all sections. One pass over the VLQ
 * text (ECMA-426).
 */
export function eachMappedPlace({ sections }: SourceMapView, visit: (source: number, place: Place) => void): void {
  let first = 0;
  for (const { mappings, sources } of sections) {
    let [source, line, column] = [0, 0, 0];
    const fields = new Int32Array(5);
    for (let at = 0; at < mappings.length;) {
      if (mappings[at] === COMMA || mappings[at] === SEMICOLON) {
        at++;
        continue;
      }
      let count = 0;
      for (; at < mappings.length && mappings[at] !== COMMA && mappings[at] !== SEMICOLON; count++) {
        let value = 0;
        let shift = 0;
        for (let digit = 32; (digit & 32) !== 0; shift += 5) {
          digit = DIGITS[mappings[at++] ?? 0] ?? -1;
          if (digit === -1) return;
          value |= (digit & 31) << shift;
        }
        if (count < 5) fields[count] = (value & 1) === 0 ? value >>> 1 : -(value >>> 1);
      }
      if (count < 4) continue;
      source += fields[1]!;
      line += fields[2]!;
      column += fields[3]!;
      if (source >= 0 && source < sources.length && line >= 0 && column >= 0)
        visit(first + source, placeAt(line, column));
    }
    first += sources.length;
  }
}
