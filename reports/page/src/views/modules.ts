/** The table of all modules that have bytes, or match the search. Only the rows in sight are in the document. */
import { fill, h } from '../dom.ts';
import { countOf, formatBytes, formatExact, formatShare } from '../format.ts';
import { isMatch } from '../frame.ts';
import type { Actions, Frame, View } from '../frame.ts';
import { packageName } from '../model.ts';
import type { Model } from '../model.ts';

const ROW_HEIGHT = 34;
const MARGIN_ROWS = 8;

interface ColumnSpec {
  readonly name: string;
  readonly title: string;
  /** For sorting: a text or a number. */
  readonly value: (frame: Frame, module: number) => string | number;
  readonly show: (frame: Frame, module: number) => string;
  readonly exact?: (frame: Frame, module: number) => string;
  readonly numeric: boolean;
  readonly when?: (model: Model) => boolean;
  /** Whether it may go where there is little room. */
  readonly minor?: boolean;
}

function sizeColumn(measure: 'raw' | 'gzip' | 'brotli', title: string): ColumnSpec {
  const size = ({ model, weighing }: Frame, module: number): number =>
    model.moduleSizes({ measure, initial: weighing.initial })[module] ?? 0;
  return {
    name: measure,
    title,
    value: size,
    show: (frame, module) => formatBytes(size(frame, module)),
    exact: (frame, module) => formatExact(size(frame, module)),
    numeric: true,
    when: (model) => model.isMeasured(measure),
    minor: true,
  };
}

const COLUMNS: readonly ColumnSpec[] = [
  {
    name: 'module',
    title: 'Module',
    value: ({ model }, module) => model.ids[module] ?? '',
    show: ({ model }, module) => model.ids[module] ?? '',
    numeric: false,
  },
  {
    name: 'package',
    title: 'Package',
    value: ({ model }, module) => packageOf(model, module),
    show: ({ model }, module) => packageOf(model, module),
    numeric: false,
    minor: true,
  },
  {
    name: 'format',
    title: 'Format',
    value: ({ model }, module) => model.formatName(module),
    show: ({ model }, module) => model.formatName(module),
    numeric: false,
    minor: true,
  },
  sizeColumn('raw', 'Raw'),
  sizeColumn('gzip', 'Gzip'),
  sizeColumn('brotli', 'Brotli'),
  {
    name: 'retained',
    title: 'Retained',
    value: (frame, module) => retained(frame, module) || 0,
    show: (frame, module) => formatBytes(retained(frame, module)),
    numeric: true,
    when: (model) => model.report.retained !== undefined,
    minor: true,
  },
  {
    name: 'share',
    title: 'Share',
    value: ({ sizes }, module) => sizes[module] ?? 0,
    show: ({ sizes, total }, module) => formatShare(sizes[module] ?? 0, total),
    numeric: true,
  },
];

function packageOf(model: Model, module: number): string {
  const ref = model.packages[model.packageOf[module] ?? -1];
  return ref === undefined ? '' : packageName(ref);
}

function retained({ model, weighing }: Frame, module: number): number {
  return model.retained('modules')?.[weighing.measure][module] ?? Number.NaN;
}

