/**
 * The module graph of Bun's metafile, completed. Bun leaves out modules of which nothing is kept (barrels), though others
 * import them, and of a barrel with many re-exports it says of most that they lead out of the bundle. Without those no import
 * chain would hold together; the sources tell them.
 */
import path from 'node:path';

import { Resolver } from '../../src/collect/resolve.ts';
import type { EsbuildMetafile } from '../../src/collect/esbuild-metafile.ts';
import { scanModule } from '../../src/measure/module-syntax.ts';
import type { BunBuild, BunInput, BunMetafile } from './bun-build.ts';

type Inputs = EsbuildMetafile['inputs'];
type Input = Inputs[string];
type Import = Input['imports'][number];

/** How many modules of which nothing is kept may stand one behind the other before a module is taken to be lost. */
const DEPTH = 16;

export function completeInputs({ metafile, workingDir, source }: BunBuild): Inputs {
  const resolver = new Resolver(workingDir, Object.keys(metafile.inputs));
  const inputs: Record<string, Input> = {};
  for (const [name, input] of Object.entries(metafile.inputs))
    inputs[name] = completed(name, input, resolver, metafile);
  const kept = keptModules(metafile);
  let missing = targetsBeyond(inputs, Object.keys(inputs));
  for (let depth = 0; depth < DEPTH && missing.length > 0; depth++) {
    for (const name of missing) inputs[name] = readInput(name, source(path.resolve(workingDir, name)), resolver);
    const reached = reachable(metafile, inputs);
    if (kept.every((name) => reached.has(name))) break;
    missing = targetsBeyond(inputs, missing);
  }
  return inputs;
}

function completed(
  name: string,
  { bytes, format, imports }: BunInput,
  resolver: Resolver,
  metafile: BunMetafile,
): Input {
  return {
    bytes,
    ...(format === 'esm' || format === 'cjs' ? { format } : {}),
    imports: imports.map(({ entryPoint, ...each }): Import => {
      if (entryPoint !== undefined) return { ...each, path: entryPoint, external: false };
      if (each.external !== true) return each;
      const found = resolver.resolve(name, { specifier: each.original ?? each.path, kind: 'static' });
      return found !== null && found in metafile.inputs
        ? { ...each, path: found, original: each.original ?? each.path, external: false }
        : each;
    }),
  };
}

const KINDS = {
  static: 'import-statement',
  dynamic: 'dynamic-import',
  require: 'require-call',
  url: 'new-url',
} as const;

function readInput(name: string, source: Uint8Array | null, resolver: Resolver): Input {
  if (source === null || !/\.(?:[cm]?[jt]sx?)$/i.test(name)) return { bytes: source?.length ?? 0, imports: [] };
  const { imports, esm } = scanModule(source);
  return {
    bytes: source.length,
    format: esm ? 'esm' : 'cjs',
    imports: imports.flatMap((statement): Import[] => {
      const to = resolver.resolve(name, statement);
      return to === null ? [] : [{ path: to, kind: KINDS[statement.kind], original: statement.specifier }];
    }),
  };
}

/** Modules that some of these import and that are not there yet. */
function targetsBeyond(inputs: Inputs, importers: readonly string[]): string[] {
  const targets = importers.flatMap((name) =>
    inputs[name]!.imports.filter(({ external }) => external !== true).map(({ path: to }) => to),
  );
  return [...new Set(targets)].filter((to) => !Object.hasOwn(inputs, to));
}

function keptModules({ outputs }: BunMetafile): string[] {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([name, { bytesInOutput }]) => (bytesInOutput > 0 ? [name] : [])),
  );
}

function reachable({ outputs }: BunMetafile, inputs: Inputs): ReadonlySet<string> {
  const reached = new Set(Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? []));
  // A set's walk goes on over what is added while it goes.
  for (const name of reached)
    for (const { path: to, external } of inputs[name]?.imports ?? []) if (external !== true) reached.add(to);
  return reached;
}

/** The order in which modules run, which is that of the file: what a module imports comes before it. */
export function loadOrder({ outputs }: BunMetafile, inputs: Inputs): string[] {
  const order = new Set<string>();
  const entered = new Set<string>();
  const stack: { input: string; next: number }[] = [];
  const enter = (input: string): void => {
    if (!Object.hasOwn(inputs, input) || entered.has(input)) return;
    entered.add(input);
    stack.push({ input, next: 0 });
  };
  const starts = Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  for (const start of [...starts, ...Object.keys(inputs)]) {
    enter(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const each = inputs[top.input]!.imports[top.next++];
      if (each === undefined) order.add(stack.pop()!.input);
      else if (each.external !== true) enter(each.path);
    }
  }
  return [...order];
}
