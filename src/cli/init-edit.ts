/**
 * Puts the plugin into a bundler's configuration, by the smallest change to its text: an import and one item of a list. Where
 * it isn't certain that the list is the right one, nothing is changed.
 */
import { parse, type ParserPlugin } from '@babel/parser';
import type * as t from '@babel/types';

import type { Bundler } from './init-project.ts';

export type Edit =
  | { readonly status: 'changed'; readonly text: string }
  | { readonly status: 'present' }
  | { readonly status: 'unsure'; readonly reason: string };

interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** What a user adds by hand. */
export function linesByHand(bundler: Bundler): readonly string[] {
  return [`import { pare } from 'pare/${specifierOf(bundler)}';`, 'plugins: [ …, pare() ]'];
}

/** @param file its name says whether it is TypeScript */
export function addPlugin(source: string, file: string, bundler: Bundler): Edit {
  const unsure = (reason: string): Edit => ({ status: 'unsure', reason });
  const program = read(source, file);
  if (program === null) return unsure('it could not be read');
  if (importsPare(program)) return { status: 'present' };
  if (bindsPare(program)) return unsure('it has something else by the name pare');
  const found = optionsOf(program, bundler);
  if (typeof found === 'string') return unsure(found);
  const style = styleOf(program, source, file);
  const item = pluginItem(found, program, source, style);
  if (typeof item === 'string') return unsure(item);
  const text = insert(source, [importLine(program, source, bundler, style), ...item]);
  // The proof: what was written can be read, and has the plugin where it belongs.
  const after = read(text, file);
  const list = after === null ? null : optionsOf(after, bundler);
  if (after === null || list === null || typeof list === 'string' || !importsPare(after) || !hasPlugin(list, after))
    return unsure('the change could not be proved right');
  return { status: 'changed', text };
}

function specifierOf(bundler: Bundler): string {
  return bundler === 'rolldown' ? 'rollup' : bundler;
}

function read(source: string, file: string): t.Program | null {
  const plugins: ParserPlugin[] = /\.[cm]?tsx?$/.test(file) ? ['typescript'] : ['jsx'];
  try {
    return parse(source, {
      sourceType: 'unambiguous',
      plugins,
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: true,
    }).program;
  } catch {
    return null;
  }
}

/** What has neither imports nor requires is taken for a module, unless its name says otherwise. */
function isCommonJs(program: t.Program, file: string): boolean {
  if (program.body.some(({ type }) => type.startsWith('Import') || type.startsWith('Export'))) return false;
  if (/\.c[jt]s$/.test(file)) return true;
  return program.body.some((statement) => requires(statement).length > 0 || moduleExports(statement) !== null);
}

function importsPare(program: t.Program): boolean {
  return program.body.some((statement) => {
    if (statement.type === 'ImportDeclaration') return /^pare\/\w+$/.test(statement.source.value);
    return requires(statement).some(({ source }) => /^pare\/\w+$/.test(source));
  });
}

function bindsPare(program: t.Program): boolean {
  return program.body.some((statement) => {
    if (statement.type === 'ImportDeclaration') return statement.specifiers.some(({ local }) => local.name === 'pare');
    if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration')
      return statement.id?.name === 'pare';
    return declarations(statement).some(({ id }) => boundNames(id).includes('pare'));
  });
}

function boundNames(id: t.Node): string[] {
  if (id.type === 'Identifier') return [id.name];
  if (id.type === 'ObjectPattern')
    return id.properties.flatMap((property) =>
      boundNames(property.type === 'RestElement' ? property.argument : property.value),
    );
  return [];
}

function declarations(statement: t.Statement): t.VariableDeclarator[] {
  if (statement.type === 'VariableDeclaration') return statement.declarations as t.VariableDeclarator[];
  if (statement.type === 'ExportNamedDeclaration' && statement.declaration?.type === 'VariableDeclaration')
    return statement.declaration.declarations as t.VariableDeclarator[];
  return [];
}

function requires(statement: t.Statement): { readonly names: string[]; readonly source: string }[] {
  return declarations(statement).flatMap(({ id, init }) => {
    const call = init?.type === 'MemberExpression' ? init.object : init;
    if (call?.type !== 'CallExpression' || call.callee.type !== 'Identifier' || call.callee.name !== 'require')
      return [];
    const [argument] = call.arguments;
    return argument?.type === 'StringLiteral' ? [{ names: boundNames(id), source: argument.value }] : [];
  });
}

/** The object that has, or will have, `plugins`; a text says why it isn't certain. */
function optionsOf(program: t.Program, bundler: Bundler): t.ObjectExpression | string {
  return bundler === 'esbuild' || bundler === 'bun' ? buildCallOptions(program, bundler) : exportedOptions(program);
}

function exportedOptions(program: t.Program): t.ObjectExpression | string {
  for (const statement of program.body) {
    if (statement.type === 'ExportDefaultDeclaration') return objectOf(statement.declaration, program);
    const exported = moduleExports(statement);
    if (exported !== null) return objectOf(exported, program);
  }
  return 'it has no default export';
}

