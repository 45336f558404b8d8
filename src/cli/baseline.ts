/** `pare baseline`: what later builds are compared with, as a small file to check in or to keep. */
import { formatBytes } from '../../reports/format-bytes.ts';
import { writeBaseline } from '../budget/baseline.ts';
import { ANALYSIS_ARGS } from './analysis.ts';
import { defineCommand } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { loadBuild } from './load-build.ts';
import { findOutputFolder } from './output-folder.ts';
import { note, writeWhole } from './results.ts';

export const command = defineCommand({
  help: {
    usage: ['[DIR] [options]'],
    about:
      'Writes what pare check and pare diff need of a build: modules, imports and sizes. The file has a line for each module, ' +
      'so that version control shows what changed, and the same build gives the same file. Check it in, or keep it from the ' +
      'builds of the main branch. Its path goes to stdout.',
    examples: [
      ['baseline dist', 'Write pare-baseline.json'],
      ['baseline dist --out ci/baseline.json', 'Write it elsewhere'],
    ],
  },
  args: {
    target: { type: 'positional', required: false, valueHint: 'DIR', description: 'the build' },
    out: {
      type: 'string',
      alias: 'o',
      valueHint: 'FILE',
      default: 'pare-baseline.json',
      description: 'where the baseline goes',
    },
    ...ANALYSIS_ARGS,
  },
  async run(args) {
    const build = await loadBuild(args.target ?? (await findOutputFolder()), args);
    const { mentionWarnings } = await import('./diagnostics.ts');
    mentionWarnings(build.diagnostics);
    const text = writeBaseline(build);
    await writeWhole(args.out, text);
    process.stdout.write(`${args.out}\n`);
    note(`${formatBytes(Buffer.byteLength(text))} for ${build.modules.length} modules`);
    return EXIT.ok;
  },
});
