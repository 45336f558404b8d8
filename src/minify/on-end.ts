/**
 * The stage for esbuild: minifies what a finished build gave, in memory or on disk. esbuild has by then put its hashes into the
 * files' names; they stay as they are, so they follow the code before it was minified, and a change of the minifiers alone
 * changes a file but not its name. `minify: false` in esbuild's options leaves the minifiers more to find, but is not asked for.
 */
import { createHash } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { sourceMapComment } from '../measure/comments.ts';
import { licenceFileOf } from './licences.ts';
import type { ChunkFormat } from './minified.ts';
import { minifyChunk } from './minify-chunk.ts';
import { createReporter } from './remarks.ts';
import type { StageEngine } from './render-chunk.ts';
import type { MinifySettings } from './settings.ts';

/** What counts of esbuild's result. */
export interface EsbuildResult {
  readonly errors: readonly unknown[];
  /** Where esbuild itself writes nothing. */
  outputFiles?: EsbuildFile[] | undefined;
  readonly metafile?: { readonly outputs: Record<string, EsbuildOutput> } | undefined;
}

export interface EsbuildFile {
  path: string;
  contents: Uint8Array;
  hash: string;
  readonly text: string;
}

export interface EsbuildOutput {
  bytes: number;
  inputs: object;
  imports: object[];
  exports: string[];
  entryPoint?: string;
}

/** What counts of esbuild's options. */
export interface EsbuildOptions {
  readonly absWorkingDir?: string | undefined;
  readonly bundle?: boolean | undefined;
  readonly format?: 'iife' | 'cjs' | 'esm' | undefined;
  readonly platform?: 'browser' | 'node' | 'neutral' | undefined;
}

/**
 * Rewrites the scripts of a build that went well, with their maps, their sizes in the metafile and, where licences are linked,
 * the files of licences. Of files on disk each is replaced whole.
 *
 * @returns the outputs that were rewritten, as the metafile names them (absolute paths without one). What the metafile says of
 *   each input's bytes in them (`bytesInOutput`) is of the code before: the map of the output tells it now.
 */
export function onEndStage(
  settings: MinifySettings,
  engine: StageEngine = {},
): (result: EsbuildResult, options: EsbuildOptions) => Promise<string[]> {
  const report = createReporter(engine.warn);
  return async (result, options) => {
    if (result.errors.length > 0) return [];
    const outputs = outputsOf(result, options);
    const rewritten = await Promise.all(
      [...outputs.values()]
        .filter(({ path }) => SCRIPT.test(path))
        .map(async (output) => ((await rewrite(output, outputs)) ? output.name : null)),
    );
    return rewritten.filter((name) => name !== null);

    async function rewrite(output: Output, outputs: ReadonlyMap<string, Output>): Promise<boolean> {
      const contents = await output.read();
      if (contents === null) return false;
      const comment = sourceMapComment(contents);
      const text = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength).toString('utf8');
      const code = comment === null ? text : text.slice(0, -textLength(contents, comment.start));
      const mapFile = outputs.get(`${output.path}.map`);
      const inline = comment === null ? null : inlineMap(comment.url);
      const mapBytes = inline === null ? ((await mapFile?.read()) ?? null) : null;
      const map = inline ?? (mapBytes === null ? null : Buffer.from(mapBytes).toString('utf8'));
      const minified = await minifyChunk(
        { file: output.name, code, map, format: formatOf(options, code) },
        settings,
        engine,
      );
      report(minified);
      if (minified.tool === null) return false;
      const ending =
        comment === null ? '' : endingOf(minified.code, inline === null ? comment.url : dataUrl(minified.map!));
      // The map first: a browser that has the new script never reads the old map with it.
      if (mapFile !== undefined && minified.map !== null) await mapFile.write(minified.map);
      if (minified.licences.file !== undefined) await output.beside(licenceFileOf, minified.licences.file);
      await output.write(minified.code + ending);
      return true;
    }
  };
}

const SCRIPT = /\.[cm]?js$/;

