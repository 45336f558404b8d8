/**
 * Attribution against the truth. Every statement of every module carries text that occurs nowhere else, so the minified output
 * itself shows whose each piece is.
 *
 * The truth is read from the output's syntax tree, not from any map: a node belongs to a module when all the marked text inside
 * of it is that module's; the largest such nodes are the module's bytes. What remains between them (separators, `var`, the
 * chunk's imports and exports) is nobody's. A function that the bundler puts around a module holds only that module's text,
 * too; whether it is counted as the module's is a matter of convention (esbuild's metafile does, the rest bucket `wrapper`
 * does not), so there the truth is a range: without the wrapper, and with it and the separators beside the module.
 */
import { parseAst } from 'rollup/parseAst';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Build } from '../../src/model/build.ts';
import { bundle, temporaryFolder, writeProgram, type BundlerName, type Program } from '../support/bundle.ts';
import { assembleRaw, bytesByModule, evidenceOfMaps, evidenceOfMetafile } from '../support/evidence.ts';

const MODULES = 30;
const TOLERANCE = 0.005;

/** Numbers that look random and are the same in every run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
}

const mark = (module: number) => `Mark${String(module).padStart(2, '0')}`;

/** ASCII text of a length that no minifier shortens, marked at least once in 40 characters. */
function payload(module: number, length: number, next: (below: number) => number): string {
  let text = '';
  while (text.length < length) {
    text += `${mark(module)} `;
    for (let i = 0; i < 4; i++) text += `${next(2 ** 24).toString(36)} `;
  }
  return text;
}

type Form = (text: string, name: string) => string;

const FORMS: readonly Form[] = [
  (text, name) => `export const ${name} = "${text}";\nkeep(() => [${name}, "${text.slice(0, 6)}"]);`,
  (text, name) =>
    `export function ${name}(value) {\n  if (value > 1) return value + "${text}";\n  return "${text.slice(0, 60)}";\n}\nkeep([${name}, "${text.slice(0, 6)}"]);`,
  (text, name) =>
    `export const ${name} = { first: "${text}", second: ["${text.slice(0, 50)}", { third: \`${text.slice(0, 45)}\` }] };\nkeep(() => [${name}, "${text.slice(0, 6)}"]);`,
  (text, name) =>
    `export const ${name} = (value) => \`${text} \${value} ${text.slice(0, 45)}\`;\nkeep([${name}, "${text.slice(0, 6)}"]);`,
  (text, name) =>
    `export class ${name} {\n  constructor() { this.text = "${text}"; }\n  run(value) { return this.text + value + "${text.slice(0, 60)}"; }\n}\nkeep([${name}, "${text.slice(0, 6)}"]);`,
  (text) => `keep("${text}");`,
  (text) => `for (const each of ["${text.slice(0, 50)}", "${text}"]) keep(each + "${text.slice(0, 6)}");`,
];

function moduleText(module: number, cjs: boolean, imports: readonly string[]): string {
  const next = sequence(module * 7919 + 17);
  const size = 1_200 + next(19_000);
  const statements: string[] = [];
  for (let bytes = 0; bytes < size;) {
    const text = payload(module, 120 + next(900), next);
    bytes += text.length;
    const name = `value${module}_${statements.length}`;
    const form = FORMS[next(FORMS.length)]!(text, name);
    statements.push(cjs ? form.replace('export const', 'const').replace(/export (function|class)/, '$1') : form);
  }
  const keep = `const keep = (value) => { (globalThis.${mark(module)} ??= []).push(value); };`;
  const head = imports.map((each) => (cjs ? `require("./${each}");` : `import "./${each}";`));
  const tail = cjs ? [`module.exports = { "${mark(module)}": keep };`] : [];
  return [...head, keep, ...statements, ...tail, ''].join('\n');
}

type Format = 'ESM' | 'CommonJS';

const fileOf = (module: number) => `module-${module}.js`;

