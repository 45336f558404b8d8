import { findDuplicates, wastedBytes } from '../detect/duplicates.ts';
import type { Build, Bytes, ModuleIndex, Output } from '../model/build.ts';
import { addBytes, NO_BYTES, sumBytes } from '../model/bytes.ts';
import type { Budget } from './budget.ts';
import { glob } from './glob.ts';
import { withoutHash } from './identity.ts';

/** What a budget measures in one build: of one entry, of one chunk, of all styles. */
export interface Scope {
  /** The same in every build of the program: a module's id, a file's name without its hash. */
  readonly subject: string;
  readonly bytes: Bytes;
  /** Files, where the budget counts them. */
  readonly files: readonly string[];
  /** What each module has in it. */
  readonly modules: ReadonlyMap<ModuleIndex, Bytes>;
}

/** Outputs by position: the given ones and all that they load before they run. */
export function staticClosure(build: Build, start: Iterable<number>): Set<number> {
  const byFile = new Map(build.outputs.map(({ file }, index) => [file, index]));
  const closure = new Set(start);
  for (const output of closure) {
    for (const { file, kind } of build.outputs[output]!.imports) {
      const target = byFile.get(file);
      if (target !== undefined && (kind === 'static' || kind === 'css')) closure.add(target);
    }
  }
  return closure;
}

/** Entries by the names that a budget may use, the first of each being the one to show. */
export function entriesOf(build: Build): { readonly output: number; readonly names: readonly string[] }[] {
  return build.outputs.flatMap((output, index) =>
    output.entry && output.kind !== 'asset' ? [{ output: index, names: namesOf(build, output) }] : [],
  );
}

/** Modules that are imported dynamically and have an output, with the output that is loaded for each. */
export function routesOf(build: Build): { readonly output: number; readonly names: readonly string[] }[] {
  const wanted = new Set(build.edges.flatMap(({ to, kind }) => (kind === 'dynamic' ? [to] : [])));
  const routes = new Map<ModuleIndex, number>();
  build.outputs.forEach(({ kind, entry, entryModule }, index) => {
    if (kind === 'chunk' && !entry && entryModule !== null) routes.set(entryModule, index);
  });
  // A bundler may have put the module into a chunk with others.
  build.outputs.forEach(({ kind, parts }, index) => {
    if (kind !== 'chunk') return;
    for (const { module } of parts)
      if (module !== null && wanted.has(module) && !routes.has(module)) routes.set(module, index);
  });
  return [...routes].map(([module, output]) => ({
    output,
    names: [build.modules[module]!.id, ...fileNames(build.outputs[output]!)],
  }));
}

function namesOf(build: Build, output: Output): string[] {
  const files = fileNames(output);
  return output.entryModule === null ? files : [build.modules[output.entryModule]!.id, ...files];
}

/** `assets/index-BxYz12_k.js`, `assets/index-*.js`, `index.js`, `index`. */
function fileNames({ file }: Output): string[] {
  const plain = withoutHash(file);
  const bare = plain.slice(plain.lastIndexOf('/') + 1).replace(/[-._~]\*/, '');
  return [...new Set([plain, file, bare, bare.replace(/\.[^.]*$/, '')])];
}

