/**
 * The graph of packages, or of the modules around one: a column for each step from the project's own code, so that what a package brings along stands
 * to the right of it. Looking at one shows its lines; the table below says the same in words.
 */
import { fill, h } from '../dom.ts';
import { countOf, formatBytes, formatExact, formatShare } from '../format.ts';
import { isMatch } from '../frame.ts';
import type { Actions, Frame, View } from '../frame.ts';
import { OWN_CODE, packageName } from '../model.ts';
import type { Model } from '../model.ts';
import { graphCanvas } from '../graph-canvas.ts';
import type { GraphColumn, GraphLink, GraphNode } from '../graph-canvas.ts';
import { packageGraph } from '../package-graph.ts';

import type { PackageGraph } from '../package-graph.ts';
import { moduleGraphView } from './module-graph.ts';

const MOST_IN_COLUMN = 22;
const MOST_ROWS = 200;

interface Weighed {
  readonly slot: number;
  readonly bytes: number;
  readonly matched: boolean;
}

export function graphView(actions: Actions): View {
  const packages = packagesView(actions);
  const modules = moduleGraphView(actions);
  const element = h('section', { class: 'graph-view', 'aria-label': 'Graph' }, packages.element, modules.element);
  return {
    element,
    update(frame) {
      const isModule = frame.state.focus !== null;
      packages.element.hidden = isModule;
      modules.element.hidden = !isModule;
      (isModule ? modules : packages).update(frame);
    },
    close() {
      packages.close?.();
      modules.close?.();
    },
  };
}

function packagesView(actions: Actions): View {
  const canvas = graphCanvas('Packages by their distance from your own code');
  const lead = h('p', { class: 'lead' });
  const twin = h('div', { class: 'graph-twin' });
  const node = ({ slot, bytes, matched }: Weighed, model: Model, largest: number, total: number): GraphNode => {
    const name = slotName(model, slot);
    const element = h(
      'button',
      {
        type: 'button',
        class: `node${slot === 0 ? ' own' : ''}${matched ? '' : ' unmatched'}`,
        title: `${name}, ${formatExact(bytes)}`,
        style: { '--size': String(Math.sqrt(bytes / largest)) },
        on: { click: () => actions.select({ kind: 'package', name: slot === 0 ? '' : name }) },
      },
      h('span', {}, name.replace(/@[^@/]*$/, ''), h('wbr'), /(?<=.)@[^@/]*$/.exec(name)?.[0]),
      h('span', { class: 'quiet' }, `${formatBytes(bytes)} ${formatShare(bytes, total)}`),
    );
    return { key: slot, element };
  };
  return {
    element: h('div', {}, lead, canvas.element, twin),
    update(frame) {
      const { model, total } = frame;
      const graph = packageGraph(model);
      const weighed = weighPackages(frame);
      const largest = weighed.reduce((most, { bytes }) => Math.max(most, bytes), 1);
      const deepest = weighed.reduce((most, { slot }) => Math.max(most, graph.depth[slot] ?? 0), 0);
      lead.textContent = `${countOf(weighed.length, 'package')} with bytes, ordered by how many steps they are from your own code. Point at one to see what needs it and what it needs; arrow keys move. For modules, open one and choose “show in the graph”.`;
      const columns = Array.from({ length: deepest + 1 }, (_, depth): GraphColumn => {
        const layer = weighed.filter(({ slot }) => (graph.depth[slot] ?? 0) === depth);
        const rest = layer.slice(MOST_IN_COLUMN);
        const bytes = rest.reduce((sum, entry) => sum + entry.bytes, 0);
        return {
          title: null,
          nodes: layer.slice(0, MOST_IN_COLUMN).map((entry) => node(entry, model, largest, total)),
          rest:
            rest.length === 0
              ? null
              : h('p', { class: 'quiet' }, `and ${countOf(rest.length, 'smaller one')}, ${formatBytes(bytes)}`),
        };
      });
      canvas.show(columns, packageLinks(graph));
      fill(twin, table(weighed, graph, model));
    },
    close: () => canvas.close(),
  };
}

function packageLinks({ needs, depth }: PackageGraph): GraphLink[] {
  return needs.flatMap((targets, from) =>
    Array.from(targets, ([to, { dynamic }]) => ({
      from,
      to,
      dashed: dynamic,
      always: (depth[to] ?? 0) > (depth[from] ?? 0),
    })),
  );
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
