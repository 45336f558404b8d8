/** What a CommonJS module exports, as far as its text shows it. */
import type { Node } from 'oxc-parser';
import { childrenOf, type ParsedModule } from './not-shaken-syntax.ts';

export interface CommonJsExports {
  /** null: computed (`module.exports = factory()`), so that nobody can tell. */
  readonly names: readonly string[] | null;
  /** Whether all there is to ask for is one function or class, of which nothing could be dropped. */
  readonly isSingle: boolean;
  /** Of the first statement that exports something; null where there is none. */
  readonly offset: number | null;
}

export function readCommonJs({ program }: ParsedModule): CommonJsExports {
  const names = new Set<string>();
  let offset: number | null = null;
  let single: Node | null = null;
  let isComputed = false;
  const functions = new Set<string>();
  for (const each of program.body)
    if ((each.type === 'FunctionDeclaration' || each.type === 'ClassDeclaration') && each.id !== null)
      functions.add(each.id.name);
  const visit = (node: Node): void => {
    if (node.type === 'AssignmentExpression') {
      const name = exportName(node.left);
      if (name !== null) {
        offset ??= node.start;
        if (name === '') {
          const { right } = node;
          if (right.type === 'ObjectExpression') {
            for (const each of right.properties) {
              if (each.type === 'Property' && !each.computed && each.key.type === 'Identifier')
                names.add(each.key.name);
              else isComputed = true;
            }
          } else if (right.type !== 'AssignmentExpression' && !handsOnItself(right)) single = right;
        } else if (name !== '__esModule') names.add(name);
      }
    } else if (node.type === 'CallExpression') {
      const [target, key] = node.arguments;
      const isDefine = node.callee.type === 'MemberExpression' && isName(node.callee.property, 'defineProperty');
      if (isDefine && target !== undefined && isExports(target) && key?.type === 'Literal') {
        if (typeof key.value === 'string' && key.value !== '__esModule') {
          offset ??= node.start;
          names.add(key.value);
        }
      } else if (node.arguments.some((each) => each.type !== 'SpreadElement' && isExports(each))) {
        // A helper that fills the exports in, or a UMD factory.
        offset ??= node.start;
        isComputed = true;
      }
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(program);
  const value = single as Node | null;
  const isFunction =
    value !== null && (/Function|Class/.test(value.type) || (value.type === 'Identifier' && functions.has(value.name)));
  const isUnknown = isComputed || (value !== null && !isFunction);
  return { names: isUnknown ? null : [...names], isSingle: isFunction && names.size === 0 && !isUnknown, offset };
}

/** `x` for `exports.x` and `module.exports.x`, an empty text for `module.exports` itself; null for anything else. */
function exportName(left: Node): string | null {
  if (left.type !== 'MemberExpression') return null;
  if (isExports(left)) return '';
  if (!isExports(left.object)) return null;
  if (!left.computed) return left.property.type === 'Identifier' ? left.property.name : null;
  return left.property.type === 'Literal' && typeof left.property.value === 'string' ? left.property.value : null;
}

/** `module.exports = exports.default`, which compilers add: nothing but what is exported already. */
function handsOnItself(right: Node): boolean {
  return right.type === 'MemberExpression' && isExports(right.object);
}

function isExports(node: Node): boolean {
  if (isName(node, 'exports')) return true;
  return (
    node.type === 'MemberExpression' &&
    !node.computed &&
    isName(node.object, 'module') &&
    isName(node.property, 'exports')
  );
}

function isName(node: Node, name: string): boolean {
  return node.type === 'Identifier' && node.name === name;
}
