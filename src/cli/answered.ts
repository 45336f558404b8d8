/** Answers of before, for the same question about the same files: see `src/store/answers.ts`. */
import { fstatSync, statSync, writeSync } from 'node:fs';

import { answersFolder, readAnswer, touchAnswer, type Answer } from '../store/answers.ts';

/** Variables that change what is said, beside all of `PARE_*`. */
const VARIABLES = ['CI', 'CI_PROJECT_DIR', 'COLUMNS', 'FORCE_COLOR', 'GITHUB_WORKSPACE', 'NODE_ENV', 'NO_COLOR', 'TERM'];

/** Says again what was said before; false: it is not known, or no longer true, and nothing was said. Never throws. */
export function answerAgain(program: string, words: readonly string[]): boolean {
  if (words.includes('--no-cache')) return false;
  try {
    const folder = answersFolder(process.cwd());
    if (folder === null) return false;
    const key = questionKey(program, words);
    const answer = readAnswer(folder, key);
    if (answer === null) return false;
    touchAnswer(folder, key);
    say(answer);
    return true;
  } catch {
    return false;
  }
}

/** Everything that an answer depends on, but for files. */
export function questionKey(program: string, words: readonly string[]): string {
  const { env } = process;
  const variables = Object.keys(env)
    .filter((name) => name.startsWith('PARE_') || VARIABLES.includes(name))
    .sort()
    .map((name) => `${name}=${env[name]}`);
  return JSON.stringify([programStamp(program), process.cwd(), words, endOf(1), endOf(2), variables]);
}

/** Which program answers: each build of it names its chunks by their content, so that this file differs. */
export function programStamp(program: string): string {
  const { size, mtimeMs, ino } = statSync(program);
  return `${program} ${size} ${mtimeMs} ${ino} ${process.version}`;
}

/** What is at the other end of a stream. Asking `process.stdout` makes the stream, which costs more than all the rest. */
function endOf(descriptor: 1 | 2): string {
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isCharacterDevice() || stats.rdev === statSync('/dev/null').rdev) return '';
  } catch {
    // Not on this system: the stream knows.
  }
  const stream = descriptor === 1 ? process.stdout : process.stderr;
  return stream.isTTY ? `terminal ${stream.columns}` : '';
}

function say({ exitCode, stdout, stderr }: Answer): void {
  process.exitCode = exitCode;
  write(2, stderr);
  write(1, stdout);
}

function write(descriptor: 1 | 2, bytes: Uint8Array): void {
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(descriptor, bytes, done);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A reader that has seen enough is no error; one that is slow is waited for by the stream.
    if (code === 'EPIPE') return;
    if (code === 'EAGAIN') (descriptor === 1 ? process.stdout : process.stderr).write(bytes.subarray(done));
    else process.exitCode = 3;
  }
}
