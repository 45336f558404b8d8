/** The modules around one: what imports it to the left, what it imports to the right, two steps each way. */
import { importersOf, importsOf } from '../chains.ts';
import { fill, h, modulePath } from '../dom.ts';
import { countOf, formatBytes, formatExact } from '../format.ts';
import { isMatch } from '../frame.ts';
import type { Actions, Frame, View } from '../frame.ts';
import { graphCanvas } from '../graph-canvas.ts';
import type { GraphColumn, GraphLink, GraphNode } from '../graph-canvas.ts';
import { OWN_CODE } from '../model.ts';
import type { Model } from '../model.ts';

const MOST_IN_COLUMN = 14;
const TITLES = ['Two steps up', 'Imported by', 'Module', 'Imports', 'Two steps down'];

interface Layer {
  readonly title: string;
  readonly shown: readonly number[];
  readonly more: number;
}

export function moduleGraphView(actions: Actions): View {
  const canvas = graphCanvas('Modules around the chosen one');
  const back = h(
    'button',
    { type: 'button', class: 'more', on: { click: () => actions.update({ focus: null }, 'push') } },
    'Back to the packages',
  );
  const lead = h('p', { class: 'lead' });
  const twin = h('div', { class: 'graph-twin' });
  return {
    element: h('div', {}, lead, back, canvas.element, twin),
    update(frame) {
      const { model, state } = frame;
      const focus = state.focus === null ? undefined : model.moduleAt(state.focus);
      if (focus === undefined) return;
      const layers = layersAround(frame, focus);
      const hadFocus = canvas.element.contains(document.activeElement);
      const nodes = layers.map(({ shown }) => shown.map((module) => node(frame, module, focus, actions)));
      lead.replaceChildren(
        'What imports ',
        modulePath(model.ids[focus] ?? ''),
        ' and what it imports. Arrow keys move, Enter puts a module in the middle; there, it opens it. Dashed: import().',
      );
      canvas.show(
        layers.map(({ title, more }, i): GraphColumn => ({
          title,
          nodes: nodes[i] ?? [],
          rest: more === 0 ? null : h('p', { class: 'quiet' }, `and ${countOf(more, 'lighter one')}`),
        })),
        linksAmong(model, new Set(layers.flatMap(({ shown }) => shown))),
      );
      const centre = nodes.flat().find(({ key }) => key === focus)?.element;
      if (centre === undefined) return;
      const wide = canvas.element;
      wide.scrollLeft =
        centre.getBoundingClientRect().left -
        wide.getBoundingClientRect().left +
        wide.scrollLeft -
        (wide.clientWidth - centre.offsetWidth) / 2;
      if (hadFocus) centre.focus({ preventScroll: true });
      fill(twin, table(frame, layers));
    },
    close: () => canvas.close(),
  };
}

/** Each module stands in one layer, the nearest; the heaviest of each are shown. */
function layersAround({ model, sizes }: Frame, focus: number): Layer[] {
  const { from, to } = model.edges;
  const placed = new Set([focus]);
  const step = (modules: readonly number[], up: boolean): number[] => {
    const next = new Set<number>();
    for (const module of modules)
      for (const edge of up ? importersOf(model, module) : importsOf(model, module)) {
        const other = (up ? from[edge] : to[edge]) ?? 0;
        if (!placed.has(other)) next.add(other);
      }
    for (const module of next) placed.add(module);
    return [...next].sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0) || a - b);
  };
  const importers = step([focus], true);
  const imports = step([focus], false);
  const above = step(importers.slice(0, MOST_IN_COLUMN), true);
  const below = step(imports.slice(0, MOST_IN_COLUMN), false);
  return [above, importers, [focus], imports, below].flatMap((modules, i) =>
    modules.length === 0
      ? []
      : [
          {
            title: TITLES[i] ?? '',
            shown: modules.slice(0, MOST_IN_COLUMN),
            more: Math.max(0, modules.length - MOST_IN_COLUMN),
          },
        ],
  );
}

function linksAmong(model: Model, modules: ReadonlySet<number>): GraphLink[] {
  const links = new Map<string, GraphLink>();
  for (const from of modules)
    for (const edge of importsOf(model, from)) {
      const to = model.edges.to[edge] ?? 0;
      if (!modules.has(to) || to === from) continue;
      const dashed = model.edgeKind(edge) === 'dynamic' && (links.get(`${from} ${to}`)?.dashed ?? true);
      links.set(`${from} ${to}`, { from, to, dashed, always: true });
    }
  return [...links.values()];
}

function node(frame: Frame, module: number, focus: number, actions: Actions): GraphNode {
  const { model, sizes } = frame;
  const id = model.ids[module] ?? '';
  const bytes = sizes[module] ?? 0;
  const classes = ['node'];
  if ((model.packageOf[module] ?? OWN_CODE) === OWN_CODE) classes.push('own');
  if (module === focus) classes.push('centre');
  if (!isMatch(frame, module)) classes.push('unmatched');
  const element = h(
    'button',
    {
      type: 'button',
      class: classes.join(' '),
      title: `${id}, ${formatExact(bytes)}`,
      style: { '--size': '0' },
      'aria-current': module === focus ? 'true' : null,
      on: {
        click: () => {
          if (module !== focus) actions.update({ focus: id }, 'push');
          else actions.select({ kind: 'module', name: id });
        },
      },
    },
    modulePath(id),
    h('span', { class: 'quiet' }, bytes === 0 ? 'no bytes' : formatBytes(bytes)),
  );
  return { key: module, element };
}

function table({ model, sizes }: Frame, layers: readonly Layer[]): HTMLElement {
  return h(
    'details',
    {},
    h('summary', {}, 'The same as a table'),
    h(
      'table',
      { class: 'plain' },
      h('caption', { class: 'unseen' }, 'Modules around the chosen one'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['Module', 'Size', 'Where'].map((head) => h('th', { scope: 'col' }, head)),
        ),
      ),
      h(
        'tbody',
        {},
        layers.flatMap(({ title, shown }) =>
          shown.map((module) =>
            h(
              'tr',
              {},
              h('th', { scope: 'row' }, modulePath(model.ids[module] ?? '')),
              h('td', {}, formatBytes(sizes[module] ?? 0)),
              h('td', {}, title),
            ),
          ),
        ),
      ),
    ),
  );
}
