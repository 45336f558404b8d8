/** Values in messages: short, on one line, and without the passwords that addresses have in them. */

const MOST = 60;

export function shownValue(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(shorten(withoutPassword(value)));
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** `redis://user:secret@host` is `redis://user:***@host`; the same of a `password=` in the query. */
export function withoutPassword(text: string): string {
  return text
    .replace(/^((?:[a-z][a-z\d+.-]*:)?(?:\/\/)?[^:/?#@\s]*):\S*@/i, '$1:***@')
    .replace(/([?&](?:password|auth|token)=)[^&#]*/gi, '$1***');
}

function shorten(text: string): string {
  return text.length <= MOST ? text : `${text.slice(0, MOST - 1)}…`;
}
