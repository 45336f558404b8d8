/** Packages that are small by themselves and bring a lot: predicted and rebuilt without them. */
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';

import { readReexports } from '../src/detect/reexports.ts';
import { retainedSizes } from '../src/detect/retained.ts';
import type { Build, Bytes } from '../src/model/build.ts';
import { SOURCE } from './compressed-truth-app.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PACKAGES = [
  'd3',
  '@mui/styled-engine',
  '@mui/system',
  'react-transition-group',
  'moment',
  'lodash',
  'three',
  'stylis',
];

/** A table; the output's import statements for what stays outside are not counted. */
export async function anchorRows(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pare-anchor-'));
  try {
    const { build, bytes } = await bundled(folder, null);
    const sizes = retainedSizes(build, { reexports: await readReexports(build, textIn(build)) });
    const long = await bundled(folder, null, false);
    const longSizes = retainedSizes(long.build, { reexports: await readReexports(long.build, textIn(long.build)) });
    const rows: string[] = [];
    for (const name of PACKAGES) {
      const found = sizes.packages.find((each) => each.name === name);
      if (found === undefined) continue;
      const without = await bundled(folder, name);
      const cells = (['raw', 'gzip', 'brotli'] as const).flatMap((size) => {
        const real = bytes[size]! - without.bytes[size]!;
        const off = (found.bytes[size]! - real) / real;
        return [Math.round(found.bytes[size]!).toLocaleString('en'), real.toLocaleString('en'), signed(off)];
      });
      const longReal = long.bytes.raw - (await bundled(folder, name, false)).bytes.raw;
      const longFound = longSizes.packages.find((each) => each.name === name)!;
      cells.push(signed((longFound.bytes.raw - longReal) / longReal));
      rows.push(`| ${name} | ${Math.round(found.self.raw).toLocaleString('en')} | ${cells.join(' | ')} |`);
    }
    return [
      '| package | self, raw | raw: predicted | rebuilt | off | gzip: predicted | rebuilt | off | brotli: predicted | rebuilt | off | raw, names kept long: off |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      ...rows,
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function textIn({ modules }: Build): (module: number) => string | null {
  return (module) => {
    try {
      return readFileSync(join(ROOT, modules[module]!.id), 'utf8');
    } catch {
      return null;
    }
  };
}

async function bundled(
  folder: string,
  external: string | null,
  shortNames = true,
): Promise<{ build: Build; bytes: Bytes }> {
  const specifier = 'pare/esbuild';
  const { analyzer } = (await import(specifier)) as { analyzer(options: object): never };
  let build: Build | null = null;
  const isBase = external === null;
  const isCompressed = isBase && shortNames;
  const onBuild = (record: Build): void => void (build = record);
  const options = { root: ROOT, summary: false, cache: false, gzip: isCompressed, brotli: isCompressed, onBuild };
  const outfile = join(folder, 'app.js');
  await esbuild({
    stdin: { contents: SOURCE, resolveDir: ROOT, sourcefile: 'app.js' },
    absWorkingDir: ROOT,
    bundle: true,
    minifySyntax: true,
    minifyWhitespace: true,
    minifyIdentifiers: shortNames,
    format: 'esm',
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    external: isBase ? [] : [external],
    outfile,
    logLevel: 'silent',
    plugins: [analyzer(options)],
  });
  const code = readFileSync(outfile, 'utf8');
  // Without the statements that stand for what stays outside.
  const left = Buffer.from(
    isBase
      ? code
      : code.replace(/\bimport\s?[^;"'()]*?(?:from\s?)?"([^"]+)";?\n?/g, (all, from: string) =>
          from === external || from.startsWith(`${external}/`) ? '' : all,
        ),
  );
  return {
    build: build!,
    bytes: { raw: left.length, gzip: gzipSync(left, { level: 9 }).length, brotli: brotli(left) },
  };
}

function brotli(data: Buffer): number {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length };
  return brotliCompressSync(data, { params }).length;
}

function signed(share: number): string {
  return `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(2)} %`;
}
