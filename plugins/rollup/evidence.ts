/**
 * Evidence from Rollup, and from everything that speaks its plugin interface: Vite and Rolldown. Only what all of them have is
 * used; what one of them adds (Vite's `viteMetadata`) is looked for and may be missing.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import type { NormalizedOutputOptions, OutputAsset, OutputBundle, OutputChunk, PluginContext } from 'rollup';

import { linkSources, type ResolvedModule } from '../../src/collect/sources.ts';
import { PackageFiles } from '../../src/collect/package-files.ts';
import { formatOf } from '../../src/measure/assemble.ts';
import type { BuildEvidence, MapEvidence, OutputEvidence } from '../../src/measure/evidence.ts';
import type { ResolvedImport } from '../../src/measure/link.ts';
import { moduleId } from '../../src/measure/module-id.ts';
import type { Bundler, EdgeKind, ModuleFormat, OutputImport } from '../../src/model/build.ts';

/** What Vite hangs on a chunk. */
interface ViteMetadata {
  readonly importedCss?: ReadonlySet<string>;
  readonly importedAssets?: ReadonlySet<string>;
}

/** The map of each chunk by its file name, taken before it was deleted from the bundle or written. */
export type Maps = ReadonlyMap<string, string | Uint8Array>;

export function rollupEvidence(
  context: PluginContext,
  root: string,
  bundler: Bundler,
  options: Pick<NormalizedOutputOptions, 'dir' | 'file'>,
  bundle: OutputBundle,
  maps: Maps,
): BuildEvidence {
  const chunks = Object.values(bundle).filter((output): output is OutputChunk => output.type === 'chunk');
  const packages = new PackageFiles(root);
  const { modules, edges } = linkSources(root, resolvedModules(context, root, packages, renderedExports(chunks)));
  const folder = path.resolve(root, options.dir ?? (options.file === undefined ? '.' : path.dirname(options.file)));
  const outputs = Object.values(bundle)
    .filter(({ fileName }) => !fileName.endsWith('.map'))
    .map((output): OutputEvidence =>
      output.type === 'chunk'
        ? chunkEvidence(output, folder, maps)
        : assetEvidence(output, root, folder, chunks, maps),
    );
  return { root, bundler, modules, edges, outputs, diagnostics: [], packages };
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
      ids.map((target) => ({ to: moduleId(root, target), kind, specifier: null })).filter(({ to }) => to !== id);
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

function assetEvidence(
  asset: OutputAsset,
  root: string,
  folder: string,
  chunks: readonly OutputChunk[],
  maps: Maps,
): OutputEvidence {
  const contents = typeof asset.source === 'string' ? Buffer.from(asset.source) : asset.source;
  const isCss = /\.css$/i.test(asset.fileName);
  const owners = isCss ? stylesBehind(asset.fileName, chunks) : (asset.originalFileNames ?? []).map((file) => path.resolve(root, file));
  const [only, ...others] = owners;
  return {
    file: asset.fileName,
    kind: isCss ? 'css' : 'asset',
    entry: false,
    entryModule: null,
    imports: [],
    contents,
    map: mapOf(asset.fileName, folder, maps),
    witness:
      only !== undefined && others.length === 0
        ? { kind: 'lengths', modules: [{ id: only, bytes: contents.length }] }
        : null,
  };
}

/** The style modules of the chunks that a CSS file goes with (Vite); one of them alone owns the whole file. */
function stylesBehind(file: string, chunks: readonly OutputChunk[]): string[] {
  const styles = new Set<string>();
  for (const chunk of chunks) {
    const { importedCss } = (chunk as { viteMetadata?: ViteMetadata }).viteMetadata ?? {};
    if (importedCss?.has(file) !== true) continue;
    for (const id of chunk.moduleIds) if (/\.(?:css|s[ac]ss|less|styl(?:us)?|pcss|postcss)(?:$|\?)/i.test(id) || /[?&]lang\.\w+$/.test(id)) styles.add(id);
  }
  return [...styles];
}

function mapOf(file: string, folder: string, maps: Maps): MapEvidence | null {
  const map = maps.get(file);
  if (map === undefined) return null;
  const bytes = typeof map === 'string' ? Buffer.from(map) : map;
  return { bytes, file: `${file}.map`, base: path.dirname(path.join(folder, file)) };
}
