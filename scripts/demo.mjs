// Builds the fixtures with pare in their configs and writes one report on all of them.
//   npm run demo [-- storefront viewer …]
// Each build runs in a process of its own (scripts/demo-build.mjs), two at a time.
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { writeReport } from 'pare';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, '.pare', 'demo');
const started = performance.now();
const say = (text) => process.stdout.write(`${text}\n`);
const kB = (bytes) => (bytes === null ? '–' : `${(bytes / 1000).toFixed(1)} kB`);

const all = (await readdir(join(root, 'fixtures'), { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no fixture ${unknown.join(', ')}. There are: ${all.join(', ')}\n`);
  process.exit(2);
}
const jobs = [];
for (const name of asked.length > 0 ? asked : all) {
  const { bundlers } = await import(pathToFileURL(join(root, 'fixtures', name, 'build.mjs')).href);
  // webpack takes no plugin of pare: its output is analyzed as it lies on disk.
  for (const bundler of bundlers.filter(
    (each) => each === 'esbuild' || each === 'vite' || each === 'rollup' || each === 'webpack',
  ))
    jobs.push({ name, bundler });
}
await mkdir(out, { recursive: true });
say(
  `Building ${new Set(jobs.map(({ name }) => name)).size} applications, ${jobs.length} builds, with pare in the config …\n`,
);

const results = [];
let next = 0;
const worker = async () => {
  while (next < jobs.length) {
    const job = jobs[next++];
    const result = await runJob(job);
    results.push(result);
    say(line(result));
  }
};
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
results.sort((a, b) => jobs.indexOf(a.job) - jobs.indexOf(b.job));

const finished = results.filter(({ build }) => build !== null);
const report = join(out, 'report.html');
const bytes = await writeReport(
  report,
  'pare demo',
  finished.map(({ job, build }) => ({ name: `${job.name} · ${job.bundler}`, build })),
);
const seconds = ((performance.now() - started) / 1000).toFixed(0);
const wrong = finished.reduce((sum, { build }) => sum + unaccounted(build), 0);
say(
  `\nEvery byte accounted for: parts minus files = ${wrong} bytes, in raw, gzip and brotli, over ${finished.reduce((sum, { build }) => sum + build.outputs.length, 0)} files.`,
);
say(`Report (${kB(bytes)}, ${finished.length} builds): ${relative(process.cwd(), report)}   – open it in a browser`);
say(`Done in ${seconds} s.`);
const failed = results.filter(({ build }) => build === null);
for (const { job, log } of failed) process.stderr.write(`\n${job.name} with ${job.bundler} failed:\n${log}\n`);
process.exitCode = failed.length > 0 || wrong !== 0 ? 1 : 0;

/** Runs one build; its `Build` record comes back as a file. */
async function runJob(job) {
  const file = join(out, `${job.name}-${job.bundler}.json`);
  const begun = performance.now();
  const child = spawn(process.execPath, [join(root, 'scripts', 'demo-build.mjs'), job.name, job.bundler, file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stdout.on('data', (data) => (log += data));
  child.stderr.on('data', (data) => (log += data));
  const code = await new Promise((resolve) => child.on('close', resolve));
  const build = code === 0 ? JSON.parse(await readFile(file, 'utf8')) : null;
  return { job, build, log, seconds: (performance.now() - begun) / 1000 };
}

function line({ job, build, seconds }) {
  const label = `${job.name.padEnd(11)} ${job.bundler.padEnd(8)}`;
  if (build === null) return `  ${label} failed`;
  const code = build.outputs.filter(({ kind }) => kind !== 'asset');
  const sum = (measure) => code.reduce((total, { bytes }) => total + (bytes[measure] ?? 0), 0);
  const [first] = packages(build);
  const largest = first === undefined ? '' : `   largest: ${first[0]} ${kB(first[1])} brotli`;
  return `  ${label} ${kB(sum('raw')).padStart(10)} ${kB(sum('brotli')).padStart(9)} brotli  ${String(modulesIn(code).size).padStart(5)} modules  ${seconds.toFixed(1).padStart(5)} s${largest}`;
}

/** Those that have a byte in the code. */
function modulesIn(outputs) {
  const parts = outputs.flatMap((output) => output.parts);
  return new Set(parts.filter(({ module, bytes }) => module !== null && bytes.raw > 0).map(({ module }) => module));
}

/** Brotli bytes by package, the largest first. */
function packages(build) {
  const sums = new Map();
  for (const { parts } of build.outputs)
    for (const { module, bytes } of parts) {
      const name = module === null ? undefined : build.modules[module].package?.name;
      if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + (bytes.brotli ?? 0));
    }
  return [...sums].sort((a, b) => b[1] - a[1]);
}

/** Bytes by which the parts of the files miss the files' sizes, over all measures. */
function unaccounted(build) {
  let wrong = 0;
  for (const { bytes, parts } of build.outputs)
    for (const measure of ['raw', 'gzip', 'brotli'])
      wrong += Math.abs(parts.reduce((sum, part) => sum + (part.bytes[measure] ?? 0), 0) - (bytes[measure] ?? 0));
  return wrong;
}