/** A tree: module n imports 2n + 1 and 2n + 2. */
function program(format: Format): Program {
  const files: Record<string, string> = {};
  for (let module = 0; module < MODULES; module++) {
    const imports = [2 * module + 1, 2 * module + 2].filter((to) => to < MODULES).map(fileOf);
    files[fileOf(module)] = moduleText(module, format === 'CommonJS', imports);
  }
  return files;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

interface Range {
  low: number;
  high: number;
}

/** Bytes of each module in a chunk: the fewest and the most that can be said to be its own. */
function truthOf(code: string): Map<number, Range> {
  const marks = [...code.matchAll(/Mark(\d\d)/g)].map((found) => ({ at: found.index, module: Number(found[1]) }));
  const owner = ({ start, end }: Node): number | 'nobody' | 'several' => {
    const within = new Set(marks.filter(({ at }) => at >= start && at < end).map(({ module }) => module));
    return within.size === 0 ? 'nobody' : within.size > 1 ? 'several' : [...within][0]!;
  };
  const pieces: { start: number; end: number; module: number; inner: number }[] = [];
  const visit = (node: Node): void => {
    const module = owner(node);
    if (module === 'nobody') return;
    if (module === 'several') return childrenOf(node).forEach(visit);
    const isMarked = (each: Node) => owner(each) === module;
    pieces.push({ start: node.start, end: node.end, module, inner: innerBytes(node, isMarked) });
  };
  visit(parseAst(code) as Node);
  const truth = new Map<number, Range>();
  pieces.forEach(({ start, end, module, inner }, i) => {
    const range = truth.get(module) ?? { low: 0, high: 0 };
    truth.set(module, range);
    range.low += inner;
    const before = pieces[i - 1];
    // Between two pieces of one module the separators are its own.
    const gap = before?.module === module ? start - before.end : 0;
    range.low += gap;
    range.high += gap + (end - start);
  });
  return truth;
}

/** Of a wrapper, what lies in its braces from the first marked statement to the last; anything else is all the module's. */
function innerBytes(node: Node, isMarked: (node: Node) => boolean): number {
  const body = wrappedBody(node);
  if (body === null) return node.end - node.start;
  const statements = (body as Node & { body: readonly Node[] }).body.filter(isMarked);
  return statements.length === 0 ? 0 : statements.at(-1)!.end - statements[0]!.start;
}

function wrappedBody(node: Node): Node | null {
  const source = node as Node & Record<string, unknown>;
  if (/^(?:Arrow)?Function/.test(node.type)) {
    const body = source['body'] as Node & { body?: readonly Node[] };
    // The module's own functions are short of statements; a module has many, and sets itself up with `keep`.
    return body.type === 'BlockStatement' && (body.body?.length ?? 0) > 2 ? body : null;
  }
  const children = childrenOf(node)
    .map(wrappedBody)
    .filter((body) => body !== null);
  return children.length === 1 ? children[0]! : null;
}

function childrenOf(node: Node): Node[] {
  return Object.values(node)
    .flat()
    .filter(
      (value): value is Node => typeof value === 'object' && value !== null && 'type' in value && 'start' in value,
    )
    .sort((a, b) => a.start - b.start);
}

/** The worst error, as a share of a module's bytes, over the modules above 1 KB; and how many modules that was taken over. */
function worstError(build: Build, codeOf: (file: string) => string): { worst: number; modules: number } {
  let worst = 0;
  let modules = 0;
  for (const output of build.outputs) {
    if (output.kind !== 'chunk') continue;
    const measured = bytesByModule(build, output);
    for (const [module, { low, high }] of truthOf(codeOf(output.file))) {
      if (high < 1_024) continue;
      modules++;
      const bytes = measured.get(fileOf(module)) ?? 0;
      worst = Math.max(worst, (low - bytes) / low, (bytes - high) / high);
    }
  }
  return { worst, modules };
}

const BUNDLERS: readonly BundlerName[] = ['esbuild', 'rollup+terser', 'rolldown', 'vite', 'webpack'];

describe.each<Format>(['ESM', 'CommonJS'])('%s modules', (format) => {
  const space = temporaryFolder();
  beforeAll(() => writeProgram(space.folder, program(format)));
  afterAll(() => space[Symbol.dispose]());

  test.each(BUNDLERS)('minified by %s each have their own bytes', async (bundler) => {
    const bundled = await bundle(bundler, space.folder, { entries: [fileOf(0)], minify: true });
    const codeOf = (name: string) =>
      Buffer.from(bundled.files.find(({ file }) => file === name)!.contents).toString('latin1');
    const { worst, modules } = worstError(await assembleRaw(evidenceOfMaps(bundled)), codeOf);
    expect(modules).toBe(MODULES);
    expect(worst).toBeLessThan(TOLERANCE);
    if (bundled.metafile === null) return;
    const witnessed = worstError(await assembleRaw(evidenceOfMetafile(bundled)), codeOf);
    expect(witnessed.worst).toBeLessThan(TOLERANCE);
  });
});
