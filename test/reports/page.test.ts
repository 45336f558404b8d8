import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packBuild, packRetained } from '../../reports/packed-build.ts';
import type { ReportBuild } from '../../reports/report-data.ts';
import { openBrowser } from '../../src/verify/chromium.ts';
import type { SharedBrowser } from '../../src/verify/chromium.ts';
import { writeReport } from './report-file.ts';
import { HOSTILE_ID, HOSTILE_PACKAGE, smallBuild, withoutCompression } from './small-build.ts';
import { syntheticBuild } from './synthetic-build.ts';

const VIEWS = ['ranked', 'treemap', 'sunburst', 'flame', 'graph', 'waterfall', 'modules', 'findings'];

let shared: SharedBrowser;
let report: string;
let withFindings: string;

const bytes = (raw: number): { raw: number; gzip: number; brotli: number } => ({ raw, gzip: raw / 4, brotli: raw / 8 });

/** Every optional section, each about the small build. */
const findings: Omit<ReportBuild, 'name' | 'build'> = {
  retained: {
    modules: packRetained(
      smallBuild().modules.map((_, i) => ({ bytes: bytes(i === 1 ? 9600 : 80), isLowerBound: false })),
    ),
    edges: packRetained(
      smallBuild().edges.map((_, i) => ({ bytes: bytes(i === 0 ? 9600 : 0), isLowerBound: i === 0 })),
    ),
    packages: [{ name: 'react', bytes: bytes(6400), isLowerBound: false }],
  },
  cutSets: [
    {
      target: { module: 2 },
      cuts: [1, 2],
      saves: bytes(6400),
      alsoLeaves: [{ package: null, modules: 1, bytes: bytes(320) }],
      alsoMore: 2,
      fewest: { cuts: [0], saves: bytes(9600) },
    },
  ],
  duplicates: [
    {
      kind: 'versions',
      name: 'react',
      wasted: bytes(3200),
      mend: 'Raise app to react 19.',
      copies: [{ label: 'react@18.0.0', modules: [2], bytes: bytes(3200), broughtBy: 1 }],
    },
  ],
  notShaken: [
    {
      module: 2,
      kept: 'whole',
      reason: 'commonjs',
      detail: 'CommonJS is kept whole',
      at: { module: 1, line: 7, column: 4 },
      bytes: bytes(6400),
      isEstimate: true,
    },
  ],
  diff: {
    base: 'main',
    total: { before: bytes(8000), after: bytes(10_640) },
    assets: { before: bytes(0), after: bytes(0) },
    changes: [
      { id: 'src/lazy.ts', isRest: false, package: null, before: null, after: bytes(1600), cause: 0 },
      { id: 'src/app.ts', isRest: false, package: null, before: bytes(400), after: bytes(800), cause: 1 },
      {
        id: 'node_modules/left-pad/index.js',
        isRest: false,
        package: { name: 'left-pad', version: '1.3.0' },
        before: bytes(160),
        after: null,
        cause: 2,
      },
      { id: 'glue', isRest: true, package: null, before: bytes(80), after: bytes(40), cause: 3 },
    ],
    causes: [
      { text: 'src/app.ts:12 imports it now', kind: 'import-added', delta: bytes(1600) },
      { text: 'src/app.ts grew from 500 to 900 B of source', kind: 'code', delta: bytes(400) },
      { text: 'src/app.ts:3 no longer imports left-pad', kind: 'import-removed', delta: bytes(-160) },
      { text: 'what the bundler writes besides modules (glue)', kind: 'rest', delta: bytes(-40) },
    ],
  },
  budgets: [
    {
      name: 'initial',
      subject: 'initial of main.js',
      unit: 'brotli',
      limit: 1000,
      actual: 1030,
      baseline: 990,
      passed: false,
      message: 'initial: 1.0 kB is 30 B over 1.0 kB (brotli)',
      causes: [{ text: 'react grew', module: 2, bytes: 40 }],
    },
  ],
  coverage: [
    { point: 'load', modules: [{ module: 1, loaded: 800, executed: 120 }] },
    { point: 'first render', modules: [{ module: 1, loaded: 800, executed: 200 }] },
  ],
  sources: [{ module: 1, text: 'export const App = 1;\nexport const unusedThing = 2;', kept: [[0, 21]] }],
};

