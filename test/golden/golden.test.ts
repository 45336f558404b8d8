/** One application in six bundlers: whatever wrote the output, and whichever view is asked, the sizes are the same and true. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import * as forEsbuild from 'pare/esbuild';
import * as forRollup from 'pare/rollup';
import * as forVite from 'pare/vite';
import { decodeParts, unpackBuild } from '../../reports/packed-build.ts';
import { findTarget } from '../../src/cli/find-target.ts';
import { answerWhy } from '../../src/cli/why-answer.ts';
import { importChain } from '../../src/detect/graph.ts';
import { retainedSizes } from '../../src/detect/retained.ts';
import { analyze } from '../../src/index.ts';
import type { Build, Bytes } from '../../src/model/build.ts';
import { composeReport } from '../../src/report/compose-report.ts';
import { APP, BUILDERS, BUN, type Builder } from './builders.ts';

const adapters = { esbuild: forEsbuild.analyzer, rollup: forRollup.analyzer, vite: forVite.analyzer };
const SIZES = ['raw', 'gzip', 'brotli'] as const;
const PACKAGES = ['react-dom', 'lodash', 'date-fns', 'react', 'scheduler'];

interface Golden {
  /** From the finished output alone. */
  readonly finished: Build;
  /** From the plugin, or for webpack from its stats beside the output; null: the bundler has neither. */
  readonly told: Build | null;
}

const golden = new Map<string, Golden>();
let folder = '';

