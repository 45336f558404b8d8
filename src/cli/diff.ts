/** `pare diff`: what changed from one build to another, and why. */
import { diffBuilds } from '../budget/diff.ts';
import { PareError } from '../model/errors.ts';
import { ANALYSIS_ARGS } from './analysis.ts';
import { parseRows } from './arguments.ts';
import { defineCommand } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { loadBuild } from './load-build.ts';
import { writeResult } from './results.ts';
import { hasColor, widthOf } from './terminal.ts';

export const DIFF_SCHEMA = 'pare/diff@1';

export const command = defineCommand({
  help: {
    usage: ['BEFORE AFTER [options]'],
    about:
      'Compares two builds by what their modules are, whatever files they lie in: other hashes, moved chunks and another order ' +
      'are no change, and the bundlers may be two. Each change comes with its cause: the import that is new, the version ' +
      'that changed, the code that grew. BEFORE and AFTER are folders, metafiles, stats files, Build records or baselines.',
    examples: [
      ['diff ../main/dist dist', 'Two folders'],
      ['diff pare-baseline.json dist --markdown', 'What changed over a baseline, for a pull request'],
      ["diff old.json new.json --json | jq '.total.delta'", 'Two Build records, for a script'],
    ],
  },
  args: {
    before: { type: 'positional', required: true, valueHint: 'BEFORE', description: 'the build before' },
    after: { type: 'positional', required: true, valueHint: 'AFTER', description: 'the build after' },
    rows: { type: 'string', valueHint: 'N', description: 'rows of each list, or "all"; default: 10' },
    json: { type: 'boolean', description: `print all of it as JSON on one line, ${DIFF_SCHEMA}` },
    pretty: { type: 'boolean', description: 'indent the JSON' },
    markdown: { type: 'boolean', description: 'print Markdown, for a comment of less than 65,536 characters' },
    out: {
      type: 'string',
      alias: 'o',
      valueHint: 'FILE',
      description: 'write to FILE instead of stdout; FILE.json means --json, FILE.md --markdown',
    },
    ...ANALYSIS_ARGS,
  },
  async run(args) {
    const isJson = args.json || args.pretty || (args.out?.endsWith('.json') ?? false);
    const isMarkdown = args.markdown || (args.out?.endsWith('.md') ?? false);
    if (isJson && isMarkdown)
      throw new PareError('usage', '--json and --markdown are two forms', { hint: 'Ask for one at a time.' });
    const rows = args.rows === undefined ? 10 : parseRows('diff', args.rows);
    const [before, after] = [await loadBuild(args.before, args), await loadBuild(args.after, args)];
    const { mentionWarnings } = await import('./diagnostics.ts');
    mentionWarnings([...before.diagnostics, ...after.diagnostics]);
    const diff = diffBuilds(before, after);
    const names = { before: args.before, after: args.after };
    if (isJson) {
      const text = JSON.stringify({ schema: DIFF_SCHEMA, ...diff }, null, args.pretty ? 2 : undefined);
      await writeResult(`${text}\n`, args.out);
    } else if (isMarkdown) {
      const { renderDiffMarkdown } = await import('../../reports/markdown.ts');
      await writeResult(renderDiffMarkdown(diff, names), args.out);
    } else {
      const { renderDiff } = await import('./diff-text.ts');
      const color = args.out === undefined && hasColor(process.stdout);
      const width = args.out === undefined ? widthOf(process.stdout) : Infinity;
      await writeResult(renderDiff(diff, names, { color, width, rows }), args.out);
    }
    return EXIT.ok;
  },
});
