/** Style sheets in Vite: each byte has the module whose rule it is, with each version's own minifier. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import type { Build } from '../../src/model/build.ts';
import { analyzed, application, filesIn, remainders, run, type BundlerName } from './bundlers.ts';

const VITES: readonly BundlerName[] = ['vite5', 'vite6', 'vite7', 'vite'];
const circle =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="4" />' + '<!-- big -->'.repeat(500) + '</svg>';

let root = '';
beforeAll(async () => {
  root = await application({
    'src/main.js': `import './base.css';\nimport './cards.css';\nimport './late.css';\nconsole.log('styled');\nimport('./lazy.js');\n`,
    'src/lazy.js': `import './lazy.css';\nconsole.log('late and styled');\n`,
    'src/base.css': `@import './reset.css';\nbody { color: #ff0000; margin: 0px 0px 0px 0px; }\n`,
    'src/reset.css': `* { box-sizing: border-box; }\n`,
    'src/cards.css': `.card { background: url(./circle.svg); padding: 10px 10px; }\n@media (min-width: 600px) { .card { padding: 20px } }\n`,
    'src/late.css': `.late::before { content: "é — 🌲"; }\n`,
    'src/lazy.css': `.lazy { display: flex; }\n`,
    'src/circle.svg': circle,
  });
});

function bytesOf(build: Build, file: string): Record<string, number> {
  const output = build.outputs.find((each) => each.file === file)!;
  const named = output.parts.filter(({ bytes }) => bytes.raw > 0);
  return Object.fromEntries(
    named.map(({ module, rest, bytes }) => [module === null ? rest! : build.modules[module]!.id, bytes.raw]),
  );
}

describe('style sheets', () => {
  it.each(VITES.flatMap((bundler) => [true, false].map((minify) => ({ bundler, minify }))))(
    '$bundler, minify: $minify',
    async ({ bundler, minify }) => {
      const outdir = path.join(root, bundler, String(minify));
      const bare = path.join(root, bundler, `bare-${minify}`);
      const build = await analyzed(bundler, root, { outdir, minify });
      await run(bundler, root, { outdir: bare, minify });
      expect(filesIn(outdir)).toEqual(filesIn(bare));
      expect(remainders(build)).toEqual({});
      expect(build.diagnostics).toEqual([]);
      const sheets = build.outputs.filter(({ kind }) => kind === 'css').map(({ file }) => file);
      const main = sheets.find((file) => file.includes('main'))!;
      const text = Buffer.from(filesIn(outdir)[main]!, 'latin1').toString();
      const [cards, late] = [text.indexOf('.card'), text.indexOf('.late')];
      // What Vite inlines by `@import` is the importing module's.
      expect(bytesOf(build, main)).toEqual({
        'src/base.css': cards,
        'src/cards.css': late - cards,
        'src/late.css': Buffer.byteLength(text) - Buffer.byteLength(text.slice(0, late)),
      });
      expect(
        bytesOf(
          build,
          sheets.find((file) => file !== main)!,
        ),
      ).toHaveProperty('src/lazy.css');
    },
  );

  it('a sheet that alone has changed is measured anew by the next build of the process', async () => {
    const own = await application({ 'src/main.js': `import './a.css';\n`, 'src/a.css': '.a { top: 1px; }\n' });
    const outdir = path.join(own, 'out');
    const names = { entryFileNames: '[name].js', assetFileNames: '[name][extname]' };
    const unhashed = { name: 'unhashed', config: () => ({ build: { rollupOptions: { output: names } } }) };
    const sizes: number[] = [];
    for (const rule of ['.a { top: 1px; }', '.a { top: 1px; }\n.b { bottom: 2px; }']) {
      writeFileSync(path.join(own, 'src/a.css'), rule);
      const build = await analyzed('vite', own, { outdir, plugins: [unhashed as never] });
      const sheet = build.outputs.find(({ kind }) => kind === 'css')!;
      expect(sheet.bytes.raw).toBe(filesIn(outdir)[sheet.file]!.length);
      sizes.push(sheet.bytes.raw);
    }
    expect(sizes[1]).toBeGreaterThan(sizes[0]!);
  });

  it('a sheet that another plugin changed is not guessed at, and nothing is printed about it', async () => {
    const changing = {
      name: 'changing',
      generateBundle(_: unknown, bundle: Record<string, { type: string; fileName: string; source?: unknown }>) {
        for (const file of Object.values(bundle))
          if (file.fileName.endsWith('.css')) file.source = `.x{top:1px}${String(file.source)}`;
      },
    };
    const outdir = path.join(root, 'changed');
    const build = await analyzed('vite', root, { outdir, plugins: [changing as never] });
    expect(build.diagnostics.map(({ code }) => code)).toEqual(['css-map-missing']);
    expect(remainders(build)).toEqual({});
  });
});
