// Runs one benchmark and prints its tables as Markdown: node bench/run.mjs NAME. Without NAME lists what there is.
// A benchmark is bench/NAME.ts with `export async function run(): Promise<string>`; its first comment line says what it measures.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const folder = dirname(fileURLToPath(import.meta.url));

// Reading extra certificates costs every Node process some 70 ms, which a benchmark would then measure.
delete process.env.NODE_EXTRA_CA_CERTS;

async function benchmarks() {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts'));
  const withRun = await Promise.all(
    files.sort().map(async (file) => {
      const source = await readFile(join(folder, file), 'utf8');
      const subject = /^(?:\/\*\*?\s*\*?|\/\/)\s*(.+?)(?:\s*\*\/)?$/m.exec(source)?.[1] ?? '';
      const isBenchmark = /^export (?:async function|const) run\b/m.test(source);
      return isBenchmark ? [{ name: file.slice(0, -'.ts'.length), subject }] : [];
    }),
  );
  return withRun.flat();
}

/** Brings dist/ up to date; what it says goes to stderr, so that stdout is Markdown alone. */
function buildPackage() {
  const script = join(folder, '..', 'scripts', 'build.mjs');
  const { status } = spawnSync(process.execPath, [script, '--no-types'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}

/** Node 20 doesn't strip types: the benchmark is bundled on the fly, its packages stay where they are. */
async function load(name) {
  const outfile = join(folder, `.${name}.${process.pid}.mjs`);
  try {
    await build({
      entryPoints: [join(folder, `${name}.ts`)],
      outfile,
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'inline',
      // tsconfig.json's paths would lead to the sources; what is measured is the package as a user gets it.
      tsconfigRaw: {},
      logLevel: 'warning',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(outfile, { force: true });
  }
}

const name = process.argv[2];
if (name === undefined) {
  console.log('npm run bench -- NAME, where NAME is one of');
  for (const { name, subject } of await benchmarks()) console.log(`  ${name.padEnd(20)} ${subject}`);
} else if (!existsSync(join(folder, `${name}.ts`))) {
  const names = (await benchmarks()).map((benchmark) => benchmark.name);
  console.error(`There is no benchmark ${name}; there is ${names.join(', ') || 'none yet'}.`);
  process.exitCode = 1;
} else {
  buildPackage();
  const { run } = await load(name);
  console.log(await run());
}