/** One file of a build, wherever it is. */
interface Output {
  readonly path: string;
  readonly name: string;
  /** null: it isn't there (any more). */
  read(): Promise<Uint8Array | null>;
  write(text: string): Promise<void>;
  /** Adds a file to the build. */
  beside(nameOf: (name: string) => string, text: string): Promise<void>;
}

function outputsOf({ outputFiles, metafile }: EsbuildResult, { absWorkingDir }: EsbuildOptions): Map<string, Output> {
  const root = absWorkingDir ?? process.cwd();
  const sizes = new Map(Object.keys(metafile?.outputs ?? {}).map((name) => [resolve(root, name), name]));
  const note = (path: string, bytes: number): void => {
    const output = metafile?.outputs[sizes.get(path) ?? ''];
    if (output !== undefined) output.bytes = bytes;
  };
  const noteBeside = (path: string, nameOf: (name: string) => string, bytes: number): void => {
    const name = sizes.get(path);
    if (metafile !== undefined && name !== undefined)
      metafile.outputs[nameOf(name)] = { bytes, inputs: {}, imports: [], exports: [] };
  };
  if (outputFiles !== undefined) {
    return new Map(
      outputFiles.map((file, at): [string, Output] => [
        file.path,
        {
          path: file.path,
          name: sizes.get(file.path) ?? file.path,
          read: () => Promise.resolve(file.contents),
          write(text) {
            outputFiles[at] = outputFile(file.path, text);
            note(file.path, outputFiles[at].contents.length);
            return Promise.resolve();
          },
          beside(nameOf, text) {
            const added = outputFile(nameOf(file.path), text);
            outputFiles.push(added);
            noteBeside(file.path, nameOf, added.contents.length);
            return Promise.resolve();
          },
        },
      ]),
    );
  }
  return new Map(
    [...sizes].map(([path, name]): [string, Output] => [
      path,
      {
        path,
        name,
        read: () => readFile(path).catch(() => null),
        async write(text) {
          await replaceFile(path, text);
          note(path, Buffer.byteLength(text));
        },
        async beside(nameOf, text) {
          await replaceFile(nameOf(path), text);
          noteBeside(path, nameOf, Buffer.byteLength(text));
        },
      },
    ]),
  );
}

function outputFile(path: string, text: string): EsbuildFile {
  const contents = new Uint8Array(Buffer.from(text));
  const hash = createHash('sha256').update(contents).digest('base64').slice(0, HASH_LENGTH);
  return { path, contents, hash, text };
}

/** As long as esbuild's own hashes, which only say whether two contents differ. */
const HASH_LENGTH = 11;

/** Whoever reads meanwhile has the old file or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await writeFile(partial, text);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** esbuild's own default depends on the platform; without bundling a file is what its text says. */
function formatOf({ format, bundle, platform }: EsbuildOptions, code: string): ChunkFormat {
  if (format !== undefined) return format === 'esm' ? 'es' : format;
  if (bundle === true) {
    if (platform === 'neutral') return 'es';
    return platform === 'node' ? 'cjs' : 'iife';
  }
  return MODULE_SYNTAX.test(code) ? 'es' : 'iife';
}

/** A statement that only modules have. */
const MODULE_SYNTAX = /(?:^|[;}\n])\s*(?:import\s*["'{*\w$]|export\s*[{*\w])/;

function inlineMap(url: string): string | null {
  const [, base64, data] = /^data:application\/json;(?:charset=[\w-]+;)?(base64)?,(.*)$/.exec(url) ?? [];
  if (data === undefined) return null;
  return base64 === undefined ? decodeURIComponent(data) : Buffer.from(data, 'base64').toString('utf8');
}

function dataUrl(map: string): string {
  return `data:application/json;base64,${Buffer.from(map).toString('base64')}`;
}

function endingOf(code: string, url: string): string {
  return `${code.endsWith('\n') ? '' : '\n'}//# sourceMappingURL=${url}\n`;
}

/** UTF-16 units of the bytes from an offset on. */
function textLength(contents: Uint8Array, from: number): number {
  return Buffer.from(contents.buffer, contents.byteOffset + from, contents.byteLength - from).toString('utf8').length;
}
