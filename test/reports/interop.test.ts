/** What other tools make of a build that was exported to them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { analyzeMetafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { parseMetafile } from '../../src/collect/esbuild-metafile.ts';
import { analyze } from '../../src/collect/analyze.ts';
import { renderMetafile } from '../../reports/metafile.ts';
import { renderSourceMapExplorer } from '../../reports/source-map-explorer.ts';
import { renderVisualizerData } from '../../reports/visualizer.ts';
import type { Build } from '../../src/model/build.ts';
import { openBrowser } from '../../src/verify/chromium.ts';
import { buildShop } from '../cli/sample-app.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'pare-interop-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let shop: string;
let build: Build;
beforeAll(async () => {
  shop = await buildShop();
  build = await analyze(join(shop, 'dist'), { root: shop });
});

interface Node {
  readonly name: string;
  readonly uid?: string;
  readonly children?: readonly Node[];
}

interface VisualizerData {
  readonly tree: Node;
  readonly nodeParts: Record<
    string,
    { metaUid: string; renderedLength: number; gzipLength: number; brotliLength: number }
  >;
  readonly nodeMetas: Record<
    string,
    { id: string; moduleParts: Record<string, string>; imported: { uid: string; dynamic?: boolean }[] }
  >;
}

describe('rollup-plugin-visualizer', () => {
  test.each(['treemap', 'sunburst', 'network', 'flamegraph', 'raw-data', 'list'] as const)(
    'its own program draws a %s of the build',
    (template) => {
      const [data, page] = [join(folder, 'stats.json'), join(folder, `${template}.html`)];
      writeFileSync(data, renderVisualizerData(build));
      const program = join(root, 'node_modules/rollup-plugin-visualizer/dist/bin/cli.js');
      const { status, stderr } = spawnSync(process.execPath, [
        program,
        data,
        '--template',
        template,
        '--filename',
        page,
      ]);
      expect([status, stderr.toString()]).toEqual([0, '']);
      const drawn = readFileSync(page, 'utf8');
      for (const name of ['lazy-admin.js', 'names.js', 'big-money']) expect(drawn).toContain(name);
    },
  );

  test('the drawings have shapes, and no error on the page', async () => {
    await using shared = await openBrowser();
    const page = await shared.browser.newPage({ viewport: { width: 1200, height: 800 } });
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    for (const template of ['treemap', 'sunburst', 'network', 'flamegraph']) {
      await page.goto(pathToFileURL(join(folder, `${template}.html`)).href);
      const shapes = page.locator('svg :is(rect, path, circle, line)');
      await shapes.first().waitFor({ state: 'attached' });
      expect(await shapes.count(), template).toBeGreaterThan(build.outputs.length);
    }
    expect(errors).toEqual([]);
  });

  test('its leaves add up to the files, and its links are the imports', () => {
    const data = JSON.parse(renderVisualizerData(build)) as VisualizerData;
    const leaves = (node: Node): Node[] => (node.children === undefined ? [node] : node.children.flatMap(leaves));
    expect(data.tree.children!.map(({ name }) => name)).toEqual(build.outputs.map(({ file }) => file));
    data.tree.children!.forEach((tree, at) => {
      const parts = leaves(tree).map(({ uid }) => data.nodeParts[uid!]!);
      const { raw, gzip, brotli } = build.outputs[at]!.bytes;
      expect(parts.reduce((sum, { renderedLength }) => sum + renderedLength, 0)).toBe(raw);
      expect(parts.reduce((sum, { gzipLength }) => sum + gzipLength, 0)).toBe(gzip);
      expect(parts.reduce((sum, { brotliLength }) => sum + brotliLength, 0)).toBe(brotli);
      for (const { metaUid } of parts) expect(data.nodeMetas[metaUid]!.moduleParts[tree.name]).toBeDefined();
    });
    const main = Object.values(data.nodeMetas).find(({ id }) => id === 'src/main.js')!;
    const imported = main.imported.map(({ uid, dynamic }) => [data.nodeMetas[uid]!.id, dynamic ?? false]);
    expect(imported.sort()).toEqual([
      ['node_modules/tiny-dates/index.js', false],
      ['src/admin.js', true],
      ['src/list.js', false],
    ]);
  });
});

describe('source-map-explorer', () => {
  interface Result {
    readonly bundleName: string;
    readonly totalBytes: number;
    readonly files: Record<string, { size: number }>;
  }

  test('has the shape of its own JSON, bundle by bundle', async () => {
    const { explore } = (await import('source-map-explorer')) as {
      explore: (files: string, options: object) => Promise<{ bundles: Result[] }>;
    };
    const ours = (JSON.parse(renderSourceMapExplorer(build)) as { results: Result[] }).results;
    for (const result of ours) {
      const file = join(shop, 'dist', result.bundleName);
      const { bundles } = await explore(file, { output: { format: 'json' }, noBorderChecks: true });
      const [theirs] = bundles as [Result];
      expect(Object.keys(result).sort()).toEqual(Object.keys(theirs).sort());
      expect(result.totalBytes).toBe(theirs.totalBytes);
      expect(Object.values(result.files).reduce((sum, { size }) => sum + size, 0)).toBe(result.totalBytes);
      // The same modules, by the ends of their paths: its own are relative to what the sources share.
      const modulesOf = ({ files }: Result): string[] =>
        Object.keys(files)
          .filter((name) => !name.startsWith('['))
          .map((name) => name.split('/').pop()!)
          .sort();
      expect(modulesOf(result)).toEqual(modulesOf(theirs));
    }
  });
});

describe('esbuild metafile', () => {
  test('esbuild itself analyses it, and pare reads it back', async () => {
    const text = renderMetafile(build);
    const analysis = await analyzeMetafile(text, { verbose: true });
    for (const { file } of build.outputs) expect(analysis).toContain(file);
    expect(analysis).toContain('src/list.js');
    const { inputs, outputs } = parseMetafile(text, 'meta.json');
    expect(Object.keys(inputs)).toEqual(build.modules.map(({ id }) => id));
    for (const output of build.outputs) {
      const own = output.parts.filter(({ module }) => module !== null);
      const sum = Object.values(outputs[output.file]!.inputs).reduce(
        (total, { bytesInOutput }) => total + bytesInOutput,
        0,
      );
      expect(sum).toBe(own.reduce((total, { bytes }) => total + bytes.raw, 0));
    }
  });
});
