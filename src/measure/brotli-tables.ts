/** The constants of RFC 7932. Where a code stands for a range of values, `_BASE` is its lowest and `_EXTRA` its extra bits. */

/** Of insert length codes (section 5). */
// prettier-ignore
export const INSERT_BASE = Uint16Array.of(
  0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 18, 26, 34, 50, 66, 98, 130, 194, 322, 578, 1090, 2114, 6210, 22594,
);
export const INSERT_EXTRA = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 12, 14, 24);

/** Of copy length codes (section 5). */
// prettier-ignore
export const COPY_BASE = Uint16Array.of(
  2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 22, 30, 38, 54, 70, 102, 134, 198, 326, 582, 1094, 2118,
);
export const COPY_EXTRA = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 24);

/** By cell of 64 insert-and-copy symbols: the first insert length code and the first copy length code in it (section 5). */
export const CELL_INSERT = Uint8Array.of(0, 0, 0, 0, 8, 8, 0, 16, 8, 16, 16);
export const CELL_COPY = Uint8Array.of(0, 8, 0, 8, 0, 8, 16, 0, 16, 8, 16);

/** Of block count codes (section 6). */
// prettier-ignore
export const BLOCK_COUNT_BASE = Uint16Array.of(
  1, 5, 9, 13, 17, 25, 33, 41, 49, 65, 81, 97, 113, 145, 177, 209, 241, 305, 369, 497, 753, 1265, 2289, 4337, 8433, 16625,
);
// prettier-ignore
export const BLOCK_COUNT_EXTRA = Uint8Array.of(
  2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 24,
);

/** Of the distance codes 0 to 15: which of the last four distances (0 is the last one), and what is added to it (section 4). */
export const RECENT_INDEX = Uint8Array.of(0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1);
export const RECENT_OFFSET = Int8Array.of(0, 0, 0, 0, -1, 1, -2, 2, -3, 3, -1, 1, -2, 2, -3, 3);

/** The order in which the lengths of the code for code lengths are written (section 3.5). */
export const LENGTH_CODE_ORDER = Uint8Array.of(1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15);
/** By the next four bits: a length of the code for code lengths, and how many bits it takes (section 3.5). */
export const LENGTH_OF_LENGTH = Uint8Array.of(0, 4, 3, 2, 0, 4, 3, 1, 0, 4, 3, 2, 0, 4, 3, 5);
export const LENGTH_OF_LENGTH_BITS = Uint8Array.of(2, 2, 2, 3, 2, 2, 2, 4, 2, 2, 2, 3, 2, 2, 2, 4);

/** By length of a word in the static dictionary: log2 of the number of such words; 0 where there are none (appendix A). */
// prettier-ignore
export const DICTIONARY_BITS = Uint8Array.of(
  0, 0, 0, 0, 10, 10, 11, 11, 10, 10, 10, 10, 10, 9, 9, 8, 7, 7, 8, 7, 7, 6, 6, 5, 5,
);
/**
 * By transform (appendix B), one hexadecimal digit each: the bytes that its prefix and suffix add to a word, and the bytes that
 * it omits at the start or end of it. The words themselves are not needed to know lengths.
 */
const ADDED =
  '0120151340500322443112101500361213061640050604440421330001204390031212225d17121153323121224345142231412222422233112223333';
const OMITTED =
  '0001000000021000000000030032000000400005604000007100009760080005900000000000000000000000000000000000000000000000000000000';
export const TRANSFORM_ADDS = Uint8Array.from(ADDED, (digit) => Number.parseInt(digit, 16));
export const TRANSFORM_OMITS = Uint8Array.from(OMITTED, (digit) => Number.parseInt(digit, 16));

/** Context modes for literals, by their number in the stream (section 7.1). */
const LSB6 = 0;
const MSB6 = 1;
const UTF8 = 2;

/** The classes of ASCII characters that are not letters, digits or white space; those not listed are 12. */
const PUNCTUATION: readonly (readonly [characters: string, part: number])[] = [
  [' ', 8],
  [`"'`, 16],
  ['%', 20],
  ['(<[{', 24],
  [')>]}', 28],
  [',:;', 32],
  ['.', 36],
  ['=', 40],
];

/**
 * By context mode, then by byte: the part of the context id that the last byte gives, and the part that the one before it gives.
 * The context id is the two parts joined by `|`.
 */
export const LAST_BYTE_CONTEXT: readonly Uint8Array[] = [0, 1, 2, 3].map((mode) =>
  Uint8Array.from({ length: 256 }, (_, byte) =>
    mode === LSB6 ? byte & 63 : mode === MSB6 ? byte >> 2 : mode === UTF8 ? utf8Last(byte) : magnitude(byte) << 3,
  ),
);
export const SECOND_LAST_BYTE_CONTEXT: readonly Uint8Array[] = [0, 1, 2, 3].map((mode) =>
  Uint8Array.from({ length: 256 }, (_, byte) =>
    mode === LSB6 || mode === MSB6 ? 0 : mode === UTF8 ? utf8SecondLast(byte) : magnitude(byte),
  ),
);

function utf8Last(byte: number): number {
  if (byte >= 192) return 2 + (byte & 1);
  if (byte >= 128) return byte & 1;
  const character = String.fromCharCode(byte);
  if (/[\t\n\r]/.test(character)) return 4;
  if (byte < 32 || byte === 127) return 0;
  if (/[0-9]/.test(character)) return 44;
  if (/[AEIOU]/.test(character)) return 48;
  if (/[A-Z]/.test(character)) return 52;
  if (/[aeiou]/.test(character)) return 56;
  if (/[a-z]/.test(character)) return 60;
  return PUNCTUATION.find(([characters]) => characters.includes(character))?.[1] ?? 12;
}

function utf8SecondLast(byte: number): number {
  if (byte >= 224) return 2;
  if (byte >= 127 || byte <= 32) return 0;
  const character = String.fromCharCode(byte);
  return /[a-z]/.test(character) ? 3 : /[A-Z0-9]/.test(character) ? 2 : 1;
}

/** Of a byte as a signed number: 0, then small to large, then from the largest negative ones to -1. */
function magnitude(byte: number): number {
  if (byte === 0) return 0;
  if (byte < 16) return 1;
  if (byte < 64) return 2;
  if (byte < 128) return 3;
  if (byte < 192) return 4;
  if (byte < 240) return 5;
  return byte < 255 ? 6 : 7;
}