/** What `module.exports` is set to; null: the statement does something else. */
function moduleExports(statement: t.Statement): t.Expression | null {
  if (statement.type !== 'ExpressionStatement' || statement.expression.type !== 'AssignmentExpression') return null;
  const { left, right } = statement.expression;
  return isMember(left, ['module'], ['exports']) ? right : null;
}

/** The one call of the bundler: two builds may want different things. */
function buildCallOptions(program: t.Program, bundler: 'esbuild' | 'bun'): t.ObjectExpression | string {
  const isBuild =
    bundler === 'bun' ? (call: t.CallExpression) => isMember(call.callee, ['Bun'], ['build']) : esbuildCalls(program);
  const calls: t.CallExpression[] = [];
  visit(program, (node) => {
    if (node.type === 'CallExpression' && isBuild(node)) calls.push(node);
  });
  const objects = calls.map((call) =>
    call.arguments[0] === undefined ? 'a build has no options' : objectOf(call.arguments[0], program),
  );
  const [first] = objects;
  if (first === undefined) return `no call of ${bundler === 'bun' ? 'Bun.build' : "esbuild's build"} was found`;
  if (objects.some((each) => each !== first)) return 'it has several builds';
  return first;
}

function esbuildCalls(program: t.Program): (call: t.CallExpression) => boolean {
  const namespaces: string[] = [];
  const functions: string[] = [];
  const methods = ['build', 'buildSync', 'context'];
  for (const statement of program.body) {
    if (statement.type === 'ImportDeclaration' && statement.source.value === 'esbuild') {
      for (const specifier of statement.specifiers) {
        if (specifier.type !== 'ImportSpecifier') namespaces.push(specifier.local.name);
        else if (methods.includes(nameOf(specifier.imported) ?? '')) functions.push(specifier.local.name);
      }
    }
    for (const { id, init } of declarations(statement)) {
      const isRequired =
        init?.type === 'CallExpression' && requires(statement).some(({ source }) => source === 'esbuild');
      if (isRequired && id.type === 'Identifier') namespaces.push(id.name);
      if (isRequired && id.type === 'ObjectPattern')
        functions.push(...boundNames(id).filter((name) => methods.includes(name)));
    }
  }
  return ({ callee }) =>
    callee.type === 'Identifier' ? functions.includes(callee.name) : isMember(callee, namespaces, methods);
}

function isMember(node: t.Node, objects: readonly string[], properties: readonly string[]): boolean {
  if (node.type !== 'MemberExpression' || node.computed) return false;
  return objects.includes(nameOf(node.object) ?? '') && properties.includes(nameOf(node.property) ?? '');
}

/** Through `defineConfig(…)`, functions that return one object, types, names of constants, and lists of one. */
function objectOf(node: t.Node, program: t.Program, depth = 0): t.ObjectExpression | string {
  const again = (inner: t.Node) => objectOf(inner, program, depth + 1);
  if (depth > 8) return 'its options could not be followed';
  switch (node.type) {
    case 'ObjectExpression':
      return node;
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'ParenthesizedExpression':
    case 'AwaitExpression':
      return again(node.type === 'AwaitExpression' ? node.argument : node.expression);
    case 'CallExpression': {
      const [argument] = node.arguments;
      if (nameOf(node.callee) !== 'defineConfig' || argument === undefined) return 'its options are made by a function';
      return again(argument);
    }
    case 'ArrayExpression':
      return node.elements.length === 1 && node.elements[0] !== null
        ? again(node.elements[0]!)
        : 'it has several builds';
    case 'Identifier': {
      const declared = program.body.flatMap(declarations).find(({ id }) => nameOf(id) === node.name);
      return declared?.init == null ? `${node.name} is made elsewhere` : again(declared.init);
    }
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
    case 'FunctionDeclaration': {
      if (node.body.type !== 'BlockStatement') return again(node.body);
      const returns: t.ReturnStatement[] = [];
      visit(node.body, (inner) => {
        if (inner.type === 'ReturnStatement') returns.push(inner);
        return !/Function|Method/.test(inner.type);
      });
      const [only] = returns;
      if (returns.length !== 1 || only?.argument == null) return 'it returns different options';
      return again(only.argument);
    }
    default:
      return 'its options are made elsewhere';
  }
}

function pluginsOf(options: t.ObjectExpression): t.ObjectProperty | undefined {
  return options.properties.find(
    (property): property is t.ObjectProperty =>
      property.type === 'ObjectProperty' && !property.computed && nameOf(property.key) === 'plugins',
  );
}

function listOf(value: t.Node, program: t.Program): t.ArrayExpression | null {
  if (value.type === 'ArrayExpression') return value;
  if (value.type === 'TSAsExpression' || value.type === 'TSSatisfiesExpression')
    return listOf(value.expression, program);
  if (value.type !== 'Identifier') return null;
  const declared = program.body.flatMap(declarations).find(({ id }) => nameOf(id) === value.name);
  return declared?.init?.type === 'ArrayExpression' ? declared.init : null;
}

