/**
 * Property: whatever characters the sources hold and whoever bundles them, the parts of every output add up to the bytes on
 * disk, raw and compressed.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Build } from '../../src/model/build.ts';
import { bundle, temporaryFolder, writeProgram, type BundlerName, type Program } from '../support/bundle.ts';
import { assembleAll, evidenceOfMaps, evidenceOfMetafile, partsMinusOutput } from '../support/evidence.ts';

/** Text that goes into a template literal, a string or a comment as it is. */
const awkward = fc
  .array(
    fc.constantFrom(
      'plain words ',
      'é',
      'ß→',
      '😀',
      '👩‍👩‍👧',
      '\u{1D4D0}',
      '日本語',
      '\u00a0',
      '\ufeff',
      '\u2028',
      '\u2029',
      '\\uD800 ',
      '\\uDFFF',
      '\\u{1F600}',
      '\\0',
      '// not a comment ',
      '/*! not a licence */',
      '@license MIT ',
      "it's ",
      'a "quote" ',
      '"mappings":"AAAA" ',
      '# sourceMappingURL=no.map ',
      '</script>',
      '}{)(',
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));

const quoted = (text: string) => `"${text.replaceAll('"', '\\"').replaceAll('\u2028', '\\u2028')}"`;
const template = (text: string) => `\`${text.replaceAll('`', '\\`').replaceAll('${', '\\${')}\``;
const comment = (text: string) => text.replaceAll('*/', '* /').replace(/\\/g, '');

type Statement = (name: string, index: number) => string;
const statement: fc.Arbitrary<Statement> = fc.oneof(
  awkward.map(
    (text): Statement =>
      (name, i) =>
        `out(${quoted(`${name}${i}`)}, ${quoted(text)});`,
  ),
  awkward.map(
    (text): Statement =>
      (name, i) =>
        `out(\`${name}${i}\`, ${template(text)});`,
  ),
  fc.tuple(awkward, awkward).map(
    ([a, b]): Statement =>
      (name, i) =>
        `out(${template(`${name}${i}`)},\n  \`${a.replaceAll('`', '')}\n${b.replaceAll('`', '')}\n\`);`,
  ),
  awkward.map(
    (text): Statement =>
      () =>
        `/*! @license ${comment(text)} */`,
  ),
  awkward.map(
    (text): Statement =>
      () =>
        `/* ${comment(text)} */`,
  ),
  awkward.map(
    (text): Statement =>
      (name, i) =>
        `export function ${name}f${i}(x) { return x ? ${quoted(text)} : \`\${x}${i}\`; }\nout(${name}f${i}(1));`,
  ),
  awkward.map(
    (text): Statement =>
      (name, i) =>
        `export class ${name}C${i} { static text = ${quoted(text)}; run() { return /[/"'\`]/.test(this.text); } }\nout(new ${name}C${i}().run());`,
  ),
  fc.constant<Statement>((name, i) => `const ${name}é${i} = { 'ключ': "${name}", 𝒜: 1 };\nout(${name}é${i});`),
);

interface Shape {
  readonly modules: readonly {
    readonly statements: readonly Statement[];
    readonly imports: readonly number[];
    readonly lazy: boolean;
    readonly cjs: boolean;
    readonly crlf: boolean;
    readonly bom: boolean;
  }[];
}

const shape: fc.Arbitrary<Shape> = fc.record({
  modules: fc.array(
    fc.record({
      statements: fc.array(statement, { minLength: 1, maxLength: 5 }),
      imports: fc.uniqueArray(fc.nat(5), { maxLength: 3 }),
      lazy: fc.boolean(),
      cjs: fc.boolean(),
      crlf: fc.boolean(),
      bom: fc.boolean(),
    }),
    { minLength: 2, maxLength: 6 },
  ),
});

const PRELUDE = 'const out = (...values) => { (globalThis.seen ??= []).push(...values); };\n';

/** Modules import only later ones; each is reached from the first. */
function programOf({ modules }: Shape): Program {
  const program: Record<string, string> = {};
  modules.forEach((module, i) => {
    const cjs = module.cjs && i > 0;
    const extension = (at: number) => (modules[at]!.cjs && at > 0 ? 'cjs' : 'js');
    const targets = new Set(module.imports.map((offset) => i + 1 + offset).filter((to) => to < modules.length));
    if (i + 1 < modules.length) targets.add(i + 1);
    const imports = [...targets].map((to) => {
      const specifier = `./module-${to}.${extension(to)}`;
      if (cjs) return `require(${quoted(specifier)});`;
      return module.lazy && to === i + 1 ? `import(${quoted(specifier)}).then(out);` : `import ${quoted(specifier)};`;
    });
    const body = module.statements.map((each, k) => each(`m${i}_`, k)).join('\n');
    const text = `${imports.join('\n')}\n${PRELUDE}${cjs ? body.replaceAll('export ', '') : body}\n`;
    program[`module-${i}.${extension(i)}`] =
      (module.bom ? '\ufeff' : '') + (module.crlf ? text.replaceAll('\n', '\r\n') : text);
  });
  return program;
}

function expectSums(build: Build, outdir: string): void {
  for (const output of build.outputs) {
    expect(output.bytes.raw, output.file).toBe(readFileSync(path.join(outdir, output.file)).length);
    expect(partsMinusOutput(output), output.file).toEqual({ raw: 0, gzip: 0, brotli: 0 });
  }
  expect(build.outputs.length).toBeGreaterThan(0);
  // A map that was misread would name another file's bytes: it would show as a diagnostic. Rollup writes no map for a chunk
  // that holds nothing but its own code.
  const misread = build.diagnostics.filter(
    ({ code, file }) => code !== 'map-missing' || existsSync(path.join(outdir, `${file}.map`)),
  );
  expect(misread).toEqual([]);
}

/** Rolldown 1.2 can write a source map of 4 GiB where a template holds a raw U+2028 or U+2029: a line number falls below 0. */
function withoutSeparators(program: Program): Program {
  return Object.fromEntries(
    Object.entries(program).map(([file, text]) => [file, String(text).replaceAll(/[\u2028\u2029]/g, '\u2027')]),
  );
}

async function check(
  bundler: BundlerName,
  program: Program,
  minify: boolean,
  charset: 'ascii' | 'utf8',
): Promise<void> {
  using space = temporaryFolder();
  writeProgram(space.folder, bundler === 'rolldown' ? withoutSeparators(program) : program);
  const bundled = await bundle(bundler, space.folder, { entries: ['module-0.js'], minify, charset });
  expectSums(await assembleAll(evidenceOfMaps(bundled)), bundled.outdir);
  if (bundled.metafile !== null) expectSums(await assembleAll(evidenceOfMetafile(bundled)), bundled.outdir);
}

const RUNS: Readonly<Partial<Record<BundlerName, number>>> = { esbuild: 100, rolldown: 80, 'rollup+terser': 40 };

describe.each(Object.entries(RUNS) as [BundlerName, number][])('%s', (bundler, numRuns) => {
  test('accounts for every byte', async () => {
    await fc.assert(
      fc.asyncProperty(shape, fc.boolean(), fc.constantFrom('ascii', 'utf8'), (graph, minify, charset) =>
        check(bundler, programOf(graph), minify, charset as 'ascii' | 'utf8'),
      ),
      { numRuns },
    );
  });
});
