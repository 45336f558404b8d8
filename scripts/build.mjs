// Builds the package into dist/: the bundles, the types, the JSON schema, the report's page.
//   node scripts/build.mjs [--no-types] [--clean]
// --no-types leaves the declarations out, for tests; --clean starts from an empty dist/, for a release.
import { spawn } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import * as esbuild from 'esbuild';
import { entries, presentEntries, readPackage, root } from './entries.mjs';
import { licenceNotices } from './licence-notices.mjs';
import { nodeBundles } from './node-bundles.mjs';

const dist = join(root, 'dist');
const arguments_ = new Set(process.argv.slice(2));

// What a user brings along. Everything else that we import is bundled, so that pare installs nothing and starts fast.
const external = [
  'esbuild',
  'rollup',
  'rolldown',
  'vite',
  'webpack',
  'terser',
  'playwright-core',
  '@sparticuz/chromium',
  'oxc-parser',
  ...Object.keys(readPackage().dependencies ?? {}),
];

/** For the user's own bundler, which minifies: plain modules that know nothing of Node. */
const browserOptions = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  write: false,
  metafile: true,
  outdir: dist,
  legalComments: 'none',
  logLevel: 'warning',
  platform: 'browser',
  target: 'es2022',
  chunkNames: 'runtime/chunks/[name]-[hash]',
};

/** @returns {Promise<{ files: Map<string, Uint8Array>, inputs: string[] }>} file names are relative to dist/ */
async function browserBundles(wanted) {
  const entryPoints = wanted.map(({ source, out }) => ({ in: source, out: out.replace(/\.js$/, '') }));
  const { outputFiles, metafile } = await esbuild.build({ ...browserOptions, entryPoints });
  const files = new Map(outputFiles.map((file) => [relative(dist, file.path), file.contents]));
  return { files, inputs: Object.keys(metafile.inputs) };
}

const NOTHING = { files: new Map(), inputs: [] };

/** Those of one platform, none where it has no entry. */
function bundlesOf(platform, bundle) {
  const wanted = presentEntries().filter((entry) => entry.platform === platform);
  return wanted.length === 0 ? NOTHING : bundle(wanted);
}

/** Writes what has changed; whoever reads the file meanwhile sees the old one or the new one, never half of it. */
async function writeChanged(path, contents) {
  const old = await readFile(path).catch(() => null);
  if (old !== null && Buffer.compare(old, contents) === 0) return false;
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, contents);
  await rename(partial, path);
  return true;
}

/** Takes away bundles of an earlier build which this one didn't make. */
async function removeStale(files) {
  const folders = ['', 'bin', 'chunks', 'runtime', 'runtime/chunks'];
  const present = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(join(dist, folder)).catch(() => []);
      return names.filter((name) => name.endsWith('.js')).map((name) => posix.join(folder, name));
    }),
  );
  const stale = present.flat().filter((file) => !files.has(file));
  await Promise.all(stale.map((file) => rm(join(dist, file), { force: true })));
}

const SHEBANG = '#!/usr/bin/env node\n';

/** What src/precompress/zstd-wasm.ts looks for beside its bundle. */
const ZSTD = 'node_modules/@bokuweb/zstd-wasm/dist/common/zstd.wasm';

const prefixed = (prefix, contents) => Buffer.concat([Buffer.from(prefix), contents]);

async function buildBundles() {
  const [node, browser] = await Promise.all([
    bundlesOf('node', (wanted) => nodeBundles(wanted, external)),
    bundlesOf('browser', browserBundles),
  ]);
  const files = new Map([...node.files, ...browser.files]);
  for (const program of entries().filter(({ specifier }) => specifier === null)) {
    const contents = files.get(program.out);
    if (contents === undefined || Buffer.from(contents).subarray(0, 2).toString() === '#!') continue;
    files.set(program.out, prefixed(SHEBANG, contents));
  }
  files.set('chunks/zstd.wasm', await readFile(join(root, ZSTD)));
  const notices = await licenceNotices(root, [...node.inputs, ...browser.inputs, ZSTD]);
  if (notices !== '') files.set('LICENSES.txt', Buffer.from(notices));
  const written = await Promise.all([...files].map(([file, contents]) => writeChanged(join(dist, file), contents)));
  await removeStale(files);
  await Promise.all(
    [...files.keys()].filter((file) => file.startsWith('bin/')).map((file) => chmod(join(dist, file), 0o755)),
  );
  return `${files.size} files, ${written.filter(Boolean).length} changed`;
}

