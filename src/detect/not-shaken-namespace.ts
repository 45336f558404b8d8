/** What is done with a whole namespace: which members are used by name, and where it gets out of sight. */
import type { Node } from 'oxc-parser';
import { boundNames, childrenOf, referencesIn, type Ancestors, type ParsedModule } from './not-shaken-syntax.ts';

export interface Escape {
  /** `access`: `ns[key]`; `passed`: given to something else; `exported`: under these names of the module. */
  readonly kind: 'access' | 'passed' | 'exported';
  readonly offset: number;
  /** For `exported`. */
  readonly names: readonly string[];
}

export interface NamespaceUse {
  readonly members: ReadonlySet<string>;
  readonly escapes: readonly Escape[];
}

export interface Binding {
  readonly local: string;
  /** Members that lead from the name to the namespace: `['locales']` for that of `z.locales`. */
  readonly path?: readonly string[];
  /** Where the name itself stands if it is a variable's, which is no use of it. */
  readonly declaredAt?: number;
}

/** The uses of a name that an import binds to a namespace (`import * as ns`, or the import of an exported namespace). */
export function usesOfBinding(parsed: ParsedModule, { local, path = [], declaredAt = -1 }: Binding): NamespaceUse {
  const members = new Set<string>();
  const escapes: Escape[] = [];
  const escape = (kind: Escape['kind'], offset: number, names: readonly string[] = []): unknown =>
    escapes.push({ kind, offset, names });
  for (const statement of parsed.program.body) {
    if (statement.type === 'ImportDeclaration') continue;
    if (statement.type === 'ExportDefaultDeclaration' && isNamed(statement.declaration, local)) {
      escape('exported', statement.start, ['default']);
      continue;
    }
    for (const { name, node, up } of referencesIn(statement)) {
      if (name !== local || node.start === declaredAt) continue;
      if (up?.node.type === 'ExportSpecifier') {
        const { exported } = up.node;
        escape('exported', up.node.start, ['name' in exported ? exported.name : exported.value]);
        continue;
      }
      const end = along(node, up, path, escape);
      if (end !== null) useOf(end.node, end.up?.node ?? null, members, escape);
    }
  }
  return { members, escapes };
}

/** Follows members from a use outwards; null where the use is of another member, or where it was reported as an escape. */
function along(node: Node, up: Ancestors | null, path: readonly string[], escape: Escaping): Ancestors | null {
  let at: Ancestors = { node, up };
  for (const step of path) {
    const names = new Set<string>();
    let isOut = false;
    useOf(at.node, at.up?.node ?? null, names, (kind, offset) => {
      isOut = true;
      escape(kind, offset);
    });
    if (isOut || !names.has(step)) return null;
    if (!/MemberExpression$/.test(at.up!.node.type)) {
      escape('passed', at.node.start);
      return null;
    }
    at = at.up!;
  }
  return at;
}

type Escaping = (kind: Escape['kind'], offset: number) => unknown;

function useOf(node: Node, parent: Node | null, members: Set<string>, escape: Escaping): void {
  if (parent?.type === 'MemberExpression' && parent.object === node) {
    const { property } = parent;
    if (!parent.computed && property.type === 'Identifier') members.add(property.name);
    else if (property.type === 'Literal' && typeof property.value === 'string') members.add(property.value);
    else escape('access', parent.start);
  } else if (parent?.type === 'JSXMemberExpression') members.add(parent.property.name);
  else if (parent?.type === 'VariableDeclarator' && parent.init === node && isPlainPattern(parent.id))
    for (const name of patternKeys(parent.id)) members.add(name);
  else if (parent === null || !/^(?:TS|ExpressionStatement)/.test(parent.type)) escape('passed', node.start);
}

/**
 * What is taken of the value of `import('…')` or `require('…')` that begins at an offset; null where that can't be told.
 */
export function usesOfCall(parsed: ParsedModule, offset: number): ReadonlySet<string> | null {
  const path = pathTo(parsed.program, offset);
  let at = path.length - 1;
  const call = path[at];
  if (call === undefined) return null;
  const isImport = call.type === 'ImportExpression';
  let parent = path[--at];
  if (isImport && parent?.type === 'ArrowFunctionExpression') {
    const wrapper = path[at - 1];
    const isLazy = wrapper?.type === 'CallExpression' && /(?:^|\.)lazy$/.test(textOf(parsed, wrapper.callee));
    return isLazy ? new Set(['default']) : null;
  }
  if (isImport && parent?.type === 'MemberExpression' && textOf(parsed, parent.property) === 'then') {
    const then = path[at - 1];
    const handler = then?.type === 'CallExpression' ? then.arguments[0] : undefined;
    return handler === undefined ? null : takenByHandler(handler);
  }
  let value: Node = call;
  if (isImport) {
    if (parent?.type !== 'AwaitExpression') return null;
    value = parent;
    parent = path[--at];
  }
  if (parent?.type === 'VariableDeclarator') {
    if (isPlainPattern(parent.id)) return new Set(patternKeys(parent.id));
    const isAtTop = at === 2 && path[1]?.type === 'VariableDeclaration';
    if (!isAtTop || parent.id.type !== 'Identifier') return null;
    const { members, escapes } = usesOfBinding(parsed, { local: parent.id.name, declaredAt: parent.id.start });
    return escapes.length === 0 ? members : null;
  }
  if (parent?.type !== 'MemberExpression' || parent.object !== value || parent.computed) return null;
  return parent.property.type === 'Identifier' ? new Set([parent.property.name]) : null;
}

