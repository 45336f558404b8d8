/**
 * Runs a fixture's scenario on one of its builds, or on all of them, and prints what came out of it.
 *
 *     node scripts/verify-fixture.mjs [NAME [BUNDLER]] [--twice] [--fresh] [--json] [--screenshot FILE]
 *
 * `--twice` runs it two times and prints what differed (nothing should), `--fresh` builds into a temporary folder instead of
 * taking what is in `dist/`, `--json` prints the whole observation.
 * Exit code: 0 the scenario went through, 1 it failed or the runs differed, 2 it could not be run.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    twice: { type: 'boolean' },
    fresh: { type: 'boolean' },
    json: { type: 'boolean' },
    screenshot: { type: 'string' },
  },
});
const fixtures = join(root, 'fixtures');

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

function print(name, bundler, observation, ms) {
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

/** The builds that are asked for: `[name, bundler]`. */
async function asked() {
  const [onlyName, onlyBundler] = positionals;
  const folders = (await readdir(fixtures, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const names = onlyName === undefined ? folders.map((entry) => entry.name) : [onlyName];
  const pairs = [];
  for (const name of names) {
    if (!existsSync(join(fixtures, name, 'scenario.json')))
      throw new Error(`There is no fixtures/${name}/scenario.json.`);
    const { bundlers } = await import(pathToFileURL(join(fixtures, name, 'build.mjs')).href);
    if (onlyBundler !== undefined && !bundlers.includes(onlyBundler)) {
      throw new Error(`${name} does not build with ${onlyBundler}; it builds with ${bundlers.join(', ')}.`);
    }
    for (const bundler of onlyBundler === undefined ? bundlers : [onlyBundler]) pairs.push([name, bundler]);
  }
  return pairs;
}

/** Gives the work the folder of a build: the one in `dist/`, or a new one that is removed afterwards. */
async function withBuild(name, bundler, work) {
  if (!values.fresh) {
    const outdir = join(fixtures, name, 'dist', bundler);
    if (!existsSync(outdir)) throw new Error(`Build it first: node fixtures/${name}/build.mjs ${bundler}`);
    return work(outdir);
  }
  const outdir = await mkdtemp(join(tmpdir(), 'pare-fixture-'));
  try {
    const { build: buildFixture } = await import(pathToFileURL(join(fixtures, name, 'build.mjs')).href);
    await buildFixture(bundler, { outdir });
    return await work(outdir);
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
}

async function main() {
  const { compareObservations, describeDifference, openBrowser, parseScenario, runScenario } = await loadRunner();
  const pairs = await asked();
  let browser;
  try {
    for (const [name, bundler] of pairs) {
      const scenario = parseScenario(
        await readFile(join(fixtures, name, 'scenario.json'), 'utf8'),
        `fixtures/${name}/scenario.json`,
      );
      if (scenario.kind === 'browser') browser ??= await openBrowser();
      const options = {
        ...(browser && { browser }),
        ...(values.screenshot !== undefined && { screenshot: values.screenshot }),
      };
      const good = await withBuild(name, bundler, async (outdir) => {
        const run = async () => {
          const start = performance.now();
          const observation = await runScenario(scenario, outdir, options);
          print(name, bundler, observation, performance.now() - start);
          return observation;
        };
        const first = await run();
        if (values.json) console.log(JSON.stringify(first, null, 2));
        if (!values.twice) return first.failure === null;
        const differences = compareObservations(first, await run());
        const said =
          differences.length === 0 ? 'both runs are equal' : `${differences.length} differences between the runs:`;
        console.log(`    ${said}`);
        for (const difference of differences) console.log(`      ${describeDifference(difference)}`);
        return first.failure === null && differences.length === 0;
      });
      if (!good) process.exitCode = 1;
    }
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
