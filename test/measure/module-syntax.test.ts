import { describe, expect, test } from 'vitest';

import { findSpecifier, scanModule } from '../../src/measure/module-syntax.ts';

const importsOf = (source: string) =>
  scanModule(source).imports.map(({ kind, specifier, names }) => [kind, specifier, names]);
const exportsOf = (source: string) => scanModule(source).exports;

describe('imports', () => {
  test.each<[string, unknown]>([
    ['import "a"', [['static', 'a', []]]],
    ["import a from 'a'", [['static', 'a', ['default']]]],
    ['import * as a from "a"', [['static', 'a', ['*']]]],
    ['import a, { b, c as d } from "a"', [['static', 'a', ['default', 'b', 'c']]]],
    ['import a, * as b from "a"', [['static', 'a', ['*', 'default']]]],
    ['import {\n  a, // "x"\n  /* b, */ c,\n} from "a";', [['static', 'a', ['a', 'c']]]],
    [
      'import{a}from"a";import{b}from"b"',
      [
        ['static', 'a', ['a']],
        ['static', 'b', ['b']],
      ],
    ],
    ['import { "a-b" as c } from "a"', [['static', 'a', ['a-b']]]],
    ['import a from "./a.json" with { type: "json" }', [['static', './a.json', ['default']]]],
    ['export { a, b as c } from "a"', [['static', 'a', ['a', 'b']]]],
    [
      'export * from "a"; export * as b from "b"',
      [
        ['static', 'a', ['*']],
        ['static', 'b', ['*']],
      ],
    ],
    ['import("a")', [['dynamic', 'a', null]]],
    ['import(/* webpackChunkName: "x" */ /* y */ `a`)', [['dynamic', 'a', null]]],
    ['import(\n// note\n"a")', [['dynamic', 'a', null]]],
    [
      'const a = require("a"), b = require(`b`)',
      [
        ['require', 'a', null],
        ['require', 'b', null],
      ],
    ],
    ['new URL("./a.png", import.meta.url)', [['url', './a.png', null]]],
  ])('%s', (source, expected) => {
    const found = importsOf(source);
    expect(
      found.map(([kind, specifier, names]) => [kind, specifier, Array.isArray(names) ? [...names].sort() : names]),
    ).toEqual(
      (expected as [string, string, string[] | null][]).map(([kind, specifier, names]) => [
        kind,
        specifier,
        names && [...names].sort(),
      ]),
    );
  });

  test.each([
    ['a line comment', '// import "no"\n'],
    ['a block comment', '/* import "no"; require("no") */'],
    ['a string', `x = 'import "no"'; y = "require(\\"no\\")";`],
    ['a template', 'x = `import "no"; ${y} require("no")`;'],
    ['a nested template', 'x = `${`import "no"`} ${() => { `}` }} import("no")`;'],
    ['a regular expression', 'x = /import "no"/; y = /[/]import("no")/;'],
    ['a property', 'x.import("no"); x.require("no");'],
    ['a name', 'importer("no"); myrequire("no");'],
  ])('text in %s is none', (_, source) => {
    expect(importsOf(`${source} import "yes";`)).toEqual([['static', 'yes', []]]);
  });

  test('an expression in a template can import', () => {
    expect(importsOf('x = `${await import("a")} ${"b"}`')).toEqual([['dynamic', 'a', null]]);
  });

  test('a computed specifier is not told', () => {
    expect(
      importsOf('import(x); import("a" + x); import(`a${x}`); require(x)').filter(([, specifier]) => specifier !== 'a'),
    ).toEqual([]);
  });

  test('import.meta is none', () => {
    expect(importsOf('console.log(import.meta.url)')).toEqual([]);
  });
});

describe('TypeScript', () => {
  test('types only are no imports', () => {
    expect(
      importsOf(
        'import type { A } from "a"; import type B from "b"; export type { C } from "c"; export type * from "d";',
      ),
    ).toEqual([]);
  });

  test('a type among values is left out', () => {
    expect(importsOf('import { type A, b, type C as D } from "a"')).toEqual([['static', 'a', ['b']]]);
  });

  test('a value that is called type', () => {
    expect(importsOf('import type from "a"; import { type } from "b"')).toEqual([
      ['static', 'a', ['default']],
      ['static', 'b', ['type']],
    ]);
  });

  test('generics, casts and decorators do not mislead', () => {
    expect(importsOf('@dec() class A<T extends B<C>> { x = <T>y; z = a as unknown as B; }\nimport "a";')).toEqual([
      ['static', 'a', []],
    ]);
  });
});

describe('markup', () => {
  test('text of JSX without quotes', () => {
    expect(importsOf('const a = <p title="x">import nothing {b} / c</p>;\nimport d from "d";')).toEqual([
      ['static', 'd', ['default']],
    ]);
  });

  test('an apostrophe in the text of JSX costs no import behind it', () => {
    expect(importsOf(`const a = <p>don't</p>;\nconst b = import('./b');`)).toEqual([['dynamic', './b', null]]);
  });

  test('the script of a Vue file', () => {
    const source = `<script setup lang="ts">\nimport { ref } from 'vue';\nconst a = () => import('./b.vue');\n</script>\n<template><p>it's</p></template>`;
    expect(importsOf(source)).toEqual([
      ['static', 'vue', ['ref']],
      ['dynamic', './b.vue', null],
    ]);
  });
});

describe('exports', () => {
  test.each<[string, string[] | null]>([
    ['export default 1', ['default']],
    ['export default function a() {}', ['default']],
    [
      'export function a() {} export async function b() {} export function* c() {} export class D {}',
      ['a', 'b', 'c', 'D'],
    ],
    ['export const a = 1; export let b; export var c', ['a', 'b', 'c']],
    ['const a = 1; export { a, a as b, a as default }', ['a', 'b', 'default']],
    ['export { x as y } from "a"; export * from "b"; export * as z from "c"', ['y', '*', 'z']],
    ['export const { a, b: c, ...d } = e', ['a', 'c', 'd']],
    ['export enum A {} export abstract class B {} export declare const c: 1', ['A', 'B']],
    ['import "a"', []],
    ['module.exports = 1', null],
  ])('%s', (source, expected) => {
    expect(exportsOf(source)).toEqual(expected);
  });
});

test('places count lines from 1 and columns in UTF-16 units from 0', () => {
  const { imports } = scanModule('"😀é"; import "a";\r\n\n  import "b";\nconst c = `\n`; require("c");');
  expect(imports.map(({ line, column }) => [line, column])).toEqual([
    [1, 7],
    [3, 2],
    [5, 3],
  ]);
});

test('a specifier is found by its text alone', () => {
  const source = Buffer.from('// import("a")\nconst x = "a";\nawait import( "a");');
  expect(findSpecifier(source, 'a')).toEqual({ line: 3, column: 6 });
  expect(findSpecifier(source, 'b')).toBe(null);
});
