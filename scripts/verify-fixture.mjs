/**
 * Runs a fixture's scenario on one of its builds and prints what came out of it.
 *
 *     node scripts/verify-fixture.mjs NAME BUNDLER [--twice] [--json] [--screenshot FILE]
 *
 * `--twice` runs it two times and prints what differed (nothing should), `--json` prints the whole observation.
 * Exit code: 0 the scenario went through, 1 it failed or the runs differed, 2 it could not be run.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { twice: { type: 'boolean' }, json: { type: 'boolean' }, screenshot: { type: 'string' } },
});
const [name, bundler] = positionals;

/** The runner is TypeScript, which Node 20 does not read: it is bundled into a file beside the packages it needs. */
async function loadRunner() {
  const outfile = join(root, 'node_modules', '.cache', 'pare', `verify-${process.pid}.mjs`);
  await mkdir(dirname(outfile), { recursive: true });
  await build({
    entryPoints: [join(root, 'src/verify/index.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(outfile, { force: true });
  }
}

function print(observation, ms) {
  const { failure } = observation;
  const log = (text) => console.log(text);
  log(
    `${failure === null ? 'ok' : 'FAILED'}  ${name} (${bundler}): ${observation.scenario}, ${(ms / 1000).toFixed(2)} s`,
  );
  if (observation.kind === 'browser') {
    const { marks, requests, errors } = observation;
    const noted = observation.console;
    log(
      `    ${marks.length} marks, ${requests.length} requests, ${noted.length} console messages, ${errors.length} uncaught errors`,
    );
    for (const { type, text } of noted) log(`    console.${type}: ${text}`);
    for (const error of errors) log(`    uncaught: ${error}`);
    for (const { method, url, status } of requests) {
      if (typeof status !== 'number' || status >= 400) log(`    ${status}: ${method} ${url}`);
    }
  } else {
    for (const run of observation.runs) {
      log(
        `    ${run.name}: exit ${run.exit ?? run.signal}, ${run.stdout.length} characters out, ${run.files.length} files`,
      );
    }
  }
  if (failure !== null) log(`    step ${failure.step}: ${failure.what}\n    ${failure.message}`);
  if (failure?.screenshot) log(`    picture: ${failure.screenshot}`);
}

async function main() {
  const scenarioFile = join(root, 'fixtures', name ?? '', 'scenario.json');
  const outdir = join(root, 'fixtures', name ?? '', 'dist', bundler ?? '');
  if (name === undefined || bundler === undefined)
    throw new Error('Usage: node scripts/verify-fixture.mjs NAME BUNDLER');
  if (!existsSync(scenarioFile)) throw new Error(`There is no fixtures/${name}/scenario.json.`);
  if (!existsSync(outdir)) throw new Error(`Build it first: node fixtures/${name}/build.mjs ${bundler}`);
  const { compareObservations, describeDifference, openBrowser, parseScenario, runScenario } = await loadRunner();
  const scenario = parseScenario(await readFile(scenarioFile, 'utf8'), `fixtures/${name}/scenario.json`);
  const browser = scenario.kind === 'browser' ? await openBrowser() : undefined;
  try {
    const options = {
      ...(browser && { browser }),
      ...(values.screenshot !== undefined && { screenshot: values.screenshot }),
    };
    const run = async () => {
      const start = performance.now();
      const observation = await runScenario(scenario, outdir, options);
      print(observation, performance.now() - start);
      return observation;
    };
    const first = await run();
    if (values.json) console.log(JSON.stringify(first, null, 2));
    let good = first.failure === null;
    if (values.twice) {
      const differences = compareObservations(first, await run());
      console.log(
        differences.length === 0
          ? '    both runs are equal'
          : `    ${differences.length} differences between the runs:`,
      );
      for (const difference of differences) console.log(`      ${describeDifference(difference)}`);
      good &&= differences.length === 0;
    }
    process.exitCode = good ? 0 : 1;
  } finally {
    await browser?.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error?.hint) console.error(error.hint);
  process.exitCode = 2;
}
