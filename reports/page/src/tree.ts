/** The hierarchy that the charts draw: output, package, folder, module; and the bytes that no module owns. */
import { REST_NAMES } from '../../../src/model/build.ts';
import { OWN_CODE, packageName } from './model.ts';
import type { Model, OutputModel, Weighing } from './model.ts';

export interface TreeNode {
  /** Unique among its siblings. */
  readonly key: string;
  label: string;
  readonly kind: 'root' | 'output' | 'package' | 'folder' | 'module' | 'rest';
  readonly parent: TreeNode | null;
  children: TreeNode[];
  /** In bytes of the chosen measure; of a parent: the sum of its children. */
  value: number;
  /** The module of a leaf; -1 otherwise. */
  readonly module: number;
  /** Position in `Model.packages`, `OWN_CODE`, or null where the node has several or none. */
  readonly package: number | null;
  readonly output: OutputModel | null;
  /** The search that last matched it or something in it, by `Tree.search`. */
  matchedBy: number;
  /** Of `value`, what that search matched. */
  matched: number;
  sorted: boolean;
}

export interface Tree {
  readonly root: TreeNode;
  readonly leaves: readonly TreeNode[];
  /** Number of the current search; null while everything matches. */
  search: number | null;
  lastSearch: number;
}

interface Folder {
  readonly node: TreeNode;
  readonly folders: Map<string, Folder>;
}

export function buildTree(model: Model, weighing: Weighing): Tree {
  const root = makeNode('root', '', model.name, null);
  const leaves: TreeNode[] = [];
  for (const output of model.outputsIn(weighing)) {
    const node = outputNode(model, output, weighing, root, leaves);
    if (node.value > 0) root.children.push(node);
    root.value += node.value;
  }
  return { root, leaves, search: null, lastSearch: 0 };
}

function outputNode(
  model: Model,
  output: OutputModel,
  { measure }: Weighing,
  root: TreeNode,
  leaves: TreeNode[],
): TreeNode {
  const node = makeNode('output', output.file, output.file, root, { output });
  const packages = new Map<number, Folder>();
  const bytes = output.parts[measure];
  let rest: TreeNode | null = null;
  for (let i = 0; i < bytes.length; i++) {
    const size = bytes[i] || 0;
    if (size <= 0) continue;
    node.value += size;
    const module = output.parts.module[i] ?? Number.NaN;
    if (Number.isNaN(module)) {
      if (rest === null) node.children.push((rest = makeNode('rest', '·rest', 'no module', node, { output })));
      const name = REST_NAMES[output.parts.rest[i] ?? 0] ?? 'unmapped';
      rest.value += size;
      rest.children.push(makeNode('rest', name, name, rest, { output, value: size }));
      continue;
    }
    const ref = model.packageOf[module] ?? OWN_CODE;
    let folder = packages.get(ref);
    if (folder === undefined) {
      const known = model.packages[ref];
      const name = known === undefined ? 'own code' : packageName(known);
      folder = { node: makeNode('package', name, name, node, { output, package: ref }), folders: new Map() };
      packages.set(ref, folder);
      node.children.push(folder.node);
    }
    const path = insidePackage(model.ids[module] ?? '', model.packages[ref]?.name);
    leaves.push(addModule(folder, path, module, size, output, ref));
  }
  for (const { node: folder } of packages.values()) folder.children = folder.children.map(joinLonelyFolders);
  return node;
}

function addModule(
  top: Folder,
  path: string,
  module: number,
  size: number,
  output: OutputModel,
  ref: number,
): TreeNode {
  const steps = path.split('/');
  const name = steps.pop() ?? path;
  let folder = top;
  folder.node.value += size;
  for (const step of steps) {
    let next = folder.folders.get(step);
    if (next === undefined) {
      next = { node: makeNode('folder', `${step}/`, step, folder.node, { output, package: ref }), folders: new Map() };
      folder.folders.set(step, next);
      folder.node.children.push(next.node);
    }
    next.node.value += size;
    folder = next;
  }
  const leaf = makeNode('module', name, name, folder.node, { output, package: ref, module, value: size });
  folder.node.children.push(leaf);
  return leaf;
}

/** A folder that holds only one folder is shown as one: `dist/esm`. */
function joinLonelyFolders(node: TreeNode): TreeNode {
  while (node.kind === 'folder' && node.children.length === 1 && node.children[0]?.kind === 'folder') {
    const only: TreeNode = node.children[0];
    node.label = `${node.label}/${only.label}`;
    node.children = only.children.map((child) => Object.assign(child, { parent: node }));
  }
  if (node.kind === 'folder') node.children = node.children.map(joinLonelyFolders);
  return node;
}

function insidePackage(id: string, name: string | undefined): string {
  if (name === undefined) return id;
  const at = id.lastIndexOf(`node_modules/${name}/`);
  return at === -1 ? id : id.slice(at + `node_modules/${name}/`.length);
}

export function makeNode(
  kind: TreeNode['kind'],
  key: string,
  label: string,
  parent: TreeNode | null,
  rest: Partial<Pick<TreeNode, 'output' | 'package' | 'module' | 'value'>> = {},
): TreeNode {
  const { output = null, package: ref = null, module = -1, value = 0 } = rest;
  return {
    key,
    label,
    kind,
    parent,
    children: [],
    value,
    module,
    package: ref,
    output,
    matchedBy: 0,
    matched: 0,
    sorted: false,
  };
}

/** Of the node's bytes, those that the search matches; all of them without a search. */
export function matchedValue(tree: Tree, node: TreeNode): number {
  if (tree.search === null) return node.value;
  return node.matchedBy === tree.search ? node.matched : 0;
}

/** The heaviest first. Sorted when first asked for: most folders of a large build are never drawn. */
export function sortedChildren(node: TreeNode): readonly TreeNode[] {
  if (!node.sorted) {
    node.children.sort((a, b) => b.value - a.value || (a.label < b.label ? -1 : 1));
    node.sorted = true;
  }
  return node.children;
}

/** Marks the modules that match, and all that they are in. */
export function markMatches(tree: Tree, flags: Uint8Array | null): void {
  if (flags === null) {
    tree.search = null;
    return;
  }
  const search = tree.lastSearch + 1;
  tree.lastSearch = search;
  tree.search = search;
  for (const leaf of tree.leaves) {
    if (flags[leaf.module] !== 1) continue;
    for (let at: TreeNode | null = leaf; at !== null; at = at.parent) {
      if (at.matchedBy !== search) at.matched = 0;
      at.matchedBy = search;
      at.matched += leaf.value;
    }
  }
}

export function isMatched(tree: Tree, node: TreeNode): boolean {
  return tree.search === null || node.matchedBy === tree.search;
}

/** As far down the path as it leads in this tree. */
export function nodeAt(root: TreeNode, keys: readonly string[]): TreeNode {
  let node = root;
  for (const key of keys) {
    const next = node.children.find((child) => child.key === key);
    if (next === undefined) break;
    node = next;
  }
  return node;
}

export function keysOf(node: TreeNode): string[] {
  const keys: string[] = [];
  for (let at: TreeNode = node; at.parent !== null; at = at.parent) keys.unshift(at.key);
  return keys;
}

export function ancestry(node: TreeNode): TreeNode[] {
  const line: TreeNode[] = [];
  for (let at: TreeNode | null = node; at !== null; at = at.parent) line.unshift(at);
  return line;
}
