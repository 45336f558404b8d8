import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, test } from 'vitest';

import { renderSarif } from '../../reports/sarif.ts';
import { largeBuild } from '../detect/synthetic.ts';
import { composeCheck } from '../../src/report/compose-check.ts';
import { nastyCheck, quietCheck } from './checked-build.ts';

interface Log {
  readonly runs: readonly {
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly locations: readonly {
        readonly physicalLocation: {
          readonly artifactLocation: { readonly uri: string };
          readonly region?: { readonly startLine: number; readonly startColumn: number };
        };
      }[];
      readonly codeFlows?: readonly { readonly threadFlows: readonly { readonly locations: readonly object[] }[] }[];
    }[];
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
  }[];
}

let isValid: (log: unknown) => readonly object[];
beforeAll(() => {
  const require = createRequire(import.meta.url);
  const file = require.resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
  const schema = JSON.parse(readFileSync(file, 'utf8')) as object;
  const ajv = new Ajv.default({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  isValid = (log) => (validate(log) ? [] : (validate.errors ?? []));
});

const render = async (folder = ''): Promise<Log> =>
  JSON.parse(renderSarif(await nastyCheck(), { folder, version: '1.2.3' })) as Log;

describe('SARIF', () => {
  test('is valid by the schema of the standard, whatever the names are', async () => {
    expect(isValid({ version: '2.1.0' })).not.toEqual([]);
    expect(isValid(await render())).toEqual([]);
    expect(isValid(JSON.parse(renderSarif(await quietCheck(), { version: '1.2.3' })))).toEqual([]);
    const large = await composeCheck(largeBuild(2000), [{ kind: 'total', max: 1 }]);
    expect(isValid(JSON.parse(renderSarif(large, { version: '1.2.3' })))).toEqual([]);
  });

  test('has a result for each budget that does not hold, at the import statement that leads to the cause', async () => {
    const [run] = (await render('apps/shop')).runs;
    expect(run!.results.map(({ ruleId, level }) => [ruleId, level])).toEqual([
      ['pare/total', 'error'],
      ['pare/initial', 'error'],
      ['pare/modules', 'error'],
      ['pare/banned', 'error'],
    ]);
    for (const { ruleId, ruleIndex } of run!.results) expect(run!.tool.driver.rules[ruleIndex]!.id).toBe(ruleId);
    const banned = run!.results[3]!;
    expect(banned.locations).toEqual([
      {
        physicalLocation: {
          artifactLocation: { uri: 'apps/shop/src/page.js', uriBaseId: 'SRCROOT' },
          region: { startLine: 8, startColumn: 5 },
        },
      },
    ]);
    expect(banned.codeFlows![0]!.threadFlows[0]!.locations).toHaveLength(2);
    expect(banned.message.text).toContain('moment leaves without the import at src/page.js:8:5: saves 15.0 kB brotli');
  });

  test('is empty where all is well', async () => {
    const log = JSON.parse(renderSarif(await quietCheck(), { version: '1.2.3' })) as Log;
    expect(log.runs[0]!.results).toEqual([]);
  });
});
