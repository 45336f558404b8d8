/**
 * From what a bundler resolved (module A depends on module B) and what A's source says (`import { x } from './b'` at line 3) to
 * edges that have both.
 */
import path from 'node:path';

import type { EdgeKind } from '../model/build.ts';
import type { EdgeEvidence } from './evidence.ts';
import { packageOf, stripQuery } from './module-id.ts';
import { findSpecifier, placesOf, scanModule, type ImportStatement, type ModuleSyntax } from './module-syntax.ts';

/** What the bundler resolved. Ids are canonical. */
export interface ResolvedImport {
  readonly to: string;
  readonly kind: EdgeKind;
  /** As written; null where the bundler doesn't keep it: then it is found by what it resolved to. */
  readonly specifier: string | null;
}

/** The edges of one module; where the source doesn't show the statement, its names and place are null. */
export function linkImports(
  from: string,
  source: string | null,
  resolved: readonly ResolvedImport[],
): { readonly edges: EdgeEvidence[]; readonly syntax: ModuleSyntax | null } {
  if (source === null) return { edges: resolved.map((each) => edge(from, each, null, null)), syntax: null };
  const syntax = scanModule(source);
  const places = placesOf(
    source,
    syntax.imports.map(({ offset }) => offset),
  );
  const edges: EdgeEvidence[] = [];
  const seen = new Set<string>();
  for (const each of resolved) {
    const key = `${each.to}\n${each.kind}\n${each.specifier}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const statements = statementsFor(from, each, syntax.imports);
    for (const i of statements) edges.push(edge(from, each, syntax.imports[i]!, places[i]!));
    if (statements.length > 0) continue;
    const offset = each.specifier === null ? -1 : findSpecifier(source, each.specifier);
    edges.push(edge(from, each, null, offset === -1 ? null : placesOf(source, [offset])[0]!));
  }
  return { edges, syntax };
}

function edge(
  from: string,
  { to, kind, specifier }: ResolvedImport,
  statement: ImportStatement | null,
  place: { line: number; column: number } | null,
): EdgeEvidence {
  return {
    from,
    to,
    kind: statement !== null && kind === 'static' && statement.kind === 'require' ? 'require' : kind,
    specifier: statement?.specifier ?? specifier,
    names: statement?.names ?? null,
    line: place?.line ?? null,
    column: place?.column ?? null,
  };
}

/** Indexes of the statements that asked for this module: by the specifier where it is known, else by the best fit. */
function statementsFor(from: string, wanted: ResolvedImport, imports: readonly ImportStatement[]): number[] {
  let best = 1;
  let found: number[] = [];
  imports.forEach((statement, i) => {
    if (!kindFits(wanted.kind, statement.kind)) return;
    if (wanted.specifier !== null) {
      if (statement.specifier === wanted.specifier) found.push(i);
      return;
    }
    const fit = specifierFit(from, statement.specifier, wanted.to);
    if (fit < best) return;
    if (fit > best) found = [];
    best = fit;
    found.push(i);
  });
  return found;
}

function kindFits(resolved: EdgeKind, written: EdgeKind): boolean {
  if (resolved === 'static' || resolved === 'require') return written === 'static' || written === 'require';
  if (resolved === 'css') return written === 'static' || written === 'css';
  return resolved === written;
}

/**
 * How well a specifier, written in the module `from`, fits the module `to`: 0 not at all, 1 the package or the file's name fits,
 * 2 the path fits but for extension or index, 3 exactly.
 */
export function specifierFit(from: string, specifier: string, to: string): number {
  const spec = stripQuery(specifier);
  if (spec.startsWith('.')) {
    const target = path.posix.join(path.posix.dirname(from), spec);
    if (target === to) return 3;
    if (withoutExtension(to) === withoutScriptExtension(target)) return 2;
    return withoutExtension(to) === `${target}/index` ? 2 : 0;
  }
  if (spec === to || to === `virtual:${spec}`) return 3;
  const owner = packageOf(to);
  if (owner !== null) {
    if (spec !== owner.name && !spec.startsWith(`${owner.name}/`)) return 0;
    const rest = spec.slice(owner.name.length + 1);
    const within = to.slice(owner.folder.length + 1);
    if (rest !== '')
      return within === rest ? 3 : withoutExtension(within).endsWith(withoutScriptExtension(rest)) ? 2 : 1;
    return /^(?:.*\/)?(?:index|main|module)\.[a-z]+$/.test(within) && !within.slice(0, -1).includes('/') ? 2 : 1;
  }
  // An alias (`@/pages/home`, `~/x`, a path of the tsconfig): its tail is the tail of the module's path.
  const tail = withoutScriptExtension(spec.replace(/^[@~#$]?[^/]*\//, ''));
  const file = withoutExtension(to);
  return tail !== '' && (file === tail || file.endsWith(`/${tail}`) || file.endsWith(`/${tail}/index`)) ? 1 : 0;
}

function withoutExtension(file: string): string {
  return file.replace(/\.[a-z\d]+$/i, '');
}

/** `./x.js` may stand for `x.ts`, `./x.config` for `x.config.ts`. */
function withoutScriptExtension(file: string): string {
  return file.replace(/\.(?:[cm]?[jt]sx?|vue|svelte|json|css)$/i, '');
}