function hasPlugin(options: t.ObjectExpression, program: t.Program): boolean {
  const plugins = pluginsOf(options);
  const list = plugins === undefined ? null : listOf(plugins.value, program);
  return (
    list?.elements.some((element) => element?.type === 'CallExpression' && nameOf(element.callee) === 'pare') === true
  );
}

interface Style {
  readonly isCommonJs: boolean;
  readonly quote: string;
  readonly semicolon: string;
  readonly newline: string;
}

function styleOf(program: t.Program, source: string, file: string): Style {
  const single = (source.match(/'/g) ?? []).length;
  const double = (source.match(/"/g) ?? []).length;
  const first = program.body[0];
  const usesSemicolons = first?.end == null || source[first.end - 1] === ';' || source[first.end - 1] === '}';
  return {
    isCommonJs: isCommonJs(program, file),
    quote: double > single ? '"' : "'",
    semicolon: usesSemicolons ? ';' : '',
    newline: source.includes('\r\n') ? '\r\n' : '\n',
  };
}

/** After the last import or require at the top. */
function importLine(
  program: t.Program,
  source: string,
  bundler: Bundler,
  { isCommonJs: isOld, quote, semicolon, newline }: Style,
): Insertion {
  const from = `${quote}pare/${specifierOf(bundler)}${quote}`;
  const line = isOld ? `const { pare } = require(${from})${semicolon}` : `import { pare } from ${from}${semicolon}`;
  const last = program.body.findLast(
    (statement) => statement.type === 'ImportDeclaration' || requires(statement).length > 0,
  );
  if (last !== undefined) {
    const end = source.indexOf('\n', last.end!);
    return {
      at: last.end!,
      text: end === -1 && last.end === source.length ? `${newline}${line}${newline}` : `${newline}${line}`,
    };
  }
  const start = program.directives.at(-1)?.end ?? program.interpreter?.end ?? null;
  return start === null ? { at: 0, text: `${line}${newline}${newline}` } : { at: start, text: `${newline}${line}` };
}

/** Into the list that is there, or a list of its own at the end of the options. */
function pluginItem(
  options: t.ObjectExpression,
  program: t.Program,
  source: string,
  { newline }: Style,
): Insertion[] | string {
  const plugins = pluginsOf(options);
  if (plugins === undefined) {
    if (options.properties.some(({ type }) => type === 'SpreadElement'))
      return 'its plugins may be in what is spread into the options';
    if (options.properties.some((property) => property.type === 'ObjectMethod' && nameOf(property.key) === 'plugins'))
      return 'its plugins are made by a function';
    return append(options, options.properties, 'plugins: [pare()]', source, newline);
  }
  const list = listOf(plugins.value, program);
  if (list === null) return 'its plugins are no plain list';
  return append(list, list.elements, 'pare()', source, newline);
}

/** As another item of an object or a list, in the way that the others are written. */
function append(
  node: t.ObjectExpression | t.ArrayExpression,
  items: readonly (t.Node | null)[],
  text: string,
  source: string,
  newline: string,
): Insertion[] {
  const last = items.at(-1);
  const end = node.end! - 1;
  if (last == null) {
    const padding = node.type === 'ObjectExpression' ? ' ' : '';
    return [{ at: node.start! + 1, text: `${padding}${text}${source[node.start! + 1] === ' ' ? '' : padding}` }];
  }
  const tail = source.slice(last.end!, end);
  const comma = /^\s*,/.exec(tail)?.[0];
  const at = last.end! + (comma?.length ?? 0);
  const isOnOwnLine = source.slice(0, last.start!).match(/\n[ \t]*$/) !== null;
  if (!isOnOwnLine) return [{ at, text: comma === undefined ? `, ${text}` : ` ${text},` }];
  const indent = /[ \t]*$/.exec(source.slice(0, last.start!))![0];
  // A comment at the end of the line stays with its item.
  const lineEnd = at + /^[ \t]*(?:\/\/[^\n]*)?/.exec(source.slice(at, end))![0].trimEnd().length;
  if (comma !== undefined) return [{ at: lineEnd, text: `${newline}${indent}${text},` }];
  return [
    { at, text: ',' },
    { at: lineEnd, text: `${newline}${indent}${text}` },
  ];
}

function insert(source: string, insertions: readonly Insertion[]): string {
  // From the end, so that places stay what they were; of two at one place the later one goes in first.
  return insertions
    .toReversed()
    .toSorted((a, b) => b.at - a.at)
    .reduce((text, { at, text: more }) => text.slice(0, at) + more + text.slice(at), source);
}

function nameOf(node: t.Node): string | null {
  if (node.type === 'Identifier') return node.name;
  return node.type === 'StringLiteral' ? node.value : null;
}

/** Every node, the outer ones first; what is in a node for which the visitor returns false is left out. */
function visit(node: t.Node, visitor: (node: t.Node) => boolean | void): void {
  for (const [key, value] of Object.entries(node)) {
    if (key === 'loc' || key.endsWith('Comments') || key === 'extra') continue;
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof child !== 'object' || child === null || !('type' in child) || typeof child.type !== 'string') continue;
      if (visitor(child as t.Node) !== false) visit(child as t.Node, visitor);
    }
  }
}
