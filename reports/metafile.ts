/** A build of any bundler as an esbuild metafile, for what reads those: esbuild's own analysis, viewers, size trackers. */
import type { Build, Edge, EdgeKind, Module, Output, OutputImport } from '../src/model/build.ts';

const EDGE_KINDS: Readonly<Record<EdgeKind, string>> = {
  static: 'import-statement',
  dynamic: 'dynamic-import',
  require: 'require-call',
  url: 'url-token',
  css: 'import-rule',
};

const IMPORT_KINDS: Readonly<Record<OutputImport['kind'], string>> = {
  static: 'import-statement',
  dynamic: 'dynamic-import',
  css: 'import-rule',
  url: 'url-token',
};

/** Raw bytes only: it knows no others. Where the size of a source is not known it is 0. */
export function renderMetafile(build: Build): string {
  const imports = new Map<number, Edge[]>();
  for (const edge of build.edges) {
    const known = imports.get(edge.from);
    if (known === undefined) imports.set(edge.from, [edge]);
    else known.push(edge);
  }
  const inputs = build.modules.map((module, at) => [module.id, input(build, module, imports.get(at) ?? [])]);
  const outputs = build.outputs.map((each) => [each.file, output(build, each)]);
  return `${JSON.stringify({ inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) })}\n`;
}

function input(build: Build, { sourceBytes, format }: Module, edges: readonly Edge[]): object {
  return {
    bytes: sourceBytes ?? 0,
    imports: edges.map(({ to, kind }) => ({ path: build.modules[to]!.id, kind: EDGE_KINDS[kind] })),
    ...(format === 'esm' || format === 'cjs' ? { format } : {}),
  };
}

function output({ modules, outputs }: Build, { bytes, parts, imports, entryModule }: Output): object {
  const files = new Set(outputs.map(({ file }) => file));
  const inputs = parts.flatMap(({ module, bytes: own }) =>
    module === null ? [] : [[modules[module]!.id, { bytesInOutput: own.raw }]],
  );
  return {
    imports: imports.map(({ file, kind }) => ({
      path: file,
      kind: IMPORT_KINDS[kind],
      ...(files.has(file) ? {} : { external: true }),
    })),
    exports: [],
    ...(entryModule === null ? {} : { entryPoint: modules[entryModule]!.id }),
    inputs: Object.fromEntries(inputs),
    bytes: bytes.raw,
  };
}
