/** What an adapter would hand over for files that were bundled here: contents, maps and, for esbuild, the metafile. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { esbuildEvidence } from '../../src/collect/esbuild-metafile.ts';
import type { Build, Output } from '../../src/model/build.ts';
import { assemble } from '../../src/measure/assemble.ts';
import type { CompressOptions } from '../../src/measure/compress.ts';
import type { BuildEvidence, OutputEvidence } from '../../src/measure/evidence.ts';
import type { Bundled } from './bundle.ts';

const NO_PACKAGES = { version: () => null };

/** Evidence of the files and their maps alone. */
export function evidenceOfMaps({ root, outdir, files }: Bundled): BuildEvidence {
  const outputs = files.map(({ file, contents, map }): OutputEvidence => {
    const kind = /\.css$/.test(file) ? 'css' : /\.[cm]?js$/.test(file) ? 'chunk' : 'asset';
    const base = path.dirname(path.join(outdir, file));
    return {
      file,
      kind,
      entry: false,
      entryModule: null,
      imports: [],
      contents,
      map: map === null ? null : { bytes: map, file: `${file}.map`, base },
      witness: null,
    };
  });
  return {
    root,
    bundler: null,
    moduleIds: [],
    graph: () => ({ modules: [], edges: [] }),
    outputs,
    diagnostics: [],
    packages: NO_PACKAGES,
  };
}

/** Evidence with esbuild's metafile as second witness. */
export function evidenceOfMetafile({ root, outdir, metafile }: Bundled): BuildEvidence {
  if (metafile === null) throw new Error('only esbuild has a metafile');
  const read = (file: string) => {
    try {
      return readFileSync(file);
    } catch {
      return null;
    }
  };
  return esbuildEvidence({ metafile, workingDir: root, root, outdir, entryPoints: null, version: null, read });
}

export function assembleRaw(evidence: BuildEvidence): Promise<Build> {
  return assemble(evidence, { compress: { gzip: false, brotli: false } });
}

export function assembleAll(evidence: BuildEvidence, compress: Partial<CompressOptions> = {}): Promise<Build> {
  return assemble(evidence, { compress: { gzip: true, brotli: true, ...compress } });
}

/** What the parts have beyond the output: 0, 0, 0 where every byte is accounted for. */
export function partsMinusOutput({ bytes, parts }: Output): { raw: number; gzip: number; brotli: number } {
  const sum = { raw: 0, gzip: 0, brotli: 0 };
  for (const part of parts) {
    sum.raw += part.bytes.raw;
    sum.gzip += part.bytes.gzip ?? 0;
    sum.brotli += part.bytes.brotli ?? 0;
  }
  return {
    raw: sum.raw - bytes.raw,
    gzip: sum.gzip - (bytes.gzip ?? 0),
    brotli: sum.brotli - (bytes.brotli ?? 0),
  };
}

/** Raw bytes by module id, of one output. */
export function bytesByModule(build: Build, output: Output): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const part of output.parts) if (part.module !== null) bytes.set(build.modules[part.module]!.id, part.bytes.raw);
  return bytes;
}

/** Raw bytes by rest bucket, of one output. */
export function bytesByRest(output: Output): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const part of output.parts) if (part.rest !== null) bytes.set(part.rest, part.bytes.raw);
  return bytes;
}
