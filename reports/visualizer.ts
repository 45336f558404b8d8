/**
 * A build as the raw data of rollup-plugin-visualizer (version 2 of its data, written by versions 5.6 to 6 of the package), so
 * that `rollup-plugin-visualizer` draws it as treemap, sunburst, flame graph or network.
 */
import type { Build, Bytes, Output } from '../src/model/build.ts';

const DATA_VERSION = 2;

interface Leaf {
  readonly name: string;
  readonly uid: string;
}

interface Tree {
  name: string;
  children: (Tree | Leaf)[];
}

interface Link {
  readonly uid: string;
  readonly dynamic?: true;
}

interface Meta {
  readonly id: string;
  readonly moduleParts: Record<string, string>;
  readonly imported: Link[];
  readonly importedBy: Link[];
  isEntry?: true;
}

/** What no module owns has leaves of its own, in square brackets, so that each file has its true size. */
export function renderVisualizerData(build: Build): string {
  const metas = new Map<string, Meta>();
  const parts: Record<string, object> = {};
  const meta = (uid: string, id: string): Meta => {
    const known = metas.get(uid);
    if (known !== undefined) return known;
    const fresh: Meta = { id, moduleParts: {}, imported: [], importedBy: [] };
    metas.set(uid, fresh);
    return fresh;
  };
  const trees = build.outputs
    .filter(({ parts: all }) => all.length > 0)
    .map((output, at): Tree => {
      const tree: Tree = { name: output.file, children: [] };
      const folders = new Map<string, Tree>();
      for (const { module, rest, bytes } of output.parts) {
        const metaUid = module === null ? `r-${rest}` : `m-${module}`;
        const uid = `${metaUid}-${at}`;
        const id = module === null ? `[${rest}]` : build.modules[module]!.id;
        meta(metaUid, id).moduleParts[output.file] = uid;
        parts[uid] = { ...lengths(bytes), metaUid };
        plant(tree, folders, id, uid);
      }
      tree.children = tree.children.map(joined);
      return tree;
    });
  for (const { from, to, kind } of build.edges) {
    const dynamic = kind === 'dynamic' ? ({ dynamic: true } as const) : {};
    meta(`m-${from}`, build.modules[from]!.id).imported.push({ uid: `m-${to}`, ...dynamic });
    meta(`m-${to}`, build.modules[to]!.id).importedBy.push({ uid: `m-${from}`, ...dynamic });
  }
  for (const module of entryModules(build)) meta(`m-${module}`, build.modules[module]!.id).isEntry = true;
  const [first] = build.outputs;
  return `${JSON.stringify({
    version: DATA_VERSION,
    tree: { name: 'root', children: trees, isRoot: true },
    nodeParts: parts,
    nodeMetas: Object.fromEntries(metas),
    env: build.bundler === null ? {} : { [build.bundler.name]: build.bundler.version },
    options: {
      gzip: first !== undefined && first.bytes.gzip !== null,
      brotli: first !== undefined && first.bytes.brotli !== null,
      sourcemap: true,
    },
  })}\n`;
}

function lengths({ raw, gzip, brotli }: Bytes): object {
  return { renderedLength: raw, gzipLength: gzip ?? 0, brotliLength: brotli ?? 0 };
}

/** Below the folders of its path, which are made where they are not there. */
function plant(root: Tree, folders: Map<string, Tree>, id: string, uid: string): void {
  const segments = id.split('/').filter((segment) => segment !== '');
  const name = segments.pop() ?? id;
  let at = root;
  let path = '';
  for (const segment of segments) {
    path += `/${segment}`;
    let folder = folders.get(path);
    if (folder === undefined) {
      folder = { name: segment, children: [] };
      folders.set(path, folder);
      at.children.push(folder);
    }
    at = folder;
  }
  at.children.push({ name, uid });
}

/** A folder with nothing but one thing in it is one with it. */
function joined(node: Tree | Leaf): Tree | Leaf {
  let name = node.name;
  let at = node;
  while ('children' in at && at.children.length === 1) {
    at = at.children[0]!;
    name = `${name}/${at.name}`;
  }
  return 'children' in at ? { name, children: at.children.map(joined) } : { name, uid: at.uid };
}

function entryModules({ outputs }: Build): number[] {
  return outputs.flatMap(({ entry, entryModule }: Output) => (entry && entryModule !== null ? [entryModule] : []));
}
