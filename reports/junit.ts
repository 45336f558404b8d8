/** A check as JUnit XML, which every CI server reads: a test case for each budget. */
import { describeResult, isFailure, type CheckedBudget, type CheckReport } from './check-report.ts';

export function renderJunit(report: CheckReport): string {
  const failures = report.results.filter(isFailure).length;
  const counts = `tests="${report.results.length}" failures="${failures}" errors="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="pare" ${counts}>`,
    `  <testsuite name="budgets" ${counts} skipped="${report.results.filter(isNew).length}">`,
    ...report.results.flatMap(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function isNew({ status }: CheckedBudget): boolean {
  return status === 'new';
}

function testCase(result: CheckedBudget): string[] {
  const open = `    <testcase classname="pare.${result.budget.kind}" name="${attribute(caseName(result))}"`;
  if (isFailure(result)) {
    const head = `<failure type="${result.status}" message="${attribute(result.message)}">`;
    return [`${open}>`, `      ${head}${escapeXml(describeResult(result))}</failure>`, '    </testcase>'];
  }
  if (isNew(result)) return [`${open}>`, `      <skipped message="${attribute(result.message)}"/>`, '    </testcase>'];
  return [`${open}/>`];
}

/** A budget that matches several things has a case for each. */
function caseName({ name, subject }: CheckedBudget): string {
  return name.includes(subject) ? name : `${name} (${subject})`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Characters that XML 1.0 has no way to write, and halves of characters, become U+FFFD. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** A parser makes spaces of plain line breaks in attributes. */
function attribute(text: string): string {
  return escapeXml(text).replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
