/** `pare analyze`: what a build is made of, as a summary, as a list, or as the record itself. */
import type { Build } from '../model/build.ts';
import { PareError } from '../model/errors.ts';
import { ANALYSIS_ARGS, analyzeTarget } from './analysis.ts';
import { parseRows } from './arguments.ts';
import { defineCommand } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { findOutputFolder, groundsOfChoice } from './output-folder.ts';
import { writeResult } from './results.ts';
import type { Measure } from './size-lists.ts';
import { hasColor, widthOf } from './terminal.ts';

export const command = defineCommand({
  help: {
    usage: ['[DIR] [options]', 'METAFILE.json', 'STATS.json'],
    about:
      'Reads the finished output of any bundler with its source maps and says whose each byte is: raw, gzip and brotli. ' +
      'Without DIR it takes dist, build, out, .output/public or public/build, whichever is first to have JavaScript in it. ' +
      'An esbuild metafile or a webpack stats file will do in its place. Warnings go to stderr.',
    examples: [
      ['analyze dist', 'A summary of the build in dist'],
      ['analyze dist --packages --rows all', 'Every package with its size'],
      ['analyze dist --evidence meta.json', 'With what esbuild knows besides the source maps'],
      ["analyze dist --json | jq '.outputs[] | [.file, .bytes.brotli]'", 'The record, for a script'],
    ],
  },
  args: {
    target: { type: 'positional', required: false, valueHint: 'DIR', description: 'what to analyze' },
    packages: { type: 'boolean', description: 'list the packages' },
    modules: { type: 'boolean', description: 'list the modules' },
    rows: {
      type: 'string',
      valueHint: 'N',
      description: 'rows of each list, or "all"; default: 10, of a single list 30',
    },
    sort: {
      type: 'string',
      valueHint: 'raw|gzip|brotli',
      description: 'what --packages and --modules are sorted by; default: raw',
    },
    json: { type: 'boolean', description: 'print the Build record, or the list, as JSON on one line' },
    pretty: { type: 'boolean', description: 'indent the JSON' },
    out: {
      type: 'string',
      alias: 'o',
      valueHint: 'FILE',
      description: 'write to FILE instead of stdout; FILE.json means --json',
    },
    ...ANALYSIS_ARGS,
  },
  async run(args) {
    const list = args.packages ? 'package' : args.modules ? 'module' : null;
    if (args.packages && args.modules)
      throw new PareError('usage', '--packages and --modules are two lists', { hint: 'Ask for one at a time.' });
    const measure = parseMeasure(args.sort ?? 'raw', args.gzip, args.brotli);
    const rows = args.rows === undefined ? null : parseRows('analyze', args.rows);
    const target = args.target ?? (await findOutputFolder());
    const analysis = await analyzeTarget(target, args);
    const { build } = analysis;
    const { warningText } = await import('./diagnostics.ts');
    const warnings = warningText(build.diagnostics);
    process.stderr.write(warnings);
    const isJson = args.json || args.pretty || (args.out?.endsWith('.json') ?? false);
    const indent = args.pretty ? 2 : undefined;
    const color = args.out === undefined && hasColor(process.stdout);
    const width = args.out === undefined ? widthOf(process.stdout) : Infinity;
    const give = async (stdout: string): Promise<void> => {
      await writeResult(stdout, args.out);
      const probed = args.target === undefined ? groundsOfChoice(target) : NO_CHOICE;
      // What was written to a file is written each time.
      if (args.out !== undefined || !args.cache || probed === null) return;
      const { rememberAnswer } = await import('./remember.ts');
      const said = { exitCode: EXIT.ok, stdout, stderr: warnings };
      rememberAnswer(said, analysis.fingerprint, { read: new Set(), probed });
    };
    if (list === null) {
      const text = isJson ? `${JSON.stringify(build, null, indent)}\n` : await summary(build, color, width, rows ?? 10);
      await give(text);
      return EXIT.ok;
    }
    const { moduleSizes, packageSizes, renderSizes } = await import('./size-lists.ts');
    const sizes = list === 'package' ? packageSizes(build, measure) : moduleSizes(build, measure);
    const text = isJson
      ? `${JSON.stringify({ schema: `pare/${list}-sizes@1`, sizes }, null, indent)}\n`
      : renderSizes(sizes, list, measure, rows ?? 30, { color, width });
    await give(text);
    return EXIT.ok;
  },
});

const NO_CHOICE: ReadonlyMap<string, 'none'> = new Map();

/** The warnings are on stderr already. */
async function summary(build: Build, color: boolean, width: number, rows: number): Promise<string> {
  const { renderSummary } = await import('../../reports/terminal.ts');
  return renderSummary({ ...build, diagnostics: [] }, { color, width, rows });
}

function parseMeasure(text: string, gzip: boolean, brotli: boolean): Measure {
  if (text !== 'raw' && text !== 'gzip' && text !== 'brotli')
    throw new PareError('usage', `--sort takes raw, gzip or brotli, not ${text}`);
  if ((text === 'gzip' && !gzip) || (text === 'brotli' && !brotli))
    throw new PareError('usage', `--sort ${text} and --no-${text} don't go together`);
  return text;
}
