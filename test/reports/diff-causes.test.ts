import { expect, test } from 'vitest';

import { describeCauses } from '../../reports/diff-causes.ts';
import { diffBuilds } from '../../src/budget/diff.ts';
import { addBytes, NO_BYTES } from '../../src/model/bytes.ts';
import { buildOf, edgeOf, moduleOf, outputOf } from '../detect/synthetic.ts';

const IDS = ['src/main.js', 'src/other.js', 'node_modules/zod/a.js', 'node_modules/zod/b.js', 'node_modules/clsx/i.js'];

/** The same modules each time, with so many bytes of each. */
const buildWith = (sizes: readonly number[]) =>
  buildOf(
    IDS.map((id) => moduleOf(id)),
    IDS.slice(1).map((_, at) => edgeOf(0, at + 1, { line: at + 1, column: 0 })),
    [
      outputOf(
        'main.js',
        sizes.map((size, at) => [at, size] as const),
        { entry: true, entryModule: 0 },
      ),
    ],
  );

test('other parts of many modules of a package are one cause, and all adds up', () => {
  const diff = diffBuilds(buildWith([10, 10, 10, 10, 10]), buildWith([10, 14, 110, 90, 15]));
  const causes = describeCauses(diff);
  expect(causes.map(({ text, delta }) => [text, delta.raw])).toEqual([
    ['other parts of 2 modules of zod are kept', 180],
    ['another part of node_modules/clsx/i.js is kept', 5],
    ['another part of src/other.js is kept', 4],
  ]);
  expect(causes.reduce((sum, { delta }) => addBytes(sum, delta), NO_BYTES)).toEqual(diff.total.delta);
});
