/** `pare init`: a configuration and the plugin's line, after a look at both. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { createColors } from 'picocolors';

import { PareError } from '../model/errors.ts';
import { defineCommand } from './command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { makePlan, type ConfigFormat, type Plan, type PlannedFile } from './init-plan.ts';
import { detectProject, type Project } from './init-project.ts';
import { note, writeWhole } from './results.ts';
import { hasColor } from './terminal.ts';

export const command = defineCommand({
  help: {
    usage: ['[DIR] [options]'],
    about:
      'Finds out what the project is built with, shows the configuration that it would write and the line that puts the plugin into ' +
      "the bundler's own, and asks before it touches anything. A configuration that is there stays as it is, and where it isn't " +
      'certain how a file is to be changed, the lines to add are printed instead. In a pipe or a CI job, where nobody can be ' +
      'asked, it writes with --yes only.',
    examples: [
      ['init', 'Look, and then decide'],
      ['init --dry-run', 'Only look'],
      ['init --yes --format json', 'In a script'],
    ],
    exits: [
      [EXIT.ok, 'done, or looked at only, or answered with no: then nothing was touched'],
      [EXIT.usage, 'there is nobody to ask, and --yes was not given: nothing was touched'],
    ],
  },
  args: {
    folder: { type: 'positional', required: false, valueHint: 'DIR', description: 'the project; default: here' },
    yes: { type: 'boolean', alias: 'y', description: 'write without asking' },
    'dry-run': { type: 'boolean', description: 'only show what would be written' },
    format: {
      type: 'string',
      valueHint: 'FORMAT',
      description: 'of the configuration: ts, js or json; default: as the project is written',
    },
  },
  async run(args) {
    const folder = path.resolve(args.folder ?? '.');
    const format = parseFormat(args.format);
    const project = detect(folder);
    const plan = makePlan(project, format);
    await show(project, plan);
    if (plan.files.length === 0) return sayAtEnd(project, 'There is nothing to write.');
    if (args['dry-run'] === true) return sayAtEnd(project, 'Nothing was touched.');
    const answer = args.yes === true ? 'yes' : await ask(plan, process.stdin, process.stderr);
    if (answer === 'nobody') {
      note('Nothing was touched: this is no terminal, so nobody can be asked. To write it: pare init --yes');
      return EXIT.usage;
    }
    if (answer === 'no') {
      note('Nothing was touched.');
      return EXIT.ok;
    }
    await writeAll(folder, plan.files);
    return sayAtEnd(project, `Written: ${plan.files.map(({ file }) => file).join(', ')}`);
  },
});

function parseFormat(text: string | undefined): ConfigFormat | null {
  if (text === undefined || text === 'ts' || text === 'js' || text === 'json') return text ?? null;
  throw new PareError('usage', `--format takes ts, js or json, not ${text}`);
}

function detect(folder: string): Project {
  try {
    return detectProject(folder);
  } catch (cause) {
    throw new PareError('not-found', `${folder} can't be read: ${(cause as Error).message}`, { cause });
  }
}

async function show({ bundlers, others }: Project, { files, done, byHand }: Plan): Promise<void> {
  const { bold, green, red, dim } = createColors(hasColor(process.stdout));
  const names = [...bundlers.map(({ name, file }) => (file === null ? name : `${name} (${file})`)), ...others];
  const lines = [`pare  built with ${names.join(', ') || 'nothing that pare knows'}`];
  if (files.length > 0) {
    const { createTwoFilesPatch } = await import('diff');
    for (const { file, before, after } of files) {
      const patch = createTwoFilesPatch(
        before === null ? '/dev/null' : file,
        file,
        before ?? '',
        after,
        undefined,
        undefined,
        { context: 2 },
      );
      const body = patch
        .trimEnd()
        .split('\n')
        .filter((line) => !/^(?:={3,}$|Index: )/.test(line));
      lines.push(
        '',
        ...body.map((line) =>
          line.startsWith('+++') || line.startsWith('---')
            ? bold(line)
            : line.startsWith('+')
              ? green(line)
              : line.startsWith('-')
                ? red(line)
                : line.startsWith('@@')
                  ? dim(line)
                  : line,
        ),
      );
    }
  }
  while (lines.at(-1) === '') lines.pop();
  if (done.length > 0) lines.push('', ...done.map((text) => `${text}.`));
  for (const { text, lines: code } of byHand) lines.push('', text, ...code.map((line) => `    ${line}`));
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** What remains: pare itself, where it isn't installed, and a first look. */
async function sayAtEnd({ folder, isInstalled }: Project, text: string): Promise<ExitCode> {
  note(text);
  if (!isInstalled) note(`To install pare: ${await installCommand(folder)}`);
  return EXIT.ok;
}

/** By the package manager whose lock file is nearest. */
async function installCommand(folder: string): Promise<string> {
  const { detect: detectManager, resolveCommand } = await import('package-manager-detector');
  const found = await detectManager({ cwd: folder });
  const resolved = resolveCommand(found?.agent ?? 'npm', 'add', ['-D', 'pare']);
  return resolved === null ? 'npm install -D pare' : [resolved.command, ...resolved.args].join(' ');
}

export type Answer = 'yes' | 'no' | 'nobody';

/** Asks at a terminal; elsewhere there is nobody. */
export async function ask(
  { files }: Pick<Plan, 'files'>,
  input: Readable & { readonly isTTY?: boolean },
  output: Writable & { readonly isTTY?: boolean },
): Promise<Answer> {
  if (input.isTTY !== true || output.isTTY !== true) return 'nobody';
  const { confirm } = await import('@clack/prompts');
  const message = `Write ${files.map(({ file }) => file).join(' and ')}?`;
  // Ctrl-C gives a symbol, which is no yes.
  return (await confirm({ message, input, output })) === true ? 'yes' : 'no';
}

/** A configuration that appeared in the meantime is nobody's to overwrite. */
async function writeAll(folder: string, files: readonly PlannedFile[]): Promise<void> {
  for (const { file, before, after } of files) {
    const absolute = path.join(folder, file);
    if (before !== null) await writeWhole(absolute, after);
    else
      await writeFile(absolute, after, { flag: 'wx' }).catch((cause: Error) => {
        throw new PareError('write-failed', `${file} can't be written: ${cause.message}`, { cause });
      });
  }
}
