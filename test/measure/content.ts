import fc from 'fast-check';

const WORDS =
  'the of and to in is was for that with from which their about would there people function return const export default value time first other could because'.split(
    ' ',
  );

/** English-like text, always the same for the same `seed`. */
export function english(length: number, seed = 1): Buffer {
  let state = seed;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const word = WORDS[(state >>> 16) % WORDS.length] ?? '';
    const style = (state >>> 8) % 9;
    text +=
      style === 0
        ? `${word.toUpperCase()}, `
        : style === 1
          ? `${(word[0] ?? '').toUpperCase()}${word.slice(1)}. `
          : `${word} `;
  }
  return Buffer.from(text.slice(0, length));
}

const noise = fc.uint8Array({ maxLength: 3000 });
const fewLetters = fc
  .array(fc.constantFrom(0x61, 0x62, 0x63), { maxLength: 3000 })
  .map((letters) => Uint8Array.from(letters));
const repeated = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 3000 }))
  .map(([unit, times]) => Uint8Array.from({ length: unit.length * times }, (_, i) => unit[i % unit.length] ?? 0));
const text = fc
  .tuple(fc.integer({ min: 0, max: 20000 }), fc.nat(1000))
  .map(([length, seed]) => new Uint8Array(english(length, seed)));

/** Contents that compressors treat differently: empty, noise, few symbols, long repeats, prose, and these joined. */
export const content: fc.Arbitrary<Uint8Array> = fc.oneof(
  noise,
  fewLetters,
  repeated,
  text,
  fc.array(fc.oneof(noise, repeated, text), { maxLength: 4 }).map((parts) => new Uint8Array(Buffer.concat(parts))),
);
