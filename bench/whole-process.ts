/** CPU time of whole processes with all their children, in pairs: the load of a shared machine meets both sides alike. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

export interface Subject {
  readonly name: string;
  /** Arguments of `node`. */
  readonly args: readonly string[];
  /** Where it runs; default: this folder. */
  readonly cwd?: string | undefined;
  /** Before each run, not measured. */
  readonly prepare?: (() => Promise<void>) | undefined;
}

/**
 * Seconds of CPU (user and system) of one `node` process and of the children it waited for, as the shell's `time` has them
 * from wait4. What the process prints is thrown away.
 *
 * @throws Error where it does not end with 0
 */
export function cpuSeconds(args: readonly string[], cwd = FOLDER): Promise<number> {
  const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;
  const env = { ...environment, TIMEFORMAT: '%3U %3S' };
  return new Promise((resolve, reject) => {
    const timed = ['-c', 'time "$@" >/dev/null', 'bash', process.execPath, ...args];
    const child = spawn('bash', timed, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (data: Buffer) => (text += data.toString()));
    child.on('error', reject);
    child.on('close', (status) => {
      const [user, system] = (/([\d.]+) ([\d.]+)\s*$/.exec(text) ?? []).slice(1).map(Number);
      if (status === 0 && user !== undefined && system !== undefined) resolve(user + system);
      else reject(new Error(`node ${args.join(' ')} ended with ${status}\n${text}`));
    });
  });
}

/** Seconds by subject, a run a round; each round runs all subjects in turn, every second one backwards. */
export async function inRounds(rounds: number, subjects: readonly Subject[]): Promise<Map<string, number[]>> {
  const seconds = new Map(subjects.map(({ name }) => [name, [] as number[]]));
  for (let round = -1; round < rounds; round++) {
    for (const { name, args, cwd, prepare } of round % 2 === 0 ? subjects : [...subjects].reverse()) {
      await prepare?.();
      const used = await cpuSeconds(args, cwd);
      // The first round fills the caches of the file system.
      if (round >= 0) seconds.get(name)!.push(used);
    }
  }
  return seconds;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median over the rounds of a subject's time divided by another's in the same round. */
export function medianRatio(of: readonly number[], to: readonly number[]): number {
  return median(of.map((value, round) => value / to[round]!));
}

/** Median over the rounds of what a subject takes more than another in the same round. */
export function medianExcess(of: readonly number[], over: readonly number[]): number {
  return median(of.map((value, round) => value - over[round]!));
}

/** `2 cores, Node 20.20.2, esbuild 0.28.2`: what a table was measured on. */
export function measuredOn(packages: readonly string[]): string {
  const versions = packages.map((name) => `${name} ${versionOf(name)}`);
  return [`${cpus().length} cores`, `Node ${process.versions.node}`, ...versions].join(', ');
}

function versionOf(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
