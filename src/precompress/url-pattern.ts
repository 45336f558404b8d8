/**
 * The `match` of `Use-As-Dictionary` (RFC 9842, section 2.1.1): a URL pattern without groups of regular expressions, for later
 * requests to the same origin. Ours are paths in which a `*` stands where a name has its content hash.
 */
import type { HashedName } from './hashed-name.ts';

/** Later versions of a file as a URL pattern. @param base path of the folder on the server, as it stands in addresses */
export function patternOf(file: string, name: HashedName | null, base: string): string {
  const encode = (part: string): string => escapePattern(encodePath(part));
  const path = name === null ? encode(file) : `${encode(name.before)}*${encode(name.after)}`;
  return escapePattern(base) + path;
}

/** The value of the header. `id` and `match-dest` stay out: the hash says which file it is, and a path says its kind. */
export function useAsDictionary(pattern: string): string {
  // A string of RFC 9651: quotation marks and backslashes are escaped.
  return `match="${pattern.replace(/["\\]/g, '\\$&')}", type=raw`;
}

/** A path as browsers write it in a request: signs that a path may have as they are (RFC 3986, `pchar`) stay. */
function encodePath(path: string): string {
  return path
    .split('/')
    .map((segment) =>
      encodeURIComponent(segment).replace(/%(?:24|26|2B|2C|3A|3B|3D|40|5B|5D|5E|7C)/g, decodeURIComponent),
    )
    .join('/');
}

/** What URL patterns give a meaning to: https://urlpattern.spec.whatwg.org/#escape-a-pattern-string */
function escapePattern(text: string): string {
  return text.replace(/[+*?:{}()\\]/g, '\\$&');
}
