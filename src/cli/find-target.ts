/** From what a person types to the package or the module that is meant. */
import path from 'node:path';

import type { Build, ModuleIndex } from '../model/build.ts';
import { PareError } from '../model/errors.ts';
import { nearest } from '../model/nearest-name.ts';

export type Target =
  | {
      readonly kind: 'package';
      readonly name: string;
      /** null: all versions that there are. */
      readonly version: string | null;
      readonly modules: readonly ModuleIndex[];
    }
  | { readonly kind: 'module'; readonly module: ModuleIndex };

/**
 * A package's name, with or without its version; a module's id; the path of a file from the working directory; a path inside
 * of a package (`lodash/get`); or the end of an id. Extensions may be left out.
 *
 * @param root absolute; what the ids are relative to
 * @throws PareError `name-unknown` with what may have been meant, `name-ambiguous` with the candidates
 */
export function findTarget(build: Build, root: string, query: string): Target {
  const exact = build.modules.findIndex(({ id }) => id === query);
  if (exact !== -1) return { kind: 'module', module: exact };
  const found = findPackage(build, query);
  if (found !== null) return found;
  const fromHere = path.relative(root, path.resolve(query)).split(path.sep).join('/');
  const isHere = modulesWhere(build, (id) => id === fromHere || withoutExtension(id) === fromHere);
  if (isHere.length === 1) return { kind: 'module', module: isHere[0]! };
  const ending = query.replace(/^(?:\.\/)+/, '');
  for (const nameOf of [(id: string) => id, withoutExtension]) {
    const matches = modulesWhere(build, (id) => nameOf(id) === ending || nameOf(id).endsWith(`/${ending}`));
    if (matches.length === 1) return { kind: 'module', module: matches[0]! };
    if (matches.length > 1) throw ambiguous(build, query, matches);
  }
  throw unknown(build, query);
}

function findPackage(build: Build, query: string): Target | null {
  const at = query.lastIndexOf('@');
  const [name, version] = at > 0 ? [query.slice(0, at), query.slice(at + 1)] : [query, null];
  const modules = build.modules.flatMap(({ package: owner }, module) =>
    owner?.name === name && (version === null || owner.version === version) ? [module] : [],
  );
  return modules.length === 0 ? null : { kind: 'package', name, version, modules };
}

function modulesWhere(build: Build, test: (id: string) => boolean): ModuleIndex[] {
  return build.modules.flatMap(({ id }, module) => (test(id) ? [module] : []));
}

/** `src/pages/index.tsx` answers to `src/pages` as well. */
function withoutExtension(id: string): string {
  return id.replace(/(?:\/index)?\.[a-z\d]+$/i, '');
}

const MOST = 6;

function ambiguous(build: Build, query: string, modules: readonly ModuleIndex[]): PareError {
  const names = modules.map((module) => build.modules[module]!.id);
  return new PareError('name-ambiguous', `${query} may be any of ${modules.length} modules`, {
    hint: `Say more of the path: ${listed(names)}`,
  });
}

function unknown(build: Build, query: string): PareError {
  const packages = [...new Set(build.modules.flatMap(({ package: owner }) => (owner === null ? [] : [owner.name])))];
  const ids = build.modules.map(({ id }) => id);
  const files = new Map(ids.map((id) => [path.posix.basename(id), id]));
  const word = query.toLowerCase();
  const within = [...packages, ...ids].filter((name) => name.toLowerCase().includes(word));
  const close = nearest(query, packages) ?? nearest(query, ids) ?? files.get(nearest(query, [...files.keys()]) ?? '');
  const meant = [...new Set([...(close === undefined ? [] : [close]), ...within])];
  if (meant.length === 0 && build.diagnostics.some(({ code }) => code === 'map-missing'))
    return new PareError(
      'name-unknown',
      `${query} is not among the modules that are known, and files lack source maps`,
      {
        hint:
          "Turn source maps on in the bundler ('hidden' or 'external' ones do, and need not be deployed) and build again. " +
          'Maps that a plugin of pare has made for itself are not written.',
      },
    );
  return new PareError('name-unknown', `Neither a package nor a module of this build is called ${query}`, {
    hint: meant.length === 0 ? 'All names: pare analyze --packages, or --modules' : `Did you mean ${listed(meant)}?`,
  });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST).join(', ');
  return names.length > MOST ? `${shown}, … (${names.length} in all)` : shown;
}
