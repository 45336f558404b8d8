import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** package.json as it is now. */
export const readPackage = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** What every worker thread of pare runs; nobody imports it by name. */
const WORKER = { specifier: null, source: 'src/engine/worker.ts', out: 'worker.js', platform: 'node' };

const inDist = (path) => path.replace(/^(\.\/)?dist\//, '');

/**
 * The entry points of the package, as package.json's `exports` and `bin` name them; where an entry's types are declared says
 * which source it is made from. So a new export is written down once, there.
 *
 * `specifier`: what a user imports, null for a program; `source`: relative to the root; `out`: relative to dist/;
 * `platform`: the runtime is for browsers, everything else for Node.
 */
export function entries() {
  const { name, exports, bin } = readPackage();
  const modules = Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath, target]) => {
      const source = inDist(target.types)
        .replace(/^types\//, '')
        .replace(/\.d\.ts$/, '.ts');
      return {
        specifier: name + subpath.slice(1),
        source,
        out: inDist(target.default),
        platform: source.startsWith('src/runtime/') ? 'browser' : 'node',
      };
    });
  const programs = Object.values(bin).map((target) => ({
    specifier: null,
    source: 'src/cli/main.ts',
    out: inDist(target),
    platform: 'node',
  }));
  return [...modules, ...programs, WORKER];
}

/** The entries whose source is there. */
export const presentEntries = () => entries().filter(({ source }) => existsSync(join(root, source)));
