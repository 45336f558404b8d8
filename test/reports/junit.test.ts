import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { expect, test } from 'vitest';

import { renderJunit } from '../../reports/junit.ts';
import { composeCheck } from '../../src/report/compose-check.ts';
import { nastyBuild, nastyCheck, quietCheck } from './checked-build.ts';

interface Suites {
  readonly testsuites: {
    readonly testsuite: {
      readonly '@tests': string;
      readonly '@failures': string;
      readonly testcase: readonly {
        readonly '@name': string;
        readonly failure?: { '#text': string; '@message': string };
      }[];
    };
  };
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  isArray: (name) => name === 'testcase',
});

test('well-formed, whatever the names are; a case for each budget', async () => {
  const xml = renderJunit(await nastyCheck());
  expect(XMLValidator.validate(xml)).toBe(true);
  // What XML 1.0 can't have at all.
  expect(
    [...xml].filter((character) => /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(character)),
  ).toEqual([]);
  const { testsuite } = (parser.parse(xml) as Suites).testsuites;
  expect([testsuite['@tests'], testsuite['@failures'], testsuite.testcase.length]).toEqual(['5', '4', 5]);
  expect(testsuite.testcase.filter(({ failure }) => failure !== undefined)).toHaveLength(4);
  const banned = testsuite.testcase[3]!.failure!;
  expect(banned['@message']).toBe('banned packages: moment is in the bundle. Use Intl, 100 %.');
  expect(banned['#text']).toContain('src/page.js:8:5 imports node_modules/moment/moment.js');
  expect(xml).toContain('name="files &lt;b&gt;of&lt;/b&gt; mine, &quot;all&quot;&#10;&amp; | them (src/*line*)"');
});

test('what can be compared with nothing is skipped; what holds is empty', async () => {
  const build = nastyBuild(true);
  const baseline = { ...build, outputs: [] };
  const report = await composeCheck(build, [{ kind: 'initial', entry: 'src/main.js', max: '+1%' }], { baseline });
  expect(renderJunit(report)).toContain('<skipped message=');
  expect(renderJunit(await quietCheck())).toContain('<testcase classname="pare.total" name="total all files"/>');
});
