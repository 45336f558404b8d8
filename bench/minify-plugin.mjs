// One minifier over the chunks of a build, in a process of its own, for bench/minify.ts:
//   node bench/minify-plugin.mjs SUBJECT CHUNKS OUTDIR ROOM CACHE
// CHUNKS is a folder with the chunks and their list, chunks.json; ROOM the bundled rooms of pare; CACHE a folder for the store.
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [subject, folder, outdir, room, cacheFolder] = process.argv.slice(2);
const children = [];
diagnostics.subscribe('child_process', ({ process: child }) => children.push(child));

const root = dirname(import.meta.dirname);
const target = 'es2022';
let store = null;

/** pare's stage as `renderChunk`, with other minifiers or with terser's own options. */
async function pare(settings, cached) {
  const { renderChunkStage, DEFAULT_MINIFY, openStore } = await import(pathToFileURL(room).href);
  if (cached) {
    const limits = { memoryBytes: 64 << 20, diskBytes: 1 << 30, ttlMs: 1e9, compress: true, redis: null };
    store = openStore(
      { folder: cacheFolder, ...limits },
      { version: 'bench', onWarning: (warning) => console.error(warning) },
    );
  }
  return renderChunkStage({ ...DEFAULT_MINIFY, ...settings }, { root, ...(cached ? { cache: store } : {}) })
    .renderChunk;
}

const SUBJECTS = {
  'plugin-terser': async () => (await import('@rollup/plugin-terser')).default().renderChunk,
  'plugin-esbuild': async () => (await import('rollup-plugin-esbuild')).minify({ target }).renderChunk,
  'plugin-swc': async () =>
    (await import('rollup-plugin-swc3')).minify({ module: true, mangle: {}, compress: {} }).renderChunk,
  esbuild: async () => {
    const { transform } = await import('esbuild');
    return (code, chunk, { format }) =>
      transform(code, {
        minify: true,
        sourcemap: 'external',
        target,
        legalComments: 'inline',
        ...(format === 'es' ? { format: 'esm' } : {}),
      });
  },
  // What `build.minify: 'oxc'` turns on.
  'vite-default': async () => {
    const { minify } = await import('rolldown/utils');
    return (code, { fileName }, { format }) =>
      minify(fileName, code, {
        module: format === 'es',
        sourcemap: true,
        compress: { target },
        mangle: { toplevel: format === 'es' },
        codegen: { legalComments: 'inline' },
      });
  },
  'pare-default': () => pare({}, false),
  // The plugin's options to the letter; by itself the stage lets terser use the target's syntax.
  'pare-terser': () => pare({ tools: ['terser'], terser: { ecma: 5 } }, false),
  'pare-all': () => pare({ tools: ['oxc', 'swc', 'terser'] }, false),
  'pare-default-cached': () => pare({}, true),
  'pare-terser-cached': () => pare({ tools: ['terser'], terser: { ecma: 5 } }, true),
  nothing: async () => (code) => ({ code }),
};

const list = JSON.parse(await readFile(join(folder, 'chunks.json'), 'utf8'));
const chunks = await Promise.all(
  list.map(async (chunk) => ({ ...chunk, code: await readFile(join(folder, chunk.file), 'utf8') })),
);
const start = performance.now();
const renderChunk = await SUBJECTS[subject]();
// A plugin's own `this`, as far as the peers use it.
const context = { warn: (message) => console.error(message) };
const outputs = await Promise.all(
  chunks.map(async ({ code, fileName, format }) => {
    const options = { format, sourcemap: true, target };
    const hook = typeof renderChunk === 'function' ? renderChunk : renderChunk.handler;
    const result = await hook.call(context, code, { fileName, name: fileName, isEntry: false }, options, {});
    return typeof result === 'string' ? result : (result?.code ?? code);
  }),
);
const wall = performance.now() - start;
if (store !== null) await store[Symbol.asyncDispose]();
await mkdir(outdir, { recursive: true });
await Promise.all(outputs.map((code, at) => writeFile(join(outdir, list[at].file), code)));
await writeFile(join(outdir, 'wall.json'), JSON.stringify(wall));

// As in build-fixture.mjs: esbuild's process counts when it has ended.
const living = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
await Promise.all(
  living.map((child) => {
    child.ref();
    const ended = once(child, 'exit');
    child.kill();
    return ended;
  }),
);
process.exit();
