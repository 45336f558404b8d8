/**
 * Which statements at the top of a module a bundler keeps whatever is asked of the module: those that may do something when
 * they run. The rules are the ones that bundlers without analysis across calls follow (esbuild's): a call, `new`, a tagged
 * template, an assignment, and the read of a property (there may be a getter) count unless a comment marks them pure.
 */
import type { Expression, Node } from 'oxc-parser';
import {
  boundNames,
  childrenOf,
  isNodeEnv,
  liveBranches,
  referencesIn,
  type ParsedModule,
} from './not-shaken-syntax.ts';

export interface Effect {
  /** Where the code is that may do something. */
  readonly offset: number;
  /** In words: ``the call of `register` ``. */
  readonly what: string;
}

/** A statement at the top of a module, or one of several variables that it declares. */
export interface TopStatement {
  readonly start: number;
  readonly end: number;
  readonly declares: readonly string[];
  readonly uses: readonly string[];
  readonly effect: Effect | null;
}

export interface TopLevel {
  readonly statements: readonly TopStatement[];
  /** By exported name, the name in the module; re-exports are not among them. */
  readonly exports: ReadonlyMap<string, string>;
}

const DEFAULT = '*default*';

export function readTopLevel(parsed: ParsedModule): TopLevel {
  const statements: TopStatement[] = [];
  const exports = new Map<string, string>();
  const imported = new Set<string>();
  const namespaces = new Set<string>();
  for (const statement of parsed.program.body) {
    if (statement.type !== 'ImportDeclaration') continue;
    for (const specifier of statement.specifiers) {
      imported.add(specifier.local.name);
      if (specifier.type === 'ImportNamespaceSpecifier') namespaces.add(specifier.local.name);
    }
  }
  const declared = new Set(imported);
  for (const statement of parsed.program.body) for (const name of namesDeclared(statement)) declared.add(name);
  const effects = new Effects(parsed, declared, namespaces);
  const add = (node: Node, declares: readonly string[], effect: Effect | null, span: Node = node): void => {
    const uses = [...new Set(referencesIn(node).map(({ name }) => name))];
    statements.push({ start: span.start, end: span.end, declares, uses, effect });
  };
  const addDeclaration = (node: Node, span: Node): void => {
    if (node.type !== 'VariableDeclaration') {
      add(node, namesDeclared(node), effects.ofStatement(node), span);
      return;
    }
    for (const each of node.declarations) {
      const one = node.declarations.length === 1 ? span : each;
      add(each, boundNames(each.id), effects.ofDeclarator(each.id, each.init), one);
    }
  };
  for (const statement of parsed.program.body) {
    switch (statement.type) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
        break;
      case 'ExportNamedDeclaration':
        if (statement.source !== null) break;
        for (const { local, exported } of statement.specifiers) {
          const name = 'name' in local ? local.name : local.value;
          // What is imported and passed on is the other module's.
          if (!imported.has(name)) exports.set('name' in exported ? exported.name : exported.value, name);
        }
        if (statement.declaration === null) break;
        for (const name of namesDeclared(statement.declaration)) exports.set(name, name);
        addDeclaration(statement.declaration, statement);
        break;
      case 'ExportDefaultDeclaration': {
        const { declaration } = statement;
        const name = namesDeclared(declaration)[0] ?? DEFAULT;
        exports.set('default', name);
        const effect = /Declaration$/.test(declaration.type)
          ? effects.ofStatement(declaration)
          : effects.ofExpression(declaration as Expression);
        add(declaration, [name], effect, statement);
        break;
      }
      default:
        if (statement.type.startsWith('TS') && !/Enum|Module/.test(statement.type)) break;
        addDeclaration(statement, statement);
    }
  }
  return { statements, exports };
}

/** What a bundler keeps for these names (null: for none but the statements with side effects) and all that those use. */
export function keptStatements(
  { statements }: TopLevel,
  names: Iterable<string>,
  withEffects: boolean,
): Set<TopStatement> {
  const byName = new Map<string, TopStatement[]>();
  for (const statement of statements) {
    for (const name of statement.declares) {
      const known = byName.get(name);
      if (known === undefined) byName.set(name, [statement]);
      else known.push(statement);
    }
  }
  const kept = new Set<TopStatement>();
  const waiting: TopStatement[] = [];
  const keep = (statement: TopStatement): void => {
    if (kept.has(statement)) return;
    kept.add(statement);
    waiting.push(statement);
  };
  for (const name of names) byName.get(name)?.forEach(keep);
  if (withEffects) for (const statement of statements) if (statement.effect !== null) keep(statement);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const name of next.uses) byName.get(name)?.forEach(keep);
  return kept;
}

function namesDeclared(node: Node): string[] {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      return node.id === null ? [] : [node.id.name];
    case 'TSEnumDeclaration':
      return [node.id.name];
    case 'VariableDeclaration':
      return node.declarations.flatMap(({ id }) => boundNames(id));
    case 'ExportNamedDeclaration':
      return node.declaration === null ? [] : namesDeclared(node.declaration);
    case 'ExportDefaultDeclaration':
      return namesDeclared(node.declaration);
    default:
      return [];
  }
}

