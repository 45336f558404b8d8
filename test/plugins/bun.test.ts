/** `Bun.build` with pare in its config, run by the Bun that npm brought; where it brought none, all of this is skipped. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { importChain } from '../../src/detect/graph.ts';
import type { Build, Output } from '../../src/model/build.ts';
import { APP as GOLDEN, BUN } from '../golden/builders.ts';
import type { BunResult, BunTask } from './bun-build.ts';
import { analyzed, application, filesIn, remainders } from './bundlers.ts';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures');
const QUIET = { summary: false, cache: false } as const;

/** Builds in a folder, by default with the analyzer. */
async function build(root: string, config: BunTask['config'], plugins?: BunTask['plugins']): Promise<BunResult> {
  const task: BunTask = { plugins: plugins ?? [{ name: 'analyzer', options: QUIET as never }], config };
  const program = path.join(import.meta.dirname, 'bun-build.ts');
  const { stdout, stderr } = await promisify(execFile)(BUN!, ['run', program, JSON.stringify(task)], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production', NO_COLOR: '1' },
    maxBuffer: 2 ** 28,
  });
  said = stderr;
  return JSON.parse(stdout) as BunResult;
}
/** What the latest build had on stderr. */
let said = '';

async function record(root: string, config: BunTask['config']): Promise<Build> {
  const { builds, error } = await build(root, config);
  expect(error).toBeNull();
  expect(builds).toHaveLength(1);
  return builds[0]!;
}

const PRODUCTION = {
  splitting: true,
  minify: true,
  sourcemap: 'linked',
  define: { 'process.env.NODE_ENV': '"production"' },
};

function bytesOf(build: Build, id: string, outputs: readonly Output[] = build.outputs): number {
  return outputs
    .flatMap(({ parts }) => parts)
    .filter(({ module }) => module !== null && build.modules[module]!.id === id)
    .reduce((sum, { bytes }) => sum + bytes.raw, 0);
}

function unmappedShare({ outputs }: Build): number {
  const parts = outputs.filter(({ kind }) => kind !== 'asset').flatMap((output) => output.parts);
  const sum = (list: typeof parts) => list.reduce((total, { bytes }) => total + bytes.raw, 0);
  return sum(parts.filter(({ rest }) => rest === 'unmapped')) / sum(parts);
}

/** Modules with bytes to which no imports lead. */
function lost(build: Build): string[] {
  const present = build.outputs
    .filter(({ kind }) => kind !== 'asset')
    .flatMap(({ parts }) => parts.flatMap(({ module, bytes }) => (module !== null && bytes.raw > 0 ? [module] : [])));
  return present.filter((module) => importChain(build, module) === null).map((module) => build.modules[module]!.id);
}

/** A lazy route, JSON, an image, styles, a package with a barrel, CommonJS. */
const FILES = {
  'index.html': `<!doctype html><link rel="stylesheet" href="./src/page.css"><script type="module" src="./src/main.js"></script>\n`,
  'src/main.js': `import './main.css';
import { greet } from './greet.js';
import words from './words.json';
import picture from './picture.svg';
import { add } from 'adder';
import old from './old.cjs';

document.body.textContent = greet(words.name) + add(1, 2) + picture + old.text;
addEventListener('click', () =>
  import('./lazy.js').then(({ show }) => show()));
`,
  'src/greet.js': `export const greet = (name) => 'Good morning, dear ' + name + ', how do you do?';
export const unused = () => 'nobody asks for this text';
`,
  'src/lazy.js': `import { greet } from './greet.js';
export function show() { console.log('shown late: ' + greet('you')); }
`,
  'src/old.cjs': `exports.text = 'an old module with a text of its own';\nexports.more = () => exports.text + exports.text;\n`,
  'src/words.json': JSON.stringify({ name: 'the reader', list: ['one word', 'another word', 'the last word'] }),
  'src/picture.svg': `<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h10v10H0z"/></svg>\n`,
  'src/main.css': `.main { color: red; margin: 0 auto }\n`,
  'src/page.css': `.page { color: blue; padding: 1px 2px }\n`,
  'node_modules/adder/package.json':
    '{"name":"adder","version":"4.5.6","type":"module","main":"index.js","sideEffects":false}',
  'node_modules/adder/index.js': `export { add } from './add.js';\nexport { take } from './take.js';\n`,
  'node_modules/adder/add.js': `export const add = (a, b) => { console.log('adding two numbers', a, b); return a + b; };\n`,
  'node_modules/adder/take.js': `export const take = (a, b) => { console.log('taking one away', a, b); return a - b; };\n`,
};

it('Bun is here', ({ skip }) => {
  if (BUN === null) skip('npm brought no program of Bun for this machine');
  expect(BUN).toBeTypeOf('string');
});

