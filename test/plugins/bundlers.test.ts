import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import type { Build } from '../../src/model/build.ts';
import { analyzed, application, BUNDLERS, filesIn, remainders, run, type BundlerName } from './bundlers.ts';

/** A lazy route, an unused export, a JSON file, a package: what every bundler sees in the same way. */
const APP = {
  'src/main.js': `import { greet } from './greet.js';
import words from './words.json';
import * as shapes from './shapes.js';
import { add } from 'adder';

document.body.textContent = greet(words.name) + shapes.area(3) + add(1, 2);
addEventListener('click', () =>
  import('./lazy.js').then(({ show }) => show()));
`,
  'src/greet.js': `export { shout } from './shout.js';
export const greet = (name) => 'Good morning, dear ' + name + ', how do you do?';
export const unused = () => 'nobody asks for this text';
`,
  'src/shout.js': `export const shout = (text) => text.toUpperCase();\n`,
  'src/shapes.js': `export function area(side) { console.log('the area of a square'); return side * side; }
export const unusedShape = 'a shape that nobody draws';
`,
  'src/lazy.js': `import { area } from './shapes.js';
export function show() { console.log('shown late, with an area of ' + area(9)); }
`,
  'src/words.json': JSON.stringify({
    name: 'the reader of this small test',
    list: ['one word', 'another word', 'the last word'],
  }),
  'node_modules/adder/package.json':
    '{"name":"adder","version":"4.5.6","type":"module","main":"index.js","sideEffects":false}',
  'node_modules/adder/index.js': `export const add = (a, b) => { console.log('adding two numbers', a, b); return a + b; };\n`,
};

const own = (build: Build) => build.modules.filter(({ id }) => !id.startsWith('virtual:'));

function edgesOf(build: Build): string[] {
  return build.edges
    .filter(({ to }) => !build.modules[to]!.id.startsWith('virtual:'))
    .map(
      ({ from, to, kind, names, line, column }) =>
        `${build.modules[from]!.id}:${line}:${column} ${kind} ${names} ${build.modules[to]!.id}`,
    )
    .sort();
}

describe('one application in every bundler', () => {
  const builds = new Map<BundlerName, Build>();
  let root = '';
  beforeAll(async () => {
    root = await application(APP);
    for (const bundler of BUNDLERS)
      builds.set(bundler, await analyzed(bundler, root, { outdir: path.join(root, 'out', bundler), sourcemap: true }));
  });

  it.each(BUNDLERS)('%s: says which bundler it is', (bundler) => {
    const { name, version } = builds.get(bundler)!.bundler!;
    expect(name).toBe(bundler.replace(/\d$/, ''));
    expect(version).toMatch(
      bundler === 'vite' ? /^8\./ : /^vite/.test(bundler) ? new RegExp(`^${bundler.slice(4)}\\.`) : /^\d+\./,
    );
  });

  it.each(BUNDLERS)('%s: modules have the same names, packages and sizes', (bundler) => {
    const facts = (build: Build) =>
      own(build).map(({ id, package: owner, sourceBytes }) => ({ id, owner, sourceBytes }));
    expect(facts(builds.get(bundler)!)).toEqual(facts(builds.get('esbuild')!));
    expect(own(builds.get(bundler)!).map(({ id }) => id)).toEqual([
      'node_modules/adder/index.js',
      'src/greet.js',
      'src/lazy.js',
      'src/main.js',
      'src/shapes.js',
      'src/shout.js',
      'src/words.json',
    ]);
  });

  it.each(BUNDLERS)('%s: imports have the same kinds, names and places', (bundler) => {
    expect(edgesOf(builds.get(bundler)!)).toEqual(edgesOf(builds.get('esbuild')!));
    expect(edgesOf(builds.get(bundler)!)).toContain('src/main.js:8:2 dynamic null src/lazy.js');
  });

  it.each(BUNDLERS)('%s: exports and those that are used', (bundler) => {
    const greet = builds.get(bundler)!.modules.find(({ id }) => id === 'src/greet.js')!;
    expect([...greet.exports!].sort()).toEqual(['greet', 'shout', 'unused']);
    expect(greet.usedExports).toEqual(['greet']);
  });

  it.each(BUNDLERS)('%s: one entry and one chunk that is loaded late', (bundler) => {
    const build = builds.get(bundler)!;
    const chunks = build.outputs.filter(({ kind }) => kind === 'chunk');
    const [entry, ...others] = chunks.filter(({ entry: isEntry }) => isEntry);
    expect(others).toEqual([]);
    expect(build.modules[entry!.entryModule!]!.id).toBe('src/main.js');
    const late = new Set(entry!.imports.filter(({ kind }) => kind === 'dynamic').map(({ file }) => file));
    const lazy = chunks.filter(({ file }) => late.has(file));
    expect(lazy.map(({ entryModule }) => build.modules[entryModule!]!.id)).toEqual(['src/lazy.js']);
  });

  it.each(BUNDLERS)('%s: parts sum to the bytes', (bundler) => {
    expect(remainders(builds.get(bundler)!)).toEqual({});
  });

  it.each(BUNDLERS)('%s: the text of each module is found in its bytes', (bundler) => {
    const build = builds.get(bundler)!;
    const raw = (id: string) =>
      build.outputs
        .flatMap(({ parts }) => parts)
        .filter(({ module }) => module !== null && build.modules[module]!.id === id)
        .reduce((sum, { bytes }) => sum + bytes.raw, 0);
    expect(raw('src/greet.js')).toBeGreaterThan('Good morning, dear , how do you do?'.length);
    expect(raw('src/lazy.js')).toBeGreaterThan('shown late, with an area of '.length);
    expect(raw('src/shout.js')).toBe(0);
  });

  it.each(BUNDLERS)('%s: a build with pare writes what a build without it writes', async (bundler) => {
    const bare = path.join(root, 'bare', bundler);
    await run(bundler, root, { outdir: bare, sourcemap: true });
    expect(filesIn(path.join(root, 'out', bundler))).toEqual(filesIn(bare));
  });
});
