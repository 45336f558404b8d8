/** Answers of before, for the same question about the same files: see `src/store/answers.ts`. */
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { answersFolder, readAnswer, touchAnswer } from '../store/answers.ts';
import type { TextStream } from './terminal.ts';

/** The streams of the process, which are not made only to be asked or written to: that takes longer than all the rest. */
export interface Streams {
  readonly endOf: (descriptor: 1 | 2) => TextStream;
  readonly print: (descriptor: 1 | 2, bytes: Uint8Array) => void;
}

/** Variables that change what is said, beside all of `PARE_*`. */
const VARIABLES = new Set([
  'CI',
  'CI_PROJECT_DIR',
  'COLUMNS',
  'FORCE_COLOR',
  'GITHUB_WORKSPACE',
  'NODE_ENV',
  'NO_COLOR',
  'TERM',
]);

/** Says again what was said before; false: it is not known, or no longer true, and nothing was said. Never throws. */
export function answerAgain(words: readonly string[], { endOf, print }: Streams): boolean {
  if (words.includes('--no-cache') || process.env['PARE_CACHE'] !== undefined) return false;
  try {
    const folder = answersFolder(process.cwd());
    if (folder === null) return false;
    const key = questionKey(words, endOf);
    const answer = readAnswer(folder, key);
    if (answer === null) return false;
    touchAnswer(folder, key);
    process.exitCode = answer.exitCode;
    print(2, answer.stderr);
    print(1, answer.stdout);
    return true;
  } catch {
    return false;
  }
}

/** Everything that an answer depends on, but for files. */
export function questionKey(words: readonly string[], endOf: Streams['endOf']): string {
  const { env } = process;
  const variables = Object.keys(env)
    .filter((name) => name.startsWith('PARE_') || VARIABLES.has(name))
    .sort()
    // How the cache is set changes no answer; and keys and passwords of it are not for the disk.
    .map((name) => (name.startsWith('PARE_CACHE_') ? name : `${name}=${env[name]}`));
  const ends = ([1, 2] as const).map((descriptor) => {
    const { isTTY = false, columns } = endOf(descriptor);
    return isTTY ? `terminal ${columns}` : '';
  });
  return JSON.stringify([programStamp(), process.cwd(), words, ends, variables]);
}

/** Which program answers: each build of it names its chunks by their content, so that its first file differs. */
export function programStamp(): string {
  const program = process.argv[1] ?? fileURLToPath(import.meta.url);
  const { size, mtimeMs, ino } = statSync(program);
  return `${program} ${size} ${mtimeMs} ${ino} ${process.version}`;
}
