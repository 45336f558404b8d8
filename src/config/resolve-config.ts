/** From what all sources say to what holds: of each key the last source's value, with the units and paths worked out. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import { allKeys, keyAt, type Key } from './keys.ts';
import { parseBytes, parseDuration, parseShare } from './quantity.ts';
import type { ResolvedConfig } from './resolved-config.ts';
import type { Layer } from './source.ts';

/** Which layer a key's value is of, by the key's path. */
export type Deciding = ReadonlyMap<string, Layer>;

/** Of each key the last layer that says it. */
export function decide(layers: readonly Layer[]): Deciding {
  return new Map(layers.flatMap((layer) => [...layer.entries.keys()].map((key) => [key, layer] as const)));
}

export interface Defaults {
  /** Folder of the project. */
  readonly folder: string;
  /** Whether PARE_CACHE_KEY is set. */
  readonly hasEncryptionKey: boolean;
}

/** Frozen, all the way down. */
export function resolveConfig(deciding: Deciding, defaults: Defaults): ResolvedConfig {
  const valueOf = (key: Key): unknown => {
    if (key.kind !== 'section' && key.kind !== 'group') return leafValue(key, deciding.get(key.path), defaults);
    const isOff = key.kind === 'section' && !isOn(key, deciding);
    return isOff ? false : Object.fromEntries(key.children.map((child) => [lastName(child.path), valueOf(child)]));
  };
  const top = allKeys().filter(({ path: name }) => !name.includes('.'));
  return frozen(Object.fromEntries(top.map((key) => [key.path, valueOf(key)]))) as unknown as ResolvedConfig;
}

export function isOn(key: Key, deciding: Deciding): boolean {
  return (deciding.get(key.path)?.entries.get(key.path) ?? key.fallback) === true;
}

/** Whether a key counts: all sections that it is in are on. */
export function isInUse(key: Key, deciding: Deciding): boolean {
  const at = key.path.lastIndexOf('.');
  const outer = at === -1 ? undefined : keyAt(key.path.slice(0, at));
  if (outer === undefined) return true;
  return (outer.kind === 'group' || isOn(outer, deciding)) && isInUse(outer, deciding);
}

function leafValue(key: Key, layer: Layer | undefined, { folder, hasEncryptionKey }: Defaults): unknown {
  const value = layer === undefined ? key.fallback : layer.entries.get(key.path);
  if (value === undefined) {
    if (key.path === 'cache.folder') return cacheFolder(folder);
    return key.path === 'cache.redis.encrypt' ? hasEncryptionKey : null;
  }
  const base = layer === undefined ? folder : key.fromSource === true ? layer.folders.source : layer.folders.project;
  switch (key.kind) {
    case 'bytes':
      return parseBytes(value as number | string);
    case 'duration':
      return parseDuration(value as number | string);
    case 'share':
      return parseShare(value as number | string);
    case 'path':
      return path.resolve(base, value as string);
    case 'paths':
      return (value as readonly string[]).map((each) => path.resolve(base, each));
    default:
      return value;
  }
}

/** `node_modules/.cache/pare` of the nearest folder upwards that has a node_modules; null: there is none. */
function cacheFolder(from: string): string | null {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const modules = path.join(folder, 'node_modules');
    if (existsSync(modules)) return path.join(modules, '.cache', 'pare');
    if (folder === path.dirname(folder)) return null;
  }
}

/** A frozen copy; what is neither a plain object nor a list stays what it is. */
function frozen(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(frozen));
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, each]) => [name, frozen(each)])));
}

function lastName(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}
