/**
 * The program `pare`. What it does first is as little as can be: a command's code, the help and the printing of errors are
 * loaded when they are asked for.
 */
import { readFileSync } from 'node:fs';

import type { CommandEntry } from './command.ts';
import { EXIT } from './exit-codes.ts';

/** Every command there is. A new one is a file that exports a `Command` by the name `command`, and a row here. */
const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'analyze',
    summary: 'say what a build is made of, byte by byte',
    load: async () => (await import('./analyze.ts')).command,
  },
  {
    name: 'report',
    summary: 'write one HTML page about one build or several',
    load: async () => (await import('./report.ts')).command,
  },
  {
    name: 'why',
    summary: 'say why a module or package is in the build, and what its going would save',
    load: async () => (await import('./why.ts')).command,
  },
];

async function main(words: readonly string[]): Promise<number> {
  const [first, ...rest] = words;
  if (first === '--version' || first === '-v') {
    process.stdout.write(`${packageVersion()}\n`);
    return EXIT.ok;
  }
  if (first === undefined) {
    const { renderOverview } = await import('./help.ts');
    process.stderr.write(renderOverview(COMMANDS, process.stderr));
    return EXIT.usage;
  }
  if (first === 'help' || first === '--help' || first === '-h') return help(rest[0]);
  const entry = await findCommand(first);
  if (asksForHelp(rest)) return help(entry.name);
  const command = await entry.load();
  const { checkArguments } = await import('./arguments.ts');
  checkArguments(entry.name, rest, command.args);
  return command.run(rest);
}

async function help(name: string | undefined): Promise<number> {
  const { renderHelp, renderOverview } = await import('./help.ts');
  if (name === undefined) process.stdout.write(renderOverview(COMMANDS, process.stdout));
  else {
    const entry = await findCommand(name);
    process.stdout.write(renderHelp(entry, await entry.load(), process.stdout));
  }
  return EXIT.ok;
}

async function findCommand(name: string): Promise<CommandEntry> {
  const entry = COMMANDS.find((each) => each.name === name);
  if (entry !== undefined) return entry;
  const { unknownCommand } = await import('./arguments.ts');
  throw unknownCommand(
    name,
    COMMANDS.map((each) => each.name),
  );
}

function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? words.length : end).some((word) => word === '--help' || word === '-h');
}

/** From package.json, which lies two folders up from here, in the repository as in the package. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function fail(error: unknown): Promise<number> {
  const { describeFailure } = await import('./failure.ts');
  const { text, exitCode } = describeFailure(error, process.stderr);
  process.stderr.write(text);
  return exitCode;
}

async function leaveFailing(error: unknown): Promise<void> {
  process.exit(await fail(error));
}

/** A reader that has seen enough (`pare … | head`) is no error. */
function leaveQuietlyWhenNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
}

process.stdout.on('error', leaveQuietlyWhenNobodyReads);
process.stderr.on('error', leaveQuietlyWhenNobodyReads);
process.on('uncaughtException', leaveFailing);

// The exit code is set and not forced, so that what was written to a pipe gets there.
process.exitCode = await main(process.argv.slice(2)).catch(fail);
