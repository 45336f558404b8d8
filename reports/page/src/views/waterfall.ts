/**
 * In which order a page gets its files: a column for each round trip. A file can be asked for when the file that names
 * it has arrived; what is asked for by `import()` comes after the program runs.
 */
import { fill, h, path } from '../dom.ts';
import { countOf, formatBytes, formatExact } from '../format.ts';
import { matchedBytes } from '../frame.ts';
import type { Actions, Frame, View } from '../frame.ts';
import type { Model, OutputModel } from '../model.ts';

export interface Arrival {
  readonly output: OutputModel;
  /** How many files have to come one after the other before it; for what is loaded later: after the `import()`. */
  readonly trip: number;
  readonly later: boolean;
  /** The file that asks for it; null for an entry. */
  readonly by: OutputModel | null;
}

const MOST_ROWS = 400;

/** Breadth first; static imports are followed before dynamic ones, so that what is initial is never called late. */
export function arrivals(model: Model, entry: OutputModel): Arrival[] {
  const byFile = new Map(model.code.map((output) => [output.file, output]));
  const seen = new Map<OutputModel, Arrival>([[entry, { output: entry, trip: 0, later: false, by: null }]]);
  const follow = (from: Iterable<Arrival>, dynamic: boolean): void => {
    // A copy to start from, for the second pass adds to the same map; what is added is walked as well.
    const queue = [...from];
    for (const { output, trip, later } of queue) {
      for (const link of output.imports) {
        const next = byFile.get(link.file);
        const isDynamic = link.kind === 'dynamic';
        if (next === undefined || link.kind === 'url' || seen.has(next) || (isDynamic && !dynamic)) continue;
        // A page or a preload list names a chunk's style sheet together with the chunk.
        const nextTrip = isDynamic ? 0 : link.kind === 'css' ? trip : trip + 1;
        const arrival = { output: next, trip: nextTrip, later: later || isDynamic, by: output };
        seen.set(next, arrival);
        queue.push(arrival);
      }
    }
  };
  follow(seen.values(), false);
  follow(seen.values(), true);
  return [...seen.values()];
}

