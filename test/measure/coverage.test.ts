import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import type { OwnedOutput } from '../../src/measure/assemble.ts';
import { executedRanges, parseCoverage, type FunctionCoverage } from '../../src/measure/coverage.ts';
import { executedBytes, type ExecutedBytes } from '../../src/measure/executed.ts';
import { PareError } from '../../src/model/errors.ts';
import { coverApp, type CoveredApp } from './coverage-app.ts';

const TEXT = (name: string) => `'${name} ${'long text that no minifier shortens '.repeat(8)}'`;
const PROGRAM = {
  'main.js': `
    import { greet } from './greet.js';
    import { never } from './never.js';
    const button = document.querySelector('button');
    if (location.hash === '#never') never();
    button.addEventListener('click', async () => {
      const { work } = await import('./late.js');
      document.title = work();
    });
    document.title = greet(button.dataset.mark);`,
  'greet.js': `
    export function greet(mark) {
      if (mark) { return 'Grüße 👋 ' + mark + ${TEXT('branch')}; }
      return 'ready';
    }`,
  'never.js': `export function never() { console.log('日本語', ${TEXT('never')}); }`,
  'late.js': `
    export function work() { return inner() ? 'done' : 'failed'; }
    function inner() { return [1].map((n) => n).length === 1 || unused(${TEXT('argument')}); }
    function unused(text) { throw new Error(text); }`,
};

function range(startOffset: number, endOffset: number, count: number): FunctionCoverage['ranges'][number] {
  return { startOffset, endOffset, count };
}

function owned(file: string, text: string, runs: readonly (readonly [module: number, text: string])[]): OwnedOutput {
  const contents = Buffer.from(text);
  let end = 0;
  const ends = runs.map(([, run]) => (end += Buffer.byteLength(run)));
  const modules = [...new Set(runs.map(([module]) => module))];
  const ownership = {
    length: contents.length,
    ends: Uint32Array.from(ends),
    owners: Uint32Array.from(runs.map(([module]) => modules.indexOf(module))),
    ownerCount: modules.length,
  };
  return { file, contents, ownership, holders: modules.map((module) => ({ module })) };
}

