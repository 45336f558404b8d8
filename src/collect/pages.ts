/** Where a page asks for its scripts and styles: `<script src>`, `<link href>`. */
import path from 'node:path';

import type { EdgeEvidence } from '../measure/evidence.ts';
import type { ResolvedImport } from '../measure/link.ts';
import { stripQuery } from '../measure/module-id.ts';

export const PAGE = /\.html?$/i;

const COMMENT = /<!--[^]*?-->/g;
const ASKING_TAG = /<(?:script|link)\b[^>]*?\b(?:src|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi;

/** The edges of a page, each with the place of the tag that asks for it; what no tag asks for, a plugin added. */
export function linkPage(from: string, html: string, resolved: readonly ResolvedImport[]): EdgeEvidence[] {
  const text = html.replace(COMMENT, (comment) => comment.replace(/[^\n]/g, ' '));
  const tags = [...text.matchAll(ASKING_TAG)].map((match) => {
    const url = match[1] ?? match[2] ?? match[3] ?? '';
    return { url, id: targetOf(from, url), ...placeOf(text, match.index) };
  });
  return resolved.map(({ to, kind, specifier }): EdgeEvidence => {
    const tag = tags.find(({ id }) => id === to);
    return {
      from,
      to,
      kind,
      specifier: tag?.url ?? specifier,
      names: tag === undefined ? null : [],
      line: tag?.line ?? null,
      column: tag?.column ?? null,
    };
  });
}

/** A URL that begins with a slash starts at the root, any other one at the page. */
function targetOf(from: string, url: string): string {
  const bare = stripQuery(url);
  return bare.startsWith('/') ? path.posix.normalize(bare.slice(1)) : path.posix.join(path.posix.dirname(from), bare);
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - (before.lastIndexOf('\n') + 1) };
}
