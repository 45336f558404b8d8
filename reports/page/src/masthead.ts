/** The top of the page: what the build weighs, in a sentence, a peel and a small table. */
import { fill, h } from './dom.ts';
import { countOf, formatBytes, formatExact, formatShare } from './format.ts';
import type { Actions, Frame } from './frame.ts';
import { MEASURES } from './model.ts';
import type { Measure, Model, OutputModel } from './model.ts';

export function masthead(actions: Actions): { element: HTMLElement; update(frame: Frame): void } {
  const sentence = h('p', { class: 'sentence' });
  const peel = h('div', { class: 'peel-bar', role: 'group', 'aria-label': 'Outputs by size' });
  const table = h('table', { class: 'totals' });
  let shown: { model: Model; measure: Measure } | null = null;
  return {
    element: h('section', { class: 'masthead', 'aria-label': 'Totals' }, h('div', {}, sentence, peel), table),
    update(frame) {
      const { model, weighing } = frame;
      if (shown?.model === model && shown.measure === weighing.measure) return;
      shown = { model, measure: weighing.measure };
      fill(sentence, sentenceOf(frame));
      fill(peel, segments(frame, actions));
      fill(table, totalsTable(model, weighing.measure));
    },
  };
}

function sentenceOf({ model, weighing }: Frame): (HTMLElement | string)[] {
  const { measure } = weighing;
  const initial = model.total({ measure, initial: true });
  const all = model.total({ measure, initial: false });
  const unit = measure === 'raw' ? '' : ` ${measure}`;
  const big = (bytes: number): HTMLElement => h('strong', { title: formatExact(bytes) }, formatBytes(bytes));
  if (!model.hasAsync) return [big(all), `${unit}, all of it loaded before anything runs.`];
  return [big(initial), `${unit} before it can run, `, big(all), ' when all of it is loaded.'];
}

/** One piece for each output, the initial ones first; the small ones share a piece. */
function segments({ model, weighing }: Frame, actions: Actions): HTMLElement[] {
  const { measure } = weighing;
  const size = (output: OutputModel): number => output.bytes[measure] ?? 0;
  const total = model.total({ measure, initial: false });
  const pieces = (outputs: readonly OutputModel[], state: 'now' | 'later'): HTMLElement[] => {
    const ranked = outputs.filter((output) => size(output) > 0).sort((a, b) => size(b) - size(a));
    const large = ranked.filter((output) => size(output) >= total * 0.012).slice(0, 24);
    const small = ranked.filter((output) => !large.includes(output));
    const smallBytes = small.reduce((sum, output) => sum + size(output), 0);
    const words = state === 'now' ? 'initial' : 'loaded later';
    const list: HTMLElement[] = large.map((output) => {
      const label = `${output.file}, ${formatBytes(size(output))}, ${formatShare(size(output), total)}, ${words}`;
      return h(
        'button',
        {
          type: 'button',
          class: state,
          'aria-label': label,
          title: label,
          style: { 'flex-grow': String(size(output)) },
          on: { click: () => actions.select({ kind: 'output', name: output.file }) },
        },
        h('span', {}, output.file.replace(/^.*\//, '')),
      );
    });
    if (smallBytes > 0) {
      const label = `${countOf(small.length, 'smaller output')}, ${formatBytes(smallBytes)}, ${words}`;
      list.push(
        h('span', {
          class: `${state} small`,
          role: 'img',
          'aria-label': label,
          title: label,
          style: { 'flex-grow': String(smallBytes) },
        }),
      );
    }
    return list;
  };
  return [
    ...pieces(
      model.code.filter((output) => output.initial),
      'now',
    ),
    ...pieces(
      model.code.filter((output) => !output.initial),
      'later',
    ),
  ];
}

function totalsTable(model: Model, chosen: Measure): HTMLElement[] {
  const cell = (measure: Measure, bytes: number): HTMLElement =>
    model.isMeasured(measure)
      ? h('td', { class: measure === chosen ? 'chosen' : '', title: formatExact(bytes) }, formatBytes(bytes))
      : h('td', { class: 'quiet' }, 'not measured');
  const row = (label: HTMLElement | string, value: (measure: Measure) => number): HTMLElement =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, label),
      MEASURES.map((measure) => cell(measure, value(measure))),
    );
  const initial = (measure: Measure): number => model.total({ measure, initial: true });
  const all = (measure: Measure): number => model.total({ measure, initial: false });
  return [
    h('caption', { class: 'unseen' }, 'Totals'),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, h('span', { class: 'unseen' }, 'When')),
        MEASURES.map((measure) => h('th', { scope: 'col' }, measure)),
      ),
    ),
    h(
      'tbody',
      {},
      row(h('span', {}, h('i', { class: 'swatch now', 'aria-hidden': 'true' }), 'initial'), initial),
      row(
        h('span', {}, h('i', { class: 'swatch later', 'aria-hidden': 'true' }), 'later'),
        (measure) => all(measure) - initial(measure),
      ),
      row('in all', all),
      model.assets.length === 0
        ? null
        : row(h('span', { title: 'Images, fonts, pages: not part of the sums above' }, 'assets besides'), (measure) =>
            model.assets.reduce((sum, output) => sum + (output.bytes[measure] ?? 0), 0),
          ),
    ),
  ];
}
