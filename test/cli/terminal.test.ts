import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { createProgress } from '../../src/cli/progress.ts';
import { cutMiddle, renderTable } from '../../src/cli/table.ts';
import { hasColor, widthOf } from '../../src/cli/terminal.ts';
import { wrap } from '../../src/cli/wrap.ts';

const TERMINAL = { isTTY: true, columns: 80 };
const PIPE = {};

describe('colour', () => {
  test.each([
    [TERMINAL, {}, true],
    [PIPE, {}, false],
    [TERMINAL, { NO_COLOR: '1' }, false],
    // As the convention has it, an empty NO_COLOR is none.
    [TERMINAL, { NO_COLOR: '' }, true],
    [TERMINAL, { TERM: 'dumb' }, false],
    [PIPE, { FORCE_COLOR: '1' }, true],
    [PIPE, { FORCE_COLOR: '' }, true],
    [TERMINAL, { FORCE_COLOR: '0' }, false],
    [TERMINAL, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ])('of %j with %j is %s', (stream, env, expected) => {
    expect(hasColor(stream, env)).toBe(expected);
  });
});

describe('the width', () => {
  test.each([
    [TERMINAL, {}, 80],
    [{ isTTY: true }, {}, 80],
    [PIPE, {}, Infinity],
    [TERMINAL, { COLUMNS: '50' }, 50],
    [PIPE, { COLUMNS: '50' }, 50],
    [TERMINAL, { COLUMNS: 'wide' }, 80],
    [TERMINAL, { COLUMNS: '0' }, 80],
  ])('of %j with %j is %s', (stream, env, expected) => {
    expect(widthOf(stream, env)).toBe(expected);
  });
});

describe('a table', () => {
  const rows = [
    { name: 'node_modules/@scope/package/with/a/long/path/to/module.js', size: '12 kB', share: '99.0 %' },
    { name: 'short.js', size: '1 B', share: '1.0 %' },
  ];
  const render = (width: number) =>
    renderTable(
      rows,
      { title: 'module', cell: ({ name }) => name },
      [
        { title: 'raw', cell: ({ size }) => size },
        { title: 'share', cell: ({ share }) => share, isOptional: true },
      ],
      { color: false, width },
    );

  test('drops columns and cuts names where there is no room', () => {
    expect(render(40).join('\n')).toMatchInlineSnapshot(`
      "  module                             raw
        node_modul…ng/path/to/module.js  12 kB
        short.js                           1 B"
    `);
    expect(render(Infinity)[1]).toContain(rows[0]!.name);
    for (const width of [24, 40, 59, 60, 70, 200])
      expect(render(width).filter((line) => line.length > width)).toEqual([]);
  });

  test('keeps the end of a name that it cuts', () => {
    expect(cutMiddle('abcdefghij', 5)).toBe('a…hij');
    expect(cutMiddle('abc', 3)).toBe('abc');
  });
});

test('a text is wrapped at spaces, and a long word stands alone', () => {
  expect(wrap('one two  extraordinarily three', 8)).toEqual(['one two', 'extraordinarily', 'three']);
});

describe('progress', () => {
  afterEach(() => vi.unstubAllEnvs());

  function written(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
    const stream = Object.assign(new PassThrough(), { isTTY, columns: 20 });
    return { stream: stream as unknown as NodeJS.WriteStream, text: () => String(stream.read() ?? '') };
  }

  test('is a line that never wraps and is taken away', () => {
    vi.stubEnv('CI', '');
    vi.stubEnv('TERM', 'xterm');
    vi.stubEnv('COLUMNS', '');
    const { stream, text } = written(true);
    const progress = createProgress(stream);
    progress.update('measuring 1/9 assets/index.js');
    progress.clear();
    expect(text()).toBe('\r\u001B[Kmeasuring 1/9 assets\r\u001B[K'.replace('assets', 'asset'));
  });

  test.each([
    [false, ''],
    [true, '1'],
  ])('is nothing for a terminal: %s, in CI: %j', (isTTY, ci) => {
    vi.stubEnv('CI', ci);
    const { stream, text } = written(isTTY);
    const progress = createProgress(stream);
    progress.update('measuring');
    progress.clear();
    expect(text()).toBe('');
  });
});
