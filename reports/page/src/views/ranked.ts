/** The first thing to read: what is heaviest. Packages, modules, outputs, and the bytes that no module owns. */
import { REST_NAMES } from '../../../../src/model/build.ts';
import { fill, h, modulePath, path } from '../dom.ts';
import { countOf, formatBytes, formatExact, formatShare } from '../format.ts';
import { isMatch, matchedBytes } from '../frame.ts';
import type { Actions, Frame, View } from '../frame.ts';
import { OWN_CODE, packageName } from '../model.ts';
import type { Model, OutputModel } from '../model.ts';
import type { Selection } from '../state.ts';

const FIRST_ROWS = 15;
const MORE_ROWS = 100;

interface Row {
  readonly label: HTMLElement;
  /** In words, for the ones that the bar can't tell. */
  readonly note: string;
  readonly bytes: number;
  /** Of `bytes`, those that are loaded first. */
  readonly initialBytes: number;
  readonly selection: Selection | null;
}

const REST_WORDS: Record<(typeof REST_NAMES)[number], string> = {
  runtime: 'the bundler’s own code: module registry, interop',
  wrapper: 'what the bundler puts around each module',
  glue: 'between modules: imports and exports of the chunk, separators',
  licence: 'licence comments',
  'source-map-comment': 'the comment that names the source map',
  'line-ends': 'line ends between modules',
  unmapped: 'no witness says whose they are',
  container: 'header and trailer of the compressed file',
};

export function rankedView(actions: Actions): View {
  const packages = rankedList('Packages', actions);
  const modules = rankedList('Modules', actions);
  const outputs = rankedList('Outputs', actions);
  const rests = rankedList('Owned by no module', actions);
  const assets = rankedList('Assets, not in the sums', actions);
  return {
    element: h(
      'section',
      { class: 'ranked', 'aria-label': 'Ranked lists' },
      packages.element,
      modules.element,
      h('div', { class: 'stack' }, outputs.element, rests.element, assets.element),
    ),
    update(frame) {
      packages.show(frame, rankPackages(frame));
      modules.show(frame, rankModules(frame));
      outputs.show(frame, rankOutputs(frame));
      rests.show(frame, rankRests(frame));
      assets.element.hidden = frame.model.assets.length === 0;
      assets.show({ ...frame, total: Number.NaN }, rankAssets(frame));
    },
  };
}

interface Ranking {
  readonly count: number;
  readonly rows: (limit: number) => Row[];
  readonly hint?: string;
}

