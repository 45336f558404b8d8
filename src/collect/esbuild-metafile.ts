/** Evidence from esbuild: its metafile, and the bytes of what it wrote. Used by the plugin and by `pare analyze META.json`. */
import path from 'node:path';

import type { Diagnostic, EdgeKind, OutputImport } from '../model/build.ts';
import { PareError } from '../model/errors.ts';
import { formatOf, moduleId, toPosix } from '../measure/module-id.ts';
import type { BuildEvidence, MapEvidence, OutputEvidence, Witness } from '../measure/evidence.ts';
import type { ResolvedImport } from '../measure/link.ts';
import { sourceMapComment } from '../measure/comments.ts';
import { composedSources } from './composed-maps.ts';
import { Disk } from './disk.ts';
import { PackageFiles } from './package-files.ts';
import { linkSources, type ResolvedModule } from './sources.ts';

/** The part of esbuild's `Metafile` that is read here. */
export interface EsbuildMetafile {
  readonly inputs: Readonly<
    Record<
      string,
      {
        readonly bytes: number;
        readonly format?: 'cjs' | 'esm' | undefined;
        readonly imports: readonly {
          readonly path: string;
          readonly kind: string;
          readonly original?: string | undefined;
          readonly external?: boolean | undefined;
        }[];
      }
    >
  >;
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly bytes: number;
        readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
        readonly imports: readonly {
          readonly path: string;
          readonly kind: string;
          readonly external?: boolean | undefined;
        }[];
        readonly exports?: readonly string[] | undefined;
        readonly entryPoint?: string | undefined;
        readonly cssBundle?: string | undefined;
      }
    >
  >;
}

export interface EsbuildBuild {
  readonly metafile: EsbuildMetafile;
  /** What the metafile's paths are relative to (`absWorkingDir`); absolute. */
  readonly workingDir: string;
  /** What the ids of the `Build` are relative to; absolute. */
  readonly root: string;
  /** Absolute path of the output directory; null: the folder that all outputs share. */
  readonly outdir: string | null;
  /** Entry points as the user gave them, to tell them from chunks that a dynamic import asked for; null: not known. */
  readonly entryPoints: readonly string[] | null;
  readonly version: string | null;
  /** Outputs, as the metafile names them, that were minified since, and how many bytes each had before. */
  readonly rewritten?: ReadonlyMap<string, number>;
  /** Bytes of an output by its absolute path; null where it is not there. */
  readonly read: (file: string) => Uint8Array | null;
  /** Where the sources and the package.json files are read. */
  readonly disk?: Disk;
}

/** @throws PareError `metafile-invalid` */
export function parseMetafile(text: string, file: string): EsbuildMetafile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new PareError('metafile-invalid', `${file} is not JSON: ${(cause as Error).message}`, {
      hint: METAFILE_HINT,
      cause,
    });
  }
  if (!isMetafile(json))
    throw new PareError('metafile-invalid', `${file} is no esbuild metafile`, { hint: METAFILE_HINT });
  return json;
}

const METAFILE_HINT =
  'Build with `metafile: true` and write `JSON.stringify(result.metafile)`, or pass the output directory instead.';

export function isMetafile(json: unknown): json is EsbuildMetafile {
  if (typeof json !== 'object' || json === null) return false;
  const { inputs, outputs } = json as Record<string, unknown>;
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject(inputs) && isObject(outputs);
}

export function esbuildEvidence(build: EsbuildBuild): BuildEvidence {
  const { metafile, root, disk = new Disk() } = build;
  const packages = new PackageFiles(root, disk);
  const absolute = (file: string) => (isFile(file) ? path.resolve(build.workingDir, file) : file);
  const ids = new Map<string, string>();
  const idOf = (file: string) => {
    let id = ids.get(file);
    if (id === undefined) {
      // A path from the folder that ids start from is an id as it stands.
      id = moduleId(root, build.workingDir === root && isFile(file) && !path.isAbsolute(file) ? file : absolute(file));
      ids.set(file, id);
    }
    return id;
  };
  const inputs = Object.entries(metafile.inputs);
  const resolveModules = () =>
    inputs.map(([input, { bytes, format, imports }]): ResolvedModule => {
      const id = idOf(input);
      return {
        id,
        format: format ?? formatOf(input),
        sourceBytes: bytes,
        sideEffects: packages.sideEffects(id),
        exports: null,
        usedExports: null,
        imports: imports.flatMap((each): ResolvedImport[] => {
          const kind = edgeKind(each.kind);
          if (kind === null || each.external === true || !(each.path in metafile.inputs)) return [];
          return [{ to: idOf(each.path), kind, specifier: each.original ?? null }];
        }),
      };
    });
  const diagnostics: Diagnostic[] = [];
  const outputs = outputsOf(build, absolute, diagnostics);
  return {
    root,
    bundler: { name: 'esbuild', version: build.version },
    moduleIds: inputs.map(([input]) => idOf(input)),
    graph: () => linkSources(root, resolveModules(), undefined, disk),
    outputs,
    diagnostics,
    composed: (sources, candidates) => composedSources(root, sources, candidates, disk),
    packages,
  };
}

