/** The stage for Rollup, Rolldown and Vite: a `renderChunk` hook, and what `generateBundle` has to add. Knows no bundler's types. */
import { licenceFileOf } from './licences.ts';
import type { ChunkFormat } from './minified.ts';
import { minifyChunk, type MinifyEngine } from './minify-chunk.ts';
import { createReporter, type Warn } from './remarks.ts';
import type { MinifySettings } from './settings.ts';

export interface StageEngine extends MinifyEngine {
  readonly warn?: Warn | undefined;
}

/** What counts of the bundler's normalised output options. */
export interface RenderOptions {
  readonly format: string;
  readonly sourcemap: boolean | 'inline' | 'hidden' | undefined;
  /** Where the output goes: outputs that are rendered at the same time may have chunks of the same name. */
  readonly dir?: string | undefined;
  readonly file?: string | undefined;
}

/** A map as the bundlers take it from a plugin. */
export interface RenderedMap {
  readonly version: number;
  readonly file?: string;
  readonly sources: string[];
  readonly sourcesContent: string[];
  readonly names: string[];
  readonly mappings: string;
}

export interface RenderChunkStage {
  /**
   * The hook. The map is from the minified chunk to the chunk as it was; the bundler joins it with its own. null: the chunk
   * stays as it was. It is to run after every other plugin's: `order: 'post'`.
   */
  renderChunk(
    code: string,
    chunk: { readonly fileName: string },
    options: RenderOptions,
  ): Promise<{ code: string; map: RenderedMap | null } | null>;
  /** Files to emit in `generateBundle`, when the chunks have their final names. Each is given once. */
  licenceFiles(
    bundle: Readonly<Record<string, BundledFile>>,
    options: RenderOptions,
  ): { readonly fileName: string; readonly source: string }[];
}

/** An entry of the bundle, as `generateBundle` has it. */
export interface BundledFile {
  readonly type: string;
  readonly fileName: string;
  /** The name that `renderChunk` was told, with places for hashes. */
  readonly preliminaryFileName?: string | undefined;
}

export function renderChunkStage(settings: MinifySettings, engine: StageEngine = {}): RenderChunkStage {
  const report = createReporter(engine.warn);
  const licences = new Map<string, string>();
  return {
    async renderChunk(code, { fileName }, options) {
      const { format, sourcemap } = options;
      const key = keyOf(options, fileName);
      const wantsMap = Boolean(sourcemap);
      const chunk = { file: fileName, code, map: null, sourceMap: wantsMap, format: formatOf(format) };
      const result = await minifyChunk(chunk, settings, engine);
      report(result);
      licences.delete(key);
      if (result.licences.file !== undefined) licences.set(key, result.licences.file);
      if (result.tool === null) return null;
      return { code: result.code, map: result.map === null ? null : (JSON.parse(result.map) as RenderedMap) };
    },
    licenceFiles(bundle, options) {
      return Object.values(bundle).flatMap(({ type, fileName, preliminaryFileName = fileName }) => {
        const key = keyOf(options, preliminaryFileName);
        const source = type === 'chunk' ? licences.get(key) : undefined;
        licences.delete(key);
        return source === undefined ? [] : [{ fileName: licenceFileOf(fileName), source }];
      });
    },
  };
}

const keyOf = ({ format, dir, file }: RenderOptions, fileName: string): string =>
  JSON.stringify([formatOf(format), dir ?? null, file ?? null, fileName]);

function formatOf(format: string): ChunkFormat {
  if (format === 'esm' || format === 'module') return 'es';
  return format === 'commonjs' ? 'cjs' : (format as ChunkFormat);
}
