import { marked } from 'marked';
import { describe, expect, test } from 'vitest';

import { formatBytes } from '../../reports/format-bytes.ts';
import { MOST_CHARACTERS, renderDiffMarkdown, renderMarkdown } from '../../reports/markdown.ts';
import { code, escapeMarkdown } from '../../reports/markdown-text.ts';
import { diffBuilds } from '../../src/budget/diff.ts';
import type { Build } from '../../src/model/build.ts';
import { composeCheck } from '../../src/report/compose-check.ts';
import { buildOf, edgeOf, largeBuild, moduleOf, outputOf } from '../detect/synthetic.ts';
import { NASTY, nastyBuild, nastyCheck, quietCheck } from './checked-build.ts';

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"' };

/** Text of rendered HTML: without its tags, entities as characters. */
function textOf(html: string): string {
  return html
    .replace(/<[^>]+>/g, '')
    .replace(/&(?:#(\d+)|(\w+));/g, (_, number: string | undefined, name: string) =>
      number === undefined ? ENTITIES[name]! : String.fromCharCode(Number(number)),
    );
}

function render(markdown: string): string {
  return marked.parse(markdown, { gfm: true, async: false });
}

/** Names of what is new; those with characters that can't be seen are shown otherwise. */
const SHOWN = NASTY.slice(1).filter((name) => !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(name));

describe('Markdown of a check', () => {
  test('names the import, the bytes and the cut', async () => {
    const text = textOf(render(renderMarkdown(await nastyCheck())));
    expect(text).toContain('pare: 4 of 5 budgets do not hold');
    expect(text).toContain('+15.0 kB src/page.js:8:5 now imports node_modules/moment/moment.js');
    expect(text).toContain('way in: src/main.js:3:1 → src/page.js:8:5 → node_modules/moment/moment.js');
    expect(text).toContain('moment leaves without the import at src/page.js:8:5: saves 15.0 kB brotli');
  });

  test('has the outcome first and the comparison folded away', async () => {
    const markdown = renderMarkdown(await nastyCheck());
    expect(markdown.startsWith('## pare: 4 of 5')).toBe(true);
    expect(markdown.match(/<details>/g)).toHaveLength(4);
    expect(markdown.match(/<\/details>/g)).toHaveLength(4);
    const quiet = await quietCheck();
    expect(renderMarkdown(quiet)).toBe(
      [
        '## pare: the budget holds',
        '',
        '| budget |  | now | limit | baseline | change | measure |',
        '| --- | --- | ---: | ---: | ---: | ---: | --- |',
        `| total all files | ✅ holds | ${formatBytes(quiet.total.brotli)} | 1.00 MB | – | – | brotli |`,
        '',
      ].join('\n'),
    );
  });

  test('nothing of a name becomes markup, and all of it is shown', async () => {
    const report = await nastyCheck();
    for (const markdown of [
      renderMarkdown(report),
      renderDiffMarkdown(report.diff!, { before: NASTY[0], after: NASTY[2] }),
    ]) {
      const html = render(markdown);
      const tags = new Set([...html.matchAll(/<(\w+)/g)].map(([, tag]) => tag));
      const own = new Set('h2 h3 table thead tbody tr th td p ol ul li strong code details summary'.split(' '));
      expect([...tags].filter((tag) => !own.has(tag!))).toEqual([]);
      expect(html).not.toContain('<strong>bold');
      const text = textOf(html);
      for (const name of SHOWN) expect(text).toContain(name);
      expect(text).toContain('src/line<U+000A>break<U+000D>::error::.js');
      expect(text).toContain('src/control<U+0000><U+0007><U+202E><U+D800>.js');
      // A pipe in a name would make a cell of its own, and drop the last of the row.
      for (const table of markdown.match(/(?:^\|.*\|\n)+/gm)!) {
        const cells = table
          .trimEnd()
          .split('\n')
          .map((row) => row.split('|').length);
        expect(new Set(cells).size).toBe(1);
      }
    }
  });

  test.each([
    '- x',
    '+ x',
    '# x',
    '1. x',
    '> x',
    '=== x',
    '_x_ a_b_c __d__',
    'https://x.example :smile:',
    '\\*x\\* ![i](u)',
  ])('the text %j stays itself', (text) => {
    expect(textOf(render(escapeMarkdown(text))).trim()).toBe(text);
    expect(render(escapeMarkdown(text))).toMatch(/^<p>[^<]*<\/p>\n$/);
    expect(textOf(render(`| a | b |\n| - | - |\n| ${code(`${text}|`)} | last |`))).toContain(`${text}|`);
  });
});

describe('room in a comment', () => {
  test('a change of everything fits', async () => {
    const [before, after] = [largeBuild(20), largeBuild(5000)];
    const budgets = Array.from(
      { length: 300 },
      (_, at) => ({ kind: 'modules', modules: `src/feature-${at % 97}/**`, max: 1 }) as const,
    );
    const report = await composeCheck(after, budgets, { baseline: before });
    const markdown = renderMarkdown(report);
    expect(markdown.length).toBeLessThan(MOST_CHARACTERS);
    expect(markdown).toContain('more');
    expect(markdown.match(/<details>/g)!.length).toBe(markdown.match(/<\/details>/g)!.length);
  });

  test('names without end fit, with as many rows as there is room for', () => {
    const longBuild = (count: number): Build => {
      const modules = Array.from({ length: count }, (_, at) => moduleOf(`src/${'<&>'.repeat(400)}${at}.js`));
      const edges = modules.slice(1).map((_, at) => edgeOf(0, at + 1, { line: at + 1, column: 0 }));
      const output = outputOf(
        'main.js',
        modules.map((_module, at) => [at, 100 + at]),
        { entry: true, entryModule: 0 },
      );
      return buildOf(modules, edges, [output]);
    };
    const markdown = renderDiffMarkdown(diffBuilds(longBuild(1), longBuild(300)), { before: 'a', after: 'b' });
    expect(markdown.length).toBeLessThan(MOST_CHARACTERS);
    expect(markdown).toContain('more');
  });

  test('nothing changed is said in a sentence', () => {
    const build = nastyBuild(true);
    expect(renderDiffMarkdown(diffBuilds(build, build), { before: 'a', after: 'b' })).toContain(
      'No file changed its size.',
    );
  });
});
