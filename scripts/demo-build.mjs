// One build of the demo:  node scripts/demo-build.mjs FIXTURE BUNDLER FILE
// Builds the fixture with pare's plugin in the bundler's config and writes the `Build` record to FILE.
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { analyze } from 'pare';

const [name, bundler, file] = process.argv.slice(2);
const fixture = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures', name);
const outdir = join(fixture, 'dist', bundler);
const { build } = await import(pathToFileURL(join(fixture, 'build.mjs')).href);

let record;
const options = { root: fixture, report: false, analyzer: { summary: false }, onBuild: (made) => void (record = made) };
const adapter = { esbuild: 'pare/esbuild', rollup: 'pare/rollup', rolldown: 'pare/rollup', vite: 'pare/vite' }[bundler];
const plugins = adapter === undefined ? [] : [(await import(adapter)).pare(options)];
await build(bundler, { outdir, plugins });
record ??= await analyze(outdir, { root: fixture });
await writeFile(file, JSON.stringify(record));
