/** The analysis as all commands run it: the same options, the cache, a line of progress. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ArgsDef } from 'citty';

import type { AnalyzeOptions } from '../collect/analyze.ts';
import type { Build, ModuleIndex } from '../model/build.ts';
import type { ByteCache } from '../model/byte-cache.ts';
import type { Fingerprint } from '../store/answers.ts';
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

export interface TargetAnalysis extends Analysis {
  /** What the build rests on; null: it isn't known, and no answer from it may be kept. */
  readonly fingerprint: Fingerprint | null;
  /** Files that `sources` has read, absolute; and those that it looked for in vain. */
  readonly asked: { readonly read: ReadonlySet<string>; readonly probed: ReadonlyMap<string, 'none'> };
}

/**
 * While nothing that an earlier analysis rested on has changed, its record is read and nothing is analyzed.
 *
 * @param target a folder, an esbuild metafile or a webpack stats file
 */
export async function analyzeTarget(
  target: string,
  args: AnalysisArgs,
  onOwnership?: AnalyzeOptions['onOwnership'],
): Promise<TargetAnalysis> {
  const { sourceText } = await import('../collect/source-text.ts');
  const sourcesOf = (root: string, modules: Build['modules']): Pick<TargetAnalysis, 'sources' | 'asked'> => {
    const asked = { read: new Set<string>(), probed: new Map<string, 'none'>() };
    return {
      asked,
      sources(module) {
        const { id } = modules[module]!;
        const text = sourceText(root, id);
        if (!id.startsWith('virtual:'))
          if (text === null) asked.probed.set(path.resolve(root, id), 'none');
          else asked.read.add(path.resolve(root, id));
        return text;
      },
    };
  };
  const { root: asked, evidence, gzip, brotli } = args;
  const question = JSON.stringify([target, asked ?? null, evidence ?? null, gzip, brotli]);
  const memory = args.cache ? await import('./remember.ts') : null;
  const known = onOwnership === undefined ? (memory?.recallBuild(question) ?? null) : null;
  if (known !== null) {
    const { build, root, fingerprint } = known;
    return { build, root, fingerprint, ...sourcesOf(root, build.modules) };
  }
  const [{ analyze, projectRoot }, { Disk }] = await Promise.all([
    import('../collect/analyze.ts'),
    import('../collect/disk.ts'),
  ]);
  await keepHeapSmall();
  const disk = new Disk();
  const root = path.resolve(asked ?? projectRoot(path.resolve(target), disk));
  const progress = createProgress();
  progress.update(`reading ${target}`);
  const cache = args.cache ? await openCache(root, `analyze ${path.resolve(target)}`) : null;
  try {
    const build = await analyze(target, {
      root,
      evidence,
      gzip,
      brotli,
      cache: cache?.store,
      disk,
      onOwnership,
      onProgress: (done, total, file) => progress.update(`measuring ${done}/${total}  ${file}`),
    });
    // The lists of the record are made when they are first read, from the sources as they are then.
    const whole: Build = { ...build, modules: build.modules, edges: build.edges };
    const { trace } = disk;
    const made = { target, root, build: whole };
    const fingerprint = memory === null || trace === null ? null : memory.rememberBuild(question, made, trace);
    return { build: whole, root, fingerprint, ...sourcesOf(root, whole.modules) };
  } finally {
    progress.clear();
    await cache?.close();
  }
}

/**
 * V8 lets its young generation grow to 32 MB before it clears the old one of anything. Kept as small as it is at the start, it is
 * cleared more often, which takes no longer as nearly all in it is gone by then: 20 MB less at the peak, by `npm run bench -- memory`.
 */
async function keepHeapSmall(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--semi-space-growth-factor=1');
}

interface OpenCache {
  readonly store: ByteCache;
  readonly close: () => Promise<void>;
}

const MEGABYTE = 1024 * 1024;
const DAY_MS = 24 * 3_600_000;

/** In `node_modules/.cache/pare` of the nearest folder upwards that has a node_modules; none: nothing is kept. */
async function openCache(root: string, runKind: string): Promise<OpenCache | null> {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const modules = path.join(folder, 'node_modules');
    if ((await stat(modules).catch(() => null))?.isDirectory()) {
      const { openStore } = await import('../store/open-store.ts');
      const store = openStore(
        {
          folder: path.join(modules, '.cache', 'pare'),
          memoryBytes: 16 * MEGABYTE,
          diskBytes: 1024 * MEGABYTE,
          ttlMs: 30 * DAY_MS,
          compress: true,
          redis: null,
        },
        { onWarning: () => undefined, version: await packageVersion() },
      );
      await store.warm(runKind);
      return {
        store: {
          get: (entry) => store.get(entry),
          getMany: (entries) => store.getMany(entries),
          put: (entry, value, costMs) => uninterrupted(() => store.put(entry, value, costMs)),
          through: (entry, compute) => store.through(entry, compute),
        },
        close: () => uninterrupted(async () => store[Symbol.asyncDispose]()),
      };
    }
    if (folder === path.dirname(folder)) return null;
  }
}

export async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