function refusal(call: () => unknown): PareError {
  try {
    call();
  } catch (error) {
    if (error instanceof PareError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('executedRanges', () => {
  it('lets the innermost range say what ran', () => {
    const functions = [
      { ranges: [range(0, 100, 1), range(10, 60, 0), range(20, 30, 5)] },
      { ranges: [range(40, 50, 2), range(44, 46, 0)] },
      { ranges: [range(70, 80, 0)] },
    ];
    expect(executedRanges(functions)).toEqual([
      { start: 0, end: 10 },
      { start: 20, end: 30 },
      { start: 40, end: 44 },
      { start: 46, end: 50 },
      { start: 60, end: 70 },
      { start: 80, end: 100 },
    ]);
  });

  it('counts what no range covers as not run', () => {
    expect(executedRanges([{ ranges: [range(5, 8, 1)] }, { ranges: [range(20, 22, 1)] }])).toEqual([
      { start: 5, end: 8 },
      { start: 20, end: 22 },
    ]);
  });

  it('reads functions without block coverage as run in whole or not at all', () => {
    const functions = [{ ranges: [range(0, 50, 1)] }, { ranges: [range(10, 20, 0)] }, { ranges: [range(30, 40, 3)] }];
    expect(executedRanges(functions)).toEqual([
      { start: 0, end: 10 },
      { start: 20, end: 50 },
    ]);
  });
});

/** Ranges as V8 nests them: functions within functions, blocks within these, in one list for each function. */
const functionsWithin = (length: number): fc.Arbitrary<FunctionCoverage[]> => {
  const nest = (start: number, end: number, depth: number): fc.Arbitrary<FunctionCoverage['ranges'][number][]> =>
    fc.tuple(fc.nat(2), fc.array(fc.nat(end - start), { minLength: 2, maxLength: 4 })).chain(([count, cuts]) => {
      const sorted = [...cuts].sort((a, b) => a - b).map((cut) => start + cut);
      const inner = sorted.slice(1).map((to, i) => [sorted[i]!, to] as const);
      const below =
        depth === 0 ? [] : inner.filter(([from, to]) => from < to).map(([from, to]) => nest(from, to, depth - 1));
      return fc.tuple(...below).map((lists) => [range(start, end, count), ...lists.flat()]);
    });
  return nest(0, length, 3).map((ranges) => ranges.map((each) => ({ ranges: [each] })));
};

it('agrees with a count for each unit of the text, in units and in bytes', () => {
  const units = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((text) => !text.startsWith('\uFEFF'));
  const cases = units.chain((text) => functionsWithin(text.length).map((functions) => ({ text, functions })));
  fc.assert(
    fc.property(cases, ({ text, functions }) => {
      const counts = new Array<number>(text.length).fill(0);
      for (const { ranges } of functions)
        for (const { startOffset, endOffset, count } of ranges) counts.fill(count, startOffset, endOffset);
      const ran = executedRanges(functions);
      const covered = counts.map((_, unit) => ran.some(({ start, end }) => start <= unit && unit < end));
      expect(covered).toEqual(counts.map((count) => count > 0));
      // A range that ends within a surrogate pair has all of it; V8 makes none.
      fc.pre(ran.every(({ start, end }) => [start, end].every((at) => !/[\uDC00-\uDFFF]/.test(text.charAt(at)))));
      const output = owned('main.js', text, [[0, text]]);
      const scripts = parseCoverage({ result: [{ url: '/main.js', functions }] }, 'x');
      const { points } = executedBytes([output], [{ name: 'load', scripts }]);
      const expected = ran.reduce((sum, { start, end }) => sum + Buffer.byteLength(text.slice(start, end)), 0);
      expect(points[0]!.modules).toEqual([{ module: 0, loaded: Buffer.byteLength(text), executed: expected }]);
    }),
  );
});

describe('executedBytes', () => {
  const text = 'aé👋b日c';
  const output = owned('assets/main.js', text, [
    [7, 'aé'],
    [3, '👋b'],
    [7, '日c'],
  ]);

  it('turns UTF-16 offsets into bytes', () => {
    const scripts = parseCoverage(
      [{ url: 'https://shop.example/base/assets/main.js?v=1', ranges: [{ start: 1, end: 5 }], text }],
      'x',
    );
    const { points } = executedBytes([output], [{ name: 'load', scripts }]);
    expect(points[0]!.modules).toEqual([
      { module: 7, loaded: 7, executed: Buffer.byteLength('é') },
      { module: 3, loaded: 5, executed: Buffer.byteLength('👋b') },
    ]);
  });

  it('does not count a byte order mark, which is no part of the text', () => {
    const marked = owned('main.js', `\uFEFF${text}`, [[1, `\uFEFF${text}`]]);
    const scripts = parseCoverage([{ url: '/main.js', ranges: [{ start: 0, end: 7 }], text }], 'x');
    const { points, diagnostics } = executedBytes([marked], [{ name: 'load', scripts }]);
    expect(diagnostics).toEqual([]);
    expect(points[0]!.outputs[0]!.executed).toBe(Buffer.byteLength(text));
  });

  it('joins what several loads of one URL ran', () => {
    const url = 'http://a/assets/main.js';
    const scripts = parseCoverage(
      {
        result: [
          { url, functions: [{ ranges: [range(0, 7, 0), range(0, 1, 1)] }] },
          { url, functions: [{ ranges: [range(0, 7, 0), range(6, 7, 1)] }] },
        ],
      },
      'x',
    );
    const { points } = executedBytes([output], [{ name: 'load', scripts }]);
    expect(points[0]!.outputs).toEqual([{ file: 'assets/main.js', loaded: output.contents.length, executed: 2 }]);
  });

  it('keeps what ran before when counters are reset between the points', () => {
    const url = 'http://a/assets/main.js';
    const at = (name: string, start: number, end: number) => ({
      name,
      scripts: parseCoverage([{ url, ranges: [{ start, end }] }], name),
    });
    const { points } = executedBytes([output], [at('load', 0, 1), at('interaction', 6, 7)]);
    expect(points.map(({ outputs }) => outputs[0]!.executed)).toEqual([1, 2]);
  });

  it('reports coverage of another file, and refuses coverage of another build', () => {
    const stale = parseCoverage([{ url: '/assets/main.js', ranges: [{ start: 0, end: 1 }], text: 'other' }], 'x');
    expect(executedBytes([output], [{ name: 'load', scripts: stale }]).diagnostics).toMatchObject([
      { code: 'coverage-of-another-file', file: 'assets/main.js' },
    ]);
    const long = parseCoverage([{ url: '/assets/main.js', ranges: [{ start: 0, end: 99 }] }], 'x');
    expect(executedBytes([output], [{ name: 'load', scripts: long }]).diagnostics).toHaveLength(1);
    const foreign = parseCoverage([{ url: 'http://a/assets/main-OLD.js', ranges: [] }], 'x');
    expect(refusal(() => executedBytes([output], [{ name: 'load', scripts: foreign }]))).toMatchObject({
      code: 'coverage-no-match',
      message: expect.stringContaining('main-OLD.js'),
    });
  });
});

describe('parseCoverage', () => {
  it.each([
    [{ inputs: {} }, 'no list'],
    [[{ ranges: [] }], 'no url'],
    [[{ url: 'a.js' }], 'neither functions nor ranges'],
    [[{ url: 'a.js', ranges: [{ start: 3, end: 1 }] }], 'start and end'],
    [{ result: [{ url: 'a.js', functions: [{}] }] }, 'no ranges'],
    [{ result: [{ url: 'a.js', functions: [{ ranges: [{ startOffset: 0, endOffset: 1, count: -1 }] }] }] }, 'count'],
  ])('refuses %j and says the mend', (json, reason) => {
    const error = refusal(() => parseCoverage(json, 'cov.json'));
    expect(error.code).toBe('coverage-invalid');
    expect(error.message).toContain('cov.json');
    expect(error.message).toContain(reason);
    expect(error.hint).toContain('DevTools');
  });

  it('leaves out code that was made at run time', () => {
    expect(parseCoverage({ result: [{ url: '', functions: [{ ranges: [range(0, 3, 1)] }] }] }, 'x')).toEqual([]);
  });
});

describe('in Chromium', () => {
  let app: CoveredApp;
  let points: readonly ExecutedBytes[];

  beforeAll(async () => {
    app = await coverApp(PROGRAM);
    points = executedBytes(app.outputs, app.points).points;
  }, 60_000);

  const of = (point: ExecutedBytes, id: string) =>
    point.modules.find(({ module }) => app.build.modules[module]!.id === id);

  it('counts a function that never ran as loaded and not executed', () => {
    for (const point of points) {
      const { loaded, executed } = of(point, 'never.js')!;
      expect(loaded).toBeGreaterThan(Buffer.byteLength(TEXT('never')) - 2);
      expect(executed).toBe(0);
    }
  });

  it('counts the branch that was not taken, and what is before and behind it', () => {
    const { loaded, executed } = of(points[0]!, 'greet.js')!;
    expect(executed).toBeGreaterThan(0);
    expect(loaded - executed).toBeGreaterThanOrEqual(Buffer.byteLength(TEXT('branch')) - 2);
  });

  it('loads and runs the lazy module by the second point only', () => {
    expect(of(points[0]!, 'late.js')).toBeUndefined();
    const { loaded, executed } = of(points[1]!, 'late.js')!;
    expect(executed).toBeGreaterThan(0);
    // `unused` and the argument it would have had.
    expect(loaded - executed).toBeGreaterThan(Buffer.byteLength(TEXT('argument')) - 2);
    expect(of(points[1]!, 'main.js')!.executed).toBeGreaterThan(of(points[0]!, 'main.js')!.executed);
  });

  it('loads, at each point, exactly the modules in the files loaded, and no more runs than is loaded', () => {
    for (const { modules, outputs } of points) {
      for (const { loaded, executed } of [...modules, ...outputs]) expect(executed).toBeLessThanOrEqual(loaded);
      const files = new Set(outputs.map(({ file }) => file));
      const expected = app.build.outputs
        .filter(({ file }) => files.has(file))
        .flatMap(({ parts }) => parts.filter(({ module }) => module !== null).map(({ bytes }) => bytes.raw));
      const sum = (list: readonly number[]) => list.reduce((total, each) => total + each, 0);
      expect(sum(modules.map(({ loaded }) => loaded))).toBe(sum(expected));
    }
  });

  it("reads Playwright's own record to the same bytes", () => {
    const scripts = parseCoverage(JSON.parse(JSON.stringify(app.playwright)), 'playwright');
    const { points: whole, diagnostics } = executedBytes(app.outputs, [{ name: 'interaction', scripts }]);
    expect(diagnostics).toEqual([]);
    expect(whole[0]!.modules).toEqual(points[1]!.modules);
    // The same as a DevTools export: the text and the ranges that ran.
    const exported = scripts.map(({ url, text, ran }) => ({ url, text, ranges: ran }));
    const again = executedBytes(app.outputs, [{ name: 'interaction', scripts: parseCoverage(exported, 'export') }]);
    expect(again.points[0]!.modules).toEqual(points[1]!.modules);
  });
});
