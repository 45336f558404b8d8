import { expect, test } from 'vitest';

import { renderAnnotations } from '../../reports/annotations.ts';
import { causeLocation } from '../../reports/check-location.ts';
import { nastyCheck, quietCheck } from './checked-build.ts';

/** As the runner reads a line: a command, its properties, its data, each unescaped. */
function readCommand(line: string): { command: string; properties: Record<string, string>; data: string } {
  const match = /^::(\w+) ([^]*?)::([^]*)$/.exec(line);
  if (match === null) throw new Error(`no command: ${line}`);
  const unescape = (text: string): string =>
    text.replace(/%(0D|0A|3A|2C|25)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  const properties = match[2]!.split(',').map((pair) => {
    const equals = pair.indexOf('=');
    return [pair.slice(0, equals), unescape(pair.slice(equals + 1))];
  });
  return {
    command: match[1]!,
    properties: Object.fromEntries(properties) as Record<string, string>,
    data: unescape(match[3]!),
  };
}

test('an error for each failure, at the importing statement, with names that survive the way', async () => {
  const lines = renderAnnotations(await nastyCheck(), { folder: 'apps/shop' })
    .trimEnd()
    .split('\n');
  const commands = lines.map(readCommand);
  expect(
    commands.map(({ command, properties }) => [command, properties['file'], properties['line'], properties['col']]),
  ).toEqual([
    ['error', 'apps/shop/src/page.js', '8', '5'],
    ['error', 'apps/shop/src/page.js', '8', '5'],
    ['error', 'apps/shop/src/page.js', '4', '5'],
    ['error', 'apps/shop/src/page.js', '8', '5'],
  ]);
  expect(commands[2]!.properties['title']).toBe('pare: files <b>of</b> mine, "all"\n& | them');
  expect(commands[2]!.data).toContain('src/line\nbreak\r::error::.js');
  expect(commands[3]!.data).toContain('Use Intl, 100 %.');
});

test('nothing where all is well', async () => {
  expect(renderAnnotations(await quietCheck())).toBe('');
});

test('a place is the last statement of the project itself; a part of a file is its file', () => {
  const place = (from: string, line: number) => ({ from, to: 'x', line, column: 0 });
  const cause = (...chain: ReturnType<typeof place>[]) => ({ what: 'x', size: 1, isGrowth: false, chain, cut: null });
  expect(
    causeLocation(cause(place('src/a.js', 1), place('src/B.vue?vue&type=script', 2), place('node_modules/x/i.js', 3))),
  ).toEqual({
    file: 'src/B.vue',
    line: 2,
    column: 1,
  });
  expect(causeLocation(cause(place('virtual:routes', 1)))).toBeNull();
  expect(causeLocation(cause(place('../shared/a.js', 1)))).toBeNull();
  expect(causeLocation(cause(place('../shared/a.js', 1)), { folder: 'apps/shop' })?.file).toBe('apps/shared/a.js');
  expect(causeLocation(cause())).toBeNull();
});
