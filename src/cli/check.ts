/** `pare check`: holds a build to its budgets; for CI. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { Budget } from '../budget/budget.ts';
import { load, type LoadedConfig } from '../config/load.ts';
import { PareError } from '../model/errors.ts';
import { ANALYSIS_ARGS, analyzeTarget } from './analysis.ts';
import { configuredOutputs, parseFormats, renderCheck, type WantedOutput } from './check-formats.ts';
import { defineCommand } from './command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { findOutputFolder, groundsOfChoice } from './output-folder.ts';
import { joinRepeated } from './repeated.ts';
import { pathWithin, repositoryRoot } from './repository.ts';
import { note, writeWhole } from './results.ts';
import { hasColor } from './terminal.ts';

/** Held where there is a baseline and no budget is configured. */
const DEFAULT_BUDGETS: readonly Budget[] = [{ kind: 'total', max: '+2%' }];

const definition = defineCommand({
  help: {
    usage: ['[DIR] [options]'],
    about:
      'Holds a build to the budgets of pare.config.ts, .js, .mjs or .json, or of the field "pare" in package.json. What is over is ' +
      'named with its three largest causes: the import statements that lead to each, and those that must go for it to leave. ' +
      'With a baseline, budgets may be relative ("+2%", "+5 kB", "ratchet"); without any budget, all files together may then ' +
      'be 2 % larger. Relative budgets need a baseline.',
    examples: [
      ['check dist', 'Absolute budgets'],
      ['check dist --baseline pare-baseline.json', 'Against the baseline of the main branch'],
      ['check dist --format text,github --format markdown=pr.md', 'On GitHub: log, annotations, and a comment to post'],
      ['check dist --format sarif=pare.sarif,junit=pare.xml', 'Files for code scanning and for a CI server'],
    ],
    exits: [
      [EXIT.ok, 'all budgets hold'],
      [EXIT.found, 'something is over an absolute limit, or a banned package is in'],
      [EXIT.usage, 'the configuration or the baseline is wrong; nothing was checked'],
      [EXIT.input, "a file can't be read or written"],
      [EXIT.regressed, 'nothing is over an absolute limit, but something grew more over the baseline than it may'],
    ],
  },
  args: {
    target: { type: 'positional', required: false, valueHint: 'DIR', description: 'the build' },
    baseline: {
      type: 'string',
      valueHint: 'FILE',
      description: 'compare with this baseline or Build record; default: what the configuration names',
    },
    format: {
      type: 'string',
      alias: 'f',
      valueHint: 'FORMAT[=FILE]',
      description:
        'text, json, jsonl, markdown, github, sarif, junit or gitlab, to stdout or to FILE; a list with commas, or ' +
        'given more than once; default: text',
    },
    config: { type: 'string', valueHint: 'FILE', description: 'the configuration; default: the nearest upwards' },
    ...ANALYSIS_ARGS,
  },
  async run(args) {
    const wanted = args.format === undefined ? [TEXT] : parseFormats(args.format);
    const loaded = await load({ file: args.config });
    const { mentionText, warningText } = await import('./diagnostics.ts');
    const said = { stdout: '', stderr: '' };
    const tell = (text: string): void => {
      said.stderr += text;
      process.stderr.write(text);
    };
    tell(warningText(loaded.warnings));
    const baselineFile = args.baseline ?? configuredBaseline(loaded);
    const baseline = baselineFile === null ? null : await (await import('./load-build.ts')).loadBaseline(baselineFile);
    const budgets = budgetsOf(loaded, baseline !== null, tell);
    const target = args.target ?? (await findOutputFolder());
    const { build, root, sources, asked, fingerprint } = await analyzeTarget(target, args, { config: loaded });
    tell(mentionText(build.diagnostics));
    const { composeCheck } = await import('../report/compose-check.ts');
    const report = await composeCheck(build, budgets, { baseline, sources });
    const missing = new Map<string, 'none'>();
    const repository = await repositoryRoot(root, process.env, (file) => missing.set(file, 'none'));
    const outputs = withoutRepeats([...wanted, ...configuredOutputs(loaded.config.outputs)]);
    for (const { format, file } of outputs) {
      const text = await renderCheck(report, format, {
        color: file === null && hasColor(process.stdout),
        folder: pathWithin(repository, root),
        configFile: pathWithin(repository, loaded.file ?? path.join(root, 'package.json')),
        version: await packageVersion(),
      });
      if (file === null) {
        said.stdout += text;
        process.stdout.write(text);
      } else {
        await writeWhole(file, text);
        note(`${format} written to ${file}`);
      }
    }
    const choice = args.target === undefined ? groundsOfChoice(target) : NOTHING;
    // What was written to a file is written each time.
    if (args.cache && choice !== null && outputs.every(({ file }) => file === null)) {
      const { areSettled, rememberAnswer } = await import('./remember.ts');
      const own = [...loaded.files, ...(baselineFile === null ? [] : [path.resolve(baselineFile)])];
      if (areSettled(loaded.files))
        rememberAnswer({ ...said, exitCode: exitCodes[report.status] }, fingerprint, {
          read: new Set([...own, ...loaded.folders, ...asked.read]),
          probed: new Map([...choice, ...missing, ...asked.probed]),
        });
    }
    return exitCodes[report.status];
  },
});

/** `--format` may be given more than once. */
export const command = {
  ...definition,
  run: (words: readonly string[]) => definition.run(joinRepeated(words, '--format', '-f')),
};

const NOTHING: ReadonlyMap<string, 'none'> = new Map();

const TEXT: WantedOutput = { format: 'text', file: null };

const exitCodes: Readonly<Record<'ok' | 'over' | 'regressed', ExitCode>> = {
  ok: EXIT.ok,
  over: EXIT.found,
  regressed: EXIT.regressed,
};

function configuredBaseline({ config }: LoadedConfig): string | null {
  return config.baseline === null ? null : path.relative(process.cwd(), config.baseline);
}

function budgetsOf(
  { config: { budgets } }: LoadedConfig,
  hasBaseline: boolean,
  tell: (text: string) => void,
): readonly Budget[] {
  if (budgets.length > 0) return budgets;
  if (hasBaseline) {
    tell('No budgets are configured: all files together may be 2 % larger than in the baseline.\n');
    return DEFAULT_BUDGETS;
  }
  throw new PareError('config-missing', 'There is nothing to check: neither budgets nor a baseline', {
    hint: 'Write budgets into pare.config.json, for example: { "budgets": [{ "kind": "total", "max": "200 kB" }] }, or name a baseline: pare check --baseline FILE',
  });
}

/** What the command line says comes before the configuration. */
function withoutRepeats(outputs: readonly WantedOutput[]): WantedOutput[] {
  return outputs.filter(
    ({ format, file }, at) => outputs.findIndex((each) => each.format === format && each.file === file) === at,
  );
}

async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
