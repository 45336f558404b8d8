/** The syntax of one module as the search for what was not shaken away needs it. The parser is loaded when it is first used. */
import type { Node, ParserOptions, Program, VariableDeclaration } from 'oxc-parser';

export interface ParsedModule {
  readonly text: string;
  readonly program: Program;
  /** Where the comments end that call what follows them pure, or free of side effects. */
  readonly pureMarks: ReadonlySet<number>;
  /** Line from 1, column from 0 in UTF-16 units. */
  placeOf(offset: number): { readonly line: number; readonly column: number };
}

/** A use of a name that the part of the program looked at doesn't itself declare. */
export interface Reference {
  readonly name: string;
  readonly node: Node;
  /** What it stands in, from its parent outwards. */
  readonly up: Ancestors | null;
}

export interface Ancestors {
  readonly node: Node;
  readonly up: Ancestors | null;
}

/** @returns null for what can't be read as a script or module (Vue files, syntax errors) */
export type ParseModule = (id: string, text: string) => ParsedModule | null;

let visitorKeys: Readonly<Record<string, readonly string[]>> = {};

/** @returns null where the parser is not installed */
export async function loadParser(): Promise<ParseModule | null> {
  const oxc = await import('oxc-parser').catch(() => null);
  if (oxc === null) return null;
  visitorKeys = oxc.visitorKeys;
  return (id, text) => {
    if (!/\.[cm]?[jt]sx?$/i.test(id)) return null;
    // Plain `.js` may hold JSX, where some bundlers allow it.
    const options: ParserOptions[] = /\.[cm]?js$/i.test(id) ? [{}, { lang: 'jsx' }] : [{}];
    for (const option of options) {
      const sourceType = /\.c[jt]s$/i.test(id) ? 'commonjs' : 'unambiguous';
      const { program, comments, errors } = oxc.parseSync(id, text, { sourceType, preserveParens: false, ...option });
      if (errors.some(({ severity }) => String(severity) === 'Error') && program.body.length === 0) continue;
      const pureMarks = new Set<number>();
      for (const { value, end } of comments) if (PURE.test(value)) addMark(text, end, pureMarks);
      return { text, program, pureMarks, placeOf: (offset) => placeOf(text, offset) };
    }
    return null;
  };
}

/** Which parser `loadParser` would load, as the place where it lies; null: none is installed. Loads nothing. */
export function parserPlace(): string | null {
  try {
    return import.meta.resolve('oxc-parser');
  } catch {
    return null;
  }
}

const PURE = /[#@]__(?:PURE|NO_SIDE_EFFECTS)__/;

/** A mark counts for what follows it, be it in parentheses or not. */
function addMark(text: string, end: number, marks: Set<number>): void {
  for (let at = end; at < text.length; at++) {
    if (/\s/.test(text[at]!)) continue;
    marks.add(at);
    if (text[at] !== '(') return;
  }
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - (before.lastIndexOf('\n') + 1) };
}

export function childrenOf(node: Node): Node[] {
  const fields = node as unknown as Readonly<Record<string, unknown>>;
  const children: Node[] = [];
  for (const key of visitorKeys[node.type] ?? []) {
    const value = fields[key];
    if (Array.isArray(value)) {
      for (const each of value) if (isNode(each)) children.push(each);
    } else if (isNode(value)) children.push(value);
  }
  return children;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** The names that a pattern binds. */
export function boundNames(pattern: Node): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'AssignmentPattern':
      return boundNames(pattern.left);
    case 'RestElement':
      return boundNames(pattern.argument);
    case 'ObjectPattern':
      return pattern.properties.flatMap((each) => boundNames(each.type === 'Property' ? each.value : each));
    case 'ArrayPattern':
      return pattern.elements.flatMap((each) => (each === null ? [] : boundNames(each)));
    case 'TSParameterProperty':
      return boundNames(pattern.parameter);
    default:
      return [];
  }
}

/** Every use within a node of a name that is declared outside of it; a name that it declares itself at its top counts too. */
export function referencesIn(node: Node): Reference[] {
  const found: Reference[] = [];
  walk(node, null, null, found);
  return found;
}

/**
 * The operands of a condition that a production build keeps: `process.env.NODE_ENV` is `production` in it. With a known
 * condition, the condition itself is not among them.
 */
export function liveBranches(
  node: Extract<Node, { type: 'ConditionalExpression' | 'IfStatement' | 'LogicalExpression' }>,
): Node[] {
  if (node.type === 'LogicalExpression') {
    const known = productionValue(node.left);
    if (known === null || node.operator === '??') return [node.left, node.right];
    return known === (node.operator === '&&') ? [node.right] : [];
  }
  const known = productionValue(node.test);
  const branches = [node.consequent, node.alternate].filter((each) => each !== null);
  if (known === null) return [node.test, ...branches];
  const taken = known ? node.consequent : node.alternate;
  return taken === null ? [] : [taken];
}

/** Whether a condition holds in production; null where that isn't known. */
function productionValue(test: Node): boolean | null {
  if (test.type === 'UnaryExpression' && test.operator === '!') {
    const inner = productionValue(test.argument);
    return inner === null ? null : !inner;
  }
  if (test.type === 'LogicalExpression' && test.operator !== '??') {
    const sides = new Set([productionValue(test.left), productionValue(test.right)]);
    const decides = test.operator === '||';
    if (sides.has(decides)) return decides;
    return sides.has(null) ? null : !decides;
  }
  if (test.type !== 'BinaryExpression' || !/^[!=]==?$/.test(test.operator)) return null;
  const [env, value] = isNodeEnv(test.left) ? [test.left, test.right] : [test.right, test.left];
  if (!isNodeEnv(env) || value.type !== 'Literal') return null;
  return (value.value === 'production') === test.operator.startsWith('=');
}