describe.skipIf(BUN === null)('a small application', () => {
  let root = '';
  beforeAll(async () => {
    root = await application(FILES);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const entrypoints = ['src/main.js'];

  it.each<[string, BunTask['config']]>([
    ['minified with chunks', PRODUCTION],
    ['as it is', { sourcemap: 'external' }],
    ['in one file', { ...PRODUCTION, splitting: false }],
    ['with inline maps', { ...PRODUCTION, sourcemap: 'inline' }],
    ['without maps', { ...PRODUCTION, sourcemap: 'none' }],
    ['for Bun itself', { ...PRODUCTION, target: 'bun' }],
    ['with a public path', { ...PRODUCTION, publicPath: 'https://example.com/assets/' }],
    [
      'in folders',
      { ...PRODUCTION, root: 'src', naming: { entry: 'js/[name]-[hash].[ext]', chunk: 'js/c/[hash].[ext]' } },
    ],
    ['with a metafile of its own', { ...PRODUCTION, metafile: 'meta.json' }],
  ])('%s: is written as without pare, and every byte has an owner', async (name, config) => {
    const [outdir, bare] = ['out', 'bare'].map((folder) => path.join(root, folder, name.replaceAll(' ', '-')));
    const measured = await record(root, { ...config, entrypoints, outdir });
    await build(root, { ...config, entrypoints, outdir: bare }, []);
    const written = filesIn(outdir!);
    expect(written).toEqual(filesIn(bare!));
    expect(remainders(measured)).toEqual({});
    expect(measured.outputs.map(({ file, bytes }) => [file, bytes.raw])).toEqual(
      Object.entries(written)
        .filter(([file]) => !/\.map$|^meta\.json$/.test(file))
        .map(([file, text]) => [file, text.length])
        .sort(([a], [b]) => (a! < b! ? -1 : 1)),
    );
    expect(lost(measured)).toEqual([]);
    const starts = measured.outputs.filter(({ entry }) => entry);
    expect(starts.map(({ entryModule }) => measured.modules[entryModule!]!.id)).toEqual(['src/main.js']);
    // What Bun prints for these is known to the byte, whatever the map leaves out.
    expect(
      bytesOf(
        measured,
        'src/picture.svg',
        measured.outputs.filter(({ kind }) => kind === 'asset'),
      ),
    ).toBe(FILES['src/picture.svg'].length);
    expect(bytesOf(measured, 'node_modules/adder/add.js')).toBeGreaterThan(50);
    expect(bytesOf(measured, 'node_modules/adder/take.js')).toBe(0);
    expect(measured.diagnostics.map(({ code }) => code)).toEqual(config['sourcemap'] === 'none' ? ['map-missing'] : []);
  });

  it('is measured without a place to write to', async () => {
    const measured = await record(root, { ...PRODUCTION, entrypoints });
    expect(remainders(measured)).toEqual({});
    expect(measured.outputs.map(({ file }) => file)).toContain('main.js');
    expect(filesIn(root)['main.js']).toBeUndefined();
  });

  it('knows what the map leaves out: JSON, names of images, lazy imports', async () => {
    const outdir = path.join(root, 'out/exact');
    const { outputs, ...rest } = await record(root, { ...PRODUCTION, entrypoints, outdir });
    const measured = { outputs, ...rest };
    const text = await readFile(path.join(outdir, 'main.js'), 'utf8');
    const chunk = outputs.filter(({ file }) => file === 'main.js');
    const json = /var \w+=\{name:"the reader".*?\};/.exec(text)![0];
    const image = /var \w+="\.\/picture-\w+\.svg";/.exec(text)![0];
    const main = /document\.body.*?\}\)=>\w+\(\)\)\);/.exec(text)![0];
    expect(bytesOf(measured, 'src/words.json', chunk)).toBe(json.length);
    expect(bytesOf(measured, 'src/picture.svg', chunk)).toBe(image.length);
    expect(bytesOf(measured, 'src/main.js', chunk) - main.length).toBeLessThanOrEqual(1);
    expect(bytesOf(measured, 'src/main.js', chunk)).toBeGreaterThanOrEqual(main.length);
  });

  it('has the modules, imports and places that esbuild has', async () => {
    const outdir = path.join(root, 'out/graph');
    const byBun = await record(root, { ...PRODUCTION, entrypoints, outdir });
    const byEsbuild = await analyzed('esbuild', root, {
      outdir: path.join(root, 'out/esbuild'),
      plugins: [{ name: 'svg', setup: ({ initialOptions }) => void (initialOptions.loader = { '.svg': 'file' }) }],
    });
    const facts = ({ modules }: Build) => modules.map(({ id, package: owner, exports }) => ({ id, owner, exports }));
    const edges = ({ edges: all, modules }: Build) =>
      all
        .map(({ from, to, kind, names, line, column }) =>
          [modules[from]!.id, line, column, kind, names, modules[to]!.id].join(' '),
        )
        .sort();
    // Bun doesn't look at what a barrel has beside that which is asked for.
    const loaded = (build: Build) => facts(build).filter(({ id }) => !id.endsWith('take.js'));
    expect(loaded(byBun)).toEqual(loaded(byEsbuild));
    expect(edges(byBun)).toEqual(edges(byEsbuild).filter((edge) => !edge.endsWith('take.js')));
    expect(byBun.bundler).toEqual({ name: 'bun', version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string });
  });

  it('starts at its page', async () => {
    const outdir = path.join(root, 'out/page');
    const measured = await record(root, { ...PRODUCTION, entrypoints: ['index.html'], outdir });
    expect(remainders(measured)).toEqual({});
    expect(lost(measured)).toEqual([]);
    const page = measured.outputs.filter(({ file }) => file === 'index.html');
    expect(bytesOf(measured, 'index.html', page)).toBe(page[0]!.bytes.raw);
    expect(bytesOf(measured, 'src/page.css')).toBeGreaterThan(30);
  });

  it('one analysis serves two plugins, and the report is written', async () => {
    const outdir = path.join(root, 'out/two');
    const file = path.join(root, 'out/report.html');
    const { builds, error } = await build(root, { ...PRODUCTION, entrypoints, outdir }, [
      { name: 'analyzer', options: { cache: false, json: path.join(root, 'out/build.json') } as never },
      { name: 'report', options: { cache: false, file } as never },
    ]);
    expect(error).toBeNull();
    expect(builds).toHaveLength(2);
    expect(builds[0]).toEqual(builds[1]);
    expect(await readFile(file, 'utf8')).toContain('id="pare-report"');
    expect(JSON.parse(await readFile(path.join(root, 'out/build.json'), 'utf8'))).toEqual(builds[0]);
    expect(said).toMatch(/pare {2}\d+ files by bun \d/);
  });

  it('a config with pare in it twice has one summary', async () => {
    const again = { name: 'pare', options: { cache: false, report: false } } as const;
    const { error } = await build(root, { ...PRODUCTION, entrypoints, outdir: 'out/twice' }, [again, again] as never);
    expect(error).toBeNull();
    expect(said.match(/largest outputs/g)).toHaveLength(1);
    expect(said).toContain('pare  the summary of this build is above (pare is in its config more than once)');
  });

  it('compresses what was written, where it is asked to', async () => {
    const options = { cache: false, report: false, analyzer: false, compress: { formats: ['br', 'gz'], minBytes: 0 } };
    const outdir = path.join(root, 'out/compressed');
    await build(root, { ...PRODUCTION, entrypoints, outdir }, [{ name: 'pare', options: options as never }]);
    const [text, copy] = ['main.js', 'main.js.br'].map((file) => readFileSync(path.join(outdir, file)));
    expect(brotliDecompressSync(copy!).equals(text!)).toBe(true);
  });

  it('says that it does not minify', async () => {
    const options = { cache: false, report: false, analyzer: false, minify: {} };
    const config = { ...PRODUCTION, entrypoints, outdir: 'out/minify' };
    const { success } = await build(root, config, [{ name: 'pare', options: options as never }]);
    expect(success).toBe(true);
    expect(said).toMatch(/^warn: The minify stage is not for Bun\.build/m);
  });

  it('follows the configuration of the project', async () => {
    const other = await application({ ...FILES, 'pare.config.json': '{"budgets":[{"kind":"total","max":1}]}' });
    const options = { cache: false, report: false, analyzer: { summary: false } };
    const { error } = await build(other, { ...PRODUCTION, entrypoints, outdir: 'out' }, [
      { name: 'pare', options: options as never },
    ]);
    await rm(other, { recursive: true, force: true });
    expect(error).toContain('over 1 B');
  });

  describe('budgets', () => {
    const pare = (budgets: readonly object[]): BunTask['plugins'] => [
      { name: 'pare', options: { cache: false, analyzer: { summary: false }, report: false, budgets } as never },
    ];
    const config = { ...PRODUCTION, entrypoints, outdir: 'out/budgets' };

    it('let pass what they hold', async () => {
      const { success, error } = await build(root, config, pare([{ kind: 'total', max: '10 kB' }]));
      expect({ success, error }).toEqual({ success: true, error: null });
    });

    it('fail the build, with the import that leads to the cause', async () => {
      const { error } = await build(root, config, pare([{ kind: 'banned', packages: ['adder'] }]));
      expect(error).toContain('adder');
      expect(error).toContain('src/main.js:5:1 imports node_modules/adder/index.js');
    });

    it('say so in the result where the build may not throw', async () => {
      const { success, logs, error } = await build(
        root,
        { ...config, throw: false },
        pare([{ kind: 'modules', modules: 'src/greet.js', max: 1, measure: 'raw' }]),
      );
      expect({ success, error }).toEqual({ success: false, error: null });
      expect(logs).toEqual([
        {
          message: expect.stringContaining('over 1 B (raw)') as string,
          position: { file: 'src/main.js', line: 2, column: 0 },
        },
      ]);
    });

    it('fail a build that they can not be checked on', async () => {
      const outfile = path.join(root, 'out/program');
      const compiled = { entrypoints: ['src/greet.js'], compile: { outfile }, target: 'bun' };
      const { error } = await build(root, compiled, pare([{ kind: 'total', max: 1 }]));
      expect(error).toContain('The budgets could not be checked');
      expect(said).toContain('Measure the same build without `compile`.');
    });
  });

  it("leaves Bun's own errors as they are", async () => {
    const broken = { entrypoints: ['src/not-there.js'], outdir: 'out/broken' };
    const [withPare, without] = [await build(root, broken), await build(root, broken, [])];
    expect(withPare).toEqual(without);
    expect(withPare.builds).toEqual([]);
    expect(withPare.error).not.toBeNull();
  });

  it('a build goes on where pare can not', async () => {
    const config = { ...PRODUCTION, entrypoints, outdir: 'out/aside' };
    const { success, error } = await build(root, config, [
      { name: 'report', options: { cache: false, file: path.join(root, 'src') } as never },
    ]);
    expect({ success, error }).toEqual({ success: true, error: null });
    expect(said).toMatch(/^warn: /m);
  });
});

