/** `analyze`: a `Build` from what lies on disk: a folder of finished output, an esbuild metafile, or a webpack stats file. */
import { readFile, stat } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Build } from '../model/build.ts';
import { readBuild } from '../model/build-schema.ts';
import { PareError } from '../model/errors.ts';
import { assemble, type AssembleOptions } from '../measure/assemble.ts';
import type { CompressionCache } from '../measure/compress.ts';
import type { BuildEvidence } from '../measure/evidence.ts';
import { directoryEvidence } from './directory.ts';
import { esbuildEvidence, isMetafile, parseMetafile } from './esbuild-metafile.ts';
import { isWebpackStats, readWebpackStats } from './webpack-stats.ts';

export interface AnalyzeOptions {
  /** The project's root; module ids are relative to it. Default: the nearest folder upwards that has a package.json. */
  readonly root?: string | undefined;
  /** Measure gzip sizes (level 9). Default: true. */
  readonly gzip?: boolean | undefined;
  /** Measure brotli sizes (quality 11). Default: true. */
  readonly brotli?: boolean | undefined;
  /** An esbuild metafile or webpack stats file of the build that wrote the folder: further evidence. */
  readonly evidence?: string | undefined;
  /** Keeps compressed files; none: all are compressed. */
  readonly cache?: CompressionCache | undefined;
  /** Called after each output with the counts so far. */
  readonly onProgress?: AssembleOptions['onOutput'] | undefined;
  /** Called for each output with whose each of its bytes is: what coverage is laid over. */
  readonly onOwnership?: AssembleOptions['onOwnership'] | undefined;
}

/**
 * @param target a folder, an esbuild metafile (its outputs are read from where it says), a webpack stats file, or a `Build` record
 * @throws PareError `build-invalid`, `build-version`, `not-found`, `unreadable`, `no-output`, `evidence-unknown`, `metafile-invalid`
 */
export async function analyze(target: string, options: AnalyzeOptions = {}): Promise<Build> {
  const record = await recordIn(path.resolve(target));
  if (record !== null) return record;
  const evidence = await evidenceOf(path.resolve(target), options);
  const { gzip = true, brotli = true, cache, onProgress, onOwnership } = options;
  return assemble(evidence, {
    compress: { gzip, brotli, ...(cache === undefined ? {} : { cache }) },
    ...(onProgress === undefined ? {} : { onOutput: onProgress }),
    ...(onOwnership === undefined ? {} : { onOwnership }),
  });
}

/** A `Build` that a plugin or `pare analyze --json` wrote; null where the target is something else. */
async function recordIn(target: string): Promise<Build | null> {
  if (!target.endsWith('.json')) return null;
  const text = await readFile(target, 'utf8').catch(() => null);
  return text !== null && text.startsWith('{"schema":"pare/build@') ? readBuild(text, shown(target)) : null;
}

async function evidenceOf(target: string, options: AnalyzeOptions): Promise<BuildEvidence> {
  const found = await stat(target).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ENOENT'
      ? new PareError('not-found', `There is no ${shown(target)}`, {
          hint: 'Build the project first, then name its output folder, for example: pare analyze dist',
          cause,
        })
      : new PareError('unreadable', `${shown(target)} can't be read: ${cause.message}`, { cause });
  });
  const root = path.resolve(options.root ?? (await projectRoot(target)));
  if (found.isDirectory()) {
    const stats = options.evidence === undefined ? null : await readEvidence(path.resolve(options.evidence));
    if (stats !== null && isMetafile(stats.json)) return fromMetafile(stats.text, stats.file, root, target);
    return directoryEvidence(target, root, stats === null ? null : readWebpackStats(stats.json));
  }
  const { text, json, file } = await readEvidence(target);
  if (isMetafile(json)) return fromMetafile(text, file, root, null);
  const stats = readWebpackStats(json);
  if (stats.outputPath === null)
    throw new PareError('no-output', `${shown(file)} doesn't say where its files were written`, {
      hint: 'Name the output folder too: pare analyze DIR --evidence STATS.json',
    });
  return directoryEvidence(stats.outputPath, root, stats);
}

async function readEvidence(file: string): Promise<{ text: string; json: unknown; file: string }> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new PareError(
      cause.code === 'ENOENT' ? 'not-found' : 'unreadable',
      `${shown(file)} can't be read: ${cause.message}`,
      { cause },
    );
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new PareError(
      'evidence-unknown',
      `${shown(file)} is neither a folder nor JSON: ${(cause as Error).message}`,
      { hint: EVIDENCE_HINT, cause },
    );
  }
  if (!isMetafile(json) && !isWebpackStats(json))
    throw new PareError('evidence-unknown', `${shown(file)} is neither an esbuild metafile nor a webpack stats file`, {
      hint: EVIDENCE_HINT,
    });
  return { text, json, file };
}

const EVIDENCE_HINT =
  'Name a folder of built files, an esbuild metafile (`metafile: true`) or a webpack stats file (`webpack --json`).';

/**
 * The metafile's paths start from the folder esbuild ran in, which it doesn't say: the nearest folder upwards from which its
 * outputs are found.
 */
function fromMetafile(text: string, file: string, root: string, outdir: string | null): BuildEvidence {
  const metafile = parseMetafile(text, shown(file));
  const [first] = Object.keys(metafile.outputs);
  const exists = (folder: string) => first !== undefined && readBytes(path.resolve(folder, first)) !== null;
  const upwards = [
    process.cwd(),
    root,
    ...ancestors(path.dirname(file)),
    ...(outdir === null ? [] : ancestors(outdir)),
  ];
  const workingDir = upwards.find(exists) ?? process.cwd();
  return esbuildEvidence({ metafile, workingDir, root, outdir, entryPoints: null, version: null, read: readBytes });
}

function ancestors(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

export async function projectRoot(target: string): Promise<string> {
  for (const folder of ancestors(target))
    if (await stat(path.join(folder, 'package.json')).catch(() => null)) return folder;
  return process.cwd();
}

function readBytes(file: string): Uint8Array | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}

/** Paths in messages as the user would type them. */
function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative !== '' && !relative.startsWith('..') ? relative : file;
}
