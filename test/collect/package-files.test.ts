import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { PackageFiles } from '../../src/collect/package-files.ts';
import { temporaryFolder, writeProgram } from '../support/bundle.ts';

const space = temporaryFolder();
afterAll(() => space[Symbol.dispose]());
beforeAll(() =>
  writeProgram(space.folder, {
    'package.json': '{"version":"0.0.1","type":"module","sideEffects":["./src/effect.js"]}',
    'node_modules/pure/package.json': '{"version":"1.0.0","sideEffects":false}',
    'node_modules/mixed/package.json': '{"version":"2.0.0","sideEffects":["*.css","./lib/**/effect.js"]}',
    'node_modules/mixed/esm/package.json': '{"type":"module","sideEffects":false}',
    'node_modules/silent/package.json': '{"version":"3.0.0"}',
    'node_modules/silent/deep/package.json': '{"main":"x.js"}',
    'node_modules/broken/package.json': '{"version":',
    'node_modules/@s/p/package.json': '{"version":"4.0.0-beta.1","type":"module"}',
  }),
);

const files = () => new PackageFiles(space.folder);

test.each([
  ['node_modules/pure', '1.0.0'],
  ['node_modules/@s/p', '4.0.0-beta.1'],
  ['node_modules/broken', null],
  ['node_modules/absent', null],
])('the version of %s is %s', (folder, version) => {
  expect(files().version(folder)).toBe(version);
});

describe('side effects', () => {
  test.each([
    ['node_modules/pure/i.js', false],
    ['node_modules/mixed/a/style.css', true],
    ['node_modules/mixed/i.js', false],
    ['node_modules/mixed/lib/x/effect.js', true],
    ['node_modules/mixed/esm/lib/x/effect.js', false],
    ['node_modules/silent/i.js', true],
    ['node_modules/silent/deep/x.js', true],
    ['node_modules/absent/i.js', null],
    ['src/effect.js', true],
    ['src/other.js', false],
    ['virtual:x', null],
  ])('of %s: %s', (id, expected) => {
    expect(files().sideEffects(id)).toBe(expected);
  });
});

test.each([
  ['src/a.js', 'module'],
  ['node_modules/silent/i.js', 'commonjs'],
  ['node_modules/mixed/esm/i.js', 'module'],
  ['node_modules/@s/p/i.js', 'module'],
  ['virtual:x', null],
])('the type of %s is %s', (id, type) => {
  expect(files().type(id)).toBe(type);
});
