import { readFileSync } from 'node:fs';
import path from 'node:path';

import { build as esbuild } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';

import { findNotShaken, type NotShaken, type NotShakenOptions } from '../../src/detect/not-shaken.ts';
import { readTopLevel } from '../../src/detect/not-shaken-effects.ts';
import { loadParser, type ParseModule } from '../../src/detect/not-shaken-syntax.ts';
import { retainedSizes } from '../../src/detect/retained.ts';
import type { Build } from '../../src/model/build.ts';
import { bundle, temporaryFolder, writeProgram, type Program } from '../support/bundle.ts';
import { assembleRaw, evidenceOfMetafile } from '../support/evidence.ts';
import { buildOf, edgeOf, moduleOf, outputOf } from './synthetic.ts';

const LONG = (name: string) => `'${name} ${'kept '.repeat(60)}'`;

interface Findings {
  readonly build: Build;
  readonly all: readonly NotShaken[];
  /** Those about one module. */
  of(id: string): NotShaken[];
  /** `file:line` of the statement, and the text that begins there. */
  statement(finding: NotShaken): { readonly file: string; readonly line: number; readonly text: string };
}

async function findIn(
  program: Program,
  options: (build: Build) => Partial<NotShakenOptions> = () => ({}),
): Promise<Findings> {
  using root = temporaryFolder();
  writeProgram(root.folder, program);
  const entry = Object.keys(program).find((file) => /^main\./.test(file))!;
  const build = await assembleRaw(
    evidenceOfMetafile(await bundle('esbuild', root.folder, { entries: [entry], minify: true })),
  );
  const sources = (module: number) => readFileSync(path.join(root.folder, build.modules[module]!.id), 'utf8');
  const all = await findNotShaken(build, { sources, ...options(build) });
  return {
    build,
    all,
    of: (id) => all.filter(({ module }) => build.modules[module]!.id === id),
    statement: ({ at }) => {
      const file = build.modules[at!.module]!.id;
      const line = String(program[file]).split('\n')[at!.line - 1]!;
      return { file, line: at!.line, text: line.slice(at!.column) };
    },
  };
}

const rawOf = (build: Build, id: string): number =>
  build.outputs
    .flatMap(({ parts }) => parts)
    .filter(({ module }) => module !== null && build.modules[module]!.id === id)
    .reduce((sum, { bytes }) => sum + bytes.raw, 0);

describe('CommonJS', () => {
  const library = `'use strict';\nexports.used = () => ${LONG('used')};\nexports.unused = () => ${LONG('unused')};\n`;

  it('is kept whole whatever is asked for', async () => {
    const found = await findIn({
      'main.js': `import { used } from 'library';\nconsole.log(used());`,
      'node_modules/library/index.js': library,
      'node_modules/library/package.json': '{"name":"library","version":"1.0.0"}',
    });
    const [finding, ...others] = found.of('node_modules/library/index.js');
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ kept: 'whole', reason: 'commonjs', isEstimate: false });
    expect(finding!.detail).toContain('1 of its 2 exports is asked for (`used`)');
    expect(finding!.bytes.raw).toBe(rawOf(found.build, 'node_modules/library/index.js'));
    expect(found.statement(finding!)).toMatchObject({ line: 2, text: expect.stringMatching(/^exports\.used/) });
  });

  it('is followed through a module that only hands it on, and through the members of a default import', async () => {
    const found = await findIn({
      'main.js': `import library from './index.cjs';\nconsole.log(library.used());`,
      'index.cjs': `module.exports = require('./library.cjs');`,
      'library.cjs': library,
    });
    expect(found.of('library.cjs')[0]!.detail).toContain('(`used`)');
  });

  it('is no finding where all is asked for, or where there is one function to ask for', async () => {
    const found = await findIn({
      'main.js': `import { used, unused } from './library.cjs';\nimport one from './one.cjs';\nconsole.log(used(), unused(), one());`,
      'library.cjs': library,
      'one.cjs': `module.exports = function one() { return ${LONG('one')}; };`,
    });
    expect(found.all).toEqual([]);
  });

  it('is the reason where an ES module is asked for with require()', async () => {
    const found = await findIn({
      'main.cjs': `const { used } = require('./library.js');\nconsole.log(used());`,
      'library.js': `export const used = () => ${LONG('used')};\nexport const unused = () => ${LONG('unused')};`,
    });
    const [finding] = found.of('library.js');
    expect(finding).toMatchObject({ reason: 'commonjs', kept: 'part', isEstimate: true });
    expect(found.statement(finding!)).toMatchObject({
      file: 'main.cjs',
      line: 1,
      text: expect.stringMatching(/^require/),
    });
  });
});

