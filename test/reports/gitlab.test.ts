import { expect, test } from 'vitest';

import { renderGitlab } from '../../reports/gitlab.ts';
import { nastyCheck, quietCheck } from './checked-build.ts';

interface Issue {
  readonly description: string;
  readonly check_name: string;
  readonly fingerprint: string;
  readonly severity: string;
  readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

const render = async (): Promise<Issue[]> =>
  JSON.parse(
    renderGitlab(await nastyCheck(), { folder: 'apps/shop', fallbackFile: 'apps/shop/package.json' }),
  ) as Issue[];

test('an issue for each failure, at its file and line, with a fingerprint of its own that lasts', async () => {
  const issues = await render();
  expect(issues.map(({ check_name, severity }) => [check_name, severity])).toEqual([
    ['pare/total', 'major'],
    ['pare/initial', 'major'],
    ['pare/modules', 'major'],
    ['pare/banned', 'major'],
  ]);
  expect(issues[3]!.location).toEqual({ path: 'apps/shop/src/page.js', lines: { begin: 8 } });
  expect(new Set(issues.map(({ fingerprint }) => fingerprint)).size).toBe(4);
  for (const { fingerprint } of issues) expect(fingerprint).toMatch(/^[\da-f]{64}$/);
  expect((await render()).map(({ fingerprint }) => fingerprint)).toEqual(issues.map(({ fingerprint }) => fingerprint));
});

test('a failure without an import stands at the configuration', async () => {
  const report = await nastyCheck();
  const results = report.results.map((result) => ({ ...result, causes: [] }));
  const issues = JSON.parse(renderGitlab({ ...report, results }, { fallbackFile: 'pare.config.json' })) as Issue[];
  expect(new Set(issues.map(({ location }) => location.path))).toEqual(new Set(['pare.config.json']));
});

test('an empty list where all is well', async () => {
  expect(JSON.parse(renderGitlab(await quietCheck(), { fallbackFile: 'x' }))).toEqual([]);
});