beforeAll(async () => {
  shared = await openBrowser();
  const build = packBuild(smallBuild());
  const bare = packBuild(withoutCompression(smallBuild()));
  report = await writeReport({
    schema: 'pare/report@1',
    title: HOSTILE_PACKAGE,
    builds: [
      { name: 'one', build },
      { name: 'two', build: bare },
    ],
  });
  withFindings = await writeReport({
    schema: 'pare/report@1',
    title: 'Findings',
    builds: [{ name: 'one', build, ...findings }],
  });
});

afterAll(async () => {
  await shared.close();
});

async function withPage(
  url: string,
  use: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const context = await shared.browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const errors: string[] = [];
  const requests: string[] = [];
  try {
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => errors.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(url);
    await use(page);
    expect(errors).toEqual([]);
    // The file itself, and its icon, which is in it.
    const outside = requests
      .map((request) => request.replace(/#.*/, ''))
      .filter((request) => !request.startsWith('data:'));
    expect([...new Set(outside)]).toEqual([url.replace(/#.*/, '')]);
  } finally {
    await context.close();
  }
}

/** As it is seen: the spaces that keep a number and its unit together look like any other. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
const textOf = async (page: Page, selector: string): Promise<string> => plain(await page.locator(selector).innerText());
const texts = async (page: Page, selector: string): Promise<string[]> =>
  (await page.locator(selector).allInnerTexts()).map(plain);
const tableNames = (page: Page): Promise<string[]> => texts(page, '.modules tbody th button');

describe('the page', () => {
  it('says what the build weighs', () =>
    withPage(report, async (page) => {
      // Initial: main.js, shared.js and main.css, 8,240 bytes; brotli is an eighth in this build.
      expect(await textOf(page, '.sentence')).toBe(
        '1.03 kB brotli before it can run, 1.33 kB when all of it is loaded.',
      );
      await page.locator('label[for="measure-raw"]').click();
      expect(await textOf(page, '.sentence')).toBe('8.24 kB before it can run, 10.6 kB when all of it is loaded.');
      expect(await textOf(page, '.totals')).toContain('2.40 kB');
    }));

  it('ranks packages, modules and outputs, and names what no module owns', () =>
    withPage(`${report}#measure=raw`, async (page) => {
      const lists = await texts(page, '.list');
      expect(lists[0]).toMatch(/^Packages 3\s+react 19\.0\.0/);
      expect(lists[1]).toContain('src/lazy.ts');
      expect(lists[2]).toMatch(/shared\.js\s+initial\s+6\.56 kB/);
      expect(lists[3]).toMatch(/glue[^]*160 B[^]*runtime[^]*80 B[^]*licence/);
    }));

  it('shows every view without a request or an error', async () => {
    for (const view of VIEWS) {
      await withPage(`${report}#view=${view}`, async (page) => {
        expect(await textOf(page, '.tabs [aria-current]')).toMatch(new RegExp(view, 'i'));
        expect((await textOf(page, 'main')).length).toBeGreaterThan(50);
      });
    }
  });

  it('runs nothing of a hostile name, wherever it stands', async () => {
    for (const view of VIEWS) {
      await withPage(`${report}#view=${view}&at=${encodeURIComponent(`module:${HOSTILE_ID}`)}`, async (page) => {
        expect(await textOf(page, '.detail h2')).toBe(HOSTILE_ID);
        expect(await page.title()).toContain(HOSTILE_PACKAGE);
        expect(await page.evaluate(() => 'attacked' in window)).toBe(false);
        expect(await page.locator('img, script[src]').count()).toBe(0);
      });
    }
    await withPage(`${report}#${encodeURIComponent(HOSTILE_PACKAGE)}=1&build=%3Cb%3E&q=%3Cimg%3E`, async (page) => {
      expect(await page.locator('#build').inputValue()).toBe('one');
    });
  });

  it('counts only what loads first when asked to', () =>
    withPage(`${report}#view=modules&measure=raw`, async (page) => {
      expect(await tableNames(page)).toContain('src/lazy.ts');
      await page.getByLabel('Initial only').check();
      expect(await tableNames(page)).toEqual([
        'node_modules/react/index.js',
        'src/app.ts',
        'src/main.ts',
        'src/style.css',
      ]);
      expect(page.url()).toContain('initial=1');
    }));

  it('searches by words, by letters and by regular expression', () =>
    withPage(`${report}#view=modules&measure=raw`, async (page) => {
      const search = page.getByRole('searchbox');
      const result = page.locator('#search-result');
      await page.keyboard.press('/');
      await page.keyboard.type('src app');
      expect(await tableNames(page)).toEqual(['src/app.ts']);
      expect(await textOf(page, '#search-result')).toBe('1 module, 800 B raw, 7.5 %');
      await page.getByLabel('How to search').selectOption('fuzzy');
      await search.fill('rctidx');
      expect(await tableNames(page)).toEqual(['node_modules/react/index.js']);
      await search.fill('nmx');
      expect(await tableNames(page)).toEqual([]);
      await page.getByLabel('How to search').selectOption('regex');
      await search.fill('(lazy|main)\\.ts$');
      expect(await tableNames(page)).toEqual(['src/lazy.ts', 'src/main.ts']);
      await search.fill('(');
      expect(await result.getAttribute('class')).toContain('wrong');
      expect((await tableNames(page)).length).toBe(6);
    }));

  it('answers why a module is here, with the place of each import', () =>
    withPage(`${report}#at=module:node_modules/react/index.js`, async (page) => {
      expect(await texts(page, '.chain li')).toEqual(['src/main.ts:9:1\nrequire()', 'react/index.js']);
      const importers = await texts(page, '.statements >> nth=0');
      expect(importers.join()).toContain('src/app.ts:7:5');
      expect(await textOf(page, '.badges')).toMatch(/CommonJS[^]*side effects[^]*initial[^]*react@19\.0\.0/);
      await page.goto(`${report}#at=module:src/app.ts`);
      expect(await texts(page, '.exports .used')).toEqual(['App']);
      expect((await texts(page, '.exports .unused'))[0]).toContain('unusedThing');
      await page.goto(`${report}#at=${encodeURIComponent(`module:${HOSTILE_ID}`)}`);
      expect((await texts(page, '.chain li')).length).toBe(4);
      expect(await textOf(page, '.chain li.dynamic')).toContain('src/app.ts:12:11');
    }));

  it('keeps what is shown in the URL, and goes back', () =>
    withPage(report, async (page) => {
      await page.locator('.tabs a', { hasText: 'Modules' }).click();
      await page.locator('label[for="measure-gzip"]').click();
      await page.getByRole('searchbox').fill('src');
      await page.getByRole('button', { name: 'Module', exact: true }).click();
      await page.getByRole('button', { name: 'src/lazy.ts' }).click();
      const url = page.url();
      const seen = await textOf(page, 'main');
      const other = await page.context().newPage();
      await other.goto(url);
      expect(await textOf(other, 'main')).toBe(seen);
      expect(await other.locator('.detail h2').innerText()).toBe('src/lazy.ts');
      expect(await other.locator('#measure-gzip').isChecked()).toBe(true);
      await other.close();
      await page.goBack();
      expect(await page.locator('.detail').isVisible()).toBe(false);
    }));

  it('says where compressed sizes were not measured', () =>
    withPage(`${report}#build=two&measure=brotli`, async (page) => {
      expect(await page.locator('#measure-raw').isChecked()).toBe(true);
      expect(await page.locator('#measure-brotli').isDisabled()).toBe(true);
      expect(await textOf(page, '.totals')).toContain('not measured');
      await page.locator('#build').selectOption('one');
      expect(await page.locator('#measure-brotli').isDisabled()).toBe(false);
    }));

  it('can be used with the keyboard alone', () =>
    withPage(`${report}#view=treemap&measure=raw`, async (page) => {
      await page.getByRole('application').focus();
      await page.keyboard.press('ArrowRight');
      const first = await page.getByRole('status').innerText();
      await page.keyboard.press('ArrowRight');
      expect(await page.getByRole('status').innerText()).not.toBe(first);
      await page.keyboard.press('Enter');
      expect(page.url()).toContain('zoom=');
      await page.keyboard.press('Backspace');
      expect(page.url()).not.toContain('zoom=');
      await page.goto(`${report}#view=modules`);
      await page.locator('.modules tbody button').first().focus();
      await page.keyboard.press('End');
      const last = await page.evaluate(() => document.activeElement?.textContent);
      expect(last).toBe((await tableNames(page)).at(-1));
      await page.keyboard.press('Enter');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('detail-title');
      await page.keyboard.press('Escape');
      expect(await page.locator('.detail').isVisible()).toBe(false);
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(last);
    }));

  it('tells what comes when', () =>
    withPage(`${report}#view=waterfall&measure=raw`, async (page) => {
      expect(await textOf(page, '.waterfall .lead')).toBe(
        '3 files and 8.24 kB in 2 round trips before it can run; 1 file and 2.40 kB later, on demand.',
      );
      expect((await texts(page, '.trips li')).map((text) => text.split(/[\s,]/)[0])).toEqual([
        'main.js',
        'main.css',
        'shared.js',
        'lazy.js',
      ]);
    }));

  it('shows which package needs which', () =>
    withPage(`${report}#view=graph&measure=raw`, async (page) => {
      expect((await texts(page, '.column'))[0]).toContain('own code');
      expect((await texts(page, '.column'))[1]).toContain('react@19.0.0');
      await page.getByRole('button', { name: /^react@19/ }).focus();
      expect(await page.locator('.strong-lines').first().getAttribute('d')).toMatch(/^M[^M]*$/);
      await page.getByText('The same as a table').click();
      expect(await textOf(page, '.graph-twin tbody')).toMatch(/react@19\.0\.0\s+6\.40 kB\s+own code/);
      await page.getByRole('button', { name: /^react@19/ }).click();
      expect(await textOf(page, '.detail h2')).toBe('react@19.0.0');
    }));

  it('shows the findings that the report has', () =>
    withPage(`${withFindings}#view=findings`, async (page) => {
      const text = await textOf(page, '.findings');
      for (const part of [
        '1 budget of 1 broken',
        'Against main',
        'src/app.ts:12 imports it now',
        'several versions',
        'Raise app to react 19',
        'CommonJS is kept whole',
        'Run by first render',
        'map-missing',
      ]) {
        expect(text).toContain(part);
      }
      await page.goto(`${withFindings}#sizes=retained&measure=raw&at=module:node_modules/react/index.js`);
      expect(await textOf(page, '.detail')).toMatch(
        /cut 2 imports[^]*6\.40 kB raw would leave[^]*Also leaves: own code 320 B and 2 more[^]*Fewest: 1 import, with which 9\.60 kB/,
      );
      expect((await texts(page, '.list'))[1]).toMatch(/^Modules 6\s+src\/app\.ts\s+9\.60 kB/);
      await page.goto(`${withFindings}#at=module:src/app.ts`);
      expect(await textOf(page, '.source ins')).toBe('export const App = 1;');
      expect((await textOf(page, '.source del')).trim()).toBe('export const unusedThing = 2;');
    }));

  it('shows the difference as a treemap and a table, by cause', () =>
    withPage(`${withFindings}#view=diff&measure=raw`, async (page) => {
      expect(await textOf(page, '.diff-view .lead')).toContain('Against main: +2.64 kB raw');
      const rows = (): Promise<string[]> => texts(page, '.twin tbody tr');
      expect((await rows()).map((row) => row.split('\n')[0])).toEqual([
        'src/lazy.ts',
        'src/app.ts',
        'left-pad/index.js',
        'glue',
      ]);
      expect((await rows())[2]).toMatch(/160 B\s+gone\s+−160 B/);
      expect(await texts(page, '.legend.changes li')).toEqual([
        'new 1, +1.60 kB',
        'grew 1, +400 B',
        'shrank 1, −40 B',
        'gone 1, −160 B',
      ]);
      await page.getByLabel('Because').selectOption('1');
      expect((await rows()).length).toBe(1);
      expect(page.url()).toContain('cause=1');
      await page.getByRole('application').focus();
      await page.keyboard.press('ArrowRight');
      expect(await textOf(page, '[role=status]')).toContain('grew: +400 B');
      await page.keyboard.press('Enter');
      expect(await textOf(page, '.detail h2')).toBe('src/app.ts');
    }));

  it('shows the modules around one, by keyboard too', () =>
    withPage(`${report}#at=module:src/app.ts`, async (page) => {
      await page.getByRole('button', { name: 'show in the graph' }).click();
      expect((await texts(page, '.column')).map((column) => column.split('\n')[0])).toEqual([
        'Imported by',
        'Module',
        'Imports',
        'Two steps down',
      ]);
      await page.locator('.node.centre').focus();
      await page.keyboard.press('ArrowRight');
      expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('react/index.js');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      expect(await textOf(page, '.node.centre')).toContain('src/lazy.ts');
      await page.goBack();
      expect(await textOf(page, '.node.centre')).toContain('src/app.ts');
    }));

  it('narrows charts and the waterfall by the search', () =>
    withPage(`${report}#view=treemap&measure=raw&q=lazy`, async (page) => {
      expect(await texts(page, '.twin tbody tr')).toEqual(['lazy.js\t1.60 kB\t2.40 kB\t15 %']);
      expect(await textOf(page, '.twin tfoot')).toMatch(/1\.60 kB\s+10\.6 kB/);
      await page.goto(`${report}#view=waterfall&measure=raw&q=lazy`);
      expect(await texts(page, '.trips li .size')).toEqual(['1.60 kB of 2.40 kB']);
      expect(await textOf(page, '.waterfall .lead')).toContain('1 file: 0 B before it can run, 1.60 kB later');
    }));

  it('opens a build of 10,000 modules and searches it', async () => {
    const url = await writeReport({
      schema: 'pare/report@1',
      title: 'Large',
      builds: [{ name: 'large', build: packBuild(syntheticBuild(10_000)) }],
    });
    await withPage(`${url}#view=modules`, async (page) => {
      expect(await page.locator('.modules').getAttribute('aria-rowcount')).toBe('10001');
      expect(await page.locator('.modules tbody tr').count()).toBeLessThan(100);
      await page.getByRole('searchbox').fill('part-77.tsx');
      expect((await tableNames(page)).every((name) => name.includes('part-77.tsx'))).toBe(true);
      for (const view of VIEWS) {
        await page.locator('.tabs a', { hasText: new RegExp(view, 'i') }).click();
        expect(await textOf(page, '.tabs [aria-current]')).toMatch(new RegExp(view, 'i'));
      }
    });
  });
});

describe('the page for everyone', () => {
  const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1440, 390]) {
      it(`has no accessibility violation: ${colorScheme}, ${width} px`, async () => {
        for (const view of [...VIEWS, 'diff', 'graph&of=src/app.ts']) {
          const detail = view === 'ranked' || view === 'modules' ? '&at=module:src/app.ts' : '';
          await withPage(
            `${withFindings}#view=${view}${detail}`,
            async (page) => {
              await page.evaluate(await axeSource);
              const found = (await page.evaluate('axe.run()')) as {
                violations: { id: string; nodes: { html: string }[] }[];
              };
              expect(
                found.violations.map(({ id, nodes }) => `${view}: ${id} ${nodes.map((node) => node.html).join(' ')}`),
              ).toEqual([]);
              expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
            },
            { colorScheme, viewport: { width, height: 844 }, bypassCSP: true },
          );
        }
      });
    }
  }

  it('lets the reader choose the theme', () =>
    withPage(report, async (page) => {
      const paper = (): Promise<string> =>
        page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      const light = await paper();
      await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
      expect(await paper()).not.toBe(light);
      await page.getByRole('button', { name: 'Switch to the light theme' }).click();
      expect(await paper()).toBe(light);
    }));
});
