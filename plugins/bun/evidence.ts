/**
 * Evidence from Bun: the metafile of `Bun.build`, which follows esbuild's but for a few things, and the bytes of what it made.
 *
 * - Inputs are named from the working directory, outputs from the output folder.
 * - A dynamic import leads to the chunk instead of to the module, which stands beside it as `entryPoint`.
 * - Files that were copied (images, fonts) are no outputs in it, and a page has no input.
 * - A style sheet that scripts import has the script as its entry point.
 * - An output's inputs stand in no order, and their lengths are those before names of files were put in.
 */
import path from 'node:path';

import { esbuildEvidence, type EsbuildMetafile } from '../../src/collect/esbuild-metafile.ts';
import type { Diagnostic } from '../../src/model/build.ts';
import type { BuildEvidence, OutputEvidence } from '../../src/measure/evidence.ts';
import { moduleIdsOfSources, toPosix } from '../../src/measure/module-id.ts';
import { readSourceMap } from '../../src/measure/source-map.ts';
import type { BunBuild } from './bun-build.ts';
import { completeInputs, loadOrder } from './inputs.ts';
import { printedLengths } from './printed-lengths.ts';

type EsbuildOutput = EsbuildMetafile['outputs'][string];

export function bunEvidence(build: BunBuild): BuildEvidence {
  const inputs = completeInputs(build);
  const evidence = esbuildEvidence({
    ...build,
    metafile: { inputs, outputs: outputsOf(build, loadOrder(build.metafile, inputs)) },
    read: (file) => build.files.get(file) ?? null,
  });
  const outputs = withSourceBases(build, evidence);
  const bundler = { name: 'bun', version: build.version };
  return { ...evidence, outputs, bundler, diagnostics: [...evidence.diagnostics, ...withoutMaps(outputs)] };
}

/** Bun writes the sources of a map in a folder as if the map lay in the output folder itself: they start where they are found. */
function withSourceBases({ root, outdir }: BunBuild, { outputs, moduleIds }: BuildEvidence): OutputEvidence[] {
  const known = new Set(moduleIds);
  return outputs.map((output) => {
    const { map } = output;
    if (map === null || path.relative(outdir, map.base) === '') return output;
    const sources = readSourceMap(map.bytes, map.file).sections.flatMap((section) => section.sources);
    const found = (base: string) =>
      moduleIdsOfSources(root, base, sources).filter((id) => id !== null && known.has(id)).length;
    return found(outdir) > found(map.base) ? { ...output, map: { ...map, base: outdir } } : output;
  });
}

/** The metafile has no places: without a map, where a module lies follows from the order of the imports. */
function withoutMaps(outputs: readonly OutputEvidence[]): Diagnostic[] {
  const bare = outputs.filter(({ kind, map, contents }) => kind === 'chunk' && map === null && contents.length > 0);
  if (bare.length === 0) return [];
  const names = bare.slice(0, 3).map(({ file }) => file);
  const more = bare.length - names.length;
  return [
    {
      code: 'map-missing',
      file: bare.length === 1 ? bare[0]!.file : null,
      message: `${names.join(', ')}${more === 0 ? '' : ` and ${more} more`} ${bare.length === 1 ? 'has' : 'have'} no source map: the modules' raw bytes are those that Bun printed, the gzip and brotli bytes only near the truth`,
      hint: "Set `sourcemap: 'external'` in Bun.build; the maps need not be deployed.",
    },
  ];
}

function outputsOf(build: BunBuild, order: readonly string[]): EsbuildMetafile['outputs'] {
  const { metafile, outdir, files } = build;
  const absolute = (file: string) => path.resolve(outdir, file);
  const named = new Set(Object.keys(metafile.outputs).map(absolute));
  const further = [...files.keys()].filter((file) => !named.has(file));
  const sources = sourcesOfCopies(build, further);
  const copies = new Map([...sources].map(([file, input]) => [input, toPosix(path.relative(outdir, file))]));
  const outputs: Record<string, EsbuildOutput> = {};
  for (const [name, output] of Object.entries(metafile.outputs)) {
    const { entryPoint, ...rest } = output;
    outputs[absolute(name)] = {
      ...rest,
      inputs: isPage(name) ? pageInput(output) : printedLengths(build, name, { order, copies }),
      imports: output.imports.map((each) =>
        each.path in metafile.outputs ? { ...each, path: absolute(each.path) } : each,
      ),
      ...(output.cssBundle === undefined ? {} : { cssBundle: absolute(output.cssBundle) }),
      ...(entryPoint === undefined || isForeignEntry(name, entryPoint) ? {} : { entryPoint }),
    };
  }
  for (const file of further) {
    const bytes = files.get(file)!.length;
    const input = sources.get(file);
    outputs[file] = { bytes, inputs: input === undefined ? {} : { [input]: { bytesInOutput: bytes } }, imports: [] };
  }
  return outputs;
}

const isPage = (file: string): boolean => /\.html?$/i.test(file);

/** Of the styles that a script imports, only the script is the start. */
const isForeignEntry = (output: string, entryPoint: string): boolean =>
  /\.css$/i.test(output) && !/\.(?:css|html?)$/i.test(entryPoint);

const pageInput = ({ entryPoint, bytes }: EsbuildOutput): EsbuildOutput['inputs'] =>
  entryPoint === undefined ? {} : { [entryPoint]: { bytesInOutput: bytes } };

/** The input that each of these files is a copy of, to the byte. */
function sourcesOfCopies({ metafile, files, source, workingDir }: BunBuild, copies: readonly string[]) {
  const found = new Map<string, string>();
  const inputs = Object.keys(metafile.inputs);
  for (const file of copies) {
    if (file.endsWith('.map')) continue;
    const input = inputs.find((name) => {
      if (path.extname(name) !== path.extname(file)) return false;
      const bytes = source(path.resolve(workingDir, name));
      return bytes !== null && Buffer.compare(bytes, files.get(file)!) === 0;
    });
    if (input !== undefined) found.set(file, input);
  }
  return found;
}