export function waterfallView(actions: Actions): View {
  const select = h('select', { id: 'waterfall-entry' });
  const chooser = h('label', { for: 'waterfall-entry' }, 'Starting from ', select);
  const summary = h('p', { class: 'lead' });
  const chart = h('div', { class: 'trips' });
  const aside = h('p', { class: 'quiet' });
  let frame: Frame | null = null;
  let chosen = '';
  const entriesOf = (model: Model): OutputModel[] => {
    const entries = model.code.filter((output) => output.entry);
    return entries.length > 0 ? entries : model.code.slice(0, 1);
  };
  const show = (): void => {
    if (frame === null) return;
    const { model, weighing, matches } = frame;
    const entries = entriesOf(model);
    fill(
      select,
      entries.map((output) => h('option', { value: output.file }, output.file)),
    );
    const entry = entries.find((output) => output.file === chosen) ?? entries[0];
    chooser.hidden = entries.length < 2;
    if (entry === undefined) {
      summary.textContent = 'This build has no outputs.';
      fill(chart);
      return;
    }
    select.value = entry.file;
    const all = arrivals(model, entry);
    const size = ({ output }: Arrival): number => output.bytes[weighing.measure] ?? 0;
    const matched = ({ output }: Arrival): number =>
      matches === null ? Number.NaN : matchedBytes(output, matches, weighing.measure);
    const shown = all
      .filter((arrival) => (!weighing.initial || !arrival.later) && (matches === null || matched(arrival) > 0))
      .sort((a, b) => Number(a.later) - Number(b.later) || a.trip - b.trip || size(b) - size(a));
    const initial = all.filter((arrival) => !arrival.later);
    const weigh = (list: readonly Arrival[]): number => list.reduce((sum, arrival) => sum + size(arrival), 0);
    const trips = initial.reduce((most, { trip }) => Math.max(most, trip), 0) + 1;
    const laterCount = all.length - initial.length;
    summary.textContent =
      `${countOf(initial.length, 'file')} and ${formatBytes(weigh(initial))} in ${countOf(trips, 'round trip')} before it can run` +
      (laterCount > 0
        ? `; ${countOf(laterCount, 'file')} and ${formatBytes(weigh(all) - weigh(initial))} later, on demand.`
        : '.');
    const laterTrips = shown.reduce((most, { trip, later }) => (later ? Math.max(most, trip + 1) : most), 0);
    if (matches !== null) {
      const found = shown.reduce((sum, arrival) => sum + matched(arrival), 0);
      const hits = shown.filter((arrival) => !arrival.later).reduce((sum, arrival) => sum + matched(arrival), 0);
      summary.textContent =
        shown.length === 0
          ? 'No file from here on holds anything that matches.'
          : `What matches is in ${countOf(shown.length, 'file')}: ${formatBytes(hits)} before it can run, ${formatBytes(found - hits)} later.`;
    }
    const heads = Array.from({ length: trips + laterTrips }, (_, i) =>
      i < trips ? `trip ${i + 1}` : i === trips ? 'on demand' : `then trip ${i - trips + 1}`,
    );
    const largest = shown.reduce((most, arrival) => Math.max(most, size(arrival)), 1);
    chart.classList.toggle('searching', matches !== null);
    chart.style.setProperty('--trips', String(heads.length));
    fill(
      chart,
      h(
        'div',
        { class: 'trip-heads', 'aria-hidden': 'true' },
        heads.map((head) => h('span', {}, head)),
      ),
      h(
        'ol',
        { 'aria-label': 'Files in the order they can arrive' },
        shown.slice(0, MOST_ROWS).map((arrival) => row(arrival, largest, trips, matched(arrival))),
      ),
    );
    const unreached = model.code.length - all.length;
    aside.textContent = [
      shown.length > MOST_ROWS ? `The first ${MOST_ROWS} of ${shown.length} files are shown.` : '',
      unreached > 0
        ? `${countOf(unreached, 'output')} ${unreached === 1 ? 'is' : 'are'} not reached from here by an import: other entries, style sheets of the page.`
        : '',
    ].join(' ');
  };
  const row = ({ output, trip, later, by }: Arrival, largest: number, trips: number, matched: number): HTMLElement => {
    const bytes = output.bytes[frame?.weighing.measure ?? 'raw'] ?? Number.NaN;
    const how = by === null ? 'entry' : `${later ? 'on demand' : 'asked for'} by ${by.file}`;
    return h(
      'li',
      { style: { '--trip': String(later ? trips + trip : trip) } },
      h(
        'button',
        { type: 'button', title: how, on: { click: () => actions.select({ kind: 'output', name: output.file }) } },
        path(output.file),
        h('span', { class: 'unseen' }, `, ${later ? 'on demand, ' : ''}trip ${trip + 1}, ${how}, `),
        h(
          'span',
          { class: 'size', title: formatExact(bytes) },
          Number.isNaN(matched) ? formatBytes(bytes) : `${formatBytes(matched)} of ${formatBytes(bytes)}`,
        ),
        h(
          'span',
          { class: 'lane', 'aria-hidden': 'true' },
          h(
            'span',
            { class: `peel ${later ? 'later' : 'now'}`, style: { '--share': String((bytes || 0) / largest) } },
            Number.isNaN(matched) ? null : h('i', { style: { width: `${(matched / (bytes || 1)) * 100}%` } }),
          ),
        ),
      ),
    );
  };
  select.addEventListener('change', () => {
    chosen = select.value;
    show();
  });
  return {
    element: h('section', { class: 'waterfall', 'aria-label': 'Load waterfall' }, chooser, summary, chart, aside),
    update(next) {
      const before = frame;
      frame = next;
      const { model, weighing, matches } = next;
      const isSame =
        before?.model === model &&
        before.weighing.measure === weighing.measure &&
        before.weighing.initial === weighing.initial &&
        before.matches === null &&
        matches === null;
      if (!isSame) show();
    },
  };
}
