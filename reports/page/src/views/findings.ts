/** What was found out about the build beyond its sizes. Only the sections that the report has are shown. */
import type { Bytes } from '../../../../src/model/build.ts';
import type { BudgetResult, Coverage, Diff, Duplicate, NotShaken } from '../../../report-data.ts';
import { fill, h, modulePath, path } from '../dom.ts';
import { countOf, formatBytes, formatCount, formatShare, signedBytes } from '../format.ts';
import { isMatch } from '../frame.ts';
import type { Actions, Frame, View } from '../frame.ts';
import type { Model } from '../model.ts';

const MOST_ROWS = 200;
const FEW_ROWS = 12;

export function countFindings({ report }: Model): number {
  const { diagnostics } = report.build;
  const failed = report.budgets?.filter((budget) => !budget.passed).length ?? 0;
  return diagnostics.length + failed + (report.duplicates?.length ?? 0) + (report.notShaken?.length ?? 0);
}

export function findingsView(actions: Actions): View {
  const element = h('section', { class: 'findings', 'aria-label': 'Findings' });
  return {
    element,
    update(frame) {
      const { report } = frame.model;
      const sections = [
        report.budgets ? budgets(report.budgets, frame, actions) : null,
        report.diff ? diff(report.diff, frame, actions) : null,
        report.duplicates ? duplicates(report.duplicates, frame, actions) : null,
        report.notShaken ? notShaken(report.notShaken, frame, actions) : null,
        report.coverage?.length ? coverage(report.coverage, frame, actions) : null,
        diagnostics(frame),
      ];
      fill(element, sections);
    },
  };
}

function section(title: string, lead: string, ...content: (HTMLElement | null)[]): HTMLElement {
  return h('section', {}, h('h2', {}, title), h('p', { class: 'lead' }, lead), content);
}

function diagnostics({ model }: Frame): HTMLElement {
  const list = model.report.build.diagnostics;
  const lead =
    list.length === 0
      ? 'None. Every file could be read.'
      : `${countOf(list.length, 'thing')} went wrong; the rest of the report stands.`;
  return section(
    'Diagnostics',
    lead,
    list.length === 0
      ? null
      : h(
          'ul',
          { class: 'cards' },
          list.map(({ code, file, message, hint }) =>
            h(
              'li',
              {},
              h('p', {}, h('code', {}, code), file === null ? null : ' ', file === null ? null : path(file)),
              h('p', {}, message),
              hint === null ? null : h('p', { class: 'hint' }, hint),
            ),
          ),
        ),
  );
}

function budgets(list: readonly BudgetResult[], frame: Frame, actions: Actions): HTMLElement {
  const failed = list.filter((budget) => !budget.passed).length;
  const amount = (budget: BudgetResult, value: number): string =>
    budget.unit === 'count' ? formatCount(value) : formatBytes(value);
  return section(
    'Budgets',
    failed === 0
      ? `All ${countOf(list.length, 'budget')} kept.`
      : `${countOf(failed, 'budget')} of ${list.length} broken.`,
    h(
      'ul',
      { class: 'cards' },
      list.map((budget) =>
        h(
          'li',
          { class: budget.passed ? 'passed' : 'failed' },
          h('p', {}, h('strong', {}, budget.passed ? '✓ kept' : '✗ broken'), ` ${budget.name}: ${budget.subject}`),
          h(
            'p',
            {},
            amount(budget, budget.actual),
            budget.limit === null ? ', nothing to hold it to' : ` of ${amount(budget, budget.limit)}`,
            budget.unit === 'count' ? '' : ` ${budget.unit}`,
            budget.baseline === null ? null : `, was ${amount(budget, budget.baseline)}`,
          ),
          budget.passed ? null : h('p', {}, budget.message),
          budget.causes.length === 0
            ? null
            : h(
                'ul',
                {},
                budget.causes.map((cause) =>
                  h('li', {}, moduleLink(frame, cause.module, actions, cause.text), ` ${formatBytes(cause.bytes)}`),
                ),
              ),
        ),
      ),
    ),
  );
}

function diff({ base, total, causes }: Diff, frame: Frame, actions: Actions): HTMLElement {
  const { measure } = frame.weighing;
  const size = (bytes: Bytes | null): number => bytes?.[measure] ?? 0;
  return section(
    `Against ${base}`,
    `${signedBytes(size(total.after) - size(total.before))} ${measure}: ${formatBytes(size(total.before))} before, ${formatBytes(size(total.after))} now.`,
    numbersTable(
      'What changed it most',
      ['Cause', 'Change'],
      causes
        .map(({ text, delta }, cause) => ({ text, cause, bytes: size(delta) }))
        .sort((a, b) => Math.abs(b.bytes) - Math.abs(a.bytes))
        .slice(0, FEW_ROWS)
        .map(({ text, cause, bytes }) => [
          h(
            'button',
            { type: 'button', class: 'link', on: { click: () => actions.update({ view: 'diff', cause }, 'push') } },
            text,
          ),
          signedBytes(bytes),
        ]),
    ),
  );
}

