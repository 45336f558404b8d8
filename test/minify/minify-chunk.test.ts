import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { faultOf, parserOf } from '../../src/minify/check-output.ts';
import { minifyChunk, minifyTask, type MinifyInput, type Minifier } from '../../src/minify/index.ts';
import { memoryCache } from './memory-cache.ts';
import { root, settingsOf } from './stage-plugins.ts';

const TOOLS = ['oxc', 'swc', 'terser', 'esbuild'] as const;

/** Long enough that minifying pays, whatever it is about. */
const FILLER = `
function describeNumber(someNumber) {
  const isEven = someNumber % 2 === 0;
  if (isEven) { return "even number " + someNumber; } else { return "odd number " + someNumber; }
}
`;
const CODE = `import { write } from "./write.js";\n${FILLER}\nwrite(describeNumber(3));\nexport { describeNumber };\n`;

const chunk = (code: string, more: Partial<MinifyInput> = {}): MinifyInput => ({
  file: 'main.js',
  code,
  map: null,
  format: 'es',
  ...more,
});

describe('a chunk', () => {
  it('becomes what is smallest in brotli of all that was tried', async () => {
    const result = await minifyChunk(chunk(CODE), settingsOf({ tools: TOOLS }), { root });
    expect(result.tried.map(({ tool }) => tool).toSorted()).toEqual(
      ['esbuild', 'oxc', 'oxc+swc', 'oxc+swc+oxc', 'terser', 'terser+swc', 'terser+swc+oxc'].toSorted(),
    );
    expect(result.tried.filter(({ error }) => error !== undefined)).toEqual([]);
    // Near ties were weighed at the best quality.
    const exact = result.tried.filter(({ quality }) => quality === 11);
    const best = Math.min(...exact.map(({ brotli }) => brotli!));
    expect(exact.find(({ tool }) => tool === result.tool)!.brotli).toBe(best);
    expect(brotliCompressSync(result.code).length).toBeLessThan(brotliCompressSync(CODE).length);
  });

  it('stays as it was where no minifier makes it smaller', async () => {
    const result = await minifyChunk(
      chunk('a()', { format: 'iife', map: '{"version":3,"sources":[],"mappings":""}' }),
      settingsOf(),
      { root },
    );
    expect(result).toMatchObject({ code: 'a()', tool: null, map: '{"version":3,"sources":[],"mappings":""}' });
  });

  it('with a syntax error stays as it was, and every minifier says so', async () => {
    const result = await minifyChunk(chunk('let a = ;'), settingsOf({ tools: TOOLS }), { root });
    expect(result).toMatchObject({ code: 'let a = ;', tool: null });
    expect(result.warnings).toHaveLength(4);
    for (const tool of TOOLS) {
      expect(result.warnings).toContainEqual(expect.stringContaining(`${tool} can't minify main.js: `));
    }
  });

  it('that is empty stays so', async () => {
    expect(await minifyChunk(chunk('\n'), settingsOf(), { root })).toMatchObject({ code: '\n', tool: null, tried: [] });
  });

  it.for(TOOLS)('keeps its hashbang, its directives and what others see of it with %s', async (tool) => {
    const head = '#!/usr/bin/env node\n"use client";\n';
    const more = 'export default class { static action() { return import.meta.url; } }\nimport("./lazy.js");\n';
    const result = await minifyChunk(chunk(head + CODE + more), settingsOf({ tools: [tool] }), { root });
    expect(result.tool).toBe(tool);
    expect(result.code).toMatch(/^#!\/usr\/bin\/env node\n\s*"use client";/);
    expect(result.code).toMatch(/import\s*\{\s*write\b.*from\s*["']\.\/write\.js["']/);
    expect(result.code).toMatch(/import\(["'`]\.\/lazy\.js["'`]\)/);
    expect(result.code).toContain('import.meta.url');
    expect(result.code).toMatch(/\bdescribeNumber\b/);
  });

  it.for(TOOLS)('never loses the directive of a function with %s', async (tool) => {
    const more =
      'export async function save() {\n  "use server";\n  return 1;\n}\nexport class Actions { static action() { "use server"; return 2; } }\n';
    const result = await minifyChunk(chunk(CODE + more), settingsOf({ tools: [tool] }), { root });
    expect(result.code.match(/["']use server["']/g)).toHaveLength(2);
    // A minifier that drops one is out, and named.
    if (result.tool === null) expect(result.warnings.join()).toMatch(/dropped "use server"/);
  });

  it.for(TOOLS)(
    'that is a classic script keeps its top-level names with %s; in CommonJS they are its own',
    async (tool) => {
      const code = `"use strict";${FILLER}var shared = describeNumber(3); let alsoShared = describeNumber(4);`;
      const script = await minifyChunk(chunk(code, { format: 'iife' }), settingsOf({ tools: [tool] }), { root });
      expect(script.tool).toBe(tool);
      const context: Record<string, unknown> = {};
      expect(runInNewContext(`${script.code};[describeNumber(6), shared, alsoShared]`, context)).toEqual([
        'even number 6',
        'odd number 3',
        'even number 4',
      ]);
      const cjs = await minifyChunk(
        chunk(`${code} exports.value = shared + alsoShared;`, { format: 'cjs' }),
        settingsOf({ tools: [tool] }),
        { root },
      );
      const exports: Record<string, unknown> = {};
      runInNewContext(cjs.code, { exports });
      expect(exports['value']).toBe('odd number 3even number 4');
    },
  );

  it.for(TOOLS)('has no syntax newer than the target with %s', async (tool) => {
    const code = `export function pick(value, other) { if (value === null || value === undefined) value = other; return value === null || value === void 0 ? void 0 : value.field; }${FILLER}export {describeNumber}`;
    const result = await minifyChunk(chunk(code), settingsOf({ tools: [tool], target: 'es2017' }), { root });
    expect(result.tool).toBe(tool);
    expect(result.code).not.toMatch(/\?\?|\?\.[a-z]/);
  });

  it.for(TOOLS)("keeps names where terser's options ask for it, with %s", async (tool) => {
    const code = `${FILLER}class SomeShape { draw() { return describeNumber.name; } } export const made = [new SomeShape(), describeNumber];`;
    const settings = settingsOf({ tools: [tool], terser: { keep_fnames: true, keep_classnames: true } });
    const { code: output } = await minifyChunk(chunk(code), settings, { root });
    const module = (await import(`data:text/javascript,${encodeURIComponent(output)}`)) as { made: [object, object] };
    expect(module.made[0].constructor.name).toBe('SomeShape');
    expect((module.made[1] as { name: string }).name).toBe('describeNumber');
  });

  it('goes through terser alone where an option needs it', async () => {
    const code = `${FILLER}export const value = { _private: describeNumber(1), shown: 2 }; console.log(value._private);`;
    const settings = settingsOf({ tools: ['oxc', 'swc'], terser: { mangle: { properties: { regex: /^_/ } } } });
    const result = await minifyChunk(chunk(code), settings, { root });
    expect(result.tried.every(({ tool }) => tool.startsWith('terser'))).toBe(true);
    expect(result.code).not.toContain('_private');
  });

  it('keeps its licences in the way that was chosen, with every minifier', async () => {
    const code = `/*! first */\n${CODE}function unused() { /*! second */ }\n/*! first */`;
    for (const tool of TOOLS) {
      const inline = await minifyChunk(chunk(code), settingsOf({ tools: [tool] }), { root });
      expect(inline.code.startsWith('/*! first */\n/*! second */\n')).toBe(true);
      expect(inline.code.match(/\/\*!/g)).toHaveLength(2);
      const linked = await minifyChunk(chunk(code), settingsOf({ tools: [tool], licences: 'linked' }), { root });
      expect(linked.licences.file).toBe('/*! first */\n\n/*! second */\n');
      expect(linked.code).toMatch(/^\/\*! For license information please see main\.js\.LICENSE\.txt \*\/\n/);
      expect(linked.code.match(/\/\*!/g)).toHaveLength(1);
      const none = await minifyChunk(chunk(code), settingsOf({ tools: [tool], licences: 'none' }), { root });
      expect(none.code).not.toContain('/*!');
      expect(none.licences).toEqual({ text: '' });
    }
  });

  it('comes from the cache the second time, and not when anything else was asked for', async () => {
    const cache = memoryCache();
    const engine = { root, cache };
    const input = chunk(CODE, { sourceMap: true });
    const first = await minifyChunk(input, settingsOf(), engine);
    const second = await minifyChunk(input, settingsOf(), engine);
    expect(first.tried).not.toEqual([]);
    expect(second).toEqual({ ...first, tried: [] });
    expect(cache.values.size).toBe(1);
    for (const [other, settings] of [
      [{ ...input, code: `${CODE}//` }, settingsOf()],
      [{ ...input, sourceMap: false }, settingsOf()],
      [{ ...input, format: 'cjs' as const, code: FILLER }, settingsOf()],
      [input, settingsOf({ target: 'es2020' })],
      [input, settingsOf({ licences: 'none' })],
      [input, settingsOf({ tools: ['oxc'] })],
      [input, settingsOf({ terser: { keep_fnames: true } })],
    ] as const) {
      const before = cache.values.size;
      expect((await minifyChunk(other, settings, engine)).tried).not.toEqual([]);
      expect(cache.values.size).toBe(before + 1);
    }
  });

  it('is minified anew where the cache gives something that is none of ours', async () => {
    const cache = { ...memoryCache(), through: () => Promise.resolve(new Uint8Array([1, 2, 3])) };
    const result = await minifyChunk(chunk(CODE), settingsOf(), { root, cache });
    expect(result.code.length).toBeLessThan(CODE.length);
  });

  it('sends what would block this thread elsewhere, and no more', async () => {
    const sent: string[][] = [];
    const run: typeof minifyTask = (input, options) => {
      sent.push(structuredClone(input).steps.map(({ tool }) => tool));
      return minifyTask(input, options);
    };
    await minifyChunk(chunk(CODE), settingsOf({ tools: ['oxc', 'swc', 'terser'] }), { root, run });
    expect(sent).toEqual([['terser', 'swc', 'oxc']]);
  });

  it('is given up when that is asked for', async () => {
    const early = AbortSignal.abort(new Error('before'));
    await expect(minifyChunk(chunk(CODE), settingsOf(), { root, signal: early })).rejects.toThrow('before');
    const controller = new AbortController();
    const result = minifyChunk(chunk(CODE.repeat(2).replace('export { describeNumber };', '')), settingsOf(), {
      root,
      signal: controller.signal,
    });
    controller.abort(new Error('meanwhile'));
    await expect(result).rejects.toThrow('meanwhile');
  });
});

describe("the project's own minifiers", () => {
  let folder: string;
  let standalone: { readonly minifyChunk: typeof minifyChunk };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pare-minify-'));
    // pare as it is installed: bundled, and nothing of this repository's packages above it.
    const outfile = join(folder, 'node_modules', 'pare', 'minify.mjs');
    await build({
      entryPoints: [join(root, 'src/minify/index.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      mainFields: ['module', 'main'],
      logLevel: 'silent',
    });
    standalone = (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as typeof standalone;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function project(
    name: string,
    links: readonly string[],
    own: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const modules = join(folder, name, 'node_modules');
    for (const link of links) {
      await mkdir(dirname(join(modules, link)), { recursive: true });
      await symlink(join(root, 'node_modules', link), join(modules, link));
    }
    for (const [id, code] of Object.entries(own)) {
      await mkdir(join(modules, id), { recursive: true });
      await writeFile(
        join(modules, id, 'package.json'),
        JSON.stringify({ name: id, version: '1.0.0', main: 'index.js' }),
      );
      await writeFile(join(modules, id, 'index.js'), code);
    }
    return join(folder, name);
  }

  const minify = async (at: string, tools: readonly Minifier[]) =>
    standalone.minifyChunk(chunk(CODE), settingsOf({ tools }), { root: at });

  it('are used as far as they are there, with a word about those that are not', async () => {
    const result = await minify(await project('one', ['terser']), ['oxc', 'terser']);
    expect(result).toMatchObject({ tool: 'terser', warnings: [] });
    expect(result.remarks).toEqual([
      'oxc-minify is not installed (npm i -D oxc-minify): chunks are minified by only terser.',
    ]);
  });

  it('stand in for those that were asked for, where none of these is there', async () => {
    const result = await minify(await project('other', ['terser']), ['oxc', 'swc']);
    expect(result.tool).toBe('terser');
    expect(result.remarks).toEqual([
      'oxc-minify and @swc/core are not installed (npm i -D oxc-minify @swc/core): chunks are minified by terser.',
    ]);
  });

  it('are none, and nothing is minified', async () => {
    const result = await minify(await project('none', []), ['swc']);
    expect(result).toMatchObject({ tool: null, code: CODE });
    expect(result.remarks).toEqual([
      '@swc/core is not installed (npm i -D @swc/core), nor is another minifier: nothing is minified.',
    ]);
  });

  it('count oxc that Rolldown brings along with Vite', async () => {
    const result = await minify(await project('vite', ['vite']), ['oxc']);
    expect(result).toMatchObject({ tool: 'oxc', remarks: [] });
  });

  it.for([
    ['throws', 'exports.minify = () => { throw new Error("out of order"); };', 'out of order'],
    ['gives no code', 'exports.minify = async () => ({});', 'it gave no code'],
    ['gives what does not parse', 'exports.minify = async () => ({ code: "let a = ;" });', 'does not parse'],
    ['loses an export', 'exports.minify = async () => ({ code: "import\\"./write.js\\"" });', 'changed the exports'],
    ['loses an import', 'exports.minify = async () => ({ code: "export let describeNumber" });', 'changed the imports'],
  ] as const)('are out of the race where one %s', async ([name, code, message]) => {
    const at = await project(name.replaceAll(' ', '-'), ['terser'], { '@swc/core': code });
    const result = await minify(at, ['swc', 'terser']);
    expect(result.tool).toBe('terser');
    expect(result.warnings).not.toEqual([]);
    expect(result.warnings[0]).toContain("swc can't minify main.js: ");
    expect(result.warnings[0]).toContain(message);
    const alone = await minify(at, ['swc']);
    expect(alone).toMatchObject({ tool: null, code: CODE });
  });
});

describe('what a module is said to be', () => {
  const code = `import data from './data.json' with { type: 'json' };\nexport const longName = data.value + data.value;\n`;
  const chunk = { file: 'main.js', code, map: null, format: 'es' } as const;

  it.for(['oxc', 'swc', 'terser', 'esbuild'] as const)('stays with %s', async (tool) => {
    const { code: minified, warnings } = await minifyChunk(chunk, settingsOf({ tools: [tool] }), { root });
    expect(warnings).toEqual([]);
    expect(minified).toMatch(/with\s*\{\s*type:\s*["']json["']\s*\}/);
  });

  it('must not be lost', async () => {
    const parse = parserOf(root);
    const fault = (output: string) => faultOf(output, code, 'module', parse);
    expect(await fault(`import d from"./data.json"with{type:"json"};export const longName=d`)).toBe(null);
    expect(await fault(`import d from"./data.json";export const longName=d`)).toMatch(/changed the imports/);
  });
});
