/** A report from the cache is the one that would be composed. */
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';

import { composeReport } from '../../src/report/compose-report.ts';
import type { NamedBuild } from '../../src/report/named-build.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { smallBuild } from '../reports/small-build.ts';

async function store(): Promise<Store> {
  return openStore(
    {
      folder: await mkdtemp(path.join(os.tmpdir(), 'pare-cache-')),
      memoryBytes: 1e6,
      diskBytes: 1e7,
      ttlMs: 1e9,
      compress: true,
      redis: null,
    },
    { onWarning: ({ message }) => expect.unreachable(message) },
  );
}

async function hits(cache: Store): Promise<number> {
  const { run } = await cache.stats();
  return run.rows.filter(({ kind }) => kind === 'report').reduce((sum, row) => sum + row.hits, 0);
}

it('gives the same from the cache, and composes anew when anything changed that it was made from', async () => {
  await using cache = await store();
  const build = smallBuild();
  let texts = build.modules.map(({ id }) => `export const text = ${JSON.stringify(id)};`);
  const named = (): NamedBuild => ({ name: 'app', build, sources: (module) => texts[module] ?? null });
  const plain = JSON.stringify(await composeReport('title', [named()]));
  expect(JSON.stringify(await composeReport('title', [named()], cache))).toBe(plain);
  expect(await hits(cache)).toBe(0);
  expect(JSON.stringify(await composeReport('title', [named()], cache))).toBe(plain);
  expect(await hits(cache)).toBe(1);

  texts = texts.map((text, i) => (i === 0 ? `${text}\nconsole.log('effect');` : text));
  const changed = JSON.stringify(await composeReport('title', [named()], cache));
  expect(changed).toBe(JSON.stringify(await composeReport('title', [named()])));
  expect(await hits(cache)).toBe(1);

  const renamed = await composeReport('title', [{ ...named(), name: 'other' }], cache);
  expect(renamed.builds[0]!.name).toBe('other');
  expect(await hits(cache)).toBe(2);
});
