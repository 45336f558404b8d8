/** `pare why`: why a module or a package is in the bundle, and how it could leave. */
import { PareError } from '../model/errors.ts';
import { ANALYSIS_ARGS, analyzeTarget } from './analysis.ts';
import { parseRows } from './arguments.ts';
import { defineCommand } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { findOutputFolder } from './output-folder.ts';
import { writeResult } from './results.ts';
import { hasColor, widthOf } from './terminal.ts';

const CHAINS = 3;
const ROWS = 10;

export const command = defineCommand({
  help: {
    usage: ['NAME [DIR] [options]'],
    about:
      'Shows the shortest chains of imports from an entry to a module or package, every statement that imports it, its own ' +
      'size and what would leave with it, and the fewest import statements that have to go for it to leave. NAME is a ' +
      'package (lodash, lodash@4.17.21), a file (src/App.tsx), a path in a package (lodash/get) or the end of one. ' +
      'DIR is found as in pare analyze, and may be a metafile or stats file.',
    examples: [
      ['why moment', 'Who brought moment in?'],
      ['why src/pages/Admin.tsx dist', 'Is this page in the first load?'],
      ['why lodash --evidence meta.json --json', 'For a script; exit code 1 where it is not in the build'],
    ],
    exits: [
      [EXIT.ok, 'it is in the build'],
      [EXIT.found, 'no package or module has this name'],
      [EXIT.usage, 'wrong options, or several modules have this name'],
    ],
  },
  args: {
    name: { type: 'positional', required: true, valueHint: 'NAME', description: 'package or module' },
    target: { type: 'positional', required: false, valueHint: 'DIR', description: 'what to analyze' },
    rows: {
      type: 'string',
      valueHint: 'N',
      description: `chains and rows of each list, or "all"; default: ${CHAINS} and ${ROWS}`,
    },
    json: { type: 'boolean', description: 'print the answer as JSON on one line' },
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
    if (args.name.trim() === '')
      throw new PareError('usage', 'The name is empty: pare why takes a package or a file', {
        hint: 'Which packages there are: pare analyze --packages --rows all',
      });
    const rows = args.rows === undefined ? null : parseRows('why', args.rows);
    const analysis = await analyzeTarget(args.target ?? (await findOutputFolder()), args);
    const [{ findTarget }, { answerWhy }, { mentionWarnings }] = await Promise.all([
      import('./find-target.ts'),
      import('./why-answer.ts'),
      import('./diagnostics.ts'),
    ]);
    mentionWarnings(analysis.build.diagnostics);
    const answer = await answerWhy(analysis, findTarget(analysis.build, analysis.root, args.name));
    if (args.json || args.pretty || args.out?.endsWith('.json')) {
      await writeResult(`${JSON.stringify(answer, null, args.pretty ? 2 : undefined)}\n`, args.out);
      return EXIT.ok;
    }
    const { renderWhy } = await import('./why-text.ts');
    const text = renderWhy(answer, {
      color: args.out === undefined && hasColor(process.stdout),
      width: args.out === undefined ? widthOf(process.stdout) : Infinity,
      chains: rows ?? CHAINS,
      rows: rows ?? ROWS,
    });
    await writeResult(text, args.out);
    return EXIT.ok;
  },
});