function rankPackages(frame: Frame): Ranking {
  const { model, weighing, sizes } = frame;
  const early = model.moduleSizes({ ...weighing, initial: true });
  const bytes = new Float64Array(model.packages.length + 1);
  const initialBytes = new Float64Array(model.packages.length + 1);
  const counts = new Int32Array(model.packages.length + 1);
  for (let module = 0; module < sizes.length; module++) {
    const size = sizes[module] ?? 0;
    if (size === 0 || !isMatch(frame, module)) continue;
    const slot = (model.packageOf[module] ?? OWN_CODE) + 1;
    bytes[slot] = (bytes[slot] ?? 0) + size;
    initialBytes[slot] = (initialBytes[slot] ?? 0) + (early[module] ?? 0);
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  const retained = frame.state.sizes === 'retained' ? retainedByPackage(model, frame) : null;
  const shown = (slot: number): number => retained?.get(slot) ?? bytes[slot] ?? 0;
  const slots = Array.from(bytes.keys()).filter((slot) => (counts[slot] ?? 0) > 0);
  slots.sort((a, b) => shown(b) - shown(a) || a - b);
  return {
    count: slots.length,
    rows: (limit) =>
      slots.slice(0, limit).map((slot) => {
        const ref = model.packages[slot - 1];
        return {
          label:
            ref === undefined
              ? h('span', { class: 'own' }, 'own code')
              : h(
                  'span',
                  {},
                  ref.name,
                  ref.version === null ? null : h('span', { class: 'version' }, ` ${ref.version}`),
                ),
          note: countOf(counts[slot] ?? 0, 'module'),
          bytes: shown(slot),
          initialBytes: retained === null ? (initialBytes[slot] ?? 0) : shown(slot),
          selection: { kind: 'package', name: ref === undefined ? '' : packageName(ref) },
        };
      }),
  };
}

/** By position in `Model.packages`, plus one. All versions of a package share a retained size. */
function retainedByPackage(model: Model, { weighing }: Frame): Map<number, number> {
  const sizes = new Map(
    model.report.retained?.packages.map(({ name, bytes }) => [name, bytes[weighing.measure] ?? Number.NaN]),
  );
  return new Map(model.packages.flatMap(({ name }, i) => (sizes.has(name) ? [[i + 1, sizes.get(name) ?? 0]] : [])));
}

function rankModules(frame: Frame): Ranking {
  const { model, weighing, shown, matches } = frame;
  const early = model.moduleSizes({ ...weighing, initial: true });
  const order = model.order(weighing);
  return {
    count: matches?.count ?? order.length,
    rows: (limit) =>
      heaviest(frame, order, limit).map((module) => ({
        label: modulePath(model.ids[module] ?? ''),
        note: '',
        bytes: shown[module] ?? 0,
        initialBytes: frame.state.sizes === 'retained' ? (shown[module] ?? 0) : (early[module] ?? 0),
        selection: { kind: 'module', name: model.ids[module] ?? '' },
      })),
  };
}

function heaviest(frame: Frame, order: Int32Array, limit: number): number[] {
  const { shown, state } = frame;
  if (state.sizes === 'retained') {
    return Array.from(order)
      .filter((module) => isMatch(frame, module))
      .sort((a, b) => (shown[b] || 0) - (shown[a] || 0))
      .slice(0, limit);
  }
  const found: number[] = [];
  for (const module of order) {
    if (found.length === limit) break;
    if (isMatch(frame, module)) found.push(module);
  }
  return found;
}

function rankAssets({ model, weighing: { measure } }: Frame): Ranking {
  const ranked = model.assets.toSorted((a, b) => (b.bytes[measure] ?? 0) - (a.bytes[measure] ?? 0));
  return {
    count: ranked.length,
    rows: (limit) =>
      ranked.slice(0, limit).map((output) => ({
        label: path(output.file),
        note: '',
        bytes: output.bytes[measure] ?? 0,
        initialBytes: 0,
        selection: { kind: 'output', name: output.file },
      })),
  };
}

function rankOutputs({ model, weighing, matches }: Frame): Ranking {
  const { measure } = weighing;
  const weigh = (output: OutputModel): number =>
    matches === null ? (output.bytes[measure] ?? 0) : matchedBytes(output, matches, measure);
  const weighed = model.outputsIn(weighing).map((output) => ({ output, bytes: weigh(output) }));
  const ranked = weighed.filter(({ bytes }) => matches === null || bytes > 0).sort((a, b) => b.bytes - a.bytes);
  return {
    count: ranked.length,
    rows: (limit) =>
      ranked.slice(0, limit).map(({ output, bytes }) => ({
        label: path(output.file),
        note: output.entry ? 'entry' : output.initial ? 'initial' : 'later',
        bytes,
        initialBytes: output.initial ? bytes : 0,
        selection: { kind: 'output', name: output.file },
      })),
  };
}

function rankRests({ model, weighing, matches }: Frame): Ranking {
  if (matches !== null)
    return { count: 0, rows: () => [], hint: 'Left out while searching: they belong to no module.' };
  const all = model.restSizes(weighing);
  const early = model.restSizes({ ...weighing, initial: true });
  const rests = Array.from(all.keys()).filter((rest) => (all[rest] ?? 0) > 0);
  rests.sort((a, b) => (all[b] ?? 0) - (all[a] ?? 0));
  return {
    count: rests.length,
    rows: () =>
      rests.map((rest) => {
        const name = REST_NAMES[rest] ?? 'unmapped';
        return {
          label: h('span', {}, name, h('span', { class: 'explains' }, REST_WORDS[name])),
          note: '',
          bytes: all[rest] ?? 0,
          initialBytes: early[rest] ?? 0,
          selection: null,
        };
      }),
    ...(rests.length === 0 ? { hint: 'None: every byte has a module.' } : {}),
  };
}

function emptyHint({ model }: Frame): string {
  return model.ids.length === 0 ? 'No module is known: see Findings.' : 'Nothing here matches.';
}

function rankedList(
  title: string,
  actions: Actions,
): { element: HTMLElement; show(frame: Frame, ranking: Ranking): void } {
  const count = h('span', { class: 'quiet' });
  const list = h('ol');
  const hint = h('p', { class: 'quiet' });
  const more = h('button', { type: 'button', class: 'more' });
  let limit = FIRST_ROWS;
  let last: { frame: Frame; ranking: Ranking } | null = null;
  const show = (frame: Frame, ranking: Ranking): void => {
    last = { frame, ranking };
    const rows = ranking.rows(limit);
    const largest = Math.max(1, ...rows.map((row) => row.bytes || 0));
    count.textContent = ranking.count > 0 ? ` ${ranking.count.toLocaleString('en-US')}` : '';
    fill(
      list,
      rows.map((row) => h('li', {}, rankedRow(row, largest, frame, actions))),
    );
    hint.textContent = ranking.hint ?? (ranking.count === 0 ? emptyHint(frame) : '');
    hint.hidden = hint.textContent === '';
    const rest = ranking.count - rows.length;
    more.hidden = rest <= 0;
    more.textContent = `Show ${Math.min(rest, MORE_ROWS)} more`;
  };
  more.addEventListener('click', () => {
    limit += MORE_ROWS;
    if (last) show(last.frame, last.ranking);
    (list.children[limit - MORE_ROWS]?.querySelector('button') as HTMLElement | null)?.focus();
  });
  return { element: h('section', { class: 'list' }, h('h2', {}, title, count), list, hint, more), show };
}

function rankedRow(row: Row, largest: number, { total, weighing }: Frame, actions: Actions): HTMLElement {
  const width = (bytes: number): string => `${((bytes || 0) / largest) * 100}%`;
  const later = weighing.initial ? 0 : row.bytes - row.initialBytes;
  const content = [
    h('span', { class: 'name' }, row.label, row.note === '' ? null : h('span', { class: 'note' }, ` ${row.note}`)),
    h('span', { class: 'size', title: formatExact(row.bytes) }, formatBytes(row.bytes)),
    h('span', { class: 'share' }, Number.isNaN(total) ? '' : formatShare(row.bytes, total)),
    h(
      'span',
      { class: 'bar', 'aria-hidden': 'true' },
      h('i', { class: 'now', style: { width: width(row.bytes - later) } }),
      later > 0 ? h('i', { class: 'later', style: { width: width(later) } }) : null,
    ),
  ];
  const { selection } = row;
  if (selection === null) return h('div', { class: 'row' }, content);
  return h('button', { type: 'button', class: 'row', on: { click: () => actions.select(selection) } }, content);
}
