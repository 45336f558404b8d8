/** Where in a JSON file something stands. Loaded where something is wrong there, or where somebody asks. */
import { parse, type DocumentNode, type ValueNode } from '@humanwhocodes/momoa';

export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units; null: not known. */
  readonly column: number | null;
}

/** Of the member that the segments lead to, or of the innermost one on the way that is there; null: the text is no JSON. */
export function placeInJson(text: string, segments: readonly string[]): Place | null {
  let document: DocumentNode;
  try {
    document = parse(text, { mode: 'json' });
  } catch {
    return null;
  }
  let value: ValueNode = document.body;
  let place = value.loc.start;
  for (const segment of segments) {
    if (value.type === 'Object') {
      const member = value.members.find(({ name }) => (name.type === 'String' ? name.value : name.name) === segment);
      if (member === undefined) break;
      place = member.loc.start;
      value = member.value;
    } else if (value.type === 'Array') {
      const element = value.elements[Number(segment)];
      if (element === undefined) break;
      place = element.loc.start;
      value = element.value;
    } else break;
  }
  return { line: place.line, column: place.column };
}

/**
 * What keeps a text from being JSON, with the mend where it is a usual slip.
 *
 * @param said what JSON.parse said of it: V8 names the place; other engines don't, and then the reader here is asked
 */
export function jsonSyntaxProblem(
  text: string,
  said: string,
): { readonly message: string; readonly place: Place | null } {
  const offset = /end of JSON input/.test(said)
    ? text.length
    : Number(/position (\d+)/.exec(said)?.[1] ?? ownOffset(text));
  if (text.slice(offset).trim() === '')
    return { message: 'it ends too early', place: placeAt(text, text.trimEnd().length) };
  return { message: `unexpected ${JSON.stringify(text[offset])}${mend(text, offset)}`, place: placeAt(text, offset) };
}

function ownOffset(text: string): number {
  try {
    parse(text, { mode: 'json' });
    return 0;
  } catch (error) {
    return (error as { readonly offset?: number }).offset ?? 0;
  }
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

function mend(text: string, offset: number): string {
  const at = text[offset];
  if (at === '/' || at === '#') return '. JSON has no comments: take them out, or write pare.config.js';
  if (at === "'") return '. JSON has double quotes only';
  if ((at === '}' || at === ']') && /,\s*$/.test(text.slice(0, offset)))
    return '. JSON has no comma after the last item: take it out';
  if (at !== undefined && /[\p{L}$_]/u.test(at)) return '. In JSON, names stand in double quotes';
  return '';
}