/** Whether the `require()` at an offset is all that the module itself exports: `module.exports = require('…')`. */
export function isPassedOn(parsed: ParsedModule, offset: number): boolean {
  const parent = pathTo(parsed.program, offset).at(-2);
  return parent?.type === 'AssignmentExpression' && /^(?:module\.)?exports$/.test(textOf(parsed, parent.left));
}

/** `({ a }) => …` and `(m) => … m.a …`. */
function takenByHandler(handler: Node): ReadonlySet<string> | null {
  if (handler.type !== 'ArrowFunctionExpression' || handler.params.length !== 1) return null;
  const [param] = handler.params;
  if (param!.type === 'ObjectPattern') return isPlainPattern(param!) ? new Set(patternKeys(param!)) : null;
  if (param!.type !== 'Identifier' || handler.body === null) return null;
  const members = new Set<string>();
  let escapes = 0;
  for (const { name, node, up } of referencesIn(handler.body))
    if (name === boundNames(param!)[0]) useOf(node, up?.node ?? null, members, () => escapes++);
  return escapes === 0 ? members : null;
}

/** The nodes from the program down to the call or statement that begins at an offset; of several the outermost call. */
function pathTo(program: Node, offset: number): Node[] {
  const path: Node[] = [];
  let found: Node[] = [];
  for (let node: Node | undefined = program; node !== undefined;) {
    path.push(node);
    const isCall =
      node.type === 'ImportExpression' || (node.type === 'CallExpression' && isNamed(node.callee, 'require'));
    if (isCall && node.start === offset) found = [...path];
    node = childrenOf(node).find(({ start, end }) => start <= offset && offset < end);
  }
  return found;
}

function isPlainPattern(pattern: Node): boolean {
  return (
    pattern.type === 'ObjectPattern' &&
    pattern.properties.every((each) => each.type === 'Property' && !each.computed && each.key.type === 'Identifier')
  );
}

function patternKeys(pattern: Node): string[] {
  if (pattern.type !== 'ObjectPattern') return [];
  return pattern.properties.flatMap((each) =>
    each.type === 'Property' && each.key.type === 'Identifier' ? [each.key.name] : [],
  );
}

function isNamed(node: Node, name: string): boolean {
  return node.type === 'Identifier' && node.name === name;
}

function textOf(parsed: ParsedModule, node: Node): string {
  return parsed.text.slice(node.start, node.end);
}

/** The local name of an import's binding: of the namespace for `*`, else of the export. */
export function localNames(parsed: ParsedModule, statementOffset: number, imported: string): string[] {
  const statement = parsed.program.body.find(({ start, end }) => start <= statementOffset && statementOffset < end);
  if (statement?.type !== 'ImportDeclaration') return [];
  return statement.specifiers.flatMap((each) => {
    if (each.type === 'ImportNamespaceSpecifier') return imported === '*' ? [each.local.name] : [];
    if (each.type === 'ImportDefaultSpecifier') return imported === 'default' ? [each.local.name] : [];
    const name = 'name' in each.imported ? each.imported.name : each.imported.value;
    return name === imported ? [each.local.name] : [];
  });
}

/** The names under which a statement `export * as ns from`, or `export { a as b } from`, exports what it imports as `imported`. */
export function exportedBy(parsed: ParsedModule, statementOffset: number, imported: string): string[] {
  const statement = parsed.program.body.find(({ start, end }) => start <= statementOffset && statementOffset < end);
  const nameOf = (each: { name: string } | { value: string }): string => ('name' in each ? each.name : each.value);
  if (statement?.type === 'ExportAllDeclaration')
    return imported === '*' && statement.exported !== null ? [nameOf(statement.exported)] : [];
  if (statement?.type !== 'ExportNamedDeclaration') return [];
  return statement.specifiers.filter(({ local }) => nameOf(local) === imported).map(({ exported }) => nameOf(exported));
}