beforeAll(async () => {
  // Test runners set it to `test`, which bundlers take as a wish for React's development build.
  vi.stubEnv('NODE_ENV', 'production');
  folder = await mkdtemp(path.join(tmpdir(), 'pare-golden-'));
  for (const builder of BUILDERS) golden.set(builder.name, await built(builder));
}, 300_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function built({ name, adapter, build }: Builder): Promise<Golden> {
  const outdir = path.join(folder, name);
  const evidence = path.join(folder, `${name}-evidence`);
  await Promise.all([outdir, evidence].map((each) => mkdir(each)));
  const records: Build[] = [];
  const options = { root: APP, summary: false, cache: false, onBuild: (record: Build) => void records.push(record) };
  await build(outdir, adapter === null ? [] : [adapters[adapter](options as never)], evidence);
  const finished = await analyze(outdir, { root: APP });
  const stats = path.join(evidence, 'stats.json');
  const told = name === 'webpack' ? await analyze(outdir, { root: APP, evidence: stats }) : (records[0] ?? null);
  return { finished, told };
}

function records(name: string): Build[] {
  const { finished, told } = golden.get(name)!;
  return told === null ? [finished] : [finished, told];
}

function sizeOf(build: Build, name: string, size: (typeof SIZES)[number]): number {
  return build.outputs
    .flatMap(({ parts }) => parts)
    .filter(({ module }) => module !== null && build.modules[module]!.package?.name === name)
    .reduce((sum, { bytes }) => sum + bytes[size]!, 0);
}

const share = (a: number, b: number): number => Math.abs(a - b) / Math.max(a, b);

/** React's renderer with nothing else: the files that the application's imports lead to, each minified by itself. */
async function reactDomAlone({ minify }: Builder): Promise<number> {
  const manifest = createRequire(import.meta.url).resolve('react-dom/package.json');
  const files = ['cjs/react-dom-client.production.js', 'cjs/react-dom.production.js'];
  const codes = await Promise.all(
    files.map(async (file) => minify(await readFile(path.join(path.dirname(manifest), file), 'utf8'))),
  );
  return codes.reduce((sum, code) => sum + Buffer.byteLength(code.replace(/\/\*\*[^]*?\*\//, '')), 0);
}

it('Bun is among the bundlers', ({ skip }) => {
  if (BUN === null) skip('npm brought no program of Bun for this machine');
  expect(BUILDERS.map(({ name }) => name)).toContain('bun');
});

describe.each(BUILDERS.map((builder) => [builder.name, builder] as const))('%s', (name, builder) => {
  it('is built whole: every file is an output, and its parts sum to it in raw, gzip and brotli', async () => {
    for (const build of records(name)) {
      expect(build.outputs.filter(({ kind }) => kind === 'chunk').length).toBeGreaterThan(1);
      expect(build.outputs.filter(({ kind }) => kind === 'css').length).toBeGreaterThan(0);
      for (const { file, bytes, parts } of build.outputs) {
        expect(bytes.raw, file).toBe((await readFile(path.join(folder, name, file))).length);
        for (const size of SIZES) {
          const sum = parts.reduce((total, part) => total + part.bytes[size]!, 0);
          expect(sum, `${file} ${size}`).toBe(bytes[size]);
        }
      }
    }
  });

  it('starts at one chunk', () => {
    for (const build of records(name)) {
      const starts = build.outputs.filter(({ kind, entry }) => kind === 'chunk' && entry);
      expect(starts.map(({ file }) => path.posix.basename(file).replace(/[-.].*/, ''))).toEqual(['main']);
    }
  });

  it('shows the true size of react-dom', async () => {
    const alone = await reactDomAlone(builder);
    for (const build of records(name)) expect(share(sizeOf(build, 'react-dom', 'raw'), alone)).toBeLessThan(0.02);
  });

  it('blames little on nobody', () => {
    for (const build of records(name)) {
      const chunks = build.outputs.filter(({ kind }) => kind === 'chunk');
      const unmapped = chunks.flatMap(({ parts }) => parts.filter(({ rest }) => rest === 'unmapped'));
      const sum = (of: readonly { readonly bytes: Bytes }[]) => of.reduce((total, { bytes }) => total + bytes.raw, 0);
      expect(sum(unmapped) / sum(chunks)).toBeLessThan(0.001);
    }
  });

  it('has an import chain from an entry to every module with bytes', () => {
    for (const build of records(name)) {
      const present = build.outputs.flatMap(({ parts }) =>
        parts.flatMap(({ module, bytes }) => (module !== null && bytes.raw > 0 ? [module] : [])),
      );
      const lost = present.filter((module) => importChain(build, module) === null);
      expect(lost.map((module) => build.modules[module]!.id)).toEqual([]);
    }
  });

  it.each(PACKAGES)('says the same of %s in every view', async (pack) => {
    for (const build of records(name)) {
      const self = Object.fromEntries(SIZES.map((size) => [size, sizeOf(build, pack, size)]));
      const answer = await answerWhy({ build, root: APP, sources: () => null }, findTarget(build, APP, pack));
      expect(answer.self).toEqual(self);
      expect(retainedSizes(build).packages.find((each) => each.name === pack)!.self).toEqual(self);

      const page = (await composeReport('golden', [{ name, build }])).builds[0]!;
      const unpacked = unpackBuild(page.build);
      for (const size of SIZES) expect(sizeOf(unpacked, pack, size)).toBe(self[size]);
      const columns = page.build.outputs.map(({ parts }) => decodeParts(parts));
      const raw = columns.flatMap(({ module, raw: sizes }) =>
        [...module].map((each, i) =>
          !Number.isNaN(each) && build.modules[each]!.package?.name === pack ? sizes[i]! : 0,
        ),
      );
      expect(raw.reduce((sum, each) => sum + each, 0)).toBe(self['raw']);
      const retained = page.retained!.packages.find((each) => each.name === pack)!;
      expect(retained.bytes).toEqual(retainedSizes(build).packages.find((each) => each.name === pack)!.bytes);
      expect(retained.bytes.raw).toBeGreaterThanOrEqual(self['raw']!);
    }
  });

  it('is seen alike from its output and from within the build', () => {
    const { finished, told } = golden.get(name)!;
    if (told === null) return expect(builder.adapter).toBeNull();
    for (const pack of PACKAGES) {
      const [a, b] = [sizeOf(finished, pack, 'raw'), sizeOf(told, pack, 'raw')];
      // From within, the bundler's wrapper around a module is known to the byte; its map leaves some of it out.
      expect(Math.abs(a - b), `${pack} ${a} ${b}`).toBeLessThanOrEqual(Math.max(64, 0.001 * b));
    }
  });
});

describe('across bundlers', () => {
  it('react-dom has the same size', () => {
    const sizes = BUILDERS.flatMap(({ name }) => records(name).map((build) => sizeOf(build, 'react-dom', 'raw')));
    expect(share(Math.min(...sizes), Math.max(...sizes))).toBeLessThan(0.02);
  });

  it('the own modules have the same ids', () => {
    const own = (build: Build): string[] =>
      build.modules.filter((module) => /^src\/.*\.js$/.test(module.id)).map((module) => module.id);
    const wanted = ['app', 'expenses', 'main', 'report', 'statistics'].map((module) => `src/${module}.js`);
    for (const { name } of BUILDERS) for (const build of records(name)) expect(own(build).sort(), name).toEqual(wanted);
  });

  it('no module has more bytes in webpack than twice its median: nothing is blamed on the entry it was joined into', () => {
    const of = (build: Build, id: string): number =>
      build.outputs
        .flatMap(({ parts }) => parts)
        .filter(({ module }) => module !== null && build.modules[module]!.id === id)
        .reduce((sum, { bytes }) => sum + bytes.raw, 0);
    for (const id of ['src/main.js', 'src/app.js', 'src/report.js', 'src/statistics.js']) {
      const others = BUILDERS.filter(({ name }) => name !== 'webpack').map(({ name }) => of(records(name)[0]!, id));
      const median = others.sort((a, b) => a - b)[others.length >> 1]!;
      for (const build of records('webpack')) expect(of(build, id), id).toBeLessThan(2 * median);
    }
  });
});