class Effects {
  private readonly parsed: ParsedModule;
  private readonly declared: ReadonlySet<string>;
  private readonly namespaces: ReadonlySet<string>;
  private readonly pureFunctions = new Set<string>();

  constructor(parsed: ParsedModule, declared: ReadonlySet<string>, namespaces: ReadonlySet<string>) {
    this.parsed = parsed;
    this.declared = declared;
    this.namespaces = namespaces;
    for (const statement of parsed.program.body) {
      const marked = parsed.pureMarks.has(statement.start);
      const inner = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
      if (inner === null) continue;
      if (inner.type === 'FunctionDeclaration' && (marked || parsed.pureMarks.has(inner.start)))
        for (const name of namesDeclared(inner)) this.pureFunctions.add(name);
      if (inner.type !== 'VariableDeclaration') continue;
      for (const { id, init } of inner.declarations) {
        if (init === null || !/Function/.test(init.type)) continue;
        if (marked || parsed.pureMarks.has(init.start)) for (const name of boundNames(id)) this.pureFunctions.add(name);
      }
    }
  }

  ofStatement(node: Node): Effect | null {
    switch (node.type) {
      case 'FunctionDeclaration':
      case 'EmptyStatement':
      case 'TSEnumDeclaration':
        return null;
      case 'ClassDeclaration':
        return this.ofClass(node);
      case 'ExpressionStatement':
        return this.ofExpression(node.expression);
      case 'BlockStatement':
        return this.first(node.body, (each) => this.ofStatement(each));
      case 'IfStatement':
        return this.first(liveBranches(node), (each) =>
          each === node.test ? this.ofExpression(each) : this.ofStatement(each),
        );
      case 'TryStatement':
        return this.ofStatement(node.block) ?? (node.finalizer === null ? null : this.ofStatement(node.finalizer));
      case 'VariableDeclaration':
        return this.first(node.declarations, ({ id, init }) => this.ofDeclarator(id, init));
      default:
        return { offset: node.start, what: STATEMENTS[node.type] ?? 'a statement' };
    }
  }

  ofDeclarator(id: Node, init: Expression | null): Effect | null {
    if (id.type === 'ObjectPattern') return { offset: id.start, what: 'a destructuring, which reads properties' };
    return init === null ? null : this.ofExpression(init);
  }

  ofExpression(node: Expression | Node): Effect | null {
    const effect = (what: string): Effect => ({ offset: node.start, what });
    const isMarked = this.parsed.pureMarks.has(node.start);
    switch (node.type) {
      case 'Literal':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
      case 'ThisExpression':
      case 'MetaProperty':
      case 'Super':
        return null;
      case 'Identifier':
        return this.declared.has(node.name) || KNOWN_GLOBALS.has(node.name)
          ? null
          : effect(`the read of the global \`${node.name}\``);
      case 'ClassExpression':
        return this.ofClass(node);
      case 'TemplateLiteral':
        return this.first(node.expressions, (each) => this.ofExpression(each));
      case 'ArrayExpression':
        return this.first(node.elements, (each) => (each === null ? null : this.ofExpression(each)));
      case 'ObjectExpression':
        return this.first(node.properties, (each) => {
          if (each.type === 'SpreadElement') return this.ofExpression(each);
          return (each.computed ? this.ofExpression(each.key) : null) ?? this.ofExpression(each.value);
        });
      case 'SpreadElement':
        return node.argument.type === 'ArrayExpression' || node.argument.type === 'ObjectExpression'
          ? this.ofExpression(node.argument)
          : effect('a spread, which runs an iterator or getters');
      case 'UnaryExpression':
        if (node.operator === 'delete') return effect('a `delete`');
        if (node.operator === 'typeof' && node.argument.type === 'Identifier') return null;
        return this.ofExpression(node.argument);
      case 'BinaryExpression':
        if (node.operator === 'in' || node.operator === 'instanceof') return effect(`an \`${node.operator}\``);
        return this.ofExpression(node.left) ?? this.ofExpression(node.right);
      case 'LogicalExpression':
        if (isTypeofGuard(node.left)) return null;
        return this.first(liveBranches(node), (each) => this.ofExpression(each));
      case 'ConditionalExpression':
        return this.first(liveBranches(node), (each) => this.ofExpression(each));
      case 'SequenceExpression':
        return this.first(node.expressions, (each) => this.ofExpression(each));
      case 'ChainExpression':
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
      case 'TSNonNullExpression':
      case 'TSTypeAssertion':
      case 'TSInstantiationExpression':
        return this.ofExpression(node.expression);
      case 'MemberExpression': {
        const { object } = node;
        if (isNodeEnv(node)) return null;
        if (!node.computed && object.type === 'Identifier') {
          if (this.namespaces.has(object.name)) return null;
          if (!this.declared.has(object.name) && KNOWN_GLOBALS.has(object.name)) return null;
        }
        return effect(`the read of \`${this.shown(node)}\` (perhaps a getter)`);
      }
      case 'CallExpression':
        if (isMarked || this.callsPure(node.callee))
          return this.first(node.arguments, (each) => this.ofExpression(each));
        return effect(`the call of \`${this.shown(node.callee)}\``);
      case 'NewExpression': {
        const { callee } = node;
        const isKnown =
          callee.type === 'Identifier' && !this.declared.has(callee.name) && PURE_CLASSES.has(callee.name);
        if (isMarked || (isKnown && node.arguments.every(isPlainIterable)))
          return this.first(node.arguments, (each) => this.ofExpression(each));
        return effect(`\`new ${this.shown(callee)}\``);
      }
      case 'TaggedTemplateExpression':
        return isMarked ? null : effect(`the template tagged \`${this.shown(node.tag)}\``);
      case 'AssignmentExpression':
        return effect(`the assignment to \`${this.shown(node.left)}\``);
      case 'UpdateExpression':
        return effect(`\`${node.operator}\` on \`${this.shown(node.argument)}\``);
      case 'AwaitExpression':
        return effect('an `await`');
      case 'ImportExpression':
        return effect('an `import()`');
      case 'JSXElement':
      case 'JSXFragment':
        return null;
      default:
        return this.first(childrenOf(node), (child) => this.ofExpression(child)) ?? effect('an expression');
    }
  }

