/** What package.json files say of the modules below them: versions and the `sideEffects` field. Each file is read once. */
import path from 'node:path';
import picomatch from 'picomatch';

import { packageOf } from '../measure/module-id.ts';
import type { PackageFacts } from '../measure/evidence.ts';
import { Disk } from './disk.ts';

interface PackageFile {
  readonly version: string | null;
  readonly type: 'module' | 'commonjs';
  /** Whether a file (relative to the package) has side effects; undefined where the package doesn't say. */
  readonly sideEffects: ((file: string) => boolean) | undefined;
}

export class PackageFiles implements PackageFacts {
  readonly #root: string;
  readonly #disk: Disk;
  readonly #files = new Map<string, PackageFile | null>();

  /** @param root absolute path of the project */
  constructor(root: string, disk = new Disk()) {
    this.#root = root;
    this.#disk = disk;
  }

  version(folder: string): string | null {
    return this.#read(folder)?.version ?? null;
  }

  /**
   * Whether a module must be kept for its side effects by the `sideEffects` field of its package: a package that says
   * nothing may have some. null where there is no package.json to ask.
   */
  sideEffects(id: string): boolean | null {
    const owner = this.#owner(id);
    if (owner === null) return null;
    const { folder, file } = owner;
    // As `path.posix.relative`, which brings both into normal form at each call.
    const within = id.startsWith(`${folder}/`) ? id.slice(folder.length + 1) : path.posix.relative(folder, id);
    return file.sideEffects?.(within) ?? true;
  }

  /** The `type` of the package a module is in. */
  type(id: string): 'module' | 'commonjs' | null {
    return this.#owner(id)?.file.type ?? null;
  }

  #owner(id: string): { folder: string; file: PackageFile } | null {
    if (id.startsWith('virtual:')) return null;
    const stop = packageOf(id)?.folder ?? null;
    for (let folder = path.posix.dirname(id); ; folder = path.posix.dirname(folder)) {
      const file = this.#read(folder);
      if (file !== null && (stop === null || folder === stop || file.type === 'module')) return { folder, file };
      if (folder === stop || folder === '.' || folder === '..' || folder === '/' || folder.endsWith('/..')) return null;
    }
  }

  #read(folder: string): PackageFile | null {
    let file = this.#files.get(folder);
    if (file === undefined) {
      file = readPackageFile(path.join(this.#root, folder, 'package.json'), this.#disk);
      this.#files.set(folder, file);
    }
    return file;
  }
}

function readPackageFile(file: string, disk: Disk): PackageFile | null {
  // Most folders have none, and an error is dear.
  if (!disk.exists(file)) return null;
  let json: unknown;
  try {
    json = JSON.parse(disk.readFile(file).toString());
  } catch {
    return null;
  }
  if (typeof json !== 'object' || json === null) return null;
  const { version, type, sideEffects } = json as Record<string, unknown>;
  return {
    version: typeof version === 'string' ? version : null,
    type: type === 'module' ? 'module' : 'commonjs',
    sideEffects: sideEffectsTest(sideEffects),
  };
}

/** Bundlers read a pattern without a slash as one for every folder. */
function sideEffectsTest(field: unknown): ((file: string) => boolean) | undefined {
  if (typeof field === 'boolean') return () => field;
  if (!Array.isArray(field)) return undefined;
  const patterns = field
    .filter((pattern): pattern is string => typeof pattern === 'string')
    .map((pattern) => pattern.replace(/^\.\//, ''))
    .map((pattern) => (pattern.includes('/') ? pattern : `**/${pattern}`));
  if (patterns.length === 0) return () => false;
  return picomatch(patterns, { dot: true });
}
