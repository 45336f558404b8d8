/**
 * esbuild's metafile says exactly how many bytes its printer wrote for each module. On the fixtures, minified and not, what the
 * source map says must come to the same, module by module, and no byte may be missing.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Metafile, Plugin } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';

import { esbuildEvidence } from '../../src/collect/esbuild-metafile.ts';
import { moduleId } from '../../src/measure/module-id.ts';
import { temporaryFolder } from '../support/bundle.ts';
import { assembleRaw, bytesByModule, partsMinusOutput } from '../support/evidence.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures');

type Build = (bundler: string, options: { outdir: string; minify: boolean; plugins: Plugin[] }) => Promise<void>;

function readBytes(file: string): Uint8Array | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}

describe.each(['storefront', 'workbench', 'viewer', 'cli', 'legacy', 'parts'])('%s', (fixture) => {
  const space = temporaryFolder();
  afterAll(() => space[Symbol.dispose]());
  const root = path.join(FIXTURES, fixture);

  test.each([true, false])('agrees with the metafile (minified: %s)', async (minify) => {
    const { build } = (await import(pathToFileURL(path.join(root, 'build.mjs')).href)) as { build: Build };
    const outdir = path.join(space.folder, String(minify));
    const seen: { metafile: Metafile; workingDir: string }[] = [];
    const spy: Plugin = {
      name: 'spy',
      setup({ initialOptions, onEnd }) {
        initialOptions.metafile = true;
        const workingDir = initialOptions.absWorkingDir ?? process.cwd();
        onEnd(({ metafile }) => void seen.push({ metafile: metafile!, workingDir }));
      },
    };
    await build('esbuild', { outdir, minify, plugins: [spy] });
    const { metafile, workingDir } = seen[0]!;
    const evidence = esbuildEvidence({
      metafile,
      workingDir,
      root,
      outdir,
      entryPoints: null,
      version: null,
      read: readBytes,
    });
    const record = await assembleRaw(evidence);
    const without = await assembleRaw({
      ...evidence,
      outputs: evidence.outputs.map((each) => ({ ...each, map: null })),
    });
    expect(record.diagnostics).toEqual([]);
    for (const { file, kind, witness } of evidence.outputs) {
      if (kind === 'asset' || witness?.kind !== 'lengths') continue;
      const printed = new Map<string, number>();
      for (const { id, bytes } of witness.modules) {
        const canonical = moduleId(root, id);
        if (bytes > 0) printed.set(canonical, (printed.get(canonical) ?? 0) + bytes);
      }
      for (const made of [record, without]) {
        const output = made.outputs.find((each) => each.file === file)!;
        expect(Object.fromEntries([...bytesByModule(made, output)].sort())).toEqual(
          Object.fromEntries([...printed].sort()),
        );
        expect(partsMinusOutput(output).raw).toBe(0);
        expect(output.bytes.raw).toBe(readFileSync(path.join(outdir, file)).length);
      }
    }
  });
});
