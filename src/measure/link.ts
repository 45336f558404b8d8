/**
 * From what a bundler resolved (module A depends on module B) and what A's source says (`import { x } from './b'` at line 3) to
 * edges that have both.
 */
import path from 'node:path';

import type { EdgeKind } from '../model/build.ts';
import type { EdgeEvidence } from './evidence.ts';
import { packageOf, stripQuery } from './module-id.ts';
import { findSpecifier, scanModule, type ImportStatement, type ModuleSyntax } from './module-syntax.ts';

/** What the bundler resolved. Ids are canonical. */
export interface ResolvedImport {
  readonly to: string;
  readonly kind: EdgeKind;
  /** As written; null where the bundler doesn't keep it: then it is found by what it resolved to. */
  readonly specifier: string | null;
}

/**
 * The edges of one module; where the source doesn't show the statement, its names and place are null.
 *
 * @param source UTF-8; read only during the call. null: there is none, or what `scanModule` says of it is known
 * @param scanned what `scanModule` said of the source, where the caller asked already
 */
export function linkImports(
  from: string,
  source: Uint8Array | null,
  resolved: readonly ResolvedImport[],
  scanned: ModuleSyntax | null = null,
): { readonly edges: EdgeEvidence[]; readonly syntax: ModuleSyntax | null } {
  if (source === null && scanned === null)
    return { edges: resolved.map((each) => edge(from, each, null, null)), syntax: null };
  const syntax = scanned ?? scanModule(source!);
  const bySpecifier = groupBySpecifier(syntax.imports);
  let written: WrittenImports | null = null;
  const edges: EdgeEvidence[] = [];
  const seen = new Set<string>();
  for (const each of resolved) {
    const key = `${each.to}\n${each.kind}\n${each.specifier}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const before = edges.length;
    const named =
      each.specifier === null
        ? (written ??= new WrittenImports(from, syntax.imports)).bestFits(each)
        : bySpecifier.get(each.specifier);
    for (const statement of named ?? [])
      if (kindFits(each.kind, statement.kind)) edges.push(edge(from, each, statement, statement));
    if (edges.length > before) continue;
    const isFindable = source !== null && each.specifier !== null;
    edges.push(edge(from, each, null, isFindable ? findSpecifier(source, each.specifier) : null));
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

function groupBySpecifier(imports: readonly ImportStatement[]): Map<string, ImportStatement[]> {
  const groups = new Map<string, ImportStatement[]>();
  for (const statement of imports) append(groups, statement.specifier, statement);
  return groups;
}

/** The statements of a module by what their specifiers may stand for, for bundlers that keep no specifiers. */
class WrittenImports {
  readonly #from: string;
  /** Relative ones by the path they name, and by that without its extension (or as a folder's index). */
  readonly #exact = new Map<string, ImportStatement[]>();
  readonly #loose = new Map<string, ImportStatement[]>();
  readonly #bare: ImportStatement[] = [];

  constructor(from: string, imports: readonly ImportStatement[]) {
    this.#from = from;
    const folder = path.posix.dirname(from);
    for (const statement of imports) {
      const specifier = stripQuery(statement.specifier);
      if (!specifier.startsWith('.')) {
        this.#bare.push(statement);
        continue;
      }
      const target = path.posix.join(folder, specifier).replace(/\/$/, '');
      append(this.#exact, target, statement);
      append(this.#loose, withoutScriptExtension(target), statement);
      append(this.#loose, `${target}/index`, statement);
    }
  }

  /** Those that fit best what the bundler resolved. */
  bestFits({ to, kind }: ResolvedImport): ImportStatement[] {
    let best = 1;
    let found: ImportStatement[] = [];
    const take = (fit: number, statement: ImportStatement): void => {
      if (fit < best || !kindFits(kind, statement.kind)) return;
      if (fit > best) found = [];
      best = fit;
      found.push(statement);
    };
    for (const statement of this.#exact.get(to) ?? []) take(3, statement);
    for (const statement of this.#loose.get(withoutExtension(to)) ?? []) take(2, statement);
    for (const statement of this.#bare) take(specifierFit(this.#from, statement.specifier, to), statement);
    return found;
  }
}

function append(map: Map<string, ImportStatement[]>, key: string, statement: ImportStatement): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [statement]);
  else list.push(statement);
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
