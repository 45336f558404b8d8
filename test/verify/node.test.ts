import { describe, expect, it } from 'vitest';
import { compareObservations, runScenario } from '../../src/verify/index.ts';
import type { NodeObservation, NodeRun } from '../../src/verify/index.ts';
import { makeSite } from './site.ts';

async function run(program: string, runs: NodeRun[], timeoutMs?: number): Promise<NodeObservation> {
  const site = await makeSite({ 'cli.mjs': program });
  try {
    const options = timeoutMs === undefined ? {} : { timeoutMs };
    const observation = await runScenario({ kind: 'node', name: 'cli', program: 'cli.mjs', runs }, site.dir, options);
    if (observation.kind !== 'node') throw new Error('A Node scenario gave no Node observation.');
    return observation;
  } finally {
    await site[Symbol.asyncDispose]();
  }
}

describe('a Node scenario', { timeout: 30_000 }, () => {
  it('gives arguments, input and environment, and records streams, exit code and files', async () => {
    const program = `import { mkdirSync, writeFileSync } from 'node:fs';
      let input = ''; for await (const part of process.stdin) input += part;
      mkdirSync('out'); writeFileSync('out/a.txt', input);
      console.log(process.argv.slice(2).join(','), process.env.MODE, process.env.TZ, process.env.NODE_OPTIONS, process.cwd());
      console.error('to stderr'); process.exitCode = 3;`;
    const see = { exit: 3, stdout: ['a,b fast UTC undefined <cwd>'], stderr: ['to stderr'] };
    const seen = await run(program, [{ name: 'one', args: ['a', 'b'], stdin: 'text', env: { MODE: 'fast' }, see }]);
    expect(seen.failure).toBeNull();
    const sha256 = '982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1';
    expect(seen.runs[0]?.files).toEqual([{ path: 'out/a.txt', bytes: 4, sha256 }]);
  });

  it('is the same twice with random numbers and dates', async () => {
    const program = `import { randomBytes, randomUUID } from 'node:crypto';
      console.log(Math.random(), randomUUID(), crypto.randomUUID(), randomBytes(4).toString('hex'), new Date().toISOString().slice(0, 16));`;
    const runs = [{ name: 'draw', args: [], see: { exit: 0, stdout: ['2026-01-15T12:00'] } }];
    const first = await run(program, runs);
    expect(first.failure).toBeNull();
    expect(compareObservations(first, await run(program, runs))).toEqual([]);
  });

  it('tells a wrong exit code and a missing text, and does the other runs', async () => {
    const program = `console.log('out ' + process.argv[2]); if (process.argv[2] === 'bad') throw new Error('broken');`;
    const seen = await run(program, [
      { name: 'bad', args: ['bad'], see: { exit: 0 } },
      { name: 'good', args: ['good'], see: { exit: 0, stdout: ['out good'] } },
    ]);
    expect(seen.failure).toMatchObject({ step: 1, what: 'bad' });
    expect(seen.failure?.message).toContain('Error: broken');
    expect(seen.runs[0]?.stderr).not.toMatch(/^\s+at /m);
    expect(seen.runs[1]?.exit).toBe(0);
    const lacking = await run(program, [{ name: 'lacks', args: ['x'], see: { exit: 0, stdout: ['in x'] } }]);
    expect(lacking.failure?.message).toBe('stdout lacks "in x"; it is: out x');
  });

  it('ends a program that does not end', async () => {
    const seen = await run('setInterval(() => {}, 1000);', [{ name: 'stuck', args: [], see: { exit: 0 } }], 500);
    expect(seen.runs[0]?.signal).toBe('SIGKILL');
    expect(seen.failure?.message).toContain('did not end within 500 ms');
  });

  it('sees a change of exit code, output and files', async () => {
    const runs = [{ name: 'go', args: [], see: { exit: 0 } }];
    const before = await run(
      `import { writeFileSync } from 'node:fs'; console.log('a'); writeFileSync('f', '1');`,
      runs,
    );
    const after = await run(
      `import { writeFileSync } from 'node:fs'; console.log('b'); writeFileSync('f', '2'); process.exit(1);`,
      runs,
    );
    const places = compareObservations(before, after).map(({ where }) => where);
    expect(places).toEqual(expect.arrayContaining(['failure', 'runs/go/exit', 'runs/go/stdout/1', 'runs/go/files/f']));
  });

  it('refuses a program that is not there', async () => {
    const site = await makeSite({});
    const scenario = { kind: 'node', name: 'x', program: 'no.mjs', runs: [] } as const;
    await expect(runScenario(scenario, site.dir)).rejects.toMatchObject({ code: 'program-missing' });
    await site[Symbol.asyncDispose]();
  });
});
