import { expect, test } from 'vitest';

import { renderJsonl } from '../../reports/jsonl.ts';
import { nastyCheck, quietCheck } from './checked-build.ts';

const read = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; [key: string]: unknown });

test('a record a line: the outcome, each budget, each cause of the comparison', async () => {
  const report = await nastyCheck();
  const records = read(renderJsonl(report));
  expect(records[0]).toMatchObject({
    type: 'check',
    schema: 'pare/check@1',
    status: 'over',
    change: report.diff!.total,
  });
  expect(records.filter(({ type }) => type === 'budget')).toHaveLength(5);
  expect(records.filter(({ type }) => type === 'change')).toHaveLength(report.diff!.causes.length);
  expect(read(renderJsonl(await quietCheck())).map(({ type }) => type)).toEqual(['check', 'budget']);
});
