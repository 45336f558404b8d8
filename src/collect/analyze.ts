/** `analyze`: a `Build` from what lies on disk: a folder of finished output, an esbuild metafile, or a webpack stats file. */
import type { Stats } from 'node:fs';
import path from 'node:path';

import type { Build } from '../model/build.ts';
import type { ByteCache } from '../model/byte-cache.ts';
import { readBuild } from '../model/read-build.ts';
import { PareError } from '../model/errors.ts';
import { assemble, type AssembleOptions } from '../measure/assemble.ts';
import { compressAhead, CompressedAhead } from '../measure/compress.ts';
import type { BuildEvidence } from '../measure/evidence.ts';
import { directoryEvidence } from './directory.ts';
import { Disk } from './disk.ts';
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
  /** Keeps what heavy work came to; none: all of it is done. */
  readonly cache?: ByteCache | undefined;
  /** What is read and looked for goes through it, for who wants to know what the result rests on. */
  readonly disk?: Disk | undefined;
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
  const { gzip = true, brotli = true, cache, onProgress, onOwnership, disk = new Disk() } = options;
  const record = recordIn(path.resolve(target), disk);
  if (record !== null) return record;
  const compress = { gzip, brotli, cache: cache ?? new CompressedAhead() };
  const ahead: BeforeMaps = (outputs) =>
    compressAhead(outputs, compress, (file) => onProgress?.(0, outputs.length, file));
  const evidence = await evidenceOf(path.resolve(target), options, disk, ahead);
  return assemble(evidence, {
    compress,
    ...(onProgress === undefined ? {} : { onOutput: onProgress }),
    ...(onOwnership === undefined ? {} : { onOwnership }),
  });
}

/** A `Build` that a plugin or `pare analyze --json` wrote; null where the target is something else. */
function recordIn(target: string, disk: Disk): Build | null {
  if (!target.endsWith('.json')) return null;
  const text = disk.tryReadFile(target)?.toString() ?? null;
  return text !== null && text.startsWith('{"schema":"pare/build@') ? readBuild(text, shown(target)) : null;
}

type BeforeMaps = NonNullable<Parameters<typeof directoryEvidence>[5]>;

async function evidenceOf(
  target: string,
  options: AnalyzeOptions,
  disk: Disk,
  beforeMaps: BeforeMaps,
): Promise<BuildEvidence> {
  const found = statTarget(target, disk);
  const root = path.resolve(options.root ?? projectRoot(target, disk));
  const cache = options.cache ?? null;
  if (found.isDirectory()) {
    const stats = options.evidence === undefined ? null : readEvidence(path.resolve(options.evidence), disk);
    if (stats !== null && isMetafile(stats.json)) return fromMetafile(stats.text, stats.file, root, target, disk);
    const webpack = stats === null ? null : readWebpackStats(stats.json);
    return directoryEvidence(target, root, webpack, disk, cache, beforeMaps);
  }
  const { text, json, file } = readEvidence(target, disk);
  if (isMetafile(json)) return fromMetafile(text, file, root, null, disk);
  const stats = readWebpackStats(json);
  if (stats.outputPath === null)
    throw new PareError('no-output', `${shown(file)} doesn't say where its files were written`, {
      hint: 'Name the output folder too: pare analyze DIR --evidence STATS.json',
    });
  return directoryEvidence(stats.outputPath, root, stats, disk, cache, beforeMaps);
}

function statTarget(target: string, disk: Disk): Stats {
  let found: Stats | undefined;
  try {
    found = disk.stat(target);
  } catch (cause) {
    throw new PareError('unreadable', `${shown(target)} can't be read: ${(cause as Error).message}`, { cause });
  }
  if (found !== undefined) return found;
  throw new PareError('not-found', `There is no ${shown(target)}`, {
    hint: 'Build the project first, then name its output folder, for example: pare analyze dist',
  });
}

function readEvidence(file: string, disk: Disk): { text: string; json: unknown; file: string } {
  let text: string;
  try {
    text = disk.readFile(file).toString();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new PareError(code === 'ENOENT' ? 'not-found' : 'unreadable', `${shown(file)} can't be read: ${message}`, {
      cause,
    });
  }
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
function fromMetafile(text: string, file: string, root: string, outdir: string | null, disk: Disk): BuildEvidence {
  const metafile = parseMetafile(text, shown(file));
  const [first] = Object.keys(metafile.outputs);
  const exists = (folder: string) => first !== undefined && disk.tryReadFile(path.resolve(folder, first)) !== null;
  const upwards = [
    process.cwd(),
    root,
    ...ancestors(path.dirname(file)),
    ...(outdir === null ? [] : ancestors(outdir)),
  ];
  const workingDir = upwards.find(exists) ?? process.cwd();
  const read = (output: string) => disk.tryReadFile(output);
  return esbuildEvidence({ metafile, workingDir, root, outdir, entryPoints: null, version: null, read, disk });
}

function ancestors(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

export function projectRoot(target: string, disk = new Disk()): string {
  for (const folder of ancestors(target)) if (isThere(path.join(folder, 'package.json'), disk)) return folder;
  return process.cwd();
}

function isThere(file: string, disk: Disk): boolean {
  try {
    return disk.stat(file) !== undefined;
  } catch {
    return false;
  }
}

/** Paths in messages as the user would type them. */
function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative !== '' && !relative.startsWith('..') ? relative : file;
}