function duplicates(list: readonly Duplicate[], frame: Frame, actions: Actions): HTMLElement {
  const { measure } = frame.weighing;
  const wasted = list.reduce((sum, duplicate) => sum + (duplicate.wasted[measure] ?? 0), 0);
  const words: Record<Duplicate['kind'], string> = {
    versions: 'several versions',
    paths: 'one version at several paths',
    chunks: 'in several outputs',
    'whole-and-parts': 'whole and in parts',
    formats: 'ESM and CommonJS copies',
    similar: 'nearly the same code',
  };
  return section(
    'Duplicates',
    list.length === 0
      ? 'None found.'
      : `${countOf(list.length, 'thing')} more than once, ${formatBytes(wasted)} ${measure} wasted.`,
    h(
      'ul',
      { class: 'cards' },
      list.slice(0, MOST_ROWS).map((duplicate) =>
        h(
          'li',
          {},
          h(
            'p',
            {},
            h('strong', {}, duplicate.name),
            ` ${words[duplicate.kind]}, ${formatBytes(duplicate.wasted[measure] ?? Number.NaN)} wasted`,
          ),
          h(
            'ul',
            {},
            duplicate.copies.map((copy) =>
              h(
                'li',
                {},
                moduleLink(frame, copy.modules[0] ?? null, actions, copy.label),
                ` ${formatBytes(copy.bytes[measure] ?? Number.NaN)}`,
              ),
            ),
          ),
          duplicate.mend === null ? null : h('p', { class: 'hint' }, duplicate.mend),
        ),
      ),
    ),
  );
}

function notShaken(list: readonly NotShaken[], frame: Frame, actions: Actions): HTMLElement {
  const { measure } = frame.weighing;
  const shown = list
    .filter(({ module }) => isMatch(frame, module))
    .toSorted((a, b) => (b.bytes[measure] ?? 0) - (a.bytes[measure] ?? 0));
  return section(
    'Kept, though not all of it is asked for',
    shown.length === 0
      ? 'Nothing.'
      : `${countOf(shown.length, 'finding')}, the heaviest first; several may be about the same bytes. ≈: by its share of the source.`,
    numbersTable(
      'Modules that were not shaken away',
      ['Module', 'Bytes', 'Kept', 'Why', 'Where'],
      shown
        .slice(0, MOST_ROWS)
        .map((found) => [
          moduleLink(frame, found.module, actions),
          `${found.isEstimate ? '≈ ' : ''}${formatBytes(found.bytes[measure] ?? Number.NaN)}`,
          found.kept,
          found.detail,
          found.at === null ? '' : `${frame.model.ids[found.at.module] ?? ''}:${found.at.line}:${found.at.column + 1}`,
        ]),
    ),
  );
}

function coverage(points: readonly Coverage[], frame: Frame, actions: Actions): HTMLElement {
  const last = points.at(-1);
  const sums = points.map(({ point, modules }) => {
    const loaded = modules.reduce((sum, module) => sum + module.loaded, 0);
    const executed = modules.reduce((sum, module) => sum + module.executed, 0);
    return `by ${point}, ${formatBytes(executed)} of the ${formatBytes(loaded)} loaded (${formatShare(executed, loaded)})`;
  });
  const byModule = points.map(({ modules }) => new Map(modules.map((each) => [each.module, each])));
  const shown = (points[0]?.modules ?? [])
    .filter(({ module }) => isMatch(frame, module))
    .toSorted((a, b) => b.loaded - b.executed - (a.loaded - a.executed));
  return section(
    `Run by ${last?.point ?? 'then'}`,
    `Raw bytes that had run: ${sums.join('; ')}.`,
    numbersTable(
      'Loaded and not run',
      ['Module', `Not run by ${points[0]?.point ?? 'then'}`, 'Loaded', ...points.map(({ point }) => `Run by ${point}`)],
      shown.slice(0, MOST_ROWS).map(({ module, loaded: all, executed: ran }) => [
        moduleLink(frame, module, actions),
        formatBytes(all - ran),
        formatBytes(all),
        ...byModule.map((modules) => {
          const found = modules.get(module);
          return found === undefined ? '–' : formatShare(found.executed, found.loaded);
        }),
      ]),
    ),
  );
}

function numbersTable(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly (string | HTMLElement)[])[],
): HTMLElement {
  const table = h(
    'table',
    { class: 'plain' },
    h('caption', { class: 'unseen' }, caption),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        heads.map((head) => h('th', { scope: 'col' }, head)),
      ),
    ),
    h(
      'tbody',
      {},
      rows.map((cells) =>
        h(
          'tr',
          {},
          cells.map((cell, i) => (i === 0 ? h('th', { scope: 'row' }, cell) : h('td', {}, cell))),
        ),
      ),
    ),
  );
  return h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': caption }, table);
}

function moduleLink({ model }: Frame, module: number | null, actions: Actions, text?: string): HTMLElement {
  const id = module === null ? undefined : model.ids[module];
  if (id === undefined) return path(text ?? '');
  return h(
    'button',
    { type: 'button', class: 'link', on: { click: () => actions.select({ kind: 'module', name: id }) } },
    text === undefined || text === id ? modulePath(id) : path(text),
  );
}
