/** `pare export`: a build in the formats of other tools. */
import type { Build } from '../model/build.ts';
import { PareError } from '../model/errors.ts';
import { nearest } from '../model/nearest-name.ts';
import { ANALYSIS_ARGS } from './analysis.ts';
import { defineCommand } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { loadBuild } from './load-build.ts';
import { findOutputFolder } from './output-folder.ts';
import { writeResult } from './results.ts';

const WRITERS: Readonly<Record<string, () => Promise<(build: Build) => string>>> = {
  visualizer: async () => (await import('../../reports/visualizer.ts')).renderVisualizerData,
  'source-map-explorer': async () => (await import('../../reports/source-map-explorer.ts')).renderSourceMapExplorer,
  metafile: async () => (await import('../../reports/metafile.ts')).renderMetafile,
};
const FORMATS = Object.keys(WRITERS);

export const command = defineCommand({
  help: {
    usage: ['[DIR] --format FORMAT [options]'],
    about:
      'Writes a build as other tools read it: the raw data of rollup-plugin-visualizer, so that its own program draws the build ' +
      'of any bundler; the JSON of source-map-explorer; an esbuild metafile. DIR may be a Build record too.',
    examples: [
      [
        'export dist --format visualizer -o stats.json && npx rollup-plugin-visualizer stats.json --template sunburst',
        'Draw a sunburst of a build of any bundler',
      ],
      ['export dist --format metafile -o meta.json', 'For viewers of esbuild metafiles'],
    ],
  },
  args: {
    target: { type: 'positional', required: false, valueHint: 'DIR', description: 'the build' },
    format: { type: 'string', alias: 'f', valueHint: 'FORMAT', description: `${FORMATS.join(', ')}` },
    out: { type: 'string', alias: 'o', valueHint: 'FILE', description: 'write to FILE instead of stdout' },
    ...ANALYSIS_ARGS,
  },
  async run(args) {
    const writer = WRITERS[args.format ?? ''];
    if (args.format === undefined || writer === undefined) throw noFormat(args.format);
    const build = await loadBuild(args.target ?? (await findOutputFolder()), args);
    const { mentionWarnings } = await import('./diagnostics.ts');
    mentionWarnings(build.diagnostics);
    await writeResult((await writer())(build), args.out);
    return EXIT.ok;
  },
});

function noFormat(format: string | undefined): PareError {
  const known = `Its formats: ${FORMATS.join(', ')}`;
  if (format === undefined) return new PareError('usage', 'pare export needs --format', { hint: known });
  const meant = nearest(format, FORMATS);
  return new PareError('usage', `pare export has no format ${JSON.stringify(format)}`, {
    hint: meant === null ? known : `Did you mean ${meant}?`,
  });
}
