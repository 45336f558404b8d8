/**
 * Evidence from Rollup, and from everything that speaks its plugin interface: Vite and Rolldown. Only what all of them have is
 * used; what one of them adds (Vite's `viteMetadata`) is looked for and may be missing.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import type { NormalizedOutputOptions, OutputAsset, OutputBundle, OutputChunk, PluginContext } from 'rollup';

import { linkSources, type ResolvedModule } from '../../src/collect/sources.ts';
import { PackageFiles } from '../../src/collect/package-files.ts';
import { formatOf, isRuntimeModule, moduleId, stripQuery, toPosix } from '../../src/measure/module-id.ts';
import type { BuildEvidence, MapEvidence, OutputEvidence } from '../../src/measure/evidence.ts';
import type { ResolvedImport } from '../../src/measure/link.ts';
import type { Bundler, EdgeKind, ModuleFormat, OutputImport } from '../../src/model/build.ts';
import { STYLE_MODULE, type StyleRun } from './vite-styles.ts';

/** What Vite hangs on a chunk. */
interface ViteMetadata {
  readonly importedCss?: ReadonlySet<string>;
  readonly importedAssets?: ReadonlySet<string>;
}

/** The map of each chunk by its file name, taken before it was deleted from the bundle or written. */
export type Maps = ReadonlyMap<string, string | Uint8Array>;

/** Whose the bytes of a style sheet are, in their order, by its text; null: not known. */
export type StylesOf = (sheet: string) => readonly StyleRun[] | null;

export interface FinishedOutput {
  readonly context: PluginContext;
  /** Absolute. */
  readonly root: string;
  readonly bundler: Bundler;
  readonly options: Pick<NormalizedOutputOptions, 'dir' | 'file'>;
  readonly bundle: OutputBundle;
  readonly maps: Maps;
  readonly stylesOf: StylesOf;
}

export function rollupEvidence({
  context,
  root,
  bundler,
  options,
  bundle,
  maps,
  stylesOf,
}: FinishedOutput): BuildEvidence {
  const chunks = Object.values(bundle).filter((output): output is OutputChunk => output.type === 'chunk');
  const packages = new PackageFiles(root);
  // Asked of the bundler now: it may not answer any more when somebody wants to know.
  const resolved = resolvedModules(context, root, packages, renderedExports(chunks));
  const folder = path.resolve(root, options.dir ?? (options.file === undefined ? '.' : path.dirname(options.file)));
  const named = modulesByFileName(context);
  const outputs = Object.values(bundle)
    .filter(({ fileName }) => !fileName.endsWith('.map'))
    .map((output): OutputEvidence =>
      output.type === 'chunk'
        ? chunkEvidence(output, folder, maps)
        : assetEvidence(output, { root, folder, chunks, maps, stylesOf, named }),
    );
  const graph = () => linkSources(root, resolved);
  return { root, bundler, moduleIds: resolved.map(({ id }) => id), graph, outputs, diagnostics: [], packages };
}

/** Modules by the name of their file; null where several have it. */
function modulesByFileName(context: PluginContext): Map<string, string | null> {
  const named = new Map<string, string | null>();
  for (const id of context.getModuleIds()) {
    if (id.startsWith('\0')) continue;
    const name = path.posix.basename(stripQuery(toPosix(id)));
    named.set(name, named.has(name) ? null : id);
  }
  return named;
}

function resolvedModules(
  context: PluginContext,
  root: string,
  packages: PackageFiles,
  used: ReadonlyMap<string, ReadonlySet<string>>,
): ResolvedModule[] {
  const byId = new Map<string, ResolvedModule & { imports: ResolvedImport[] }>();
  for (const rollupId of context.getModuleIds()) {
    const info = context.getModuleInfo(rollupId);
    if (info === null || info.isExternal) continue;
    const id = moduleId(root, rollupId);
    const format = formatOfModule(id, info.meta as Record<string, unknown>);
    const resolved = (ids: readonly string[], kind: EdgeKind): ResolvedImport[] =>
      ids
        .map((target): ResolvedImport => ({ to: moduleId(root, target), kind, specifier: null }))
        .filter(({ to }) => to !== id)
        // The bundler's own helpers are imported by what it put into the module, whatever the module is written in.
        .map((each) => (isRuntimeModule(each.to) ? { ...each, kind: 'static' } : each));
    const imports = [
      ...resolved(info.importedIds, format === 'cjs' ? 'require' : 'static'),
      ...resolved(info.dynamicallyImportedIds, 'dynamic'),
    ];
    const known = byId.get(id);
    if (known !== undefined) {
      known.imports.push(...imports);
      continue;
    }
    const own = /[?\0]/.test(rollupId) ? null : (info.exports?.filter((name) => name !== '__moduleExports') ?? null);
    const kept = used.get(rollupId);
    byId.set(id, {
      id,
      format,
      sourceBytes: sizeOf(root, id),
      sideEffects: sideEffectsOf(info.moduleSideEffects, packages.sideEffects(id)),
      exports: own,
      usedExports: own === null ? null : info.isEntry ? own : own.filter((name) => kept?.has(name) ?? false),
      imports,
    });
  }
  return [...byId.values()];
}