  private ofClass(node: Extract<Node, { type: 'ClassDeclaration' | 'ClassExpression' }>): Effect | null {
    const decorator = node.decorators?.[0];
    if (decorator !== undefined) return { offset: decorator.start, what: 'a decorator' };
    const above = node.superClass === null ? null : this.ofExpression(node.superClass);
    if (above !== null) return above;
    return this.first(node.body.body, (member) => {
      switch (member.type) {
        case 'StaticBlock':
          return this.first(member.body, (each) => this.ofStatement(each));
        case 'MethodDefinition':
        case 'PropertyDefinition':
        case 'AccessorProperty': {
          const decorated = member.decorators?.[0];
          if (decorated !== undefined) return { offset: decorated.start, what: 'a decorator' };
          const key = member.computed ? this.ofExpression(member.key) : null;
          if (key !== null || !member.static || member.type === 'MethodDefinition' || member.value === null) return key;
          return this.ofExpression(member.value);
        }
        default:
          return null;
      }
    });
  }

  private callsPure(callee: Node): boolean {
    if (callee.type === 'Identifier')
      return this.pureFunctions.has(callee.name) || (callee.name === 'Symbol' && !this.declared.has('Symbol'));
    return this.shown(callee) === 'Symbol.for' && !this.declared.has('Symbol');
  }

  private first<T>(list: readonly T[], effectOf: (each: T) => Effect | null): Effect | null {
    for (const each of list) {
      const effect = effectOf(each);
      if (effect !== null) return effect;
    }
    return null;
  }

  private shown(node: Node): string {
    const text = this.parsed.text.slice(node.start, node.end).replace(/\s+/g, ' ').replaceAll('`', "'");
    if (/Function/.test(node.type)) return '(function)';
    return text.length > 40 ? `${text.slice(0, 39)}…` : text;
  }
}

/** `typeof x !== 'undefined' && x`: the name is there when it is read. */
function isTypeofGuard(node: Node): boolean {
  return (
    node.type === 'BinaryExpression' &&
    [node.left, node.right].some((side) => side.type === 'UnaryExpression' && side.operator === 'typeof')
  );
}

function isPlainIterable(node: Node): boolean {
  return (
    node.type === 'ArrayExpression' ||
    (node.type === 'Literal' && node.value === null) ||
    (node.type === 'Identifier' && node.name === 'undefined')
  );
}

const PURE_CLASSES = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'Date']);

/** Globals that are everywhere, so that reading them (or a property of theirs) does nothing. */
const KNOWN_GLOBALS = new Set(
  'undefined NaN Infinity globalThis Array ArrayBuffer BigInt Boolean DataView Date Error EvalError Float32Array Float64Array Function Int16Array Int32Array Int8Array JSON Map Math Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet console decodeURI decodeURIComponent encodeURI encodeURIComponent escape isFinite isNaN parseFloat parseInt unescape document window navigator location history clearTimeout setTimeout clearInterval setInterval URL TextEncoder TextDecoder process'.split(
    ' ',
  ),
);

const STATEMENTS: Readonly<Record<string, string>> = {
  ForStatement: 'a loop',
  ForInStatement: 'a loop',
  ForOfStatement: 'a loop',
  WhileStatement: 'a loop',
  DoWhileStatement: 'a loop',
  ThrowStatement: 'a `throw`',
  SwitchStatement: 'a `switch`',
  LabeledStatement: 'a labelled statement',
  DebuggerStatement: 'a `debugger`',
  TSModuleDeclaration: 'a TypeScript namespace',
};
