/**
 * Where an import leads, when no bundler is there to say: first among the modules that the maps name, then on the disk, where the
 * project's sources may still lie. A disk answer adds modules that own no byte (barrels that were shaken away), without which no
 * import chain would hold together.
 */
import path from 'node:path';
import { createPathsMatcher, getTsconfig } from 'get-tsconfig';
import * as resolveExports from 'resolve.exports';

import type { ImportStatement } from '../measure/module-syntax.ts';
import { packageOf, stripQuery, toPosix } from '../measure/module-id.ts';
import { Disk } from './disk.ts';

const EXTENSIONS = [
  '',
  '.ts',
  '.tsx',
  '.mts',
  '.js',
  '.jsx',
  '.mjs',
  '.cjs',
  '.cts',
  '.json',
  '.vue',
  '.svelte',
  '.css',
];
const ENDINGS = [...EXTENSIONS, ...EXTENSIONS.slice(1).map((extension) => `/index${extension}`)];
const SCRIPT_EXTENSION = /\.(?:[cm]?jsx?)$/;

export class Resolver {
  readonly #root: string;
  readonly #known: Set<string>;
  readonly #disk: Disk;
  /** Modules by the tail of their path: what an alias ends in. */
  readonly #byTail = new Map<string, string[]>();
  /** Folders of packages by name. */
  readonly #folders = new Map<string, Set<string>>();
  /** The same by who asks: all modules of a folder see the same packages. */
  readonly #folderBySeer = new Map<string, string | null>();
  #matcher: ((specifier: string) => string[]) | null | undefined;
  readonly #packageFolders = new Map<string, boolean>();
  readonly #files = new Map<string, string | null>();
  readonly #folderThere = new Map<string, boolean>();
  readonly #packageTargets = new Map<string, readonly string[]>();
  readonly #manifests = new Map<string, Record<string, unknown> | null>();

  /** @param known canonical ids of the modules that the maps name */
  constructor(root: string, known: Iterable<string>, disk = new Disk()) {
    this.#root = root;
    this.#disk = disk;
    this.#known = new Set(known);
    for (const id of this.#known) {
      const tail = tailOf(id);
      this.#byTail.set(tail, [...(this.#byTail.get(tail) ?? []), id]);
      const owner = packageOf(id);
      if (owner !== null) this.#folders.set(owner.name, (this.#folders.get(owner.name) ?? new Set()).add(owner.folder));
    }
  }

  /** Canonical id of the module that `statement`, written in `from`, asks for; null where it leads out of the bundle. */
  resolve(from: string, { specifier, kind }: Pick<ImportStatement, 'specifier' | 'kind'>): string | null {
    const spec = stripQuery(specifier);
    if (spec === '' || /^(?:node:|https?:|data:)/.test(spec)) return null;
    if (spec.startsWith('.')) return this.#file(path.posix.join(path.posix.dirname(from), spec));
    if (spec.startsWith('/')) return this.#file(spec.slice(1)) ?? this.#file(path.posix.relative(this.#root, spec));
    return this.#mapped(spec) ?? this.#bare(from, spec, kind) ?? this.#alias(spec);
  }

  /** A file by its path but for extension and index. */
  #file(base: string): string | null {
    // Nearly always a module that is known, by its whole name.
    if (this.#known.has(base)) return base;
    let found = this.#files.get(base);
    if (found === undefined) {
      const stems = SCRIPT_EXTENSION.test(base) ? [base, base.replace(/js(x?)$/, 'ts$1')] : [base];
      found = this.#first(stems, (id) => this.#known.has(id)) ?? this.#first(stems, (id) => this.#onDisk(id));
      this.#files.set(base, found);
    }
    return found;
  }

