import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { init, parse } from 'es-module-lexer';
import { build as esbuild } from 'esbuild';
import type { BuildOptions, Metafile, OutputFile, Plugin } from 'esbuild';
import type { Build, Bytes, Edge, EdgeKind, Module, Output, Part } from '../../src/model/build.ts';
import { BUILD_SCHEMA } from '../../src/model/build.ts';

/** A real esbuild build of an application, as a record made from its metafile. */
export interface Bundled {
  readonly build: Build;
  readonly sources: (module: number) => string | null;
  /** Raw bytes of all outputs, without the statements that stand for what was cut. */
  readonly size: number;
}

export const ROOT = resolve(import.meta.dirname, '../..');

export interface App {
  /** Virtual files in `dir`, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly dir?: string;
  readonly entries: readonly string[];
  readonly options?: BuildOptions;
}

/** Statement taken out of the program: what it imports comes from outside of the bundle instead. */
export interface Cut {
  readonly module: string;
  readonly line: number;
  readonly column: number;
}

const CUT = 'cut';

export async function bundle(app: App, cuts: readonly Cut[] = []): Promise<Bundled> {
  await init();
  const dir = app.dir ?? join(ROOT, 'test/detect');
  const result = await esbuild({
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    outdir: join(ROOT, 'test/detect/dist'),
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
    external: [CUT],
    entryPoints: app.entries.map((entry) => join(dir, entry)),
    ...app.options,
    plugins: [files(dir, app.files ?? {}, cuts), ...(app.options?.plugins ?? [])],
  });
  const sources = new Map<string, string>();
  const read = (id: string): string => {
    let text = sources.get(id);
    if (text === undefined) {
      text = app.files?.[relative(dir, join(ROOT, id))] ?? readFileSync(join(ROOT, id), 'utf8');
      sources.set(id, text);
    }
    return text;
  };
  const build = fromMetafile(result.metafile!, result.outputFiles!, read);
  return {
    build,
    sources: (module) => read(build.modules[module]!.id),
    size: result.outputFiles!.reduce((sum, { contents, text }) => sum + contents.length - statementsForCuts(text), 0),
  };
}

function statementsForCuts(text: string): number {
  const statements = text.match(/\bimport\s?[^;"']*?(?:from\s?)?"cut";?\n?/g) ?? [];
  return statements.reduce((sum, statement) => sum + statement.length, 0);
}

function files(dir: string, virtual: Readonly<Record<string, string>>, cuts: readonly Cut[]): Plugin {
  const exists = (path: string): string | undefined =>
    ['', '.js', '.ts', '/index.js'].map((end) => path + end).find((name) => relative(dir, name) in virtual);
  return {
    name: 'files',
    setup(host) {
      host.onResolve({ filter: /^[./]/ }, ({ path, resolveDir }) => {
        const found = exists(resolve(resolveDir, path));
        return found === undefined ? null : { path: found };
      });
      host.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, ({ path }) => {
        const text = virtual[relative(dir, path)];
        const id = relative(ROOT, path);
        const mine = cuts.filter((cut) => cut.module === id);
        if (text === undefined && mine.length === 0) return null;
        const loader = /\.tsx$/.test(path) ? 'tsx' : /\.ts$/.test(path) ? 'ts' : 'jsx';
        const contents = mine.reduce(withoutImport, text ?? readFileSync(path, 'utf8'));
        return { contents, loader, resolveDir: dirname(path) };
      });
    },
  };
}

/** Keeps the length of all lines, so that other positions stay right. */
function withoutImport(text: string, { line, column }: Cut): string {
  const lines = text.split('\n');
  const offset = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column;
  const rest = text.slice(offset).replace(/(['"])[^'"\n]+\1/, (quoted) => `'${CUT}'`.padEnd(quoted.length));
  return text.slice(0, offset) + rest;
}

const KINDS: Readonly<Record<string, EdgeKind>> = {
  'import-statement': 'static',
  'dynamic-import': 'dynamic',
  'require-call': 'require',
  'require-resolve': 'require',
  'import-rule': 'css',
  'composes-from': 'css',
  'url-token': 'url',
};

function fromMetafile(metafile: Metafile, contents: readonly OutputFile[], read: (id: string) => string): Build {
  const ids = Object.keys(metafile.inputs).sort();
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  const modules: Module[] = [];
  const edges: Edge[] = [];
  ids.forEach((id, from) => {
    const input = metafile.inputs[id]!;
    const isScript = /\.[cm]?[jt]sx?$/.test(id);
    const statements = isScript ? statementsOf(read(id)) : { imports: [], exports: null };
    modules.push({
      id,
      ...packageOf(id),
      format: isScript
        ? (input.format ?? (packageOf(id).package ? 'cjs' : 'esm'))
        : /\.css$/.test(id)
          ? 'css'
          : /\.json$/.test(id)
            ? 'json'
            : 'asset',
      sourceBytes: input.bytes,
      exports: input.format === 'esm' ? statements.exports : null,
      usedExports: null,
    });
    const left = [...statements.imports];
    for (const { path, kind, original, external } of input.imports) {
      const to = indexOf.get(path);
      if (to === undefined || external === true || KINDS[kind] === undefined) continue;
      const at = left.findIndex(
        (each) => each.specifier === original && (kind === 'dynamic-import') === each.isDynamic,
      );
      const statement = at < 0 ? null : left.splice(at, 1)[0]!;
      edges.push({
        from,
        to,
        kind: KINDS[kind]!,
        names: statement?.names ?? null,
        line: statement?.line ?? null,
        column: statement?.column ?? null,
      });
    }
  });
  const outdir = 'test/detect/dist/';
  const outputs = Object.entries(metafile.outputs).map(([file, output]): Output => {
    const text = contents.find(({ path }) => relative(ROOT, path) === file)!.contents;
    const bytes = {
      raw: text.length,
      gzip: gzipSync(text).length,
      brotli: brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }).length,
    };
    const share = (raw: number): Bytes => ({
      raw,
      gzip: Math.floor((bytes.gzip * raw * 8) / bytes.raw) / 8,
      brotli: Math.floor((bytes.brotli * raw * 8) / bytes.raw) / 8,
    });
    const parts: Part[] = Object.entries(output.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([id, { bytesInOutput }]) => ({ module: indexOf.get(id)!, rest: null, bytes: share(bytesInOutput) }));
    const owned = parts.reduce(
      (sum, part) => ({
        raw: sum.raw + part.bytes.raw,
        gzip: sum.gzip + part.bytes.gzip!,
        brotli: sum.brotli + part.bytes.brotli!,
      }),
      { raw: 0, gzip: 0, brotli: 0 },
    );
    parts.push({
      module: null,
      rest: 'glue',
      bytes: { raw: bytes.raw - owned.raw, gzip: bytes.gzip - owned.gzip, brotli: bytes.brotli - owned.brotli },
    });
    const isEntry = output.entryPoint !== undefined && !dynamicTargets(metafile).has(output.entryPoint);
    return {
      file: file.startsWith(outdir) ? file.slice(outdir.length) : file,
      kind: file.endsWith('.css') ? 'css' : file.endsWith('.js') ? 'chunk' : 'asset',
      entry: isEntry,
      entryModule: output.entryPoint === undefined ? null : indexOf.get(output.entryPoint)!,
      imports: output.imports.map(({ path, kind }) => ({
        file: path.startsWith(outdir) ? path.slice(outdir.length) : path,
        kind:
          kind === 'dynamic-import'
            ? 'dynamic'
            : kind === 'import-rule'
              ? 'css'
              : kind === 'url-token'
                ? 'url'
                : 'static',
      })),
      bytes,
      parts,
    };
  });
  return {
    schema: BUILD_SCHEMA,
    bundler: { name: 'esbuild', version: null },
    modules,
    edges,
    outputs,
    diagnostics: [],
  };
}

const targets = new WeakMap<Metafile, Set<string>>();

function dynamicTargets(metafile: Metafile): Set<string> {
  let found = targets.get(metafile);
  if (found === undefined) {
    found = new Set();
    for (const { imports } of Object.values(metafile.inputs)) {
      for (const { kind, path } of imports) if (kind === 'dynamic-import') found.add(path);
    }
    targets.set(metafile, found);
  }
  return found;
}

interface Statement {
  readonly specifier: string;
  readonly isDynamic: boolean;
  readonly names: string[];
  readonly line: number;
  readonly column: number;
}

function statementsOf(source: string): { imports: Statement[]; exports: string[] | null } {
  try {
    const [imports, exports] = parse(source);
    return {
      imports: imports.flatMap((item): Statement[] => {
        if (item.type === 'import-meta' || item.specifier === undefined) return [];
        const text = source.slice(item.importStart, item.importEnd);
        return [
          {
            specifier: item.specifier,
            isDynamic: item.type === 'dynamic',
            names: item.type === 'dynamic' ? ['*'] : namesOf(text),
            ...place(source, item.importStart),
          },
        ];
      }),
      exports: exports.map((item) => (item.type === 'reexport-all' ? '*' : item.name)),
    };
  } catch {
    const imports = [
      ...source.matchAll(
        /^(?:import|export)\b[^'"();]*?from\s*(['"])(.+?)\1|^import\s*(['"])(.+?)\3|import\((['"])(.+?)\5\)/gm,
      ),
    ];
    return {
      imports: imports.map((match) => ({
        specifier: (match[2] ?? match[4] ?? match[6])!,
        isDynamic: match[6] !== undefined,
        names: match[6] !== undefined ? ['*'] : namesOf(match[0]),
        ...place(source, match.index),
      })),
      exports: null,
    };
  }
}

function namesOf(statement: string): string[] {
  const clause = /^(?:import|export)\s*([^'"]*?)\s*from\b/.exec(statement.replace(/\/\*[^]*?\*\//g, ''))?.[1];
  if (clause === undefined) return [];
  const names: string[] = [];
  const braces = /\{([^]*)\}/.exec(clause);
  for (const item of braces?.[1]?.split(',') ?? []) {
    const name = item.trim().split(/\s+as\s+/)[0]!;
    if (name !== '' && !name.startsWith('type ')) names.push(name);
  }
  for (const item of clause.replace(/\{[^]*\}/, '').split(',')) {
    if (item.trim() !== '') names.push(item.includes('*') ? '*' : 'default');
  }
  return names;
}

function place(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length };
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly sideEffects?: boolean | readonly string[];
}

const manifests = new Map<string, Manifest>();

function packageOf(id: string): Pick<Module, 'package' | 'sideEffects'> {
  const at = id.lastIndexOf('node_modules/');
  if (at < 0) return { package: null, sideEffects: null };
  const [first, second] = id.slice(at + 13).split('/');
  const dir = id.slice(0, at + 13) + (first!.startsWith('@') ? `${first}/${second}` : first);
  let manifest = manifests.get(dir);
  if (manifest === undefined) {
    manifest = JSON.parse(readFileSync(join(ROOT, dir, 'package.json'), 'utf8')) as Manifest;
    manifests.set(dir, manifest);
  }
  const inner = id.slice(dir.length + 1);
  const { sideEffects } = manifest;
  const matches = (pattern: string): boolean =>
    new RegExp(
      `(^|/)${pattern.replace(/^\.\//, '').replaceAll('.', '\\.').replaceAll('**/', '(.*/)?').replaceAll('*', '[^/]*')}$`,
    ).test(inner);
  return {
    package: { name: manifest.name!, version: manifest.version ?? null },
    sideEffects: typeof sideEffects === 'object' ? sideEffects.some(matches) : (sideEffects ?? null),
  };
}