describe('side effects', () => {
  it('name the statement, and the share of the module that hangs on it', async () => {
    const found = await findIn({
      'main.js': `import { used } from './shapes.js';\nconsole.log(used());`,
      'shapes.js': [
        `import { register } from './registry.js';`,
        `export const used = () => ${LONG('used')};`,
        `const table = [${LONG('table')}];`,
        `export const unused = register(table);`,
        `export const pure = /* @__PURE__ */ register(${LONG('pure')});`,
      ].join('\n'),
      'registry.js': `export const register = (table) => (globalThis.table = table);`,
    });
    const [finding] = found.of('shapes.js');
    expect(finding).toMatchObject({ kept: 'part', reason: 'side-effect', isEstimate: true });
    expect(finding!.detail).toContain('the call of `register`');
    expect(found.statement(finding!)).toMatchObject({ file: 'shapes.js', line: 4, text: 'register(table);' });
    // The table and the call; not `used`, and not what is marked pure.
    const text = Buffer.byteLength(LONG('table'));
    expect(finding!.bytes.raw).toBeGreaterThan(text * 0.9);
    expect(finding!.bytes.raw).toBeLessThan(text * 1.3);
  });

  it('are blamed on the barrel where that alone has the module run', async () => {
    const files = {
      'main.js': `import { used } from './barrel.js';\nconsole.log(used);`,
      'barrel.js': `export { used } from './used.js';\nexport { unused } from './unused.js';`,
      'used.js': `export const used = 1;`,
      'unused.js': `globalThis.ready = true;\nexport const unused = () => ${LONG('unused')};\nglobalThis.unused = unused;`,
    };
    const found = await findIn(files);
    const [finding] = found.of('unused.js');
    expect(finding).toMatchObject({ kept: 'whole', reason: 'barrel', isEstimate: false });
    expect(found.statement(finding!)).toMatchObject({ file: 'barrel.js', line: 2 });
    expect(finding!.detail).toContain('Line 1');
    expect(finding!.bytes.raw).toBe(rawOf(found.build, 'unused.js'));
    const free = await findIn({ ...files, 'package.json': '{"name":"app","sideEffects":false}' });
    expect(free.of('unused.js')).toEqual([]);
    expect(rawOf(free.build, 'unused.js')).toBe(0);
  });

  it('are the reason where a module is imported for its run only', async () => {
    const found = await findIn({
      'main.js': `import './styles.js';`,
      'styles.js': `export const styles = ${LONG('styles')};\nnew MutationObserver(() => styles);`,
    });
    const [finding] = found.of('styles.js');
    expect(finding).toMatchObject({ kept: 'whole', reason: 'side-effect' });
    expect(finding!.detail).toContain('`new MutationObserver`');
  });

  it('do not make a finding of code that only a development build runs', async () => {
    const found = await findIn({
      'main.js': `import { Button } from './button.js';\nconsole.log(Button);`,
      'button.js': [
        `export function Button() { return ${LONG('button')}; }`,
        `process.env.NODE_ENV !== 'production' ? (Button.propTypes = {}) : void 0;`,
        `if (process.env.NODE_ENV !== 'production') Button.displayName = 'Button';`,
        `export const other = process.env.NODE_ENV === 'production' ? null : make();`,
      ].join('\n'),
    });
    expect(found.of('button.js')).toEqual([]);
  });

  it('without a statement to name are put down to the sideEffects field', async () => {
    const modules = [
      moduleOf('src/main.js'),
      moduleOf('node_modules/ui/theme.vue', { sideEffects: true, exports: ['a'] }),
    ];
    const edges = [edgeOf(0, 1, { names: [], line: 1, column: 0 })];
    const output = outputOf(
      'main.js',
      [
        [0, 10],
        [1, 90],
      ],
      { entry: true, entryModule: 0 },
    );
    const build = buildOf(modules, edges, [output]);
    const found = await findNotShaken(build, { sources: (module) => (module === 0 ? `import 'ui/theme.vue';` : null) });
    expect(found).toMatchObject([{ module: 1, reason: 'side-effects-field', at: null, bytes: { raw: 90 } }]);
    expect(found[0]!.detail).toContain('package.json of ui');
  });
});

describe('side effects by the rules of another bundler', () => {
  const library = `export const used = 1;\nexport const unused = make();`;
  const found = (usedExports: readonly string[]) => {
    const modules = [
      moduleOf('src/main.js', { exports: [] }),
      moduleOf('src/library.js', { exports: ['used', 'unused'], usedExports }),
    ];
    const edges = [edgeOf(0, 1, { names: ['used'], line: 1, column: 0 })];
    const output = outputOf(
      'main.js',
      [
        [0, 10],
        [1, 80],
      ],
      { entry: true, entryModule: 0 },
    );
    const build = { ...buildOf(modules, edges, [output]), bundler: { name: 'rollup', version: '4.0.0' } };
    const main = `import { used } from './library.js';\nconsole.log(used);`;
    return findNotShaken(build, { sources: (module) => (module === 0 ? main : library) });
  };

  it('make a finding where the bundler says that it kept a name nobody asks for, and only there', async () => {
    expect(await found(['used'])).toEqual([]);
    expect(await found(['used', 'unused'])).toMatchObject([
      { module: 1, kept: 'part', reason: 'side-effect', at: { module: 1, line: 2 } },
    ]);
  });
});

