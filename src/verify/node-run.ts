import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, readlink, realpath, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PareError } from '../model/errors.ts';
import { nodeStart } from './node-start.ts';
import { oneLine } from './normalise.ts';
import type { Failure, NodeObservation, NodeRunObservation, WrittenFile } from './observation.ts';
import type { RunOptions } from './run-options.ts';
import type { NodeRun, NodeScenario } from './scenario.ts';

/** A program that writes more than this to one stream is ended, bytes. */
const outputLimit = 16 * 1024 * 1024;

/**
 * Runs a program with Node, each run in a fresh working directory that is removed afterwards, with a small fixed environment, a
 * clock that starts at 2026-01-15T12:00:00Z and seeded random numbers. All runs are done; the first that is not as the scenario
 * says is told in `failure`.
 * @throws PareError `program-missing`
 */
export async function runNodeScenario(
  scenario: NodeScenario,
  outdir: string,
  options: RunOptions = {},
): Promise<NodeObservation> {
  const program = resolve(outdir, scenario.program);
  if (!existsSync(program)) {
    throw new PareError(
      'program-missing',
      `There is no ${scenario.program} in ${outdir} to run "${scenario.name}" on.`,
      {
        hint: 'Build the program first, or mend "program" in the scenario.',
      },
    );
  }
  const [path, root] = [await realpath(program), await realpath(outdir)];
  const outcomes = await inParallel(scenario.runs, atOnce, (run) => runOnce(path, root, run, options));
  let failure: Failure | null = null;
  for (const [index, run] of scenario.runs.entries()) {
    const { observation, timedOut } = outcomes[index]!;
    const problem = timedOut ?? mismatch(run, observation);
    if (problem !== null) failure ??= { step: index + 1, what: run.name, message: problem, screenshot: null };
  }
  return { kind: 'node', scenario: scenario.name, runs: outcomes.map(({ observation }) => observation), failure };
}

/** Runs share nothing, so several go side by side. */
const atOnce = Math.max(2, Math.min(4, availableParallelism()));

/** The results in the order of the items, with at most so many under way at a time. */
async function inParallel<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  // All take from one iterator, so each item is taken once.
  const left = items.entries();
  const take = async (): Promise<void> => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, take));
  return results;
}

interface Outcome {
  readonly observation: NodeRunObservation;
  /** Why the program was ended by us, or null. */
  readonly timedOut: string | null;
}

async function runOnce(program: string, outdir: string, run: NodeRun, options: RunOptions): Promise<Outcome> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'pare-verify-')));
  try {
    const cwd = join(home, 'cwd');
    const tmp = join(home, 'tmp');
    await Promise.all([mkdir(cwd), mkdir(tmp)]);
    const env = {
      PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: cwd,
      TMPDIR: tmp,
      TZ: 'UTC',
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      COLUMNS: '80',
      ...run.env,
    };
    const start = `data:text/javascript,${encodeURIComponent(`(${nodeStart.toString()})(${options.seed ?? 1})`)}`;
    const child = spawn(process.execPath, ['--import', start, program, ...run.args], { cwd, env, detached: true });
    let ended: string | null = null;
    const end = (why: string): void => {
      ended ??= why;
      // The whole group, so that no child of the program stays behind.
      if (child.pid !== undefined) killGroup(child.pid);
    };
    const limit = options.timeoutMs ?? 30_000;
    const timer = setTimeout(() => end(`It did not end within ${limit} ms.`), limit);
    const streams = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    for (const name of ['stdout', 'stderr'] as const) {
      let bytes = 0;
      child[name].on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= outputLimit) streams[name].push(chunk);
        else end(`It wrote more than ${outputLimit} bytes to ${name}.`);
      });
    }
    // A program that does not read its input closes the pipe; that is no fault.
    child.stdin.on('error', () => undefined);
    child.stdin.end(run.stdin ?? '');
    const [exit, signal] = await new Promise<[number | null, string | null]>((done, fail) => {
      child.on('error', fail);
      child.on('close', (code, by) => done([code, by]));
    });
    clearTimeout(timer);
    if (child.pid !== undefined) killGroup(child.pid);
    const clean = (chunks: readonly Buffer[]): string =>
      normaliseOutput(Buffer.concat(chunks).toString('utf8'), { cwd, tmp, outdir });
    const observation: NodeRunObservation = {
      name: run.name,
      exit,
      signal,
      stdout: clean(streams.stdout),
      stderr: clean(streams.stderr),
      files: await filesIn(cwd),
    };
    return { observation, timedOut: ended };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/**
 * Takes out of a stream what says nothing about behaviour: temporary paths, and of an uncaught error the line of minified source
 * and the stack.
 */
export function normaliseOutput(
  text: string,
  { cwd, tmp, outdir }: { readonly cwd: string; readonly tmp: string; readonly outdir: string },
): string {
  let out = text;
  for (const [path, name] of [
    [cwd, '<cwd>'],
    [tmp, '<tmp>'],
    [outdir, '<out>'],
  ] as const) {
    out = out.replaceAll(pathToFileURL(path).href, name).replaceAll(path, name);
  }
  return out
    .replace(/^(<out>[^\n]*?):\d+\n[^\n]*\n\s*\^+[^\n]*\n/gm, '$1\n')
    .replace(/(<out>[^\s:)]*)(?::\d+){1,2}/g, '$1')
    .replace(/^\s+at .*(?:\n|$)/gm, '');
}

async function filesIn(root: string): Promise<WrittenFile[]> {
  const files: WrittenFile[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const shown = path.slice(root.length + 1).replaceAll('\\', '/');
    if (!entry.isFile() && !entry.isSymbolicLink()) continue;
    const content = entry.isFile() ? await readFile(path) : Buffer.from(`link to ${await readlink(path)}`);
    files.push({ path: shown, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What is not as the scenario says, or null. */
function mismatch({ see }: NodeRun, seen: NodeRunObservation): string | null {
  if (seen.exit !== see.exit) {
    const how = seen.exit === null ? `by the signal ${seen.signal}` : `with ${seen.exit}`;
    const said = oneLine(seen.stderr || seen.stdout, 300) || 'nothing';
    return `It ended ${how} instead of ${see.exit}; it said: ${said}`;
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    for (const text of see[stream] ?? []) {
      if (!seen[stream].includes(text)) {
        return `${stream} lacks ${JSON.stringify(text)}; it is: ${oneLine(seen[stream], 300) || 'empty'}`;
      }
    }
  }
  return null;
}
