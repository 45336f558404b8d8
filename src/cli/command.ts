/** What a command is: its arguments, its help, and what it does. */
import { parseArgs, type ArgsDef, type ParsedArgs } from 'citty';

import type { ExitCode } from './exit-codes.ts';

export interface CommandHelp {
  /** What follows `pare NAME`, one line for each way to call it. */
  readonly usage: readonly string[];
  /** What the command does, in sentences. */
  readonly about: string;
  /** Command lines without `pare`, each with what it is good for. */
  readonly examples: readonly (readonly [line: string, purpose: string])[];
  /** Exit codes that mean something special for this command. */
  readonly exits?: readonly (readonly [code: ExitCode, meaning: string])[];
}

export interface Command {
  readonly help: CommandHelp;
  readonly args: ArgsDef;
  /** @param words the command line after the command's name, already checked */
  readonly run: (words: readonly string[]) => Promise<ExitCode>;
}

/** A row of the table of commands in main.ts. */
export interface CommandEntry {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Binds a command's `run` to the types of its arguments. */
export function defineCommand<const T extends ArgsDef>(parts: {
  readonly help: CommandHelp;
  readonly args: T;
  readonly run: (args: ParsedArgs<T>) => Promise<ExitCode>;
}): Command {
  const { help, args, run } = parts;
  return { help, args, run: async (words) => run(parseArgs<T>(separateShortOptions(words), args)) };
}

/** `-o=FILE` as `-o FILE`: the parser would take `=FILE` for the value. */
export function separateShortOptions(words: readonly string[]): string[] {
  const end = words.indexOf('--');
  const separated = words
    .slice(0, end === -1 ? words.length : end)
    .flatMap((word) => (/^-[a-z]=/i.test(word) ? [word.slice(0, 2), word.slice(3)] : [word]));
  return end === -1 ? separated : [...separated, ...words.slice(end)];
}
