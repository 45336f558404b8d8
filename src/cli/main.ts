/**
 * The program `pare`. What it does itself is as little as can be: everything else is loaded when it is asked for, so that
 * `pare --version` costs hardly more than Node.
 */
import { fstatSync, readFileSync, statSync, writeSync } from 'node:fs';

import type { CommandEntry } from './command.ts';
import type { TextStream } from './terminal.ts';

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
  {
    name: 'check',
    summary: 'hold a build to its budgets: for CI',
    load: async () => (await import('./check.ts')).command,
  },
  {
    name: 'diff',
    summary: 'say what changed from one build to another, and why',
    load: async () => (await import('./diff.ts')).command,
  },
  {
    name: 'baseline',
    summary: 'write the file that check and diff compare with',
    load: async () => (await import('./baseline.ts')).command,
  },
  {
    name: 'export',
    summary: 'write a build in the formats of other tools',
    load: async () => (await import('./export.ts')).command,
  },
  {
    name: 'compress',
    summary: 'write compressed copies beside a build, and deltas to earlier releases',
    load: async () => (await import('./compress.ts')).command,
  },
  {
    name: 'cache',
    summary: 'say what the cache is good for, clear it, check it, load it ahead',
    load: async () => (await import('./cache.ts')).command,
  },
  {
    name: 'config',
    summary: 'print the configuration and where each of its values came from',
    load: async () => (await import('./config.ts')).command,
  },
  {
    name: 'init',
    summary: 'write a configuration and put the plugin into the bundler, after asking',
    load: async () => (await import('./init.ts')).command,
  },
];

/** From package.json, which lies two folders up from here, in the repository as in the package. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

type Descriptor = 1 | 2;

const streamOf = (descriptor: Descriptor) => (descriptor === 1 ? process.stdout : process.stderr);

/** Without a stream: making one costs more than all the rest. */
function print(descriptor: Descriptor, text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(descriptor, bytes, done);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A reader that is slow is waited for by the stream; one that has seen enough is no error.
    if (code === 'EAGAIN') streamOf(descriptor).write(bytes.subarray(done));
    else if (code !== 'EPIPE') process.exitCode = 3;
  }
}

/** What is at the other end of a stream, without making it where nobody sits there. */
function endOf(descriptor: Descriptor): TextStream {
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isCharacterDevice() || stats.rdev === statSync('/dev/null').rdev) return {};
  } catch {
    // Not on this system: the stream knows.
  }
  return streamOf(descriptor);
}

/** Commands whose answers are kept: while nothing has changed, they are only said again. */
const ANSWERED = new Set(['analyze', 'check']);

async function isAnswered(): Promise<boolean> {
  if (!ANSWERED.has(words[0] ?? '')) return false;
  const { answerAgain } = await import('./remember.ts');
  return answerAgain(words, { endOf, print });
}

const words = process.argv.slice(2);
if (words[0] === '--version' || words[0] === '-v') print(1, `${packageVersion()}\n`);
else if (words.length === 1 && /^(?:--help|-h|help)$/.test(words[0]!))
  print(1, (await import('./help.ts')).renderOverview(COMMANDS, endOf(1)));
else if (!(await isAnswered())) await import('./run.ts').then(({ run }) => run(COMMANDS, words));