export function modulesView(actions: Actions): View {
  const head = h('thead');
  const body = h('tbody');
  const table = h('table', { class: 'modules' }, h('caption', { class: 'unseen' }, 'Modules'), head, body);
  const scroller = h(
    'div',
    { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': 'Table of modules' },
    table,
  );
  const count = h('p', { class: 'lead' });
  const element = h('section', { class: 'modules-view', 'aria-label': 'Modules' }, count, scroller);

  let frame: Frame | null = null;
  let rows: Int32Array = new Int32Array();
  let columns: readonly ColumnSpec[] = COLUMNS;
  let sorted: { key: string; order: Int32Array } = { key: '', order: new Int32Array() };
  let shownFrom = -1;
  let shownTo = -1;

  const draw = (force: boolean): void => {
    if (frame === null) return;
    const height = scroller.clientHeight || 600;
    const from = Math.max(0, Math.floor(scroller.scrollTop / ROW_HEIGHT) - MARGIN_ROWS);
    const to = Math.min(rows.length, Math.ceil((scroller.scrollTop + height) / ROW_HEIGHT) + MARGIN_ROWS);
    if (!force && from === shownFrom && to === shownTo) return;
    const focused = focusedRow();
    shownFrom = from;
    shownTo = to;
    const current = frame;
    const visible = Array.from(rows.subarray(from, to), (module, i) => moduleRow(current, module, from + i));
    fill(body, spacer(from * ROW_HEIGHT), visible, spacer((rows.length - to) * ROW_HEIGHT));
    if (focused >= from && focused < to) focusRow(focused);
  };

  const moduleRow = (current: Frame, module: number, index: number): HTMLElement => {
    const id = current.model.ids[module] ?? '';
    const cells = columns.map((column, i) => {
      const text = column.show(current, module);
      if (i > 0) return h('td', { class: cellClass(column, current), title: column.exact?.(current, module) }, text);
      const button = h(
        'button',
        { type: 'button', class: 'link', title: id, on: { click: () => actions.select({ kind: 'module', name: id }) } },
        // Written from the end: the file's name is what tells modules apart.
        h('bdi', {}, text),
      );
      return h('th', { scope: 'row' }, button);
    });
    return h('tr', { 'aria-rowindex': String(index + 2), data: { row: String(index) } }, cells);
  };

  const spacer = (height: number): HTMLElement | null =>
    height > 0
      ? h('tr', { 'aria-hidden': 'true', class: 'spacer' }, h('td', { style: { height: `${height}px` } }))
      : null;

  const focusedRow = (): number => {
    const row = document.activeElement?.closest<HTMLElement>('tr[data-row]');
    return row && body.contains(row) ? Number(row.dataset['row']) : -1;
  };
  const focusRow = (index: number): void => {
    body.querySelector<HTMLElement>(`tr[data-row="${index}"] button`)?.focus({ preventScroll: true });
  };
  const goTo = (index: number): void => {
    const target = Math.max(0, Math.min(rows.length - 1, index));
    const top = target * ROW_HEIGHT;
    const room = scroller.clientHeight - head.offsetHeight - ROW_HEIGHT;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
    draw(false);
    focusRow(target);
  };

  scroller.addEventListener('scroll', () => draw(false), { passive: true });
  body.addEventListener('keydown', (event) => {
    const at = focusedRow();
    const page = Math.max(1, Math.floor(scroller.clientHeight / ROW_HEIGHT) - 2);
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    const step = steps[event.key];
    if (at === -1) return;
    if (step !== undefined) goTo(at + step);
    else if (event.key === 'Home') goTo(0);
    else if (event.key === 'End') goTo(rows.length - 1);
    else return;
    event.preventDefault();
  });
  const observer = new ResizeObserver(() => draw(false));
  observer.observe(scroller);

  const sortBy = (column: ColumnSpec): void => {
    if (frame === null) return;
    const { sort } = frame.state;
    const next =
      sort === `-${column.name}`
        ? column.name
        : sort === column.name
          ? `-${column.name}`
          : `${column.numeric ? '-' : ''}${column.name}`;
    actions.update({ sort: next }, 'replace');
    head.querySelector<HTMLElement>(`[data-column="${column.name}"] button`)?.focus();
  };

  return {
    element,
    update(next) {
      frame = next;
      const { model, weighing, state, matches } = next;
      columns = COLUMNS.filter((column) => column.when?.(model) ?? true);
      const descending = state.sort.startsWith('-');
      const by =
        columns.find((column) => column.name === state.sort.replace(/^-/, '')) ??
        columns.find((column) => column.name === 'share');
      const key = [model.name, weighing.measure, weighing.initial, state.sort].join();
      if (by && sorted.key !== key) sorted = { key, order: sortModules(next, by, descending) };
      rows = matches === null ? sorted.order : sorted.order.filter((module) => isMatch(next, module));
      fill(
        head,
        h(
          'tr',
          { 'aria-rowindex': '1' },
          columns.map((column) =>
            h(
              'th',
              {
                scope: 'col',
                class: cellClass(column, next),
                'aria-sort': column === by ? (descending ? 'descending' : 'ascending') : null,
                data: { column: column.name },
              },
              h(
                'button',
                { type: 'button', on: { click: () => sortBy(column) } },
                column.title,
                column === by ? h('span', { 'aria-hidden': 'true' }, descending ? ' ↓' : ' ↑') : null,
              ),
            ),
          ),
        ),
      );
      table.setAttribute('aria-rowcount', String(rows.length + 1));
      count.textContent =
        matches === null
          ? `${countOf(rows.length, 'module')} with bytes in the ${weighing.initial ? 'initial outputs' : 'outputs'}.`
          : `${countOf(rows.length, 'module')} of ${countOf(sorted.order.length, 'module')} match.`;
      draw(true);
    },
    close() {
      observer.disconnect();
    },
  };
}

function cellClass(column: ColumnSpec, { state }: Frame): string {
  const isAsked = column.name === state.measure || column.name === state.sizes;
  const minor = column.minor && !isAsked;
  return `${column.numeric ? 'number' : 'text'} c-${column.name}${minor ? ' minor' : ''}`;
}

function sortModules(frame: Frame, column: ColumnSpec, descending: boolean): Int32Array {
  const { model, weighing } = frame;
  const order = model.order(weighing);
  const sign = descending ? -1 : 1;
  if (column.numeric) {
    const values = new Float64Array(model.ids.length);
    for (const module of order) values[module] = column.value(frame, module) as number;
    return order.slice().sort((a, b) => sign * ((values[a] ?? 0) - (values[b] ?? 0)) || a - b);
  }
  const texts = new Map(Array.from(order, (module) => [module, column.value(frame, module) as string]));
  return order.slice().sort((a, b) => {
    const x = texts.get(a) ?? '';
    const y = texts.get(b) ?? '';
    return x === y ? a - b : sign * (x < y ? -1 : 1);
  });
}
