import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { esbuildEvidence, isMetafile, parseMetafile } from '../../src/collect/esbuild-metafile.ts';
import { PareError } from '../../src/model/errors.ts';
import { bundle, temporaryFolder, writeProgram, type Bundled } from '../support/bundle.ts';
import { assembleRaw, evidenceOfMetafile, partsMinusOutput } from '../support/evidence.ts';

const space = temporaryFolder();
afterAll(() => space[Symbol.dispose]());
let bundled: Bundled;
beforeAll(async () => {
  writeProgram(space.folder, {
    'src/main.js':
      'import { a } from "./a.js";\nimport "./style.css";\nimport data from "./data.json";\nconsole.log(a, data, require("./old.cjs"));\nimport("./lazy.js");\n',
    'src/a.js': 'export const a = "a";\nexport const unused = "u";\n',
    'src/lazy.js': 'import { a } from "./a.js";\nexport default () => a;\n',
    'src/old.cjs': 'module.exports = "old";\n',
    'src/data.json': '{"x":1}',
    'src/style.css': '@import "./base.css";\nb { color: red }\n',
    'src/base.css': 'a { color: blue }\n',
    'package.json': '{"sideEffects":false}',
  });
  bundled = await bundle('esbuild', space.folder, { entries: ['src/main.js'], minify: false });
});

describe('the record of a build', () => {
  test('has modules with format, size and side effects', async () => {
    const { modules } = await assembleRaw(evidenceOfMetafile(bundled));
    expect(modules.map(({ id, format, sideEffects }) => [id, format, sideEffects])).toEqual([
      ['src/a.js', 'esm', false],
      ['src/base.css', 'css', false],
      ['src/data.json', 'json', false],
      ['src/lazy.js', 'esm', false],
      ['src/main.js', 'esm', false],
      ['src/old.cjs', 'cjs', false],
      ['src/style.css', 'css', false],
    ]);
    expect(modules.find(({ id }) => id === 'src/data.json')?.sourceBytes).toBe(7);
  });

  test('has edges of all kinds', async () => {
    const { modules, edges } = await assembleRaw(evidenceOfMetafile(bundled));
    const id = (i: number) => modules[i]!.id.replace('src/', '');
    expect(edges.map(({ from, to, kind, names, line }) => [id(from), id(to), kind, names, line])).toEqual(
      expect.arrayContaining([
        ['main.js', 'a.js', 'static', ['a'], 1],
        ['main.js', 'style.css', 'static', [], 2],
        ['main.js', 'data.json', 'static', ['default'], 3],
        ['main.js', 'old.cjs', 'require', null, 4],
        ['main.js', 'lazy.js', 'dynamic', null, 5],
        ['lazy.js', 'a.js', 'static', ['a'], 1],
        ['style.css', 'base.css', 'css', null, null],
      ]),
    );
  });

  test('tells entries from chunks, and what each imports', async () => {
    const { outputs, modules } = await assembleRaw(evidenceOfMetafile(bundled));
    const shown = outputs.map(({ file, kind, entry, entryModule, imports }) => [
      file.replace(/-[A-Z\d]{8}/, ''),
      kind,
      entry,
      entryModule === null ? null : modules[entryModule]!.id,
      imports.map((each) => each.kind).sort(),
    ]);
    expect(shown).toEqual([
      ['chunk.js', 'chunk', false, null, []],
      ['lazy.js', 'chunk', false, 'src/lazy.js', ['static']],
      ['main.css', 'css', false, null, []],
      ['main.js', 'chunk', true, 'src/main.js', expect.arrayContaining(['dynamic', 'static'])],
    ]);
  });

  test('accounts for every byte, with maps and without', async () => {
    const evidence = evidenceOfMetafile(bundled);
    const without = { ...evidence, outputs: evidence.outputs.map((each) => ({ ...each, map: null })) };
    for (const each of [evidence, without])
      for (const output of (await assembleRaw(each)).outputs) expect(partsMinusOutput(output).raw, output.file).toBe(0);
  });

  test('goes on where an output is gone', async () => {
    const { metafile, root, outdir } = bundled;
    const evidence = esbuildEvidence({
      metafile: metafile!,
      workingDir: root,
      root,
      outdir,
      entryPoints: null,
      version: null,
      read: (file) => (path.basename(file) === 'main.js' ? Buffer.from('x') : null),
    });
    expect(evidence.outputs.map(({ file }) => file)).toEqual(['main.js']);
    expect(new Set(evidence.diagnostics.map(({ code }) => code))).toEqual(new Set(['output-missing']));
  });
});

describe('a file that is no metafile', () => {
  test.each(['', '{', '[]', 'null', '{"inputs":{}}', '{"inputs":[],"outputs":{}}'])('%j', (text) => {
    expect(() => parseMetafile(text, 'meta.json')).toThrow(PareError);
    expect(() => parseMetafile(text, 'meta.json')).toThrow(/meta\.json/);
  });

  test('a metafile is one', () => {
    expect(parseMetafile(JSON.stringify(bundled.metafile), 'meta.json')).toEqual(
      JSON.parse(JSON.stringify(bundled.metafile)),
    );
    expect(isMetafile(bundled.metafile)).toBe(true);
  });
});
