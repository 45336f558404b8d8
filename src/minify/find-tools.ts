/** Which minifiers the user's project has, and where. Nothing of them is loaded here: importing terser alone costs 77 ms. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import type { Minifier } from './settings.ts';

export interface FoundTool {
  readonly tool: Minifier;
  /** The file to import. */
  readonly file: string;
  /** With the package's name: `oxc-minify 0.157.0`. */
  readonly version: string;
}

interface Source {
  readonly specifier: string;
  readonly package: string;
  /** The package that brings this one along; package managers that link nothing else hide it from the project. */
  readonly by?: string;
}

const SOURCES: Readonly<Record<Minifier, readonly Source[]>> = {
  oxc: [
    { specifier: 'oxc-minify', package: 'oxc-minify' },
    { specifier: 'rolldown/utils', package: 'rolldown' },
    { specifier: 'rolldown/utils', package: 'rolldown', by: 'vite' },
  ],
  swc: [{ specifier: '@swc/core', package: '@swc/core' }],
  terser: [{ specifier: 'terser', package: 'terser' }],
  esbuild: [{ specifier: 'esbuild', package: 'esbuild' }],
};

/** The package to install for a minifier. */
export const packageOf = (tool: Minifier): string => SOURCES[tool][0]!.package;

/** @param root the project's folder; a minifier that only pare itself can see is taken too. null: not installed */
export function findTool(tool: Minifier, root: string): FoundTool | null {
  for (const from of [join(root, 'package.json'), import.meta.url]) {
    for (const source of SOURCES[tool]) {
      const file = resolveFrom(from, source);
      if (file !== null) return { tool, file, version: `${source.package} ${versionOf(file, source.package)}` };
    }
  }
  return null;
}

function resolveFrom(from: string, { specifier, by }: Source): string | null {
  try {
    const require = createRequire(from);
    return by === undefined ? require.resolve(specifier) : createRequire(require.resolve(by)).resolve(specifier);
  } catch {
    return null;
  }
}

/** The version in the nearest package.json of that name above the file; packages need not export theirs. */
function versionOf(file: string, name: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (found.name === name) return found.version ?? '';
    } catch {
      // Not every folder on the way has one.
    }
  }
  return '';
}
