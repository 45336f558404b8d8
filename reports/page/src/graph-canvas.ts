/** Columns of nodes with lines between them. Looking at a node shows its own lines; the arrow keys go from node to node. */
import { fill, h } from './dom.ts';

const SVG = 'http://www.w3.org/2000/svg';

export interface GraphNode {
  readonly key: number;
  readonly element: HTMLButtonElement;
}

export interface GraphColumn {
  readonly title: string | null;
  readonly nodes: readonly GraphNode[];
  /** Below the nodes: what is not shown. */
  readonly rest: HTMLElement | null;
}

export interface GraphLink {
  readonly from: number;
  readonly to: number;
  readonly dashed: boolean;
  /** Drawn at all times, faintly; the others only when one of their ends is looked at. */
  readonly always: boolean;
}

export interface GraphCanvas {
  readonly element: HTMLElement;
  show(columns: readonly GraphColumn[], links: readonly GraphLink[]): void;
  close(): void;
}

interface Spot {
  readonly left: number;
  readonly right: number;
  readonly middle: number;
}

export function graphCanvas(label: string): GraphCanvas {
  const quiet = document.createElementNS(SVG, 'path');
  const strong = document.createElementNS(SVG, 'path');
  const strongDashed = document.createElementNS(SVG, 'path');
  const lines = document.createElementNS(SVG, 'svg');
  quiet.setAttribute('class', 'quiet-lines');
  strong.setAttribute('class', 'strong-lines');
  strongDashed.setAttribute('class', 'strong-lines dashed');
  lines.append(quiet, strong, strongDashed);
  lines.setAttribute('aria-hidden', 'true');
  const place = h('div', { class: 'columns' });
  const canvas = h('div', { class: 'graph-canvas' }, place);
  canvas.prepend(lines);
  const element = h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': label }, canvas);
  let columns: readonly GraphColumn[] = [];
  let links: readonly GraphLink[] = [];
  /** Where the nodes are, since they were last laid out. */
  let spots: ReadonlyMap<number, Spot> = new Map();

  const measure = (): void => {
    const origin = canvas.getBoundingClientRect();
    spots = new Map(columns.flatMap(({ nodes }) => nodes.map((node) => [node.key, spotOf(node.element, origin)])));
    lines.setAttribute('width', String(canvas.scrollWidth));
    lines.setAttribute('height', String(canvas.scrollHeight));
    quiet.setAttribute('d', curves(links.filter(({ always }) => always)));
  };

  const curves = (some: readonly GraphLink[]): string =>
    some
      .map(({ from, to }) => {
        const [start, end] = [spots.get(from), spots.get(to)];
        return start && end ? curve(start, end) : '';
      })
      .join('');

  const highlight = (key: number | null): void => {
    const near = links.filter(({ from, to }) => from === key || to === key);
    strong.setAttribute('d', curves(near.filter(({ dashed }) => !dashed)));
    strongDashed.setAttribute('d', curves(near.filter(({ dashed }) => dashed)));
    const shown = new Set(near.flatMap(({ from, to }) => [from, to]));
    for (const { nodes } of columns)
      for (const node of nodes)
        node.element.classList.toggle('far', key !== null && node.key !== key && !shown.has(node.key));
  };

  place.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = neighbourOf(columns, spots, document.activeElement, event.key);
    if (next === null) return;
    event.preventDefault();
    next.focus();
  });

  const observer = new ResizeObserver(measure);
  observer.observe(canvas);
  return {
    element,
    show(nextColumns, nextLinks) {
      columns = nextColumns;
      links = nextLinks;
      fill(
        place,
        columns.map(({ title, nodes, rest }) =>
          h(
            'div',
            { class: 'column' },
            title === null ? null : h('p', { class: 'column-title' }, title),
            nodes.map((node) => node.element),
            rest,
          ),
        ),
      );
      for (const { nodes } of columns) {
        for (const { key, element: button } of nodes) {
          for (const type of ['pointerenter', 'focus']) button.addEventListener(type, () => highlight(key));
          for (const type of ['pointerleave', 'blur']) button.addEventListener(type, () => highlight(null));
        }
      }
      measure();
      highlight(null);
    },
    close() {
      observer.disconnect();
    },
  };
}

/** Up and down within the column; left and right to the node of the next column that is level with it. */
function neighbourOf(
  columns: readonly GraphColumn[],
  spots: ReadonlyMap<number, Spot>,
  from: Element | null,
  key: string,
): HTMLElement | null {
  const at = columns.findIndex(({ nodes }) => nodes.some(({ element }) => element === from));
  const column = columns[at];
  if (column === undefined) return null;
  const row = column.nodes.findIndex(({ element }) => element === from);
  if (key === 'ArrowDown' || key === 'ArrowUp')
    return column.nodes[row + (key === 'ArrowDown' ? 1 : -1)]?.element ?? null;
  if (key !== 'ArrowLeft' && key !== 'ArrowRight') return null;
  const step = key === 'ArrowRight' ? 1 : -1;
  const level = spots.get(column.nodes[row]?.key ?? -1)?.middle ?? 0;
  for (let next = at + step; next >= 0 && next < columns.length; next += step) {
    const distance = (node: GraphNode): number => Math.abs((spots.get(node.key)?.middle ?? 0) - level);
    const [nearest] = (columns[next]?.nodes ?? []).toSorted((a, b) => distance(a) - distance(b));
    if (nearest !== undefined) return nearest.element;
  }
  return null;
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
