/** A thousand rebuilds of a watching bundler leave nothing behind: neither memory nor handles. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

import { heapPerRound, measureLeaks, type Leaks } from '../support/leaks.ts';
import { ROOT, Scripts } from '../support/script.ts';
import { application } from './bundlers.ts';

const FILES = {
  'src/text.js': `export const text = 'a text that is long enough to be compressed, to be compressed, to be compressed';\n`,
  'src/main.js': `import { text } from './text.js';\nconsole.log(text);\n`,
  'pare.config.json': JSON.stringify({
    analyzer: { summary: false },
    report: false,
    minify: { tools: ['esbuild'] },
    compress: true,
  }),
};

/** As an expression that nobody bundles: what is measured is the package as it is built. */
const file = (name: string): string => `String(${JSON.stringify(pathToFileURL(path.join(ROOT, name)).href)})`;

/**
 * @param tolerated bytes of heap a round, by a line through the second half: what V8 learns of code that runs again and again,
 *   and what the bundler itself keeps
 */
function expectNoLeak(leaks: Leaks, tolerated: number): void {
  const { looks, handlesAtEnd } = leaks;
  expect(heapPerRound({ ...leaks, looks: looks.slice(looks.length / 2) })).toBeLessThan(tolerated);
  expect(looks.at(-1)!.buffers).toBeLessThan(looks[1]!.buffers + 1_000_000);
  expect(looks.at(-1)!.handles).toEqual(looks[1]!.handles);
  expect(handlesAtEnd).toEqual([]);
}

describe('rebuilds', { timeout: 300_000 }, () => {
  it('of esbuild', async () => {
    using scripts = new Scripts();
    const root = await application(FILES);
    const leaks = await measureLeaks(scripts, {
      rounds: 1_000,
      source: `
        import { writeFileSync } from 'node:fs';
        const esbuild = await import(${file('node_modules/esbuild/lib/main.js')});
        const { pare } = await import(${file('dist/esbuild.js')});
        const context = await esbuild.context({
          absWorkingDir: ${JSON.stringify(root)}, entryPoints: ['src/main.js'], bundle: true, outdir: 'out',
          sourcemap: true, logLevel: 'silent', plugins: [pare({ cache: false })],
        });
        export async function round(index) {
          writeFileSync(${JSON.stringify(path.join(root, 'src/text.js'))}, 'export const text = "' + index + '";');
          await context.rebuild();
        }
        export async function end() {
          await context.dispose();
          // esbuild tells plugins of it a moment later.
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      `,
    });
    expectNoLeak(leaks, 1_000);
  });

  it('of Rollup', async () => {
    using scripts = new Scripts();
    const root = await application(FILES);
    const leaks = await measureLeaks(scripts, {
      rounds: 1_000,
      source: `
        import { writeFileSync } from 'node:fs';
        const { rollup } = await import(${file('node_modules/rollup/dist/es/rollup.js')});
        const { pare } = await import(${file('dist/rollup.js')});
        const plugin = pare({ root: ${JSON.stringify(root)}, cache: ${JSON.stringify(path.join(root, '.cache'))} });
        export async function round(index) {
          writeFileSync(${JSON.stringify(path.join(root, 'src/text.js'))}, 'export const text = "' + index + '";');
          const bundle = await rollup({ input: ${JSON.stringify(path.join(root, 'src/main.js'))}, plugins: [plugin], onLog() {} });
          await bundle.write({ dir: ${JSON.stringify(path.join(root, 'out'))} });
          await bundle.close();
        }
      `,
    });
    // Rollup alone: 1.4 kB. The cache remembers what was asked for, up to 20,000 keys.
    expectNoLeak(leaks, 5_000);
  });
});
