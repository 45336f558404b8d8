// The bundles for Node: the library, the plugins and the program, which share their chunks.
//
// A start of Node pays for each file that it loads (about a millisecond) and for each that it compiles, used or not. A bundler
// left to itself makes a chunk for every set of entries that share something: 60 and more for one command. So what every check
// and every analysis needs is put together here, and what few need stays in chunks of its own.
import { realpathSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './entries.mjs';

/** What every command starts with, an analysis too: enough to say what is wrong with a command line. */
const COMMAND = [
  'src/cli/run.ts',
  'src/cli/arguments.ts',
  'src/cli/failure.ts',
  'src/cli/diagnostics.ts',
  'src/cli/analyze.ts',
];

/** What `pare check` and `pare analyze` run each time: with all that these import statically. */
const PROGRAM = [
  'src/cli/check.ts',
  'src/collect/analyze.ts',
  'src/collect/disk.ts',
  'src/collect/source-text.ts',
  'src/engine/engine.ts',
  'src/scope/signals.ts',
  'src/telemetry/telemetry.ts',
  'src/measure/gzip.ts',
  'src/measure/brotli.ts',
  'src/report/compose-check.ts',
  'src/store/open-store.ts',
  'reports/check-text.ts',
  'reports/terminal.ts',
];

/** An answer of before is said again with no more than this loaded: its file is its own. */
const ANSWERS = ['src/cli/remember.ts'];

/** These are to load next to nothing: what they share with the program is a file of its own. */
const LIGHT = ['src/cli/help.ts', 'src/config/pare-config.ts', 'src/engine/worker.ts', 'src/precompress/serve.ts'];

const absolute = (paths) => paths.map((path) => realpathSync(join(root, path)));

/** Where dynamic imports of the parts above are made ones that need no file of their own. main.ts only starts a command. */
const REWRITTEN = /\/src\/(?:cli|engine|report)\/(?!main\.ts$)[\w-]+\.ts$/;

/** All parts of the program, each as a namespace. */
const PARTS = 'pare:program';

/**
 * A module that lies in a chunk with others and is imported dynamically needs a file of one line more, to be imported from: as much
 * to load again. Where the part is in the importer's own chunk `await import('./part.ts')` is made a static import; in the
 * commands, which come without the program, an import of all its parts at once.
 */
function joinDynamicImports() {
  const [command, program] = [COMMAND, PROGRAM].map(absolute);
  const names = program.map((_, index) => `part${index}`);
  return {
    name: 'join-dynamic-imports',
    resolveId: { filter: { id: /^pare:program$/ }, handler: () => ({ id: PARTS }) },
    load: {
      filter: { id: /^pare:program$/ },
      handler: () =>
        program.map((path, index) => `export * as ${names[index]} from ${JSON.stringify(path)};`).join('\n'),
    },
    transform: {
      filter: { id: REWRITTEN, code: 'import(' },
      handler(code, id) {
        const imports = [];
        const joined = code.replace(/(await )?import\('(\.[^']+)'\)/g, (whole, awaited, specifier) => {
          const path = resolve(dirname(id), specifier);
          const part = names[program.indexOf(path)];
          if (part !== undefined && id.includes('/src/cli/'))
            return awaited === undefined
              ? `import('${PARTS}').then(({ ${part} }) => ${part})`
              : `(await import('${PARTS}')).${part}`;
          if (part === undefined && !command.includes(path)) return whole;
          const name = `$part${imports.length}`;
          imports.push(`import * as ${name} from '${specifier}';`);
          return awaited === undefined ? `Promise.resolve(${name})` : `(await ${name})`;
        });
        return imports.length === 0 && joined === code ? null : { code: `${imports.join('')}${joined}` };
      },
    },
  };
}

/** Modules that are loaded with these, these among them. */
function staticClosure(modules, moduleInfo) {
  const found = new Set();
  const waiting = [...modules];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    waiting.push(...(moduleInfo(id)?.importedIds ?? []));
  }
  return found;
}

/**
 * @param {{ source: string, out: string, specifier: string | null }[]} entries
 * @param {string[]} external packages that the user brings along
 * @returns {Promise<{ files: Map<string, Uint8Array>, inputs: string[] }>} file names are relative to dist/
 */
export async function nodeBundles(entries, external) {
  const groups = { base: new Set(), command: new Set(), shared: new Set(), program: new Set() };
  const inputs = new Set();
  const build = await rolldown({
    cwd: root,
    platform: 'node',
    input: Object.fromEntries(entries.map(({ source, out }) => [out.replace(/\.js$/, ''), join(root, source)])),
    external: (id) => id.startsWith('node:') || external.some((name) => id === name || id.startsWith(`${name}/`)),
    resolve: { mainFields: ['module', 'main'] },
    transform: { target: 'node20' },
    preserveEntrySignatures: 'allow-extension',
    checks: { ineffectiveDynamicImport: false },
    plugins: [
      joinDynamicImports(),
      {
        name: 'groups',
        buildEnd() {
          const moduleInfo = (id) => this.getModuleInfo(id);
          const library = entries.filter(({ specifier }) => specifier !== null && specifier !== 'pare');
          const answers = staticClosure(absolute(ANSWERS), moduleInfo);
          const plugins = staticClosure(absolute(library.map(({ source }) => source)), moduleInfo);
          groups.command = staticClosure(absolute(COMMAND), moduleInfo);
          groups.program = staticClosure([PARTS], moduleInfo);
          for (const id of answers) for (const group of [groups.command, groups.program]) group.delete(id);
          for (const id of staticClosure(absolute(LIGHT), moduleInfo))
            if (groups.command.has(id) || groups.program.has(id)) groups.base.add(id);
          for (const id of groups.program) if (plugins.has(id)) groups.shared.add(id);
          for (const id of this.getModuleIds())
            if (!id.startsWith('\0') && id !== PARTS) inputs.add(relative(root, id));
        },
      },
    ],
  });
  const { output } = await build.generate({
    dir: join(root, 'dist'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    comments: false,
    // A quarter less to read and to compile at each start.
    minify: true,
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: Object.entries(groups).map(([name], index) => ({
        name,
        priority: 10 - index,
        test: (id) => groups[name].has(id),
      })),
    },
  });
  await build.close();
  return { files: new Map(output.map(({ fileName, code }) => [fileName, Buffer.from(code)])), inputs: [...inputs] };
}
