/** A check as SARIF 2.1.0 (OASIS standard), for code scanning: a rule for each kind of budget, a result for each failure. */
import type { BudgetKind } from '../src/budget/budget.ts';
import type { ImportPlace } from '../src/budget/diff.ts';
import { causeLocation, placeLocation, type LocationOptions, type SourceLocation } from './check-location.ts';
import { describeCut, formatCause, isFailure, type CheckedBudget, type CheckReport } from './check-report.ts';

export interface SarifOptions extends LocationOptions {
  /** Of pare. */
  readonly version: string;
}

/** What each kind of budget holds, as the text of its rule. */
const RULES: Readonly<Record<BudgetKind, string>> = {
  initial: 'What an entry loads before it runs stays within its budget.',
  route: 'What a route loads stays within its budget.',
  chunk: 'Each chunk stays within its budget.',
  package: 'What a package has of the bundle stays within its budget.',
  modules: 'Modules stay within their budget.',
  total: 'The whole output stays within its budget.',
  css: 'The styles stay within their budget.',
  requests: 'No more files are loaded than the budget allows.',
  duplicates: 'Spare copies of modules stay within their budget.',
  banned: 'Banned packages stay out of the bundle.',
};

const KINDS = Object.keys(RULES) as BudgetKind[];

export function renderSarif(report: CheckReport, options: SarifOptions): string {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'pare',
            version: options.version,
            rules: KINDS.map((kind) => ({
              id: ruleId(kind),
              name: `${kind[0]!.toUpperCase()}${kind.slice(1)}Budget`,
              shortDescription: { text: RULES[kind] },
              defaultConfiguration: { level: 'error' },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { SRCROOT: { description: { text: 'The root of the repository' } } },
        results: report.results.filter((result) => result.status !== 'ok').map((result) => toResult(result, options)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function ruleId(kind: BudgetKind): string {
  return `pare/${kind}`;
}

function toResult(result: CheckedBudget, options: LocationOptions): object {
  const { kind } = result.budget;
  const locations = result.causes.flatMap((cause) => {
    const location = causeLocation(cause, options);
    return location === null ? [] : [physical(location)];
  });
  const flows = result.causes.flatMap(({ chain, what }) => threadFlow(chain, what, options));
  return {
    ruleId: ruleId(kind),
    ruleIndex: KINDS.indexOf(kind),
    level: isFailure(result) ? 'error' : 'note',
    message: { text: message(result) },
    locations: locations.slice(0, 1),
    ...(locations.length > 1 ? { relatedLocations: locations.slice(1) } : {}),
    ...(flows.length > 0 ? { codeFlows: flows } : {}),
    // The same budget on the same thing is the same finding, wherever its cause has moved.
    partialFingerprints: { 'budgetAndSubject/v1': `${kind} ${result.name} ${result.subject}` },
  };
}

function message(result: CheckedBudget): string {
  const causes = result.causes.map((cause, at) => {
    const cut = describeCut(result, cause);
    return `${at + 1}. ${formatCause(result, cause)}: ${cause.what}.${cut === null ? '' : ` ${cut}.`}`;
  });
  return [result.message, ...causes].join('\n');
}

function physical({ file, line, column }: SourceLocation): object {
  const region =
    line === null ? {} : { region: { startLine: line, ...(column === null ? {} : { startColumn: column }) } };
  return { physicalLocation: { artifactLocation: { uri: encodeUri(file), uriBaseId: 'SRCROOT' }, ...region } };
}

/** The way from the entry to the cause; statements that no file stands behind are left out. */
function threadFlow(chain: readonly ImportPlace[], what: string, options: LocationOptions): object[] {
  const locations = chain.flatMap((place) => {
    const location = placeLocation(place, options);
    return location === null ? [] : [{ location: { ...physical(location), message: { text: `imports ${place.to}` } } }];
  });
  return locations.length === 0 ? [] : [{ message: { text: what }, threadFlows: [{ locations }] }];
}

/** A relative URI reference: what would be taken for a scheme, a query or a fragment is escaped. */
function encodeUri(file: string): string {
  return file.split('/').map(encodeURIComponent).join('/');
}
