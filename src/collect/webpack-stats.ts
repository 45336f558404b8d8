/** What webpack (and rspack) say of a build in their stats file: its chunks, and which of them load which. */
import type { Bundler, OutputImport } from '../model/build.ts';

export interface WebpackStats {
  readonly bundler: Bundler;
  /** Absolute path that the files were written to; null where the stats were made without it. */
  readonly outputPath: string | null;
  /** Files that an entry point loads. */
  readonly entries: readonly string[];
  /** Files of chunks that only an `import()` asks for. */
  readonly asyncFiles: ReadonlySet<string>;
  /** Which files a file's chunk loads. */
  imports(file: string): OutputImport[];
}

interface StatsChunk {
  readonly id: string | number;
  readonly files: readonly string[];
  readonly initial: boolean;
  readonly children: readonly (string | number)[];
}

export function isWebpackStats(json: unknown): boolean {
  if (!isRecord(json)) return false;
  return (
    Array.isArray(json['assets']) &&
    (Array.isArray(json['chunks']) || isRecord(json['entrypoints']) || Array.isArray(json['modules']))
  );
}

/** Reads what is there; stats that were made with less detail tell less. */
export function readWebpackStats(json: unknown): WebpackStats {
  const stats = isRecord(json) ? json : {};
  const chunks = list(stats['chunks']).flatMap(readChunk);
  const byId = new Map(chunks.map((chunk) => [chunk.id, chunk]));
  const entrypoints = isRecord(stats['entrypoints']) ? Object.values(stats['entrypoints']) : [];
  const entries = entrypoints.flatMap((entry) => (isRecord(entry) ? list(entry['assets']).flatMap(assetName) : []));
  const initial = new Set([...entries, ...chunks.filter((chunk) => chunk.initial).flatMap(({ files }) => files)]);
  const asynchronous = new Set(
    chunks
      .filter((chunk) => !chunk.initial)
      .flatMap(({ files }) => files)
      .filter((file) => !initial.has(file)),
  );
  const version = typeof stats['version'] === 'string' ? stats['version'] : null;
  const rspack = typeof stats['rspackVersion'] === 'string' ? stats['rspackVersion'] : null;
  return {
    bundler: rspack === null ? { name: 'webpack', version } : { name: 'rspack', version: rspack },
    outputPath: typeof stats['outputPath'] === 'string' ? stats['outputPath'] : null,
    entries: [...new Set(entries)].filter((file) => !file.endsWith('.map')),
    asyncFiles: asynchronous,
    imports(file) {
      const owners = chunks.filter(({ files }) => files.includes(file));
      const targets = new Set(owners.flatMap(({ children }) => children.flatMap((id) => byId.get(id)?.files ?? [])));
      return [...targets]
        .filter((target) => target !== file && !target.endsWith('.map'))
        .map((target) => ({ file: target, kind: 'dynamic' }));
    },
  };
}

function readChunk(value: unknown): StatsChunk[] {
  if (!isRecord(value)) return [];
  const id = value['id'];
  if (typeof id !== 'string' && typeof id !== 'number') return [];
  const files = list(value['files']).filter((file): file is string => typeof file === 'string');
  const children = list(value['children']).filter(
    (child): child is string | number => typeof child === 'string' || typeof child === 'number',
  );
  return [{ id, files, initial: value['initial'] === true, children }];
}

/** webpack 5 writes objects, webpack 4 plain names. */
function assetName(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return isRecord(value) && typeof value['name'] === 'string' ? [value['name']] : [];
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
