import { mkdtemp, readdir, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { build as esbuild, type BuildResult } from 'esbuild';
import { rolldown } from 'rolldown';
import { rollup } from 'rollup';
import { build as vite } from 'vite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { LicenceMode } from '../../src/minify/index.ts';
import { esbuildPlugin, rollupPlugin, root, settingsOf } from './stage-plugins.ts';

/** An entry, a chunk that is loaded later, and what both need. Prints to a list that the test reads. */
const FILES: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module"}',
  'entry.js': `/*! licence of the entry */
import { describeNumber } from './shared.js';
globalThis.printed.push(describeNumber(1));
export async function later(someNumber) {
  const { describeTwice } = await import('./lazy.js');
  globalThis.printed.push(describeTwice(someNumber));
}
`,
  'lazy.js': `/*! licence of the lazy part */
import { describeNumber } from './shared.js';
export function describeTwice(firstNumber) { const secondNumber = firstNumber + 1; return [describeNumber(firstNumber), describeNumber(secondNumber)].join(' and '); }
`,
  'shared.js': `/** @license shared */
export function describeNumber(someNumber) {
  const isEven = someNumber % 2 === 0;
  if (isEven) { return 'even number ' + someNumber; } else { return 'odd number ' + someNumber; }
}
`,
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pare-stages-'));
  for (const [file, text] of Object.entries(FILES)) await writeFile(join(folder, file), text);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Sourcemap = true | false | 'inline' | 'hidden';

const names = { entryFileNames: '[name]-[hash].js', chunkFileNames: 'chunk-[hash].js' };

const BUILDS = {
  async rollup(outdir: string, licences: LicenceMode, sourcemap: Sourcemap) {
    const bundle = await rollup({ input: join(folder, 'entry.js'), plugins: [rollupPlugin(settingsOf({ licences }))] });
    await bundle.write({ dir: outdir, format: 'es', sourcemap, ...names });
    await bundle.close();
  },
  async rolldown(outdir: string, licences: LicenceMode, sourcemap: Sourcemap) {
    const bundle = await rolldown({
      input: join(folder, 'entry.js'),
      plugins: [rollupPlugin(settingsOf({ licences })) as never],
    });
    await bundle.write({ dir: outdir, format: 'es', sourcemap, ...names });
    await bundle.close();
  },
  async vite(outdir: string, licences: LicenceMode, sourcemap: Sourcemap) {
    await vite({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      plugins: [rollupPlugin(settingsOf({ licences })) as never],
      build: {
        outDir: outdir,
        minify: false,
        sourcemap,
        modulePreload: false,
        rolldownOptions: { input: join(folder, 'entry.js'), preserveEntrySignatures: 'strict', output: names },
      },
    });
  },
  async esbuild(outdir: string, licences: LicenceMode, sourcemap: Sourcemap) {
    await esbuildInto(outdir, { licences, sourcemap: sourcemap === 'hidden' ? 'external' : sourcemap });
  },
};

async function esbuildInto(
  outdir: string,
  {
    licences = 'inline',
    sourcemap = false,
    write = true,
  }: { licences?: LicenceMode; sourcemap?: boolean | 'inline' | 'external' | 'both'; write?: boolean },
): Promise<{ result: BuildResult; rewritten: readonly string[] }> {
  let rewritten: readonly string[] = [];
  const result = await esbuild({
    absWorkingDir: folder,
    entryPoints: ['entry.js'],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    sourcemap,
    write,
    entryNames: '[name]-[hash]',
    chunkNames: 'chunk-[hash]',
    metafile: true,
    plugins: [esbuildPlugin(settingsOf({ licences }), { root }, (outputs) => (rewritten = outputs))],
  });
  return { result, rewritten };
}

/** What the built program prints, and its files. */
async function runBuilt(outdir: string): Promise<{ printed: string[]; files: Map<string, string> }> {
  const files = new Map<string, string>();
  for (const file of await readdir(outdir, { recursive: true })) {
    const text = await readFile(join(outdir, file), 'utf8').catch(() => null);
    if (text !== null) files.set(file, text);
  }
  const entry = [...files.keys()].find((file) => /^entry-[\w-]+\.js$/.test(file))!;
  const printed: string[] = [];
  (globalThis as { printed?: string[] }).printed = printed;
  await writeFile(join(outdir, 'package.json'), '{"type":"module"}');
  const module = (await import(/* @vite-ignore */ pathToFileURL(join(outdir, entry)).href)) as {
    later(n: number): Promise<void>;
  };
  await module.later(4);
  return { printed, files };
}

describe.for(Object.entries(BUILDS))('in a build by %s', ([, build]) => {
  it('the program does what it did, and its map leads to the sources', async () => {
    const outdir = join(folder, 'out');
    await build(outdir, 'inline', true);
    const { printed, files } = await runBuilt(outdir);
    expect(printed).toEqual(['odd number 1', 'even number 4 and odd number 5']);

    const scripts = [...files].filter(([file]) => file.endsWith('.js'));
    let found = 0;
    for (const [file, code] of scripts) {
      expect(code).toContain(`\n//# sourceMappingURL=${file}.map`);
      const trace = new TraceMap(files.get(`${file}.map`)!);
      for (const text of ['odd number ', ' and ', 'printed.push']) {
        const line = code.split('\n').findIndex((each) => each.includes(text));
        if (line === -1) continue;
        const column = code.split('\n')[line]!.indexOf(text);
        const place = originalPositionFor(trace, {
          line: line + 1,
          column: text === 'printed.push' ? column : column - 1,
        });
        const content = trace.sourcesContent![trace.sources.indexOf(place.source)]!;
        expect(content.split('\n')[place.line! - 1]).toContain(text);
        found++;
      }
    }
    expect(found).toBeGreaterThanOrEqual(3);
    expect(scripts.map(([, code]) => code).join('')).not.toContain('secondNumber');
  });

  it('licences stay in the chunks', async () => {
    const outdir = join(folder, 'out');
    await build(outdir, 'inline', false);
    const { files } = await runBuilt(outdir);
    const all = [...files]
      .filter(([file]) => file.endsWith('.js'))
      .map(([, code]) => code)
      .join('\n');
    for (const notice of ['/*! licence of the entry */', '/*! licence of the lazy part */', '/** @license shared */']) {
      expect(all.split(notice)).toHaveLength(2);
    }
    expect([...files.keys()].filter((file) => file.includes('LICENSE'))).toEqual([]);
  });

  it('licences go to a file beside each chunk, which the chunk names', async () => {
    const outdir = join(folder, 'out');
    await build(outdir, 'linked', false);
    const { files } = await runBuilt(outdir);
    const scripts = [...files].filter(([file]) => file.endsWith('.js'));
    const linked = scripts.filter(([, code]) => code.includes('For license information'));
    expect(linked.length).toBeGreaterThanOrEqual(2);
    for (const [file, code] of linked) {
      expect(code.startsWith(`/*! For license information please see ${file}.LICENSE.txt */\n`)).toBe(true);
      expect(files.get(`${file}.LICENSE.txt`)).toMatch(/licence of the|@license shared/);
    }
    for (const [, code] of scripts) expect(code).not.toMatch(/licence of the|@license/);
  });

  it.for(['inline', 'hidden', false] as const)('a map that is %s stays so', async (sourcemap) => {
    const outdir = join(folder, 'out');
    await build(outdir, 'none', sourcemap);
    const { files } = await runBuilt(outdir);
    const scripts = [...files].filter(([file]) => file.endsWith('.js'));
    const maps = [...files.keys()].filter((file) => file.endsWith('.map'));
    expect(maps.length).toBe(sourcemap === 'hidden' ? scripts.length : 0);
    const known: string[] = [];
    for (const [, code] of scripts) {
      const [, url] = /\/\/# sourceMappingURL=(\S+)/.exec(code) ?? [];
      if (sourcemap !== 'inline') {
        expect(url).toBeUndefined();
        continue;
      }
      const map = new TraceMap(Buffer.from(url!.split(',')[1]!, 'base64').toString());
      known.push(...map.sources.map((source) => source!.replace(/.*\//, '')));
      const column = code.split('\n')[0]!.indexOf('printed.push');
      if (column === -1) continue;
      // The map is of the code as it is now.
      const place = originalPositionFor(map, { line: 1, column });
      expect(FILES['entry.js']!.split('\n')[place.line! - 1]).toContain('printed.push');
    }
    expect([...new Set(known)].toSorted()).toEqual(sourcemap === 'inline' ? ['entry.js', 'lazy.js', 'shared.js'] : []);
  });
});

describe("esbuild's result", () => {
  it.for([true, false])('has the sizes of the files as they are now, written: %s', async (write) => {
    const outdir = join(folder, 'out');
    const { result, rewritten } = await esbuildInto(outdir, { licences: 'linked', sourcemap: true, write });
    const outputs = result.metafile!.outputs;
    const files = new Map<string, Uint8Array>(
      write
        ? await Promise.all(
            Object.keys(outputs).map(async (name) => [name, await readFile(join(folder, name))] as const),
          )
        : result.outputFiles!.map(({ path, contents }) => [path.slice(folder.length + 1), contents] as const),
    );
    expect([...files.keys()].toSorted()).toEqual(Object.keys(outputs).toSorted());
    for (const [name, { bytes }] of Object.entries(outputs))
      expect({ name, bytes: files.get(name)!.length }).toEqual({ name, bytes });
    expect(rewritten.length).toBeGreaterThanOrEqual(3);
    expect(rewritten.every((name) => name.endsWith('.js') && name in outputs)).toBe(true);
    expect([...files.keys()].filter((name) => name.endsWith('.LICENSE.txt')).length).toBeGreaterThanOrEqual(2);
  });

  it('given in memory is the program that would have been written', async () => {
    const { result } = await esbuildInto(join(folder, 'out'), { sourcemap: 'inline', write: false });
    for (const { path, text, contents, hash } of result.outputFiles!) {
      expect(text).toBe(Buffer.from(contents).toString());
      expect(hash).not.toBe('');
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, contents);
    }
    expect((await runBuilt(join(folder, 'out'))).printed).toEqual(['odd number 1', 'even number 4 and odd number 5']);
  });

  it('of a build that failed is left alone', async () => {
    await writeFile(join(folder, 'lazy.js'), 'let a = ;');
    await expect(
      esbuild({
        absWorkingDir: folder,
        entryPoints: ['entry.js'],
        outdir: join(folder, 'out'),
        bundle: true,
        format: 'esm',
        logLevel: 'silent',
        plugins: [esbuildPlugin(settingsOf())],
      }),
    ).rejects.toThrow('Build failed');
    expect(await readdir(join(folder, 'out')).catch(() => [])).toEqual([]);
  });
});
