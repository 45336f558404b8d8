import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { readImports, sourceFiles } from './architecture/imports.ts';
import { circles, fileGraph, forbiddenImports, parseRooms, roomOf } from './architecture/rooms.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const rooms = parseRooms(readFileSync(join(root, 'docs/architecture.md'), 'utf8'));
const folders = ['src', 'plugins', 'reports', 'bench', 'fixtures', 'scripts', 'test'];

describe('the table of rooms in docs/architecture.md', () => {
  const files = sourceFiles(root, folders);

  test('has a row for every source file', () => {
    expect(rooms.length).toBeGreaterThan(5);
    expect(files.filter((file) => roomOf(rooms, file) === undefined)).toEqual([]);
  });

  test('has no row for a room that is not there', () => {
    const empty = rooms.filter((room) => !files.some((file) => roomOf(rooms, file) === room));
    expect(empty.map(({ path }) => path)).toEqual([]);
  });

  test('speaks only of rooms that it has', () => {
    const known = new Set([...rooms.map(({ path }) => path), 'pare']);
    const unknown = rooms.flatMap(({ mayImport }) => mayImport ?? []).filter((path) => !known.has(path));
    expect(unknown).toEqual([]);
  });

  test('lets no two rooms import each other, not even by a detour', () => {
    const allowed = new Map(rooms.map(({ path, mayImport }) => [path, mayImport ?? []]));
    expect(circles(allowed)).toEqual([]);
  });
});

describe('the imports of the project', () => {
  const imports = sourceFiles(root, folders).flatMap((file) => readImports(root, file));

  test('go where the table allows', () => {
    expect(imports.length).toBeGreaterThan(20);
    expect(forbiddenImports(rooms, imports)).toEqual([]);
  });

  test('never go in a circle', () => {
    expect(circles(fileGraph(imports))).toEqual([]);
  });
});

describe('the check', () => {
  const made: string[] = [];
  afterEach(() => made.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

  function importsOf(sources: Readonly<Record<string, string>>) {
    const folder = mkdtempSync(join(tmpdir(), 'rooms-'));
    made.push(folder);
    for (const [file, source] of Object.entries(sources)) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), source);
    }
    return sourceFiles(folder, readdirSync(folder)).flatMap((file) => readImports(folder, file));
  }

  test.each([
    ['an import', `import { size } from '../measure/size.ts';`],
    ['an import of a type', `import type { Size } from '../measure/size.ts';`],
    ['a re-export', `export * from '../measure/size.ts';`],
    ['an import at run time', `export const size = () => import('../measure/size.ts');`],
    ['a type named in place', `export type Size = import('../measure/size.ts').Size;`],
  ])('refuses %s that points up', (_, source) => {
    const imports = importsOf({ 'src/model/build.ts': source });
    expect(forbiddenImports(rooms, imports)).toEqual(['src/model/build.ts must not import src/measure/size.ts']);
  });

  test('allows an import that points down, and one within the room', () => {
    const imports = importsOf({
      'src/measure/size.ts': `import '../model/build.ts'; import './bits.ts'; import 'node:zlib'; import 'valibot';`,
    });
    expect(imports).toHaveLength(4);
    expect(forbiddenImports(rooms, imports)).toEqual([]);
  });

  test('refuses packages and Node in the runtime', () => {
    const imports = importsOf({ 'src/runtime/index.ts': `import 'node:fs'; import 'valibot'; import './load.ts';` });
    expect(forbiddenImports(rooms, imports)).toEqual([
      'src/runtime/index.ts must not import node:fs',
      'src/runtime/index.ts must not import valibot',
    ]);
  });

  test('refuses the package itself inside of the package', () => {
    const imports = importsOf({ 'src/measure/size.ts': `import 'pare/esbuild';`, 'bench/size.ts': `import 'pare';` });
    expect(forbiddenImports(rooms, imports)).toEqual(['src/measure/size.ts must not import pare/esbuild']);
  });

  test('refuses a file that lives in no room', () => {
    const imports = importsOf({ 'src/attic/box.ts': `import '../model/build.ts';` });
    expect(forbiddenImports(rooms, imports)).toEqual(['src/attic/box.ts lives in no room of the table']);
  });

  test('finds a circle and names the way around', () => {
    const imports = importsOf({
      'src/model/a.ts': `import './b.ts';`,
      'src/model/b.ts': `import type { C } from './c.ts';`,
      'src/model/c.ts': `export * from './a.ts';`,
    });
    expect(circles(fileGraph(imports))).toEqual(['src/model/a.ts → src/model/b.ts → src/model/c.ts → src/model/a.ts']);
  });

  test('refuses a table that it cannot read', () => {
    expect(() => parseRooms('| `src/model/` | types | whatever it likes |')).toThrow(/src\/model\//);
  });
});
