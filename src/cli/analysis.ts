/** The analysis as all commands run it: the same options, the cache, a line of progress. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { ArgsDef } from 'citty';

import type { AnalyzeOptions } from '../collect/analyze.ts';
import type { Build, ModuleIndex } from '../model/build.ts';
import type { ByteCache } from '../model/byte-cache.ts';
import { createProgress } from './progress.ts';
import { uninterrupted } from './uninterrupted.ts';

/** Options of every command that looks at a build. */
export const ANALYSIS_ARGS = {
  root: {
    type: 'string',
    valueHint: 'DIR',
    description: "the project's root; default: the nearest folder with a package.json",
  },
  evidence: {
    type: 'string',
    valueHint: 'FILE',
    description: 'esbuild metafile or webpack stats file of the build that wrote the folder',
  },
  gzip: { type: 'boolean', default: true, negativeDescription: 'leave gzip sizes out' },
  brotli: { type: 'boolean', default: true, negativeDescription: 'leave brotli sizes out: faster the first time' },
  cache: { type: 'boolean', default: true, negativeDescription: 'compress everything anew' },
} as const satisfies ArgsDef;

export interface AnalysisArgs {
  readonly root?: string | undefined;
  readonly evidence?: string | undefined;
  readonly gzip: boolean;
  readonly brotli: boolean;
  readonly cache: boolean;
}

export interface Analysis {
  readonly build: Build;
  /** Absolute; module ids are relative to it. */
  readonly root: string;
  /** Text of a module as it is on disk; null where it can't be read. */
  readonly sources: (module: ModuleIndex) => string | null;
}

/** @param target a folder, an esbuild metafile or a webpack stats file */
export async function analyzeTarget(
  target: string,
  args: AnalysisArgs,
  onOwnership?: AnalyzeOptions['onOwnership'],
): Promise<Analysis> {
  const [{ analyze, projectRoot }, { sourceText }] = await Promise.all([
    import('../collect/analyze.ts'),
    import('../collect/source-text.ts'),
  ]);
  const root = path.resolve(args.root ?? (await projectRoot(path.resolve(target))));
  const progress = createProgress();
  progress.update(`reading ${target}`);
  try {
    const build = await analyze(target, {
      root,
      evidence: args.evidence,
      gzip: args.gzip,
      brotli: args.brotli,
      cache: args.cache ? await openCache(root) : undefined,
      onOwnership,
      onProgress: (done, total, file) => progress.update(`measuring ${done}/${total}  ${file}`),
    });
    return { build, root, sources: (module) => sourceText(root, build.modules[module]!.id) };
  } finally {
    progress.clear();
  }
}

/** In `node_modules/.cache/pare` of the nearest folder upwards that has a node_modules; none: nothing is kept. */
async function openCache(root: string): Promise<ByteCache | undefined> {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const modules = path.join(folder, 'node_modules');
    if ((await stat(modules).catch(() => null))?.isDirectory()) {
      const { CompressionDiskCache } = await import('../store/compression-cache.ts');
      const disk = new CompressionDiskCache(path.join(modules, '.cache', 'pare'));
      return {
        get: (entry) => disk.get(entry),
        getMany: (entries) => disk.getMany(entries),
        put: (entry, value) => uninterrupted(() => disk.put(entry, value)),
        through: (entry, compute) => disk.through(entry, compute),
      };
    }
    if (folder === path.dirname(folder)) return undefined;
  }
}
