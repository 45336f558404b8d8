/** What is printed of an error, and the exit code it ends with. */
import { createColors } from 'picocolors';

import { PareError } from '../model/errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { hasColor, type TextStream } from './terminal.ts';

export interface Failure {
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** No fault of the command line, and none of ours: a full disk, too many open files. */
const MACHINE_TROUBLE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE']);

/** A user's mistake is told in a message and a hint; only a bug of ours, or PARE_DEBUG, shows a stack. */
export function describeFailure(error: unknown, stream: TextStream, env: NodeJS.ProcessEnv = process.env): Failure {
  const { bold, red, dim } = createColors(hasColor(stream, env));
  const debug = (env['PARE_DEBUG'] ?? '') !== '';
  const stack = debug ? `${dim(stackOf(error))}\n` : '';
  if (error instanceof PareError) {
    const hint = error.hint === null ? '' : `  ${error.hint}\n`;
    return { text: `${bold(red('error'))} ${error.message}\n${hint}${stack}`, exitCode: exitCodeOf(error.code) };
  }
  if (error instanceof Error && MACHINE_TROUBLE.has((error as NodeJS.ErrnoException).code ?? ''))
    return { text: `${bold(red('error'))} ${error.message}\n${stack}`, exitCode: EXIT.input };
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const request = debug
    ? 'This is a bug in pare. Please report it with what is above.'
    : 'This is a bug in pare. Please report it with what the same command prints under PARE_DEBUG=1.';
  return { text: `${bold(red('internal error'))} ${said}\n${stack}  ${request}\n`, exitCode: EXIT.internal };
}

/** By the error's code: a wrong command line or configuration is the caller's, everything else is a file's. */
function exitCodeOf(code: string): ExitCode {
  if (code === 'name-unknown') return EXIT.found;
  if (/^(?:usage|name-ambiguous|options-|config-|budget-|baseline-)/.test(code)) return EXIT.usage;
  return EXIT.input;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
