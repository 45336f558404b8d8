/** A made-up build of any size, the same for the same size: for what only the number of modules decides. */
import type { Build, Bytes, Edge, Module, Output, OutputImport, PackageRef, Part } from '../../src/model/build.ts';
import { sumBytes } from '../../src/model/bytes.ts';

const CHUNK_MODULES = 400;
const FOLDERS = ['components', 'hooks', 'routes', 'state', 'format', 'api', 'charts', 'forms'];

export function syntheticBuild(moduleCount: number): Build {
  const random = mulberry32(moduleCount);
  const below = (limit: number): number => Math.floor(random() * limit);
  const packages = Array.from({ length: Math.max(2, Math.floor(moduleCount / 60)) }, (_, i) => packageRef(i, below));
  const modules = Array.from({ length: moduleCount }, (_, i) => syntheticModule(i, packages, below));
  const edges = modules.flatMap((_, i) => edgesOf(i, modules.length, below));
  return {
    schema: 'pare/build@1',
    bundler: { name: 'synthetic', version: '1.0.0' },
    modules,
    edges,
    outputs: outputsOf(modules, below),
    diagnostics: [],
  };
}

function packageRef(i: number, below: (limit: number) => number): PackageRef {
  const name = i % 3 === 0 ? `@scope-${i % 40}/lib-${i}` : `library-${i}`;
  return { name, version: `${1 + below(9)}.${below(20)}.${below(9)}` };
}

function syntheticModule(i: number, packages: readonly PackageRef[], below: (limit: number) => number): Module {
  const own = i === 0 || below(10) < 4;
  const ref = own ? null : (packages[below(packages.length)] ?? null);
  const folder = FOLDERS[below(FOLDERS.length)] ?? 'lib';
  const id =
    ref === null ? `src/${folder}/${below(50)}/part-${i}.tsx` : `node_modules/${ref.name}/dist/esm/${folder}/m${i}.js`;
  const exports = Array.from({ length: below(6) }, (_, n) => `export${(i + n) % 500}`);
  return {
    id: i === 0 ? 'src/main.tsx' : id,
    package: ref,
    format: ref !== null && below(5) === 0 ? 'cjs' : 'esm',
    sourceBytes: 200 + below(12_000),
    sideEffects: below(3) === 0 ? null : below(4) === 0,
    exports,
    usedExports: exports.filter(() => below(3) > 0),
  };
}

/** Every module but the first is imported by one before it, and now and then by another. */
function edgesOf(to: number, count: number, below: (limit: number) => number): Edge[] {
  if (to === 0) return [];
  const froms = [below(to), ...Array.from({ length: below(6) }, () => below(count))];
  return froms.map((from) => ({
    from,
    to,
    kind: below(40) === 0 ? 'dynamic' : below(12) === 0 ? 'require' : 'static',
    names: below(4) === 0 ? ['default'] : [`export${below(500)}`],
    line: 1 + below(60),
    column: below(4) === 0 ? below(30) : 0,
  }));
}

function outputsOf(modules: readonly Module[], below: (limit: number) => number): Output[] {
  const chunks = Math.max(1, Math.ceil(modules.length / CHUNK_MODULES));
  const fileOf = (chunk: number): string => (chunk === 0 ? 'assets/main.js' : `assets/chunk-${chunk}.js`);
  return Array.from({ length: chunks }, (_, chunk) => {
    const first = chunk * CHUNK_MODULES;
    const parts: Part[] = modules.slice(first, first + CHUNK_MODULES).map((_module, i) => ({
      module: first + i,
      rest: null,
      bytes: someBytes(30 + Math.floor(below(3000) ** 2 / 900), below),
    }));
    parts.push({ module: null, rest: 'glue', bytes: someBytes(400, below) });
    parts.push({ module: null, rest: 'container', bytes: { raw: 0, gzip: 18, brotli: 2 } });
    const imports: OutputImport[] = [];
    for (const next of [chunk * 3 + 1, chunk * 3 + 2, chunk * 3 + 3]) {
      if (next < chunks) imports.push({ file: fileOf(next), kind: next % 3 === 0 ? 'static' : 'dynamic' });
    }
    return {
      file: fileOf(chunk),
      kind: 'chunk',
      entry: chunk === 0,
      entryModule: first,
      imports,
      bytes: sumBytes(parts.map((part) => part.bytes)),
      parts,
    } satisfies Output;
  });
}

function someBytes(raw: number, below: (limit: number) => number): Bytes {
  const gzip = Math.round(raw * (2 + below(2))) / 8;
  return { raw, gzip, brotli: Math.round(gzip * 7) / 8 };
}

/** A small generator of numbers from 0 up to 1, so that the same seed gives the same build everywhere. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