/** Names that survived in some chunk, by Rollup's id of the module. */
function renderedExports(chunks: readonly OutputChunk[]): Map<string, Set<string>> {
  const kept = new Map<string, Set<string>>();
  for (const { modules } of chunks) {
    for (const [id, { renderedExports: names }] of Object.entries(modules)) {
      const set = kept.get(id) ?? new Set();
      for (const name of names ?? []) set.add(name);
      kept.set(id, set);
    }
  }
  return kept;
}

function sideEffectsOf(byBundler: unknown, byPackage: boolean | null): boolean | null {
  if (byBundler === false) return false;
  return byPackage ?? (byBundler === undefined ? null : true);
}

function formatOfModule(id: string, meta: Record<string, unknown>): ModuleFormat {
  const commonjs = meta['commonjs'];
  if (typeof commonjs === 'object' && commonjs !== null) {
    const { isCommonJS } = commonjs as { isCommonJS?: unknown };
    if (isCommonJS === true || isCommonJS === 'withRequireFunction') return 'cjs';
    if (isCommonJS === false) return 'esm';
  }
  return formatOf(id);
}

function sizeOf(root: string, id: string): number | null {
  if (id.startsWith('virtual:')) return null;
  return statSync(path.resolve(root, id), { throwIfNoEntry: false })?.size ?? null;
}

function chunkEvidence(chunk: OutputChunk, folder: string, maps: Maps): OutputEvidence {
  const { importedCss = [], importedAssets = [] } = (chunk as { viteMetadata?: ViteMetadata }).viteMetadata ?? {};
  const imports: OutputImport[] = [
    ...chunk.imports.map((file): OutputImport => ({ file, kind: 'static' })),
    ...chunk.dynamicImports.map((file): OutputImport => ({ file, kind: 'dynamic' })),
    ...[...importedCss].map((file): OutputImport => ({ file, kind: 'css' })),
    ...[...importedAssets].map((file): OutputImport => ({ file, kind: 'url' })),
  ];
  return {
    file: chunk.fileName,
    kind: 'chunk',
    entry: chunk.isEntry,
    entryModule: chunk.facadeModuleId,
    imports,
    contents: Buffer.from(chunk.code),
    map: mapOf(chunk.fileName, folder, maps),
    witness: {
      kind: 'rendered',
      modules: Object.entries(chunk.modules).map(([id, { code }]) => ({ id, code: code ?? null })),
    },
  };
}

interface AssetContext {
  readonly root: string;
  readonly folder: string;
  readonly chunks: readonly OutputChunk[];
  readonly maps: Maps;
  readonly stylesOf: StylesOf;
  readonly named: ReadonlyMap<string, string | null>;
}

function assetEvidence(asset: OutputAsset, context: AssetContext): OutputEvidence {
  const contents = typeof asset.source === 'string' ? Buffer.from(asset.source) : asset.source;
  const isCss = /\.css$/i.test(asset.fileName);
  const styles = isCss ? context.stylesOf(contents.toString()) : null;
  const only = styles === null ? onlyOwner(asset, isCss, context) : null;
  const lengths = styles ?? (only === null ? null : [{ id: only, bytes: contents.length }]);
  return {
    file: asset.fileName,
    kind: isCss ? 'css' : 'asset',
    entry: false,
    entryModule: null,
    imports: [],
    contents,
    map: mapOf(asset.fileName, context.folder, context.maps),
    witness: lengths === null ? null : { kind: 'lengths', modules: lengths },
  };
}

/** The module that an asset was made from, where there can be but one. */
function onlyOwner(asset: OutputAsset, isCss: boolean, { root, chunks, named }: AssetContext): string | null {
  const originals = (asset.originalFileNames ?? []).map((file) => path.resolve(root, file));
  const candidates = isCss ? stylesBehind(asset.fileName, chunks) : originals;
  if (candidates.length === 1) return candidates[0]!;
  if (candidates.length > 1) return null;
  const [name, ...others] = asset.names ?? [];
  return name === undefined || others.length > 0 ? null : (named.get(path.posix.basename(name)) ?? null);
}

/** The style modules of the chunks that a CSS file goes with (Vite). */
function stylesBehind(file: string, chunks: readonly OutputChunk[]): string[] {
  const styles = new Set<string>();
  for (const chunk of chunks) {
    const { importedCss } = (chunk as { viteMetadata?: ViteMetadata }).viteMetadata ?? {};
    if (importedCss?.has(file) !== true) continue;
    for (const id of chunk.moduleIds) if (STYLE_MODULE.test(id)) styles.add(id);
  }
  return [...styles];
}

function mapOf(file: string, folder: string, maps: Maps): MapEvidence | null {
  const map = maps.get(file);
  if (map === undefined) return null;
  const bytes = typeof map === 'string' ? Buffer.from(map) : map;
  return { bytes, file: `${file}.map`, base: path.dirname(path.join(folder, file)) };
}