/** Runs a program of Node's; fails with what it printed. */
function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`node ${args.join(' ')} ended with ${code}\n${output}`));
    });
  });
}

const tsc = join('node_modules', 'typescript', 'bin', 'tsc');

async function buildTypes() {
  await rm(join(dist, 'types'), { recursive: true, force: true });
  const sources = presentEntries().filter(({ specifier }) => specifier !== null);
  const jobs = [];
  if (sources.some(({ platform }) => platform === 'node')) jobs.push(run([tsc, '-p', 'tsconfig.build.json']));
  // The runtime is checked against the browser's globals: it has a tsconfig of its own.
  if (sources.some(({ platform }) => platform === 'browser')) {
    const emit = [
      '--noEmit',
      'false',
      '--declaration',
      '--emitDeclarationOnly',
      '--rootDir',
      '.',
      '--outDir',
      'dist/types',
    ];
    jobs.push(run([tsc, '-p', 'src/runtime/tsconfig.json', ...emit]));
  }
  await Promise.all(jobs);
  await nameDeclarationsByOutput();
  return `of ${sources.length} entry points`;
}

/** TypeScript leaves `./x.ts` in declarations as it is; a user's resolver looks for `./x.js` and finds `x.d.ts` beside it. */
async function nameDeclarationsByOutput() {
  const folder = join(dist, 'types');
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.d.ts'));
  await Promise.all(
    files.map(async (file) => {
      const path = join(folder, file);
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace(/((?:from|import\()\s*)(['"])(\.\.?\/[^'"]+)\.ts\2/g, '$1$2$3.js$2'));
    }),
  );
}

/** The published JSON Schemas, made from those that check the records and the configurations. */
async function buildSchemas() {
  const result = await esbuild.build({
    stdin: {
      contents: `export { BuildSchema } from './src/model/build-schema.ts'; export { configJsonSchema } from './src/config/json-schema.ts'; export { toJsonSchema } from '@valibot/to-json-schema';`,
      resolveDir: root,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    logLevel: 'warning',
  });
  const module = `data:text/javascript;base64,${Buffer.from(result.outputFiles[0].contents).toString('base64')}`;
  const { BuildSchema, configJsonSchema, toJsonSchema } = await import(module);
  const { $schema, ...schema } = toJsonSchema(BuildSchema);
  const schemas = { build: { $schema, title: 'Build, the record of pare', ...schema }, config: configJsonSchema() };
  for (const [name, content] of Object.entries(schemas))
    await writeChanged(join(dist, 'schema', `${name}.json`), Buffer.from(`${JSON.stringify(content, null, 2)}\n`));
  return Object.keys(schemas)
    .map((name) => `dist/schema/${name}.json`)
    .join(', ');
}

async function buildReportPage() {
  const script = join('scripts', 'build-report-page.mjs');
  if (!existsSync(join(root, script))) return '';
  await run([script]);
  return 'dist/report/page.html';
}

if (arguments_.has('--clean')) await rm(dist, { recursive: true, force: true });
const start = performance.now();
const steps = {
  bundles: buildBundles,
  ...(arguments_.has('--no-types') ? {} : { types: buildTypes }),
  schemas: buildSchemas,
  'report page': buildReportPage,
};
const results = await Promise.allSettled(Object.values(steps).map((step) => step()));
for (const [index, name] of Object.keys(steps).entries()) {
  const result = results[index];
  if (result.status === 'fulfilled') console.log(`${name}: ${result.value || 'none'}`);
  else {
    console.error(`${name}: ${result.reason.message}`);
    process.exitCode = 1;
  }
}
const missing = entries().filter((entry) => !existsSync(join(root, entry.source)));
for (const { source, out } of missing) {
  console.error(`dist/${out}: its source ${source} is not there`);
  if (!arguments_.has('--no-types')) process.exitCode = 1;
}
console.log(`${process.exitCode ? 'failed' : 'built'} in ${Math.round(performance.now() - start)} ms`);