function outputsOf(
  build: EsbuildBuild,
  absolute: (file: string) => string,
  diagnostics: Diagnostic[],
): OutputEvidence[] {
  const files = Object.keys(build.metafile.outputs).filter((file) => !file.endsWith('.map'));
  const folder = build.outdir ?? commonFolder(files.map(absolute));
  const entries =
    build.entryPoints === null
      ? null
      : new Set(build.entryPoints.map((entry) => path.resolve(build.workingDir, entry)));
  const dynamic = new Set(
    Object.values(build.metafile.outputs).flatMap(({ imports }) =>
      imports.filter(({ kind }) => kind === 'dynamic-import').map(({ path: file }) => file),
    ),
  );
  const nameOf = (file: string) => toPosix(path.relative(folder, absolute(file)));
  return files.flatMap((file): OutputEvidence[] => {
    const output = build.metafile.outputs[file]!;
    const full = absolute(file);
    const name = nameOf(file);
    const contents = build.read(full);
    if (contents === null) {
      diagnostics.push({
        code: 'output-missing',
        file: name,
        message: `${name} is in the metafile but not on disk`,
        hint: 'The metafile is of an older build, or the file was moved. Build again and analyze right after.',
      });
      return [];
    }
    const kind = /\.css$/i.test(file) ? 'css' : /\.[cm]?js$/i.test(file) ? 'chunk' : 'asset';
    const entryModule = output.entryPoint ?? null;
    const map = kind === 'asset' ? null : mapOf(build, file, full, name, contents, diagnostics);
    return [
      {
        file: name,
        kind,
        entry:
          entryModule !== null && (!dynamic.has(file) || (entries !== null && isEntry(entries, absolute(entryModule)))),
        entryModule: entryModule === null ? null : absolute(entryModule),
        imports: [
          ...output.imports.flatMap((each) => outputImport(each, build.metafile, absolute, folder)),
          ...(output.cssBundle === undefined ? [] : [{ file: nameOf(output.cssBundle), kind: 'css' as const }]),
        ],
        contents,
        map,
        witness: witnessOf(output, contents.length, build.rewritten?.get(file), map, absolute),
      },
    ];
  });
}

/**
 * What esbuild says of each input's length. It is of the code before it was minified: there the map knows better, and without a
 * map every input is taken to have shrunk alike.
 */
function witnessOf(
  { inputs }: EsbuildMetafile['outputs'][string],
  bytes: number,
  bytesBefore: number | undefined,
  map: MapEvidence | null,
  absolute: (file: string) => string,
): Witness | null {
  if (bytesBefore !== undefined && map !== null) return null;
  const share = bytesBefore === undefined ? 1 : bytes / bytesBefore;
  const modules = Object.entries(inputs).map(([input, { bytesInOutput }]) => ({
    id: absolute(input),
    bytes: share === 1 ? bytesInOutput : Math.floor(bytesInOutput * share),
  }));
  return { kind: 'lengths', modules };
}

/** esbuild accepts an entry point without its extension. */
function isEntry(entries: ReadonlySet<string>, file: string): boolean {
  return entries.has(file) || entries.has(file.replace(/\.[^./\\]+$/, ''));
}

function outputImport(
  { path: target, kind, external }: EsbuildMetafile['outputs'][string]['imports'][number],
  metafile: EsbuildMetafile,
  absolute: (file: string) => string,
  folder: string,
): OutputImport[] {
  const known = external !== true && target in metafile.outputs;
  const file = known ? toPosix(path.relative(folder, absolute(target))) : target;
  if (kind === 'dynamic-import') return [{ file, kind: 'dynamic' }];
  if (kind === 'import-statement' || kind === 'require-call') return [{ file, kind: 'static' }];
  if (kind === 'import-rule') return [{ file, kind: 'css' }];
  return kind === 'url-token' || kind === 'file-loader' ? [{ file, kind: 'url' }] : [];
}

/** The map beside the output, or within it. */
function mapOf(
  build: EsbuildBuild,
  file: string,
  full: string,
  name: string,
  contents: Uint8Array,
  diagnostics: Diagnostic[],
): MapEvidence | null {
  // A map that this build did not write is left from another one.
  const beside = `${file}.map` in build.metafile.outputs ? build.read(`${full}.map`) : null;
  if (beside !== null) return { bytes: beside, file: `${name}.map`, base: path.dirname(full) };
  const comment = sourceMapComment(contents);
  if (comment === null) return null;
  const inline = /^data:application\/json[^,]*;base64,(.*)$/.exec(comment.url);
  if (inline !== null) return { bytes: Buffer.from(inline[1]!, 'base64'), file: name, base: path.dirname(full) };
  diagnostics.push({
    code: 'map-missing',
    file: name,
    message: `${name} names the source map ${comment.url}, which is not there`,
    hint: 'Keep the .map files until the analysis is done.',
  });
  return null;
}

function edgeKind(kind: string): EdgeKind | null {
  switch (kind) {
    case 'import-statement':
      return 'static';
    case 'dynamic-import':
      return 'dynamic';
    case 'require-call':
    case 'require-resolve':
      return 'require';
    case 'import-rule':
    case 'composes-from':
      return 'css';
    case 'url-token':
    case 'new-url':
      return 'url';
    default:
      return null;
  }
}

/** An input with a namespace (`vue:App.vue`, `(disabled):crypto`) is no path of its own. */
function isFile(input: string): boolean {
  return !/^(?:[a-z][\w+.-]+|\([a-z]+\)):/i.test(input) || /^[a-z]:[\\/]/i.test(input);
}

function commonFolder(files: readonly string[]): string {
  const folders = files.map((file) => path.dirname(file).split(path.sep));
  const first = folders[0] ?? [];
  let shared = first.length;
  for (const folder of folders) {
    let i = 0;
    while (i < shared && folder[i] === first[i]) i++;
    shared = i;
  }
  return first.slice(0, shared).join(path.sep) || path.sep;
}