export function named(
  all: readonly { readonly output: number; readonly names: readonly string[] }[],
  name: string,
): typeof all {
  const exact = all.filter(({ names }) => names.includes(name));
  if (exact.length > 0 || !/[*?{]/.test(name)) return exact;
  const matches = glob(name);
  return all.filter(({ names }) => names.some(matches));
}

/** What the budget is on in this build, one scope for each thing that it matches; null where the thing named isn't there. */
export function scopesOf(build: Build, budget: Exclude<Budget, { kind: 'banned' }>): Scope[] | null {
  switch (budget.kind) {
    case 'initial':
      return orNull(initialScopes(build, budget.entry));
    case 'route':
      return orNull(routeScopes(build, budget.route));
    case 'requests':
      return orNull(
        budget.entry === undefined ? routeScopes(build, budget.route!) : initialScopes(build, budget.entry),
      );
    case 'chunk': {
      const matches = glob(budget.chunk);
      const outputs = build.outputs.flatMap((output, index) =>
        output.kind !== 'asset' &&
        [output.file, ...fileNames(output)].some((name) => name === budget.chunk || matches(name))
          ? [index]
          : [],
      );
      return orNull(outputs.map((output) => scopeOfOutputs(build, withoutHash(build.outputs[output]!.file), [output])));
    }
    case 'package':
      return [
        scopeOfModules(build, budget.package, (module) => build.modules[module]!.package?.name === budget.package),
      ];
    case 'modules': {
      const matches = glob(budget.modules);
      return [scopeOfModules(build, budget.modules, (module) => matches(build.modules[module]!.id))];
    }
    case 'total':
      return [scopeOfOutputs(build, 'all files', build.outputs.keys())];
    case 'css':
      return [
        scopeOfOutputs(
          build,
          'all styles',
          [...build.outputs.keys()].filter((output) => build.outputs[output]!.kind === 'css'),
        ),
      ];
    case 'duplicates':
      return [scopeOfDuplicates(build)];
  }
}

function orNull(scopes: Scope[]): Scope[] | null {
  return scopes.length === 0 ? null : scopes;
}

function initialScopes(build: Build, entry: string): Scope[] {
  return named(entriesOf(build), entry).map(({ output, names }) =>
    scopeOfOutputs(build, names[0]!, staticClosure(build, [output])),
  );
}

/** Where several entries lead to a route, the one with the most to load counts. */
function routeScopes(build: Build, route: string): Scope[] {
  const entries = entriesOf(build).map(({ output }) => output);
  return named(routesOf(build), route).map(({ output, names }) => {
    const from = entries.filter((entry) => leadsTo(build, entry, output));
    const scopes = (from.length === 0 ? [[]] : from.map((entry) => [entry])).map((starts) =>
      scopeOfOutputs(build, names[0]!, staticClosure(build, [...starts, output])),
    );
    return scopes.reduce((most, scope) => (scope.bytes.raw > most.bytes.raw ? scope : most));
  });
}

function leadsTo(build: Build, from: number, to: number): boolean {
  const byFile = new Map(build.outputs.map(({ file }, index) => [file, index]));
  const seen = new Set([from]);
  for (const output of seen) {
    for (const { file } of build.outputs[output]!.imports) {
      const target = byFile.get(file);
      if (target !== undefined) seen.add(target);
    }
  }
  return seen.has(to);
}

function scopeOfOutputs(build: Build, subject: string, outputs: Iterable<number>): Scope {
  const modules = new Map<ModuleIndex, Bytes>();
  const files: string[] = [];
  let bytes = NO_BYTES;
  for (const index of outputs) {
    const output = build.outputs[index]!;
    files.push(output.file);
    bytes = addBytes(bytes, output.bytes);
    for (const part of output.parts) {
      if (part.module !== null) modules.set(part.module, addBytes(modules.get(part.module) ?? NO_BYTES, part.bytes));
    }
  }
  return { subject, bytes, files: files.sort(), modules };
}

function scopeOfModules(build: Build, subject: string, belongs: (module: ModuleIndex) => boolean): Scope {
  const modules = new Map<ModuleIndex, Bytes>();
  for (const { parts } of build.outputs) {
    for (const { module, bytes } of parts) {
      if (module !== null && belongs(module)) modules.set(module, addBytes(modules.get(module) ?? NO_BYTES, bytes));
    }
  }
  return { subject, bytes: sumBytes(modules.values()), files: [], modules };
}

function scopeOfDuplicates(build: Build): Scope {
  const duplicates = findDuplicates(build);
  const modules = new Map<ModuleIndex, Bytes>();
  for (const { kind, copies } of duplicates) {
    const spare = copies.slice(1);
    for (const copy of spare) {
      if (kind === 'chunks')
        modules.set(copy.modules[0]!, addBytes(modules.get(copy.modules[0]!) ?? NO_BYTES, copy.bytes));
    }
  }
  const all = scopeOfModules(build, 'duplicates', () => true).modules;
  for (const { kind, copies } of duplicates) {
    if (kind !== 'chunks')
      for (const copy of copies.slice(1)) for (const module of copy.modules) modules.set(module, all.get(module)!);
  }
  return { subject: 'duplicates', bytes: wastedBytes(build, duplicates), files: [], modules };
}
