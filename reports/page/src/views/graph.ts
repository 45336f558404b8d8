/**
 * The graph of packages: a column for each step from the project's own code, so that what a package brings along stands
 * to the right of it. Looking at one shows its lines; the table below says the same in words.
 */
import { fill, h } from '../dom.ts';
import { countOf, formatBytes, formatExact, formatShare } from '../format.ts';
import { isMatch } from '../frame.ts';
import type { Actions, Frame, View } from '../frame.ts';
import { OWN_CODE, packageName } from '../model.ts';
import type { Model } from '../model.ts';
import { packageGraph } from '../package-graph.ts';
import type { PackageGraph } from '../package-graph.ts';

const MOST_IN_COLUMN = 22;
const MOST_ROWS = 200;
const SVG = 'http://www.w3.org/2000/svg';

interface Weighed {
  readonly slot: number;
  readonly bytes: number;
  readonly matched: boolean;
}

export function graphView(actions: Actions): View {
  const quiet = document.createElementNS(SVG, 'path');
  const strong = document.createElementNS(SVG, 'path');
  const strongLater = document.createElementNS(SVG, 'path');
  const lines = document.createElementNS(SVG, 'svg');
  quiet.setAttribute('class', 'quiet-lines');
  strong.setAttribute('class', 'strong-lines');
  strongLater.setAttribute('class', 'strong-lines dashed');
  lines.append(quiet, strong, strongLater);
  lines.setAttribute('aria-hidden', 'true');
  const columns = h('div', { class: 'columns' });
  const canvas = h('div', { class: 'graph-canvas' }, columns);
  canvas.prepend(lines);
  const scroller = h(
    'div',
    { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Packages by their distance from your own code' },
    canvas,
  );
  const lead = h('p', { class: 'lead' });
  const twin = h('div', { class: 'graph-twin' });
  const nodes = new Map<number, HTMLElement>();
  /** Where the nodes are, since they were last laid out. */
  let spots: ReadonlyMap<number, Spot> = new Map();
  let graph: PackageGraph | null = null;

  const drawLines = (): void => {
    if (graph === null) return;
    const origin = canvas.getBoundingClientRect();
    spots = new Map(Array.from(nodes, ([slot, element]) => [slot, spotOf(element, origin)]));
    lines.setAttribute('width', String(canvas.scrollWidth));
    lines.setAttribute('height', String(canvas.scrollHeight));
    const all: string[] = [];
    for (const [slot, spot] of spots) {
      for (const to of graph.needs[slot]?.keys() ?? []) {
        const target = spots.get(to);
        if (target && (graph.depth[to] ?? 0) > (graph.depth[slot] ?? 0)) all.push(curve(spot, target));
      }
    }
    quiet.setAttribute('d', all.join(''));
  };

  const highlight = (slot: number | null): void => {
    const solid: string[] = [];
    const dashed: string[] = [];
    if (graph !== null && slot !== null) {
      const own = spots.get(slot);
      const add = (from: Spot | undefined, to: Spot | undefined, later: boolean): void => {
        if (from && to) (later ? dashed : solid).push(curve(from, to));
      };
      for (const [to, link] of graph.needs[slot] ?? []) add(own, spots.get(to), link.dynamic);
      for (const [from, link] of graph.neededBy[slot] ?? []) add(spots.get(from), own, link.dynamic);
    }
    strong.setAttribute('d', solid.join(''));
    strongLater.setAttribute('d', dashed.join(''));
    for (const [other, node] of nodes) {
      const near =
        slot === null || other === slot || graph?.needs[slot]?.has(other) || graph?.neededBy[slot]?.has(other);
      node.classList.toggle('far', !near);
    }
  };

  const node = ({ slot, bytes, matched }: Weighed, model: Model, largest: number, total: number): HTMLElement => {
    const name = slotName(model, slot);
    const element = h(
      'button',
      {
        type: 'button',
        class: `node${slot === 0 ? ' own' : ''}${matched ? '' : ' unmatched'}`,
        title: `${name}, ${formatExact(bytes)}`,
        style: { '--size': String(Math.sqrt(bytes / largest)) },
        on: {
          click: () => actions.select({ kind: 'package', name: slot === 0 ? '' : name }),
          pointerenter: () => highlight(slot),
          pointerleave: () => highlight(null),
          focus: () => highlight(slot),
          blur: () => highlight(null),
        },
      },
      h('span', {}, name.replace(/@[^@/]*$/, ''), h('wbr'), /(?<=.)@[^@/]*$/.exec(name)?.[0]),
      h('span', { class: 'quiet' }, `${formatBytes(bytes)} ${formatShare(bytes, total)}`),
    );
    nodes.set(slot, element);
    return element;
  };

  const observer = new ResizeObserver(drawLines);
  observer.observe(canvas);

  return {
    element: h('section', { class: 'graph-view', 'aria-label': 'Graph of packages' }, lead, scroller, twin),
    update(frame) {
      const { model, total } = frame;
      const shown = packageGraph(model);
      graph = shown;
      nodes.clear();
      const weighed = weighPackages(frame);
      const largest = weighed.reduce((most, { bytes }) => Math.max(most, bytes), 1);
      const deepest = weighed.reduce((most, { slot }) => Math.max(most, shown.depth[slot] ?? 0), 0);
      lead.textContent = `${countOf(weighed.length, 'package')} with bytes, ordered by how many steps they are from your own code. Point at one to see what needs it and what it needs.`;
      const layers = Array.from({ length: deepest + 1 }, (_, depth) =>
        weighed.filter(({ slot }) => (shown.depth[slot] ?? 0) === depth),
      );
      fill(
        columns,
        layers.map((layer) => {
          const rest = layer.slice(MOST_IN_COLUMN);
          const restBytes = rest.reduce((sum, { bytes }) => sum + bytes, 0);
          return h(
            'div',
            { class: 'column' },
            layer.slice(0, MOST_IN_COLUMN).map((entry) => node(entry, model, largest, total)),
            rest.length === 0
              ? null
              : h('p', { class: 'quiet' }, `and ${countOf(rest.length, 'smaller one')}, ${formatBytes(restBytes)}`),
          );
        }),
      );
      highlight(null);
      drawLines();
      fill(twin, table(weighed, shown, model));
    },
    close() {
      observer.disconnect();
    },
  };
}

function slotName(model: Model, slot: number): string {
  const ref = model.packages[slot - 1];
  return ref === undefined ? 'own code' : packageName(ref);
}

/** The heaviest first. */
function weighPackages(frame: Frame): Weighed[] {
  const { model, sizes } = frame;
  const bytes = new Float64Array(model.packages.length + 1);
  const matched = new Uint8Array(bytes.length);
  for (let module = 0; module < sizes.length; module++) {
    const slot = (model.packageOf[module] ?? OWN_CODE) + 1;
    bytes[slot] = (bytes[slot] ?? 0) + (sizes[module] ?? 0);
    if (isMatch(frame, module)) matched[slot] = 1;
  }
  return Array.from(bytes, (size, slot) => ({ slot, bytes: size, matched: matched[slot] === 1 }))
    .filter((entry) => entry.bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
}

function table(weighed: readonly Weighed[], graph: PackageGraph, model: Model): HTMLElement {
  const names = (links: ReadonlyMap<number, unknown> | undefined): string => {
    const slots = [...(links?.keys() ?? [])];
    const first = slots.slice(0, 8).map((slot) => model.packages[slot - 1]?.name ?? 'own code');
    return slots.length > 8 ? `${first.join(', ')} and ${slots.length - 8} more` : first.join(', ');
  };
  const rows = weighed.filter(({ matched }) => matched).slice(0, MOST_ROWS);
  return h(
    'details',
    {},
    h('summary', {}, 'The same as a table'),
    h(
      'table',
      { class: 'plain' },
      h('caption', { class: 'unseen' }, 'Packages and what they need'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['Package', 'Size', 'Needed by', 'Needs'].map((head) => h('th', { scope: 'col' }, head)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map(({ slot, bytes }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, slotName(model, slot)),
            h('td', {}, formatBytes(bytes)),
            h('td', {}, names(graph.neededBy[slot])),
            h('td', {}, names(graph.needs[slot])),
          ),
        ),
      ),
    ),
  );
}

interface Spot {
  readonly left: number;
  readonly right: number;
  readonly middle: number;
}

function spotOf(element: HTMLElement, origin: DOMRect): Spot {
  const box = element.getBoundingClientRect();
  return {
    left: box.left - origin.left,
    right: box.right - origin.left,
    middle: box.top + box.height / 2 - origin.top,
  };
}

/** To the right from edge to edge, to the left likewise; within a column around the left side. */
function curve(from: Spot, to: Spot): string {
  const isSameColumn = Math.abs(from.left - to.left) < 8;
  const isForward = to.left > from.left && !isSameColumn;
  const x1 = isForward ? from.right : from.left;
  const x2 = isForward || isSameColumn ? to.left : to.right;
  const bend = isSameColumn ? 34 : Math.abs(x2 - x1) / 2;
  const out = isForward ? x1 + bend : x1 - bend;
  const back = isForward || isSameColumn ? x2 - bend : x2 + bend;
  return `M${x1} ${from.middle}C${out} ${from.middle} ${back} ${to.middle} ${x2} ${to.middle}`;
}
