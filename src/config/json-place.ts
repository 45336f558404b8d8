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

/** What keeps a text from being JSON, with the mend where it is a usual slip. */
export function jsonSyntaxProblem(text: string): { readonly message: string; readonly place: Place | null } {
  try {
    parse(text, { mode: 'json' });
    return { message: 'it is no JSON', place: null };
  } catch (error) {
    const { line, column, offset } = error as Partial<Place> & { readonly offset?: number };
    const place = line === undefined ? null : { line, column: column ?? null };
    const at = offset ?? text.length;
    const found = text.slice(at).trim() === '' ? 'it ends too early' : `unexpected ${JSON.stringify(text[at])}`;
    return { message: `${found}${mend(text, at)}`, place };
  }
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
