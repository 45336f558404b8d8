/** Keeps what a command said, for `answerAgain`. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import {
  answersFolder,
  joinFingerprints,
  readAnswer,
  takeFingerprint,
  writeAnswer,
  type Fingerprint,
  type Grounds,
} from '../store/answers.ts';
import type { Build } from '../model/build.ts';
import { programStamp, questionKey } from './answered.ts';

// One file for all who read and keep answers: every other one takes as long to load as the answer does.
export { answerAgain } from './answered.ts';

/** When the process began: no file that is younger was surely read as it is now. `performance` takes longer to load than an answer. */
const SINCE = Date.now() - process.uptime() * 1000;

export interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * @param grounds what the answer rests on, as far as it is not in `fingerprint`
 * @param fingerprint of what was looked at already; null: it can't be told, and nothing is kept
 */
export function rememberAnswer(said: Said, fingerprint: Fingerprint | null, grounds?: Grounds): void {
  const folder = answersFolder(process.cwd());
  const more = grounds === undefined ? NOTHING : takeFingerprint(grounds, SINCE, [process.cwd()]);
  if (folder === null || fingerprint === null || more === null) return;
  const { exitCode, stdout, stderr } = said;
  const answer = { exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) };
  try {
    const endOf = (descriptor: 1 | 2) => (descriptor === 1 ? process.stdout : process.stderr);
    const key = questionKey(process.argv.slice(2), endOf);
    writeAnswer(folder, key, answer, joinFingerprints(fingerprint, more));
  } catch {
    // An answer that can't be kept is given again.
  }
}

/**
 * Whether the same files are the same configuration: JSON is, and a module that only calls `defineConfig` of ours with what stands
 * in it. Any other may read further files, the clock or the environment.
 */
export function areSettled(files: readonly string[]): boolean {
  return files.every((file) => {
    if (file.endsWith('.json')) return true;
    try {
      const code = readFileSync(file, 'utf8').replace(
        /^import\s*\{\s*defineConfig\s*\}\s*from\s*['"]pare(?:\/config)?['"];?$/m,
        '',
      );
      return !/\b(?:import|require|process|Date|performance|random|globalThis|eval|Function|fetch|await)\b/.test(code);
    } catch {
      return false;
    }
  });
}

const NOTHING: Fingerprint = { paths: [], rows: new Float64Array() };

export interface RememberedBuild {
  readonly root: string;
  readonly build: Build;
  readonly fingerprint: Fingerprint;
}

/** The record of the same analysis, while nothing it rests on has changed. @param question what was asked for, as text */
export function recallBuild(question: string): RememberedBuild | null {
  const folder = answersFolder(process.cwd());
  if (folder === null) return null;
  try {
    const kept = readAnswer(folder, recordKey(question));
    if (kept === null) return null;
    const { root, build } = JSON.parse(Buffer.from(kept.stdout).toString()) as { root: string; build: Build };
    return { root, build, fingerprint: kept.fingerprint };
  } catch {
    return null;
  }
}

/** @returns the fingerprint that whoever answers from the record goes on with; null: something may have changed meanwhile */
export function rememberBuild(
  question: string,
  { target, root, build }: { readonly target: string; readonly root: string; readonly build: Build },
  grounds: Grounds,
): Fingerprint | null {
  const folder = answersFolder(process.cwd());
  if (folder === null) return null;
  const fingerprint = takeFingerprint(grounds, SINCE, [resolve(target), root]);
  if (fingerprint === null) return null;
  try {
    const record = Buffer.from(JSON.stringify({ root, build }));
    writeAnswer(folder, recordKey(question), { exitCode: 0, stdout: record, stderr: NO_BYTES }, fingerprint);
  } catch {
    // It is analyzed again.
  }
  return fingerprint;
}

const NO_BYTES = new Uint8Array();

function recordKey(question: string): string {
  return JSON.stringify(['record', programStamp(), process.cwd(), question]);
}
