/** The analysis as all commands run it: the same options, the cache, a line of progress. */
import path from 'node:path';
import type { ArgsDef } from 'citty';

import type { AnalyzeOptions } from '../collect/analyze.ts';
import type { Build, ModuleIndex } from '../model/build.ts';
import type { LoadedConfig, LoadOptions } from '../config/load.ts';
import type { Engine, EngineWarning } from '../engine/engine.ts';
import { PareError } from '../model/errors.ts';
import type { Fingerprint } from '../store/answers.ts';
import { createProgress } from './progress.ts';
import { note } from './results.ts';

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
  cache: { type: 'boolean', default: true, negativeDescription: 'analyze everything anew' },
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

export interface AnalysisOptions {
  /** The configuration, where the command has read it. Of it, only the cache and the trace count here. */
  readonly config?: LoadedConfig | undefined;
  /** See `analyze`. With it, no earlier record will do. */
  readonly onOwnership?: AnalyzeOptions['onOwnership'];
  /** Goes on with what the run owns, before it is closed: cache, workers. */
  readonly goOn?: ((analysis: TargetAnalysis, engine: Engine) => Promise<void>) | undefined;
}

/**
 * While nothing that an earlier analysis rested on has changed, its record is read and nothing is analyzed.
 *
 * @param target a folder, an esbuild metafile or a webpack stats file
 */
export async function analyzeTarget(
  target: string,
  args: AnalysisArgs,
  { config, onOwnership, goOn }: AnalysisOptions = {},
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
    const analysis = { build, root, fingerprint, ...sourcesOf(root, build.modules) };
    if (goOn !== undefined) {
      await using engine = await openEngine(root, args.cache, `analyze ${path.resolve(target)}`, config);
      await goOn(analysis, engine);
    }
    return analysis;
  }
  const [{ analyze, projectRoot }, { Disk }] = await Promise.all([
    import('../collect/analyze.ts'),
    import('../collect/disk.ts'),
  ]);
  await keepHeapSmall();
  const disk = new Disk();
  const root = path.resolve(asked ?? projectRoot(path.resolve(target), disk));
  await using engine = await openEngine(root, args.cache, `analyze ${path.resolve(target)}`, config);
  const progress = createProgress();
  progress.update(`reading ${target}`);
  try {
    const build = await engine.telemetry.span('analyze', () =>
      analyze(target, {
        root,
        evidence,
        gzip,
        brotli,
        cache: engine.store ?? undefined,
        disk,
        onOwnership,
        onProgress: (done, total, file) => progress.update(`measuring ${done}/${total}  ${file}`),
      }),
    );
    // The lists of the record are made when they are first read, from the sources as they are then.
    const whole: Build = { ...build, modules: build.modules, edges: build.edges };
    const { trace } = disk;
    const made = { target, root, build: whole };
    const isKept = memory !== null && trace !== null && engine.store !== null;
    const fingerprint = isKept ? memory.rememberBuild(question, made, trace) : null;
    const analysis = { build: whole, root, fingerprint, ...sourcesOf(root, whole.modules) };
    progress.update(`reading ${target}`);
    await goOn?.(analysis, engine);
    return analysis;
  } finally {
    progress.clear();
  }
}

/** What the run owns, closed by signals too. A configuration that is broken is no reason not to look at a build. */
async function openEngine(
  root: string,
  cache: boolean,
  runKind: string,
  config: LoadedConfig | undefined,
): Promise<Engine> {
  const [{ startEngine }, { closeOnSignals }] = await Promise.all([
    import('../engine/engine.ts'),
    import('../scope/signals.ts'),
  ]);
  const start = (from: LoadedConfig | LoadOptions): Promise<Engine> =>
    startEngine({ config: from, runKind, cache, isShort: true, onWarning: tellWarning });
  const engine = await start(config ?? { cwd: root }).catch((error: unknown) => {
    if (config !== undefined || !(error instanceof PareError)) throw error;
    tellWarning({ code: error.code, message: `${error.message}\nIt is not used for this`, hint: null });
    // Where it is the environment that is wrong, nothing of that either.
    return start({ cwd: root, withoutFiles: true }).catch(() => start({ cwd: root, withoutFiles: true, env: {} }));
  });
  closeOnSignals(engine.scope);
  return engine;
}

function tellWarning({ message, hint }: EngineWarning): void {
  note(`warning ${message}.${hint === null ? '' : ` ${hint}`}`);
}

/**
 * V8 lets its young generation grow to 32 MB before it clears the old one of anything. Kept as small as it is at the start, it is
 * cleared more often, which takes no longer as nearly all in it is gone by then: 20 MB less at the peak, by `npm run bench -- memory`.
 */
async function keepHeapSmall(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--semi-space-growth-factor=1');
}