export function isNodeEnv(node: Node): boolean {
  if (node.type !== 'MemberExpression' || node.property.type !== 'Identifier' || node.property.name !== 'NODE_ENV')
    return false;
  const { object } = node;
  if (object.type !== 'MemberExpression' || object.property.type !== 'Identifier') return false;
  return object.property.name === 'env' && object.object.type === 'Identifier' && object.object.name === 'process';
}

interface Scope {
  readonly names: ReadonlySet<string>;
  readonly outer: Scope | null;
}

function isDeclared(scope: Scope | null, name: string): boolean {
  for (let at = scope; at !== null; at = at.outer) if (at.names.has(name)) return true;
  return false;
}

function walk(node: Node, up: Ancestors | null, scope: Scope | null, found: Reference[]): void {
  const here = { node, up };
  const into = (child: Node | null | undefined, inner: Scope | null = scope): void => {
    if (child) walk(child, here, inner, found);
  };
  const within = (names: readonly string[]): Scope | null =>
    names.length === 0 ? scope : { names: new Set(names), outer: scope };
  const all = (inner: Scope | null): void => childrenOf(node).forEach((child) => into(child, inner));
  switch (node.type) {
    case 'Identifier':
    case 'JSXIdentifier':
      if (!isDeclared(scope, node.name)) found.push({ name: node.name, node, up });
      return;
    case 'MemberExpression':
      into(node.object);
      if (node.computed) into(node.property);
      return;
    case 'Property':
    case 'PropertyDefinition':
    case 'MethodDefinition':
    case 'AccessorProperty':
      if (node.computed) into(node.key);
      if ('decorators' in node) for (const decorator of node.decorators ?? []) into(decorator);
      into(node.value);
      return;
    case 'JSXMemberExpression':
      into(node.object);
      return;
    case 'JSXOpeningElement':
      if (node.name.type !== 'JSXIdentifier' || !/^[a-z]/.test(node.name.name)) into(node.name);
      for (const attribute of node.attributes) into(attribute);
      return;
    case 'JSXAttribute':
      into(node.value);
      break;
    case 'JSXClosingElement':
    case 'MetaProperty':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
      return;
    case 'LabeledStatement':
      into(node.body);
      return;
    case 'ConditionalExpression':
    case 'IfStatement':
    case 'LogicalExpression':
      for (const branch of liveBranches(node)) into(branch);
      return;
    case 'ExportNamedDeclaration':
      if (node.source !== null) return;
      into(node.declaration);
      for (const specifier of node.specifiers) into(specifier);
      return;
    case 'ExportSpecifier':
      into(node.local);
      return;
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression': {
      const names = node.params.flatMap((each) => boundNames(each));
      if (node.type === 'FunctionExpression' && node.id !== null) names.push(node.id.name);
      if (node.type !== 'ArrowFunctionExpression') names.push('arguments');
      if (node.body !== null) collectVars(node.body, names);
      const inner = within(names);
      for (const each of node.params) into(each, inner);
      into(node.body, inner);
      return;
    }
    case 'ClassExpression':
      all(node.id === null ? scope : within([node.id.name]));
      return;
    case 'BlockStatement':
    case 'StaticBlock':
      all(within(node.body.flatMap((each) => lexicalNames(each))));
      return;
    case 'SwitchStatement':
      all(within(node.cases.flatMap((each) => each.consequent.flatMap((statement) => lexicalNames(statement)))));
      return;
    case 'ForStatement':
      all(within(node.init === null ? [] : lexicalNames(node.init)));
      return;
    case 'ForInStatement':
    case 'ForOfStatement':
      all(within(lexicalNames(node.left)));
      return;
    case 'CatchClause':
      all(node.param === null ? scope : within(boundNames(node.param)));
      return;
    default:
      if (node.type.startsWith('TS') && !TYPED_VALUES.has(node.type)) return;
      all(scope);
  }
}

/** The nodes of TypeScript that hold code that runs. */
const TYPED_VALUES = new Set(
  'TSAsExpression TSSatisfiesExpression TSNonNullExpression TSTypeAssertion TSInstantiationExpression TSParameterProperty TSEnumDeclaration TSEnumBody TSEnumMember TSModuleDeclaration TSModuleBlock TSExportAssignment'.split(
    ' ',
  ),
);

function lexicalNames(statement: Node): string[] {
  if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration')
    return statement.id === null ? [] : [statement.id.name];
  return statement.type === 'VariableDeclaration' && statement.kind !== 'var' ? declaredBy(statement) : [];
}

export function declaredBy(declaration: VariableDeclaration): string[] {
  return declaration.declarations.flatMap(({ id }) => boundNames(id));
}

/** Adds what `var` declares in a function, however deep, but not in functions within it. */
function collectVars(node: Node, names: string[]): void {
  if (/Function|Class|^TS/.test(node.type)) return;
  if (node.type === 'VariableDeclaration' && node.kind === 'var') names.push(...declaredBy(node));
  if (/Statement$|^SwitchCase$|^CatchClause$/.test(node.type))
    for (const child of childrenOf(node)) collectVars(child, names);
}
