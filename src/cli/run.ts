/** From the command line to the command, and from whatever comes of it to an exit code. */
import type { CommandEntry } from './command.ts';
import { EXIT } from './exit-codes.ts';

/** Runs what the words ask for and sets the exit code. Never throws. */
export async function run(commands: readonly CommandEntry[], words: readonly string[]): Promise<void> {
  process.stdout.on('error', leaveQuietlyWhenNobodyReads);
  process.stderr.on('error', leaveQuietlyWhenNobodyReads);
  process.on('uncaughtException', leaveFailing);
  // The exit code is set and not forced, so that what was written to a pipe gets there.
  process.exitCode = await dispatch(commands, words).catch(fail);
}

async function dispatch(commands: readonly CommandEntry[], [first, ...rest]: readonly string[]): Promise<number> {
  if (first === undefined) {
    const { renderOverview } = await import('./help.ts');
    process.stderr.write(renderOverview(commands, process.stderr));
    return EXIT.usage;
  }
  if (first === 'help' || first === '--help' || first === '-h') return help(commands, rest[0]);
  const entry = await findCommand(commands, first);
  if (asksForHelp(rest)) return help(commands, entry.name);
  const command = await entry.load();
  const { checkArguments } = await import('./arguments.ts');
  checkArguments(entry.name, rest, command.args);
  return command.run(rest);
}

async function help(commands: readonly CommandEntry[], name: string | undefined): Promise<number> {
  const { renderHelp, renderOverview } = await import('./help.ts');
  if (name === undefined) process.stdout.write(renderOverview(commands, process.stdout));
  else {
    const entry = await findCommand(commands, name);
    process.stdout.write(renderHelp(entry, await entry.load(), process.stdout));
  }
  return EXIT.ok;
}

async function findCommand(commands: readonly CommandEntry[], name: string): Promise<CommandEntry> {
  const entry = commands.find((each) => each.name === name);
  if (entry !== undefined) return entry;
  const { unknownCommand } = await import('./arguments.ts');
  throw unknownCommand(
    name,
    commands.map((each) => each.name),
  );
}

function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? words.length : end).some((word) => word === '--help' || word === '-h');
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
