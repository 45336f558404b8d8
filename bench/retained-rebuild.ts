/** A fixture built with some of its import statements taken out. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin as EsbuildPlugin } from 'esbuild';
import { parseSync } from 'oxc-parser';
import type { Plugin as RollupPlugin } from 'rollup';

import type { Build, Bytes } from '../src/model/build.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** An import statement: module id, line from 1, column from 0. */
export interface Cut {
  readonly module: string;
  readonly line: number;
  readonly column: number;
}

export interface Built {
  readonly build: Build;
  readonly sources: (module: number) => string | null;
  /** Of all scripts and style sheets. */
  readonly bytes: Bytes;
}

export interface Fixture {
  build(cuts: readonly Cut[]): Promise<Built>;
  /** Whether the statement can be taken out alone: `export * from` can't, nobody knows what it passes on. */
  canCut(cut: Cut): boolean;
}

interface FixtureModule {
  build(bundler: string, options: { outdir: string; plugins: unknown[] }): Promise<unknown>;
}

/** @param folder for the outputs and the cache of compressed files */
export async function openFixture(name: string, bundler: 'esbuild' | 'rollup', folder: string): Promise<Fixture> {
  const root = join(FIXTURES, name);
  const fixture = (await import(pathToFileURL(join(root, 'build.mjs')).href)) as FixtureModule;
  const specifier = `pare/${bundler}`;
  const { analyzer } = (await import(specifier)) as { analyzer(options: object): unknown };
  const textOf = (id: string): string => readFileSync(join(root, id), 'utf8');
  return {
    async build(cuts) {
      const edited = new Map<string, string>();
      for (const cut of cuts) edited.set(join(root, cut.module), withoutStatement(cut, textOf(cut.module))!);
      let build: Build | null = null;
      const onBuild = (record: Build): void => void (build = record);
      const measured = analyzer({ root, summary: false, cache: join(folder, 'cache'), onBuild });
      const edit = bundler === 'esbuild' ? esbuildEdit(edited) : rollupEdit(edited);
      const outdir = mkdtempSync(join(folder, `${name}-`));
      await fixture.build(bundler, { outdir, plugins: edited.size === 0 ? [measured] : [edit, measured] });
      if (build === null) throw new Error(`${bundler} gave no record of ${name}`);
      return { build, sources: sourcesOf(build, root), bytes: totalOf(build) };
    },
    canCut: (cut) => withoutStatement(cut, textOf(cut.module)) !== null,
  };
}

function sourcesOf({ modules }: Build, root: string): (module: number) => string | null {
  return (module) => {
    try {
      return readFileSync(join(root, modules[module]!.id), 'utf8');
    } catch {
      return null;
    }
  };
}

function totalOf({ outputs }: Build): Bytes {
  const total = { raw: 0, gzip: 0, brotli: 0 };
  for (const { kind, bytes } of outputs) {
    if (kind === 'asset') continue;
    total.raw += bytes.raw;
    total.gzip += bytes.gzip!;
    total.brotli += bytes.brotli!;
  }
  return total;
}

/** The text without the statement; what it bound is a variable that nothing is ever assigned to,
 * and what a `require` gave an empty object. null: it can't be cut. */
export function withoutStatement({ module, line, column }: Cut, text: string): string | null {
  const lines = text.split('\n');
  const offset = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column;
  const { module: syntax } = parseSync(module, text);
  const statement = syntax.staticImports.find(({ start }) => start === offset);
  if (statement !== undefined) {
    const names = statement.entries.filter(({ isType }) => !isType).map(({ localName }) => localName.value);
    const stub = names.length === 0 ? '' : `let ${names.join(', ')};`;
    return text.slice(0, statement.start) + stub + text.slice(statement.end);
  }
  const call = /^require\(\s*(['"])[^'"\n]+\1\s*\)/.exec(text.slice(offset));
  if (call !== null) return `${text.slice(0, offset)}({})${text.slice(offset + call[0].length)}`;
  const passed = syntax.staticExports.find(({ start }) => start === offset);
  if (passed === undefined) return null;
  const names = passed.entries.flatMap(({ exportName, isType }) => (isType ? [] : [exportName.name]));
  if (names.some((name) => name === null)) return null;
  const stub = names.map((name, i) => `let cut${i}; export { cut${i} as ${name} };`).join(' ');
  return text.slice(0, passed.start) + stub + text.slice(passed.end);
}

function esbuildEdit(edited: ReadonlyMap<string, string>): EsbuildPlugin {
  return {
    name: 'without-import',
    setup(host) {
      host.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, ({ path }) => {
        const contents = edited.get(path);
        if (contents === undefined) return null;
        const ending = /\.[cm]?([jt]sx?)$/.exec(path)![1] as 'js' | 'jsx' | 'ts' | 'tsx';
        return { contents, loader: ending, resolveDir: dirname(path) };
      });
    },
  };
}

function rollupEdit(edited: ReadonlyMap<string, string>): RollupPlugin {
  return { name: 'without-import', load: (id) => edited.get(id) ?? null };
}
