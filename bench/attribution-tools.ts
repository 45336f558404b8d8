/** What each analyzer says of one build, in one shape: bytes by output and source, everything it names included. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Metafile, Plugin as EsbuildPlugin } from 'esbuild';
import { analyze, type Build } from 'pare';
import { analyzer as forEsbuild } from 'pare/esbuild';
import { analyzer as forRollup } from 'pare/rollup';
import { visualizer } from 'rollup-plugin-visualizer';
import sondaEsbuild from 'sonda/esbuild';
import sondaRollup from 'sonda/rollup';
import sondaVite from 'sonda/vite';
import { explore } from 'source-map-explorer';

/** Bytes by source of an output; '' is what belongs to no source. */
export type Sizes = Map<string, number>;
/** By output file, relative to the output directory. */
export type Analysis = Map<string, Sizes>;

export type BundlerName = 'esbuild' | 'rollup' | 'vite';

export interface Analyzed {
  /** Bytes on disk of each script. */
  readonly files: ReadonlyMap<string, number>;
  /** By tool; null: it failed. */
  readonly byTool: ReadonlyMap<ToolName, Analysis | null>;
}

export const TOOLS = [
  'pare',
  'pare, maps alone',
  'source-map-explorer',
  'sonda',
  'esbuild metafile',
  'visualizer',
  'visualizer, sourcemap',
] as const;
export type ToolName = (typeof TOOLS)[number];

/** A build that takes plugins and an output directory. */
export type Builder = (options: { outdir: string; plugins: unknown[] }) => Promise<unknown>;

/** Builds once, with all analyzers that are plugins, then runs the others over what was written. */
export async function analyzeBuild(bundler: BundlerName, root: string, build: Builder): Promise<Analyzed> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pare-attribution-'));
  const outdir = path.join(folder, 'out');
  try {
    let record: Build | undefined;
    let metafile: Metafile | undefined;
    const options = {
      root,
      gzip: false,
      brotli: false,
      summary: false,
      onBuild: (made: Build) => void (record = made),
    };
    const json = (name: string) => path.join(folder, `${name}.json`);
    const sonda = { format: 'json' as const, filename: 'sonda', outputDir: folder, open: false as const };
    const quiet = silence();
    const plugins: unknown[] =
      bundler === 'esbuild'
        ? [forEsbuild(options), sondaEsbuild(sonda), metafileReader((read) => void (metafile = read))]
        : [
            forRollup(options),
            bundler === 'vite' ? sondaVite(sonda) : sondaRollup(sonda),
            visualizer({ template: 'raw-data', filename: json('visualizer'), projectRoot: root }),
            visualizer({ template: 'raw-data', filename: json('visualizer-map'), projectRoot: root, sourcemap: true }),
          ];
    // Where a user's build runs: sonda takes the paths of a metafile from there.
    const before = process.cwd();
    process.chdir(root);
    await build({ outdir, plugins }).finally(() => {
      quiet();
      process.chdir(before);
    });
    const names = readdirSync(outdir, { recursive: true }).map((name) => String(name).replaceAll('\\', '/'));
    const scripts = names.filter((name) => /\.[cm]?js$/.test(name) && names.includes(`${name}.map`));
    const byTool = new Map<ToolName, Analysis | null>([
      ['pare', record === undefined ? null : ofBuild(record)],
      ['pare, maps alone', ofBuild(await analyze(outdir, { root, gzip: false, brotli: false }))],
      ['source-map-explorer', await ofExplorer(outdir, scripts)],
      ['sonda', ofSonda(json('sonda'), scripts)],
    ]);
    if (metafile !== undefined) byTool.set('esbuild metafile', ofMetafile(metafile, outdir, root));
    if (bundler !== 'esbuild') {
      byTool.set('visualizer', ofVisualizer(json('visualizer')));
      byTool.set('visualizer, sourcemap', ofVisualizer(json('visualizer-map')));
    }
    const files = new Map(scripts.map((name) => [name, statSync(path.join(outdir, name)).size]));
    return { files, byTool };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function add(analysis: Analysis, file: string, source: string, bytes: number): void {
  const sizes = analysis.get(file) ?? new Map<string, number>();
  analysis.set(file, sizes.set(source, (sizes.get(source) ?? 0) + bytes));
}

function ofBuild(build: Build): Analysis {
  const analysis: Analysis = new Map();
  for (const { file, parts } of build.outputs)
    for (const { module, bytes } of parts)
      add(analysis, file, module === null ? '' : build.modules[module]!.id, bytes.raw);
  return analysis;
}

function metafileReader(take: (metafile: Metafile | undefined) => void): EsbuildPlugin {
  return { name: 'metafile-reader', setup: ({ onEnd }) => onEnd(({ metafile }) => void take(metafile)) };
}

/** Fixtures set the working directory to their own folder. */
function ofMetafile(metafile: Metafile, outdir: string, root: string): Analysis {
  const analysis: Analysis = new Map();
  for (const [output, { inputs }] of Object.entries(metafile.outputs)) {
    const file = path.relative(outdir, path.resolve(root, output)).replaceAll('\\', '/');
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) add(analysis, file, input, bytesInOutput);
  }
  return analysis;
}

async function ofExplorer(outdir: string, scripts: readonly string[]): Promise<Analysis | null> {
  const analysis: Analysis = new Map();
  try {
    // By name: a map's URL may begin at the root of a site (`/assets/main.js.map`).
    const files = scripts.map((name) => ({ code: path.join(outdir, name), map: path.join(outdir, `${name}.map`) }));
    const { bundles } = await explore(files, { noBorderChecks: true });
    for (const { bundleName, files: sources } of bundles) {
      const file = path.relative(outdir, bundleName).replaceAll('\\', '/');
      for (const [source, { size }] of Object.entries(sources))
        add(analysis, file, source.startsWith('[') ? '' : source, size);
    }
    return analysis;
  } catch {
    return null;
  }
}

interface SondaReport {
  readonly resources: readonly {
    readonly kind: string;
    readonly name: string;
    readonly parent?: string;
    readonly uncompressed: number;
  }[];
}

/** Sonda names outputs from the working directory; by their end they are told apart. */
function ofSonda(file: string, scripts: readonly string[]): Analysis | null {
  const analysis: Analysis = new Map();
  const { resources } = JSON.parse(readFileSync(file, 'utf8')) as SondaReport;
  for (const { kind, name, parent, uncompressed } of resources) {
    if (kind !== 'chunk' || parent === undefined) continue;
    const output = scripts.find((script) => parent === script || parent.endsWith(`/${script}`));
    if (output !== undefined) add(analysis, output, /unassigned/i.test(name) ? '' : name, uncompressed);
  }
  return analysis;
}

interface VisualizerData {
  readonly nodeParts: Readonly<Record<string, { readonly renderedLength: number }>>;
  readonly nodeMetas: Readonly<
    Record<string, { readonly id: string; readonly moduleParts: Readonly<Record<string, string>> }>
  >;
}

function ofVisualizer(file: string): Analysis {
  const analysis: Analysis = new Map();
  const { nodeParts, nodeMetas } = JSON.parse(readFileSync(file, 'utf8')) as VisualizerData;
  for (const { id, moduleParts } of Object.values(nodeMetas))
    for (const [output, part] of Object.entries(moduleParts))
      add(analysis, output, id, nodeParts[part]?.renderedLength ?? 0);
  return analysis;
}

/** Sonda and bundlers say on stdout what they have written; this benchmark's own output is Markdown. */
function silence(): () => void {
  const { log, info } = console;
  console.log = console.info = () => undefined;
  return () => void Object.assign(console, { log, info });
}
