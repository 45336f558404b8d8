/** The exit codes of every command; docs/cli.md has them for users. */
export const EXIT = {
  ok: 0,
  /** The answer is no: over budget, not in the build. */
  found: 1,
  /** A command, an option or a configuration that there isn't. */
  usage: 2,
  /** A file that can't be read, or written. */
  input: 3,
  /** Within the absolute limits, but something grew more over the baseline than it may. */
  regressed: 4,
  /** A bug in pare (EX_SOFTWARE of sysexits.h). */
  internal: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
