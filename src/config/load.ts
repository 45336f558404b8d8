/** Finds and reads the configuration: `pare.config.js`, `.mjs` or `.json`, or the field `pare` of package.json. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { PareError } from '../model/errors.ts';
import { parseConfig, type PareConfig } from './schema.ts';

const NAMES = ['pare.config.js', 'pare.config.mjs', 'pare.config.json'] as const;

export interface LoadedConfig {
  readonly config: PareConfig;
  /** Absolute; what the configuration's paths are relative to is its folder. */
  readonly file: string;
}

/**
 * The configuration of a folder: its own, or that of the nearest folder upwards that has one, down to the nearest with a
 * package.json. null where there is none.
 *
 * @throws PareError `config-unreadable`, `config-invalid`
 */
export async function findConfig(folder: string): Promise<LoadedConfig | null> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    for (const name of NAMES) {
      const file = path.join(at, name);
      if ((await stat(file).catch(() => null))?.isFile() === true) return loadConfig(file);
    }
    const manifest = path.join(at, 'package.json');
    if ((await stat(manifest).catch(() => null))?.isFile() === true) return manifestConfig(manifest);
    if (at === path.dirname(at)) return null;
  }
}

/** @throws PareError `config-unreadable`, `config-invalid` */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const absolute = path.resolve(file);
  if (path.basename(absolute) === 'package.json') {
    const found = await manifestConfig(absolute);
    if (found !== null) return found;
    throw new PareError('config-unreadable', `${shown(absolute)} has no field "pare"`);
  }
  const content = absolute.endsWith('.json') ? await readJson(absolute) : await importDefault(absolute);
  return { config: parseConfig(content, shown(absolute)), file: absolute };
}

async function manifestConfig(file: string): Promise<LoadedConfig | null> {
  const manifest = await readJson(file);
  if (typeof manifest !== 'object' || manifest === null || !('pare' in manifest)) return null;
  return { config: parseConfig(manifest.pare, `the field "pare" of ${shown(file)}`), file };
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function importDefault(file: string): Promise<unknown> {
  let namespace: { readonly default?: unknown };
  try {
    namespace = (await import(pathToFileURL(file).href)) as typeof namespace;
  } catch (cause) {
    throw unreadable(file, cause);
  }
  if (!('default' in namespace))
    throw new PareError('config-invalid', `${shown(file)} has no default export`, {
      hint: 'Write: export default { budgets: [ … ] }',
    });
  return namespace.default;
}

function unreadable(file: string, cause: unknown): PareError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PareError('config-unreadable', `${shown(file)} can't be read: ${reason}`, { cause });
}

function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative !== '' && !relative.startsWith('..') ? relative : file;
}
