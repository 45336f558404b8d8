/** The judge can fail: a build that behaves otherwise in one small way is told from the right one, and where. */
import { cp, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { PareError } from '../../src/model/errors.ts';
import { compareObservations, openBrowser, runScenario } from '../../src/verify/index.ts';
import type { Difference, RunOptions, Scenario } from '../../src/verify/index.ts';
import { inTemporaryFolder, loadFixture, readScenario } from '../fixtures/run-fixture.ts';

const browser = await openBrowser().catch((error: unknown) => {
  if (!(error instanceof PareError)) throw error;
  console.warn(`Skipped: no browser can be started here. ${error.message} ${error.hint ?? ''}`);
  return null;
});
afterAll(() => browser?.close());

/** Replaces a text in the modules of the application whose path ends so; it must be there. */
function replaceText(path: RegExp, from: string, to: string): Plugin {
  return {
    name: 'replace-text',
    setup(build) {
      build.onLoad({ filter: path }, async ({ path: file }) => {
        const source = await readFile(file, 'utf8');
        if (!source.includes(from)) throw new Error(`${file} lacks ${from}`);
        return { contents: source.replace(from, to), loader: 'ts' };
      });
    },
  };
}

type Change = Plugin | ((outdir: string) => Promise<void>);

/** What the judge says of a fixture, built by esbuild, before and after a change to its source or to its output. */
async function judge(
  name: string,
  change: Change | null,
  cut: (scenario: Scenario) => Scenario,
): Promise<Difference[]> {
  const [{ build }, scenario] = await Promise.all([loadFixture(name), readScenario(name).then(cut)]);
  const options: RunOptions = { timeoutMs: 4_000, ...(browser !== null && { browser }) };
  return inTemporaryFolder(async (folder) => {
    const [before, after] = [join(folder, 'before'), join(folder, 'after')];
    await build('esbuild', { outdir: before });
    if (change === null || typeof change === 'function') {
      await cp(before, after, { recursive: true });
      await change?.(after);
    } else await build('esbuild', { outdir: after, plugins: [change] });
    const right = await runScenario(scenario, before, options);
    expect(right.failure).toBeNull();
    return compareObservations(right, await runScenario(scenario, after, options));
  });
}

const placesOf = (differences: readonly Difference[]): string[] => differences.map(({ where }) => where);

/** A browser scenario up to the mark of this name. */
const upTo =
  (mark: string) =>
  (scenario: Scenario): Scenario => {
    if (scenario.kind !== 'browser') throw new Error(`${scenario.name} is no browser scenario.`);
    const last = scenario.steps.findIndex((step) => 'mark' in step && step.mark === mark);
    if (last < 0) throw new Error(`${scenario.name} has no mark "${mark}".`);
    return { ...scenario, steps: scenario.steps.slice(0, last + 1) };
  };

/** A Node scenario with these runs only. */
const only =
  (...names: string[]) =>
  (scenario: Scenario): Scenario => {
    if (scenario.kind !== 'node') throw new Error(`${scenario.name} is no Node scenario.`);
    return { ...scenario, runs: scenario.runs.filter(({ name }) => names.includes(name)) };
  };

describe.skipIf(browser === null)('the judge of a browser application', { timeout: 120_000 }, () => {
  it('finds nothing in a copy', async () => {
    expect(await judge('parts', null, upTo('two weeks'))).toEqual([]);
  });

  it('sees another text that no step of the scenario looks for', async () => {
    const change = replaceText(/parts[\\/]src[\\/]main\.ts$/, 'energy(summary.p90)} kWh', 'energy(summary.p90)} kW');
    const places = placesOf(await judge('parts', change, upTo('two weeks')));
    expect(places.some((where) => where.startsWith('marks/two weeks/text'))).toBe(true);
    expect(places.some((where) => where.startsWith('marks/two weeks/dom'))).toBe(true);
    expect(places).not.toContain('failure');
  });

  it('sees another text that a step looks for, and tells the step', async () => {
    const change = replaceText(/parts[\\/]src[\\/]main\.ts$/, "'House energy'", "'Home energy'");
    const differences = await judge('parts', change, upTo('two weeks'));
    const failure = differences.find(({ where }) => where === 'failure');
    expect(failure?.before).toBeNull();
    expect(failure?.after).toContain('"House energy" is not to be seen');
    expect(placesOf(differences)).toContain('marks/two weeks/title');
  });

  it('sees another colour and a line on the console', async () => {
    const more = "\ndocument.body.style.color = 'rgb(1, 2, 3)';\nconsole.log('on my way');\n";
    const entry = /parts[\\/]src[\\/]main\.ts$/;
    const append: Plugin = {
      name: 'append',
      setup: (build) =>
        build.onLoad({ filter: entry }, async ({ path }) => ({
          contents: (await readFile(path, 'utf8')) + more,
          loader: 'ts',
        })),
    };
    const places = placesOf(await judge('parts', append, upTo('two weeks')));
    expect(places).toContain('console/1');
    expect(places.some((where) => where.startsWith('marks/two weeks/appearance'))).toBe(true);
    expect(places.some((where) => where.startsWith('marks/two weeks/text'))).toBe(false);
  });

  it('sees a chunk that is missing: the failed step, the message, the answer of the server', async () => {
    const remove = async (outdir: string): Promise<void> => {
      const files = await readdir(join(outdir, 'assets'));
      const chunk = files.find((file) => /^StationView-\w+\.js$/.test(file));
      if (chunk === undefined) throw new Error('There is no chunk of the station page.');
      await rm(join(outdir, 'assets', chunk));
    };
    const differences = await judge('workbench', remove, upTo('station'));
    expect(differences).toContainEqual({
      where: 'requests/script/GET /assets/StationView-[hash].js',
      before: '200',
      after: '404',
    });
    expect(placesOf(differences)).toContain('failure');
    expect(differences.find(({ where }) => where === 'console/1')?.after).toContain('StationView-[hash].js');
  });
});

describe('the judge of a program', { timeout: 120_000 }, () => {
  const runs = only('version', 'config get of what is not set');

  it('finds nothing in a copy', async () => {
    expect(await judge('cli', null, runs)).toEqual([]);
  });

  it('sees another exit code', async () => {
    const change = replaceText(/cli[\\/]src[\\/]main\.ts$/, '= failure.exitCode', '= failure.exitCode + 1');
    const differences = await judge('cli', change, runs);
    expect(placesOf(differences)).toEqual(['runs/config get of what is not set/exit', 'failure']);
    expect(differences[0]).toMatchObject({ before: '3', after: '4' });
  });

  it('sees another word on the error stream that the scenario does not look for', async () => {
    const change = replaceText(/cli[\\/]src[\\/]main\.ts$/, "'stowage:'", "'stow:'");
    expect(placesOf(await judge('cli', change, runs))).toEqual(['runs/config get of what is not set/stderr/1']);
  });
});
