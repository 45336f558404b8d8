/**
 * Where the modules of an output lie when only their order and their exact lengths are known (an esbuild metafile without a
 * source map). What the output has beyond them is laid at its two ends: imports and runtime before, exports and licence
 * comments behind. The lengths, and so the raw bytes, are the printer's own.
 */
import { licenceComments, sourceMapComment } from './comments.ts';
import { nameGap, REST } from './owners.ts';
import { OwnershipBuilder, type Ownership } from './ownership.ts';

/** @param language null: not code, nothing in it is read as a comment */
export function layOut(
  contents: Uint8Array,
  modules: readonly { readonly owner: number; readonly bytes: number }[],
  ownerCount: number,
  language: 'js' | 'css' | null,
): Ownership {
  const buffer = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength);
  const total = modules.reduce((sum, { bytes }) => sum + bytes, 0);
  const spare = Math.max(0, contents.length - total);
  const tails = language === null ? [] : tailsOf(buffer, language, spare);
  const tailStart = tails[0]?.start ?? contents.length;
  const head = Math.max(0, tailStart - total);
  const runs = new OwnershipBuilder();
  const add = (end: number, owner: number) => runs.add(Math.min(end, contents.length), owner);
  if (head > 0) add(head, REST.indexOf(language === null ? 'unmapped' : nameGap(buffer, 0, head, 'first')));
  let at = head;
  for (const { owner, bytes } of modules) add((at += bytes), owner);
  for (const { end, owner } of tails) add(end, owner);
  add(contents.length, REST.indexOf('unmapped'));
  return runs.finish(contents.length, ownerCount);
}

/** The exports, licence comments and source map comment at the end of the file, as far as they fit into `spare` bytes. */
function tailsOf(
  buffer: Buffer,
  language: 'js' | 'css',
  spare: number,
): { start: number; end: number; owner: number }[] {
  const tails: { start: number; end: number; owner: number }[] = [];
  let start = buffer.length;
  const take = (from: number, owner: number) => {
    if (from >= start || buffer.length - from > spare) return;
    tails.unshift({ start: from, end: start, owner });
    start = from;
  };
  const comment = sourceMapComment(buffer);
  if (comment !== null) take(comment.start, REST.indexOf('source-map-comment'));
  const licences = licenceComments(buffer, language).reverse();
  for (const { start: from, end } of licences) {
    if (buffer.toString('latin1', end, start).trim() !== '') break;
    take(lineStart(buffer, from), REST.indexOf('licence'));
  }
  const text = buffer.toString('latin1', Math.max(0, start - spare), start);
  const exported = /\s*export\s*\{[^}]*\};?\s*$/.exec(text);
  if (exported !== null) take(start - exported[0].length, REST.indexOf('glue'));
  return tails;
}

function lineStart(buffer: Buffer, at: number): number {
  while (at > 0 && buffer[at - 1]! <= 0x20) at--;
  return at;
}