describe('namespaces', () => {
  const parts = {
    'all.js': `export * from './a.js';\nexport * from './b.js';\nexport * as c from './c.js';`,
    'a.js': `export const a = () => ${LONG('a')};`,
    'b.js': `export const b = () => ${LONG('b')};`,
    'c.js': `export const one = () => ${LONG('c')};\nexport const two = () => ${LONG('two')};`,
    'package.json': '{"name":"app","sideEffects":false}',
  };

  it.each([
    [
      'is passed on',
      `import * as all from './all.js';\nconsole.log(all.a());\nObject.keys(all);`,
      'namespace-use',
      'main.js',
      3,
      'all)',
    ],
    [
      'is read with a computed key',
      `import * as all from './all.js';\nconsole.log(all.a());\nall[location.hash]();`,
      'dynamic-access',
      'main.js',
      3,
      'all[location.hash]',
    ],
    [
      'is exported as a value',
      `import { all } from './index.js';\nconsole.log(all.a());`,
      'namespace-use',
      'index.js',
      2,
      'all }',
    ],
  ] as const)('that %s keep what nobody asks for by name', async (_, main, reason, file, line, text) => {
    const found = await findIn({
      ...parts,
      'main.js': main,
      'index.js': `import * as all from './all.js';\nexport { all };`,
    });
    const [finding] = found.of('all.js');
    expect(finding).toMatchObject({ reason });
    expect(found.statement(finding!)).toMatchObject({ file, line, text: expect.stringContaining(text) });
    const ids = finding!.members.map((module) => found.build.modules[module]!.id);
    expect(ids).toContain('b.js');
    expect(ids).toContain('c.js');
    expect(ids).not.toContain('a.js');
  });

  it('have the bytes of whole modules as a build without the statement shows them', async () => {
    const index = { 'index.js': `import * as all from './all.js';\nexport { all };` };
    const found = await findIn({
      ...parts,
      ...index,
      'main.js': `import { all } from './index.js';\nconsole.log(all.a());`,
    });
    const mended = await findIn({
      ...parts,
      ...index,
      'main.js': `import * as all from './all.js';\nconsole.log(all.a());`,
    });
    const [finding] = found.of('all.js');
    const total = (build: Build) =>
      build.modules.reduce((sum, { id }) => sum + (/^(?:all|[abc])\.js$/.test(id) ? rawOf(build, id) : 0), 0);
    expect(finding!.bytes.raw).toBe(total(found.build) - total(mended.build));
    expect(mended.of('all.js')).toEqual([]);
  });

  it('that are used by member names only are no finding, whatever else is called so', async () => {
    const found = await findIn({
      ...parts,
      'main.js': `import * as all from './all.js';\nconst other = (all) => all[location.hash];\nconst { a } = all;\nconsole.log(a(), all.b(), all.c.one(), other([]));`,
    });
    expect(found.of('all.js')).toEqual([]);
    // A namespace within a namespace is one that the bundler makes.
    expect(found.of('c.js')).toMatchObject([{ reason: 'namespace-use', kept: 'part', isEstimate: true }]);
  });

  it('are followed into the members of an exported namespace', async () => {
    const found = await findIn({
      ...parts,
      'main.js': `import { all } from './index.js';\nconsole.log(all.a(), all.b(), all.c.one());`,
      'index.js': `import * as all from './all.js';\nexport { all };`,
    });
    const [finding] = found.of('c.js');
    expect(finding!.detail).toContain('only `one` is asked for');
    expect(finding!.bytes.raw).toBeGreaterThan(Buffer.byteLength(LONG('two')) * 0.9);
    expect(finding!.bytes.raw).toBeLessThan(rawOf(found.build, 'c.js') * 0.8);
  });

  it('of an import() keep the names that are not taken', async () => {
    const found = await findIn({
      'main.js': `const { one } = await import('./c.js');\nconsole.log(one());\nimport('./d.js').then((d) => d.used());`,
      'c.js': parts['c.js'],
      'd.js': `export const used = () => 1;\nexport const unused = () => ${LONG('unused')};`,
    });
    const [c] = found.of('c.js');
    expect(c).toMatchObject({ reason: 'dynamic-access', kept: 'part' });
    expect(found.statement(c!)).toMatchObject({ file: 'main.js', line: 1, text: expect.stringMatching(/^import\(/) });
    expect(c!.bytes.raw).toBeGreaterThan(Buffer.byteLength(LONG('two')) * 0.9);
    expect(found.of('d.js')).toMatchObject([{ reason: 'dynamic-access' }]);
  });
});

it('names what only the entry exports', async () => {
  const found = await findIn({
    'main.js': `export { big } from './big.js';\nconsole.log('start');`,
    'big.js': `export const big = () => ${LONG('big')};`,
    'package.json': '{"name":"app","sideEffects":false}',
  });
  expect(found.of('main.js')).toMatchObject([{ reason: 'entry-export' }]);
  expect(found.of('main.js')[0]!.bytes.raw).toBe(rawOf(found.build, 'big.js'));
});

it('gives the heaviest first, with retained sizes where they are known, and parses no more than it may', async () => {
  const program = {
    'main.js': `import { a } from './small.cjs';\nimport { b } from './large.cjs';\nconsole.log(a, b);`,
    'small.cjs': `exports.a = 1;\nexports.x = 2;`,
    'large.cjs': `const more = require('./more.cjs');\nexports.b = more;\nexports.y = ${LONG('y')};`,
    'more.cjs': `module.exports = function more() { return ${LONG('more')}; };`,
  };
  const found = await findIn(program, (build) => ({ retained: retainedSizes(build).modules }));
  expect(found.all.map(({ module }) => found.build.modules[module]!.id)).toEqual(['large.cjs', 'small.cjs']);
  expect(found.all[0]!.retained!.raw).toBeGreaterThan(found.all[0]!.bytes.raw + Buffer.byteLength(LONG('more')) - 2);
  const read: number[] = [];
  using root = temporaryFolder();
  writeProgram(root.folder, program);
  await findNotShaken(found.build, {
    sources: (module) => (read.push(module), String(program[found.build.modules[module]!.id as keyof typeof program])),
    reexports: found.build.modules.map(() => null),
    most: 2,
  });
  expect(new Set(read).size).toBeLessThanOrEqual(2);
  const unread = await findNotShaken(found.build, { sources: () => null });
  expect(unread.map(({ reason, at }) => ({ reason, at }))).toContainEqual({ reason: 'commonjs', at: null });
});

describe('the rules for side effects are those of esbuild', () => {
  let parse: ParseModule;

  beforeAll(async () => {
    parse = (await loadParser())!;
  });

  it.each([
    'const x = call();',
    'const x = /* @__PURE__ */ call();',
    'const x = /* @__PURE__ */ call(inner());',
    'const x = /* @__PURE__ */ (() => mark())();',
    'const x = new Thing();',
    'const x = /* @__PURE__ */ new Thing();',
    'const x = new Map();',
    'const x = new Map([[1, 2]]);',
    'const x = new Set(other);',
    'const x = local.property;',
    'const x = [1, "a", local];',
    'const x = { a: 1, [`b`]: local };',
    'const x = { a: call() };',
    'const x = [...local];',
    'const x = [...[1, 2]];',
    'const x = { ...local };',
    'const x = unknownGlobal;',
    'const x = typeof unknownGlobal;',
    'const x = Math.PI;',
    'const x = Symbol("x");',
    'const x = class { static y = 1; m() { call(); } };',
    'const x = class { static y = call(); };',
    'class X { static { call(); } }',
    'class X { static { } }',
    'class X extends local {}',
    'class X extends call() {}',
    'function x() { call(); }',
    'const x = () => call();',
    'const x = tag`text`;',
    'const { x } = local;',
    'const x = local ? 1 : 2;',
    'const x = local || call();',
    'const x = !local;',
    'const x = void 0;',
    'const x = "a" in local;',
    'if (false) { call(); }',
    'try { } finally { }',
    'for (const x of []) { }',
    'local.x = 1;',
    'delete local.x;',
    '"text";',
    'import.meta.url;',
  ])('%s', async (statement) => {
    const text = `const local = { mark: 'the local' };\nexport const used = 1;\n${statement}`;
    const { outputFiles } = await esbuild({
      stdin: { contents: `import { used } from 'm'; globalThis.used = used;`, resolveDir: '/' },
      bundle: true,
      format: 'esm',
      minifyWhitespace: true,
      write: false,
      logLevel: 'silent',
      plugins: [
        {
          name: 'one-module',
          setup(host) {
            host.onResolve({ filter: /^m$/ }, () => ({ path: 'm.js', namespace: 'one' }));
            host.onLoad({ filter: /./, namespace: 'one' }, () => ({ contents: text, loader: 'js' }));
          },
        },
      ],
    });
    const output = outputFiles[0]!.text.replace(/var used=1;|globalThis\.used=used;|\/\/.*\n|\s/g, '');
    const top = readTopLevel(parse('m.js', text)!);
    expect(
      top.statements.some(({ effect }) => effect !== null),
      output,
    ).toBe(output !== '');
  });
});