  /** The first of the stems with one of the endings that passes. */
  #first(stems: readonly string[], test: (id: string) => boolean): string | null {
    for (const stem of stems) for (const ending of ENDINGS) if (test(stem + ending)) return stem + ending;
    return null;
  }

  #bare(from: string, specifier: string, kind: ImportStatement['kind']): string | null {
    const name = /^(?:@[^/]+\/[^/]+|[^@/][^/]*)/.exec(specifier)?.[0];
    if (name === undefined) return null;
    const folder = this.#folderOf(from, name);
    if (folder === null) return null;
    const subpath = specifier.slice(name.length + 1);
    const key = `${folder}\n${subpath}\n${kind === 'require'}`;
    let targets = this.#packageTargets.get(key);
    if (targets === undefined) {
      targets = this.#targets(folder, name, subpath, kind === 'require');
      this.#packageTargets.set(key, targets);
    }
    // Bundlers don't agree on the fields of package.json: what is in the bundle is what they took.
    let onDisk: string | null = null;
    for (const target of targets) {
      const found = this.#file(path.posix.join(folder, target));
      if (found !== null && this.#known.has(found)) return found;
      onDisk ??= found;
    }
    return onDisk;
  }

  /** The package's folder as seen from a module: the nearest `node_modules` upwards that has it. */
  #folderOf(from: string, name: string): string | null {
    const key = `${path.posix.dirname(from)}\n${name}`;
    let folder = this.#folderBySeer.get(key);
    if (folder === undefined) this.#folderBySeer.set(key, (folder = this.#findFolder(from, name)));
    return folder;
  }

  #findFolder(from: string, name: string): string | null {
    const folders = this.#folders.get(name);
    for (let folder = path.posix.dirname(from); ; folder = up(folder)) {
      const candidate = path.posix.join(folder, 'node_modules', name);
      if (folders?.has(candidate) === true) return candidate;
      if (this.#hasPackages(folder) && this.#manifest(candidate) !== null) return this.#real(candidate);
      if (folder === LIMIT) break;
    }
    return folders?.values().next().value ?? null;
  }

  /** Where a folder really is: pnpm and workspaces link packages, and bundlers name modules by what the link leads to. */
  #real(folder: string): string {
    try {
      const [root, real] = [this.#root, path.join(this.#root, folder)].map((each) => this.#disk.realPath(each));
      return toPosix(path.relative(root!, real!));
    } catch {
      return folder;
    }
  }

  /** Files that a package may mean by a subpath, the likeliest first. */
  #targets(folder: string, name: string, subpath: string, require: boolean): string[] {
    const manifest = this.#manifest(folder);
    const targets: string[] = [];
    if (manifest !== null) {
      for (const options of [
        { browser: true, require },
        { browser: false, require },
      ]) {
        try {
          const found = resolveExports.exports(manifest, subpath === '' ? '.' : `./${subpath}`, {
            ...options,
            conditions: ['module', 'production'],
          });
          if (found) targets.push(...found);
        } catch {
          // No export of that name under these conditions.
        }
      }
      if (subpath === '')
        for (const field of ['module', 'jsnext:main', 'browser', 'main'])
          if (typeof manifest[field] === 'string') targets.push(manifest[field]);
    }
    if (subpath !== '') targets.push(subpath);
    else
      targets.push('index', 'dist/index', 'lib/index', 'src/index', 'es/index', 'esm/index', path.posix.basename(name));
    return targets;
  }

  /** By the `paths` of the project's tsconfig.json. */
  #mapped(specifier: string): string | null {
    if (this.#matcher === undefined) {
      const config = readTsconfig(this.#root, this.#disk);
      this.#matcher = config === null ? null : createPathsMatcher(config);
    }
    for (const candidate of this.#matcher?.(specifier) ?? []) {
      const found = this.#file(path.posix.relative(toPosix(this.#root), toPosix(candidate)));
      if (found !== null) return found;
    }
    return null;
  }

  /** `@/pages/home`, `~/x`: the one module whose path ends so. */
  #alias(specifier: string): string | null {
    if (!/^[@~#$]/.test(specifier)) return null;
    const wanted = specifier.replace(/^[@~#$][^/]*\//, '');
    const candidates = [tailOf(wanted), tailOf(`${wanted}/index.js`)].flatMap((tail) => this.#byTail.get(tail) ?? []);
    const fitting = candidates.filter((id) => {
      const stem = withoutExtension(id);
      const stemWanted = wanted.replace(SCRIPT_EXTENSION, '');
      return (
        packageOf(id) === null &&
        [stem, id].some(
          (each) => each === stemWanted || each.endsWith(`/${stemWanted}`) || each.endsWith(`/${stemWanted}/index`),
        )
      );
    });
    return fitting.sort((a, b) => a.length - b.length)[0] ?? null;
  }

  #manifest(folder: string): Record<string, unknown> | null {
    let manifest = this.#manifests.get(folder);
    if (manifest === undefined) {
      manifest = null;
      try {
        const json: unknown = JSON.parse(this.#disk.readFile(path.join(this.#root, folder, 'package.json')).toString());
        if (typeof json === 'object' && json !== null) manifest = json as Record<string, unknown>;
      } catch {
        // Not there: the sources of the package are not on this disk.
      }
      this.#manifests.set(folder, manifest);
    }
    return manifest;
  }

  #hasPackages(folder: string): boolean {
    let has = this.#packageFolders.get(folder);
    if (has === undefined) {
      has = this.#disk.isFolder(path.join(this.#root, folder, 'node_modules'));
      this.#packageFolders.set(folder, has);
    }
    return has;
  }

  #onDisk(id: string): boolean {
    // Below a folder that isn't there nothing is: most candidates are the index of a folder.
    const folder = path.posix.dirname(id);
    if (folder.endsWith('..') || folder === '.') return this.#isFile(id);
    let has = this.#folderThere.get(folder);
    if (has === undefined) {
      has = this.#disk.isFolder(path.join(this.#root, folder));
      this.#folderThere.set(folder, has);
    }
    return has && this.#isFile(id);
  }

  #isFile(id: string): boolean {
    return this.#disk.isFile(path.join(this.#root, id));
  }
}

/** The reader keeps what it asked the file system under keys like `existsSync:PATH`: that is what it looked at. */
function readTsconfig(root: string, disk: Disk): ReturnType<typeof getTsconfig> {
  const asked = new Map<string, unknown>();
  try {
    return getTsconfig(root, 'tsconfig.json', asked);
  } finally {
    for (const key of asked.keys()) {
      const file = /^(?:existsSync|readFileSync|statSync|realpathSync):(.*?)(?::utf8)?$/.exec(key)?.[1];
      if (file !== undefined) disk.willRead(path.resolve(file));
    }
  }
}

/** How far above the root a package is looked for. */
const LIMIT = '../../../../..';

function up(folder: string): string {
  if (folder === '.' || folder === '') return '..';
  return folder.endsWith('..') ? `${folder}/..` : path.posix.dirname(folder);
}

function tailOf(id: string): string {
  return withoutExtension(id.slice(id.lastIndexOf('/') + 1));
}

function withoutExtension(file: string): string {
  return file.replace(/\.[a-z\d]+$/i, '');
}
