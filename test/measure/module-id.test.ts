import { describe, expect, test } from 'vitest';

import {
  isRuntimeFile,
  isRuntimeModule,
  moduleId,
  moduleIdOfSource,
  moduleIdsOfSources,
  packageOf,
  stripQuery,
  toPosix,
} from '../../src/measure/module-id.ts';

test.each([
  ['/app/src/a.js', 'src/a.js'],
  ['/app/src/../a.js', 'a.js'],
  ['/node_modules/x/i.js', '../node_modules/x/i.js'],
  ['src/a.js', 'src/a.js'],
  ['./src/a.js', 'src/a.js'],
  ['/app/App.vue?vue&type=style&lang.css', 'App.vue'],
  ['/app/a.js#b', 'a.js'],
  ['\0vite/preload-helper.js', 'virtual:vite/preload-helper.js'],
  ['\0/app/a.cjs?commonjs-module', 'a.cjs'],
  ['file:///app/a%20b.js', 'a b.js'],
  ['data:text/javascript,1', 'virtual:data:text/javascript,1'],
  ['(disabled):fs', 'virtual:(disabled):fs'],
  ['/app/pages/[...slug].tsx', 'pages/[...slug].tsx'],
])('the module %s is %s', (id, expected) => {
  expect(moduleId('/app', id)).toBe(expected);
});

test('on Windows', () => {
  expect(moduleId('C:\\app', 'C:\\app\\src\\a.js')).toBe('src/a.js');
  expect(moduleId('C:/app', 'file:///C:/app/a.js')).toBe('a.js');
  expect(toPosix('a\\b')).toBe('a/b');
});

test.each([
  ['../src/a.js', 'src/a.js'],
  ['../../node_modules/x/i.js', '../node_modules/x/i.js'],
  ['/app/src/a.js', 'src/a.js'],
  ['a%20b.js', 'dist/a b.js'],
  ['100%.js', 'dist/100%.js'],
  ['../src/App.vue?vue&type=script', 'src/App.vue'],
  ['webpack://app/./src/a.js', 'src/a.js'],
  ['webpack:///./src/a.js?1a2b', 'src/a.js'],
  ['webpack://app/../node_modules/x/i.js', '../node_modules/x/i.js'],
  ['webpack://@scope/app/./src/a.js', 'src/a.js'],
  ['webpack://app/webpack/runtime/make namespace object', 'virtual:webpack/runtime/make namespace object'],
  ['webpack://app/external "react"', 'virtual:external react'],
  ['\0rolldown/runtime.js', 'virtual:rolldown/runtime.js'],
  ['../\0vite/preload-helper.js', 'virtual:vite/preload-helper.js'],
])('the source %s of a map in dist is %s', (source, expected) => {
  expect(moduleIdOfSource('/app', '/app/dist', source)).toBe(expected);
});

test.each([
  ['node_modules/x/lib/i.js', 'x', 'node_modules/x'],
  ['../../node_modules/@s/x/i.js', '@s/x', '../../node_modules/@s/x'],
  ['node_modules/a/node_modules/b/i.js', 'b', 'node_modules/a/node_modules/b'],
  ['node_modules/.pnpm/x@1.0.0/node_modules/x/i.js', 'x', 'node_modules/.pnpm/x@1.0.0/node_modules/x'],
])('%s is in the package %s', (id, name, folder) => {
  expect(packageOf(id)).toEqual({ name, folder });
});

test.each(['src/a.js', 'my_node_modules/x/i.js', 'node_modules/x.js', 'node_modules/@s/x.js'])(
  '%s is in no package',
  (id) => {
    expect(packageOf(id)).toBe(null);
  },
);

describe('the bundler’s own', () => {
  test.each([
    'virtual:webpack/runtime/x',
    'virtual:vite/preload-helper.js',
    'virtual:commonjsHelpers.js',
    'virtual:rolldown/runtime.js',
  ])('module %s', (id) => {
    expect(isRuntimeModule(id)).toBe(true);
  });

  test('not a module that is only called so', () => {
    expect(isRuntimeModule('src/runtime.js')).toBe(false);
    expect(isRuntimeModule('virtual:routes')).toBe(false);
  });

  test('file', () => {
    expect(isRuntimeFile('assets/rolldown-runtime-C5DM70K5.js')).toBe(true);
    expect(isRuntimeFile('assets/runtime.js')).toBe(false);
  });
});

test('a query before a package folder is part of the path', () => {
  expect(stripQuery('a?b/node_modules/x.js')).toBe('a?b/node_modules/x.js');
  expect(stripQuery('a.js?b?c')).toBe('a.js');
});

test('the sources of a map get the ids that each gets by itself', () => {
  const sources = [
    '../src/a.ts',
    '../src/b.ts',
    '../src/..',
    '../src/x%20y.ts',
    '../src/c.vue?vue&type=style',
    '../../node_modules/@scope/p/index.js',
    '../../node_modules/@scope/p/lib.js',
    'webpack://app/./src/d.js',
    '/app/src/e.js',
    '/app/src/f.js',
    'g.js',
    '\0virtual:h',
    null,
  ];
  expect(moduleIdsOfSources('/app', '/app/dist', sources)).toEqual(
    sources.map((source) => (source === null ? null : moduleIdOfSource('/app', '/app/dist', source))),
  );
});

test('a name can move no cursor', () => {
  expect(moduleIdOfSource('/app', '/app/dist', '../src/\x1b[31mred.js')).toBe('src/\ufffd[31mred.js');
});
