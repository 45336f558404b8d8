/** Which files a folder's configuration is in: its own, and those of the workspace that it is a package of. */
import { statSync } from 'node:fs';
import path from 'node:path';

import { glob } from '../budget/glob.ts';
import { readJson, type ReadResult } from './read-file.ts';

/** In one folder the first of these is read. */
export const CONFIG_NAMES = ['pare.config.ts', 'pare.config.js', 'pare.config.mjs', 'pare.config.json'] as const;

export interface FoundFiles {
  /** Absolute. `pare.config.*`; null: there is none. */
  readonly file: string | null;
  /** package.json, where it has a field `pare` or can't be read. */
  readonly manifest: string | null;
}

export interface ConfigFiles {
  /** Folder that the project's paths are relative to: of its configuration, or else of its package.json. */
  readonly folder: string;
  readonly own: FoundFiles;
  readonly workspace: FoundFiles;
  /** Files that would be read if the others were not there. */
  readonly passedOver: readonly string[];
  /** Where a configuration that is written later would be looked for. */
  readonly folders: readonly string[];
}

export type Manifests = Map<string, ReadResult>;

/**
 * From a folder upwards to the nearest package.json: the first `pare.config.*`, and that package.json's field `pare`. Above it
 * the first package.json or pnpm-workspace.yaml that counts the package among its own is the root of the workspace; the
 * configuration there is what the package's own builds on.
 */
export async function findConfigFiles(start: string, manifests: Manifests): Promise<ConfigFiles> {
  const passedOver: string[] = [];
  const folders: string[] = [];
  let file: string | null = null;
  let at = path.resolve(start);
  for (; ; at = path.dirname(at)) {
    folders.push(at);
    if (file === null) {
      const [first, ...others] = presentIn(at, CONFIG_NAMES);
      file = first ?? null;
      passedOver.push(...others);
    }
    if (presentIn(at, ['package.json']).length > 0) break;
    if (at === path.dirname(at)) {
      const folder = file === null ? path.resolve(start) : path.dirname(file);
      // Without a package.json, files above the start are somebody else's.
      return {
        folder,
        own: { file, manifest: null },
        workspace: NONE,
        passedOver,
        folders: folders.slice(0, Math.max(1, folders.indexOf(folder) + 1)),
      };
    }
  }
  const manifest = await manifestWithField(at, manifests);
  const root = await workspaceRoot(at, manifests);
  const workspace = root === null ? NONE : await filesIn(root, manifests);
  const folder = file === null ? at : path.dirname(file);
  return {
    folder,
    own: { file, manifest },
    workspace,
    passedOver,
    folders: root === null ? folders : [...folders, root],
  };
}

const NONE: FoundFiles = { file: null, manifest: null };

async function filesIn(folder: string, manifests: Manifests): Promise<FoundFiles> {
  const [file] = presentIn(folder, CONFIG_NAMES);
  return { file: file ?? null, manifest: await manifestWithField(folder, manifests) };
}

/** Not by promises: a handful of files that are there or not costs a tenth so. */
function presentIn(folder: string, names: readonly string[]): string[] {
  return names.map((name) => path.join(folder, name)).filter(isFile);
}

export function isFile(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}

export async function readManifest(folder: string, manifests: Manifests): Promise<ReadResult> {
  const file = path.join(folder, 'package.json');
  const known = manifests.get(file);
  if (known !== undefined) return known;
  const result = await readJson(file);
  manifests.set(file, result);
  return result;
}

async function manifestWithField(folder: string, manifests: Manifests): Promise<string | null> {
  const result = await readManifest(folder, manifests);
  if (result.ok && !(isObject(result.value) && 'pare' in result.value)) return null;
  if (!result.ok && result.text === null) return null;
  return path.join(folder, 'package.json');
}

/** The nearest folder above that is the root of a workspace with this package in it. */
async function workspaceRoot(packageFolder: string, manifests: Manifests): Promise<string | null> {
  for (let at = path.dirname(packageFolder); ; at = path.dirname(at)) {
    const patterns = await workspacePatterns(at, manifests);
    if (patterns !== null) {
      const name = path.relative(at, packageFolder).split(path.sep).join('/');
      const matches = (pattern: string): boolean => {
        const plain = pattern.replace(/^\.\//, '').replace(/\/$/, '');
        return (plain.includes('/') || !name.includes('/')) && glob(plain)(name);
      };
      const [outside, inside] = [
        patterns.filter((each) => each.startsWith('!')),
        patterns.filter((each) => !each.startsWith('!')),
      ];
      return inside.some(matches) && !outside.some((each) => matches(each.slice(1))) ? at : null;
    }
    if (at === path.dirname(at)) return null;
  }
}

/** Of npm, Yarn and Bun in package.json; of pnpm in a file of its own. null: the folder is no root of a workspace. */
async function workspacePatterns(folder: string, manifests: Manifests): Promise<string[] | null> {
  const [pnpm] = presentIn(folder, ['pnpm-workspace.yaml']);
  if (pnpm !== undefined) {
    const [{ parseYAML }, { readFile }] = await Promise.all([import('confbox/yaml'), import('node:fs/promises')]);
    try {
      const content = parseYAML<unknown>(await readFile(pnpm, 'utf8'));
      return isObject(content) ? strings(content['packages']) : [];
    } catch {
      return [];
    }
  }
  const manifest = await readManifest(folder, manifests);
  if (!manifest.ok || !isObject(manifest.value) || manifest.value['workspaces'] === undefined) return null;
  const { workspaces } = manifest.value;
  return strings(isObject(workspaces) ? workspaces['packages'] : workspaces);
}

function strings(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : [];
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
