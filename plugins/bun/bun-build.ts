/** What `Bun.build` says of a build that is done. */
import type { EsbuildMetafile } from '../../src/collect/esbuild-metafile.ts';

type EsbuildInput = EsbuildMetafile['inputs'][string];
type EsbuildOutput = EsbuildMetafile['outputs'][string];

export interface BunInput {
  readonly bytes: number;
  readonly format?: string | undefined;
  readonly imports: readonly (EsbuildInput['imports'][number] & { readonly entryPoint?: string | undefined })[];
}

/** The part of Bun's `BuildMetafile` that is read here. */
export interface BunMetafile {
  readonly inputs: Readonly<Record<string, BunInput>>;
  readonly outputs: Readonly<Record<string, EsbuildOutput>>;
}

export interface BunBuild {
  readonly metafile: BunMetafile;
  /** Absolute path, as all that follow. */
  readonly workingDir: string;
  readonly root: string;
  /** Without a place to write to, the working directory. */
  readonly outdir: string;
  readonly entryPoints: readonly string[];
  /** What stands before the names of files in the output; empty: they are relative. */
  readonly publicPath: string;
  readonly version: string;
  /** All that the build made, maps and copied files too. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Bytes of a source; null where it is not there. */
  readonly source: (file: string) => Uint8Array | null;
}