describe.skipIf(BUN === null)('modules of known length', () => {
  const LENGTHS = [400, 4_000, 900, 12_000, 150, 2_500, 700, 6_000, 1_100, 300];
  /** What is around the text of a module: its names, its function, its exports. */
  const MOST_AROUND = 160;
  const text = (module: number) => `mark ${module} `.repeat(Math.ceil(LENGTHS[module]! / 7)).slice(0, LENGTHS[module]);
  const program = (write: (module: number, imports: readonly string[]) => string) =>
    Object.fromEntries(
      LENGTHS.map((_, module) => {
        const imports = [2 * module + 1, 2 * module + 2].filter((to) => to < LENGTHS.length);
        return [
          `src/m${module}.js`,
          write(
            module,
            imports.map((to) => `./m${to}.js`),
          ),
        ];
      }),
    );

  it.each<[string, Record<string, string>]>([
    [
      'ES modules',
      program(
        (module, imports) =>
          `${imports.map((each) => `import ${JSON.stringify(each)};`).join('\n')}\nglobalThis.keep(${JSON.stringify(text(module))});\n`,
      ),
    ],
    [
      'CommonJS modules',
      program(
        (module, imports) =>
          `${imports.map((each) => `require(${JSON.stringify(each)});`).join('\n')}\nexports.text = ${JSON.stringify(text(module))};\n`,
      ),
    ],
    [
      'lazy modules',
      program(
        (module, imports) =>
          `${imports.map((each) => `import(${JSON.stringify(each)}).then(globalThis.keep);`).join('\n')}\nexport const text = ${JSON.stringify(text(module))};\n`,
      ),
    ],
  ])('%s have their own bytes', async (_, files) => {
    const root = await application(files);
    try {
      for (const sourcemap of ['linked', 'none']) {
        const measured = await record(root, { ...PRODUCTION, sourcemap, entrypoints: ['src/m0.js'], outdir: 'out' });
        expect(remainders(measured)).toEqual({});
        const around = LENGTHS.map((length, module) => bytesOf(measured, `src/m${module}.js`) - length);
        expect(Math.min(...around), String(around)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...around), String(around)).toBeLessThanOrEqual(MOST_AROUND);
      }
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});

describe.skipIf(BUN === null).each([
  ['parts', path.join(FIXTURES, 'parts'), 'src/main.ts'],
  ['storefront', path.join(FIXTURES, 'storefront'), 'src/main.tsx'],
  ['golden', GOLDEN, 'src/main.js'],
])('%s', (_, root, entry) => {
  it('is accounted for to the byte, and every module has an import chain', { timeout: 240_000 }, async () => {
    const outdir = path.join(await application({}), 'out');
    const measured = await record(root, { ...PRODUCTION, entrypoints: [entry], outdir });
    await rm(path.dirname(outdir), { recursive: true, force: true });
    expect(remainders(measured)).toEqual({});
    expect(unmappedShare(measured)).toBeLessThan(0.001);
    expect(lost(measured)).toEqual([]);
    // What the map says of each module and what Bun printed for it come to the same.
    expect(measured.diagnostics.filter(({ code }) => code !== 'css-map-missing')).toEqual([]);
  });
});
