/** What is done with a whole namespace: which members are used by name, and where it gets out of sight. */
import type { Node } from 'oxc-parser';
import { boundNames, childrenOf, referencesIn, type ParsedModule } from './not-shaken-syntax.ts';

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

/** The uses of a name that an import binds to a namespace (`import * as ns`, or the import of an exported namespace). */
export function usesOfBinding(parsed: ParsedModule, local: string): NamespaceUse {
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
    for (const { name, node, parent } of referencesIn(statement)) {
      if (name !== local) continue;
      if (parent?.type === 'ExportSpecifier') {
        const { exported } = parent;
        escape('exported', parent.start, ['name' in exported ? exported.name : exported.value]);
      } else useOf(node, parent, members, escape);
    }
  }
  return { members, escapes };
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
    return null;
  }
  if (parent?.type !== 'MemberExpression' || parent.object !== value || parent.computed) return null;
  return parent.property.type === 'Identifier' ? new Set([parent.property.name]) : null;
}

/** `({ a }) => …` and `(m) => … m.a …`. */
function takenByHandler(handler: Node): ReadonlySet<string> | null {
  if (handler.type !== 'ArrowFunctionExpression' || handler.params.length !== 1) return null;
  const [param] = handler.params;
  if (param!.type === 'ObjectPattern') return isPlainPattern(param!) ? new Set(patternKeys(param!)) : null;
  if (param!.type !== 'Identifier' || handler.body === null) return null;
  const members = new Set<string>();
  let escapes = 0;
  for (const { name, node, parent } of referencesIn(handler.body))
    if (name === boundNames(param!)[0]) useOf(node, parent, members, () => escapes++);
  return escapes === 0 ? members : null;
}

/** The nodes from the program down to the call or statement that begins at an offset; of several the outermost call. */
function pathTo(program: Node, offset: number): Node[] {
  const path: Node[] = [];
  let found: Node[] = [];
  for (let node: Node | undefined = program; node !== undefined; ) {
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
