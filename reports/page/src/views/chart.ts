/**
 * A chart of the tree on a canvas: treemap or flame. The pointer and the keyboard do the same: look at a cell, go into
 * it, go out. Beside it stands its twin, a table of the same numbers.
 */
import { fillOf, formatLegend } from '../colours.ts';
import { fill, h } from '../dom.ts';
import { formatBytes, formatExact, formatShare } from '../format.ts';
import type { Actions, Frame, View } from '../frame.ts';
import { CAPTION, cellAt, flame, FLAME_ROW, neighbour, treemap } from '../layout.ts';
import type { Cell, Direction } from '../layout.ts';
import { readPalette } from '../palette.ts';
import type { Palette } from '../palette.ts';
import type { State } from '../state.ts';
import { ancestry, buildTree, isMatched, keysOf, markMatches, nodeAt, sortedChildren } from '../tree.ts';
import type { Tree, TreeNode } from '../tree.ts';

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};
const TWIN_ROWS = 100;

export function chartView(kind: 'treemap' | 'flame', actions: Actions): View {
  const name = kind === 'treemap' ? 'Treemap' : 'Flame chart';
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const tip = h('div', { class: 'tip', hidden: true });
  const stage = h(
    'div',
    {
      class: `stage ${kind}`,
      tabindex: '0',
      role: 'application',
      'aria-label': name,
      'aria-describedby': 'chart-keys',
    },
    canvas,
    tip,
  );
  const crumbs = h('nav', { class: 'crumbs', 'aria-label': 'Where the chart is' });
  const colour = h(
    'select',
    { id: 'colour-by' },
    h('option', { value: 'package' }, 'package'),
    h('option', { value: 'format' }, 'module format'),
  );
  const twin = h('div', { class: 'twin' });
  const keys = h(
    'p',
    { class: 'keys', id: 'chart-keys' },
    'Arrow keys move, Enter goes in or opens a module, Backspace goes out. Hatched: loaded later. Dotted: owned by no module.',
  );
  const legend = h('ul', { class: 'legend', 'aria-label': 'Colours' });
  const ownOnly = h(
    'p',
    { class: 'keys', hidden: true },
    'Charts show own bytes: retained sizes overlap and don’t add up to a whole.',
  );
  const element = h(
    'section',
    { class: 'chart-view', 'aria-label': name },
    h('div', { class: 'chart-bar' }, crumbs, h('label', { for: 'colour-by' }, 'Colour by ', colour)),
    h('div', { class: 'chart-grid' }, h('div', { class: 'chart-main' }, stage, legend, keys, ownOnly), twin),
  );

  let frame: Frame | null = null;
  let tree: Tree | null = null;
  let treeKey: unknown[] = [];
  let fills: Fills | null = null;
  let zoomed: TreeNode | null = null;
  let cells: Cell[] = [];
  let current: Cell | null = null;

  const enter = (node: TreeNode): void => {
    if (node.children.length > 0) actions.update({ zoom: keysOf(node) }, 'push');
    else if (node.module !== -1 && frame) actions.select({ kind: 'module', name: frame.model.ids[node.module] ?? '' });
  };
  const leave = (): void => {
    if (zoomed?.parent) actions.update({ zoom: keysOf(zoomed.parent) }, 'push');
  };
  const point = (cell: Cell | null, speak: boolean): void => {
    if (cell === current) return;
    current = cell;
    draw();
    showTip(cell);
    if (cell && speak && zoomed) actions.announce(describe(cell.node, zoomed));
  };

  canvas.addEventListener('pointermove', (event) => point(cellAt(cells, event.offsetX, event.offsetY), false));
  canvas.addEventListener('pointerleave', () => point(null, false));
  canvas.addEventListener('click', (event) => {
    const cell = cellAt(cells, event.offsetX, event.offsetY);
    if (cell === null) return;
    if (kind === 'flame' && cell.depth === 0) leave();
    else enter(cell.node);
  });
  stage.addEventListener('blur', () => point(null, false));
  stage.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = DIRECTIONS[event.key];
    if (direction) {
      const first = cells.find((cell) => !cell.frame) ?? null;
      const next = current
        ? kind === 'flame'
          ? flameNeighbour(cells, current, direction)
          : neighbour(cells, current, direction)
        : first;
      point(next ?? current, true);
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (current) enter(kind === 'treemap' ? stepTowards(current) : current.node);
    } else if (event.key === 'Backspace' || (event.key === 'Escape' && zoomed?.parent)) leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  colour.addEventListener('change', () => actions.update({ colour: colour.value as State['colour'] }, 'replace'));

  /** One level down, on the way to the cell. */
  function stepTowards(cell: Cell): TreeNode {
    for (let at = cell.top; at.parent !== null; at = at.parent) {
      if (at.parent === zoomed) return at === cell.top ? cell.node : at;
    }
    return cell.node;
  }

  function describe(node: TreeNode, whole: TreeNode): string {
    const state = node.output && !node.output.initial ? ', loaded later' : '';
    return `${node.label}, ${formatBytes(node.value)}, ${formatShare(node.value, whole.value)} of ${whole.label}${state}`;
  }

  function showTip(cell: Cell | null): void {
    tip.hidden = cell === null || frame === null;
    if (cell === null || frame === null) return;
    const { node } = cell;
    const where = ancestry(node)
      .slice(1)
      .map((step) => step.label);
    const lines = [
      h('strong', {}, node.label),
      where.length > 1 ? h('span', { class: 'tip-path' }, where.slice(0, -1).join(' › ')) : null,
      h(
        'span',
        {},
        `${formatBytes(node.value)} ${frame.weighing.measure} (${formatExact(node.value)}) · ${formatShare(node.value, frame.total)} of all`,
      ),
      h(
        'span',
        {},
        [stateOf(node), node.module === -1 ? '' : frame.model.formatName(node.module)].filter(Boolean).join(' · '),
      ),
    ];
    fill(tip, lines);
    const room = stage.clientWidth;
    const left = Math.max(4, Math.min(cell.x + cell.w / 2 - 20, room - tip.offsetWidth - 4));
    const below = cell.y + Math.min(cell.h, 60) + 6;
    const top = below + tip.offsetHeight > stage.clientHeight ? Math.max(4, cell.y - tip.offsetHeight - 6) : below;
    tip.style.transform = `translate(${left}px, ${top}px)`;
  }

  function layOut(): void {
    if (zoomed === null) return;
    const width = stage.clientWidth;
    if (width === 0) return;
    cells = kind === 'treemap' ? treemap(zoomed, width, stage.clientHeight) : flame(zoomed, width, 0);
    current = null;
    tip.hidden = true;
    if (kind === 'flame') {
      const rows = cells.reduce((most, cell) => Math.max(most, cell.depth + 1), 1);
      stage.style.height = `${rows * FLAME_ROW + 1}px`;
    }
    draw();
  }

  function draw(): void {
    const context = canvas.getContext('2d');
    if (context === null || frame === null || tree === null) return;
    const width = stage.clientWidth;
    const height = stage.clientHeight;
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    fills ??= makeFills(context, frame, readPalette(stage));
    context.textBaseline = 'middle';
    const font = getComputedStyle(stage).fontFamily;
    for (const cell of cells) drawCell(context, cell, isMatched(tree, cell.node), frame, fills, font, kind);
    if (current) {
      context.globalAlpha = 1;
      context.strokeStyle = fills.palette.focus;
      context.lineWidth = 2.5;
      context.strokeRect(current.x + 1.5, current.y + 1.5, current.w - 3, current.h - 3);
    }
  }

  function showCrumbs(): void {
    if (zoomed === null) return;
    const line = ancestry(zoomed);
    const list = line.map((node, i) =>
      i === line.length - 1
        ? h('li', { 'aria-current': 'location', tabindex: '-1' }, node.parent ? node.label : 'All outputs')
        : h(
            'li',
            {},
            h(
              'button',
              { type: 'button', on: { click: () => actions.update({ zoom: keysOf(node) }, 'push') } },
              node.parent ? node.label : 'All outputs',
            ),
          ),
    );
    fill(crumbs, h('ol', {}, list));
  }

  function showLegend(): void {
    legend.hidden = frame?.state.colour !== 'format';
    if (frame === null || legend.hidden) return;
    const entries = formatLegend(frame.model, readPalette(stage));
    fill(
      legend,
      entries.map(({ name, colour }) =>
        h('li', {}, h('i', { class: 'swatch', 'aria-hidden': 'true', style: { background: colour } }), name),
      ),
    );
  }

  function showTwin(): void {
    if (zoomed === null || tree === null) return;
    const whole = zoomed;
    const all = tree;
    const children = sortedChildren(whole).filter((child) => isMatched(all, child));
    const rows = children
      .slice(0, TWIN_ROWS)
      .map((child) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, child.children.length > 0 || child.module !== -1 ? link(child) : child.label),
          h('td', { title: formatExact(child.value) }, formatBytes(child.value)),
          h('td', {}, formatShare(child.value, whole.value)),
        ),
      );
    const more = children.length - TWIN_ROWS;
    fill(
      twin,
      h(
        'table',
        {},
        h('caption', {}, `In ${whole.parent ? whole.label : 'all outputs'}`),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, 'Name'),
            h('th', { scope: 'col' }, 'Size'),
            h('th', { scope: 'col' }, 'Share'),
          ),
        ),
        h('tbody', {}, rows),
      ),
      more > 0 ? h('p', { class: 'quiet' }, `and ${more} smaller ones; search to see them`) : null,
    );
  }

  function link(node: TreeNode): HTMLElement {
    return h('button', { type: 'button', class: 'link', on: { click: () => enter(node) } }, node.label);
  }

  const observer = new ResizeObserver(() => layOut());
  observer.observe(stage);
  const redraw = (): void => {
    fills = null;
    showLegend();
    draw();
  };
  document.addEventListener('themechange', redraw);

  return {
    element,
    update(next) {
      const { state, model, weighing } = next;
      const key = [model, weighing.measure, weighing.initial];
      const isNew = tree === null || key.some((part, i) => part !== treeKey[i]);
      if (tree === null || isNew) {
        tree = buildTree(model, weighing);
        treeKey = key;
      }
      if (isNew || state.colour !== frame?.state.colour) fills = null;
      const before = zoomed;
      frame = next;
      colour.value = state.colour;
      showLegend();
      ownOnly.hidden = state.sizes === 'self';
      markMatches(tree, next.matches?.flags ?? null);
      zoomed = nodeAt(tree.root, state.zoom);
      if (zoomed.children.length === 0 && zoomed.parent) zoomed = zoomed.parent;
      stage.setAttribute(
        'aria-label',
        `${name} of ${zoomed.parent ? zoomed.label : 'all outputs'}, ${formatBytes(zoomed.value)}`,
      );
      const cameFromText = crumbs.contains(document.activeElement) || twin.contains(document.activeElement);
      showTwin();
      if (isNew || zoomed !== before) {
        showCrumbs();
        layOut();
        if (cameFromText) crumbs.querySelector<HTMLElement>('[aria-current]')?.focus();
      } else draw();
    },
    close() {
      observer.disconnect();
      document.removeEventListener('themechange', redraw);
    },
  };
}

function stateOf({ kind, output }: TreeNode): string {
  if (kind === 'rest') return 'owned by no module';
  if (output === null) return '';
  return output.initial ? 'initial' : 'loaded later';
}

/** Rows are levels here: up is the parent, down the largest child, left and right the next in the row. */
function flameNeighbour(cells: readonly Cell[], from: Cell, direction: Direction): Cell | null {
  if (direction === 'up') return cells.find((cell) => cell.node === from.top.parent) ?? null;
  if (direction === 'down') return cells.find((cell) => cell.top.parent === from.node) ?? null;
  const row = cells.filter((cell) => cell.depth === from.depth);
  return row[row.indexOf(from) + (direction === 'right' ? 1 : -1)] ?? null;
}

interface Fills {
  readonly palette: Palette;
  readonly later: CanvasPattern | null;
  readonly rest: CanvasPattern | null;
  readonly of: (node: TreeNode) => string;
}

/** A colour is worked out once for all nodes that share it. */
function makeFills(context: CanvasRenderingContext2D, { model, state }: Frame, palette: Palette): Fills {
  const known = new Map<string, string>();
  const of = (node: TreeNode): string => {
    const key = `${node.kind} ${node.package} ${state.colour === 'format' && node.module !== -1 ? model.format[node.module] : ''}`;
    let fill = known.get(key);
    if (fill === undefined) known.set(key, (fill = fillOf(model, node, state.colour, palette)));
    return fill;
  };
  return { palette, later: hatching(context, palette), rest: dotting(context, palette), of };
}

function drawCell(
  context: CanvasRenderingContext2D,
  cell: Cell,
  matched: boolean,
  frame: Frame,
  fills: Fills,
  font: string,
  kind: 'treemap' | 'flame',
): void {
  const { node, x, y } = cell;
  const { palette } = fills;
  const w = cell.w - 1;
  const h = cell.h - 1;
  context.globalAlpha = matched ? 1 : 0.18;
  context.fillStyle = fills.of(node);
  context.fillRect(x, y, w, h);
  const pattern = node.kind === 'rest' ? fills.rest : node.output && !node.output.initial ? fills.later : null;
  if (pattern && !(cell.frame && node.kind !== 'output')) {
    context.fillStyle = pattern;
    context.fillRect(x, y, w, h);
  }
  if (w > 6 && h > 6) {
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
  }
  if (w < 34 || h < 14) return;
  context.fillStyle = palette.ink;
  const caption = cell.frame || kind === 'flame';
  const strong = cell.frame || node.kind === 'output' || cell.top.kind === 'package';
  context.font = `${strong ? '600 ' : ''}${caption ? 11.5 : 12}px ${font}`;
  const size = formatBytes(node.value);
  if (caption) {
    const middle = kind === 'flame' ? y + h / 2 : y + CAPTION / 2;
    const label = clip(context, cell.label, w - 10);
    write(context, label, x + 5, middle, palette);
    const used = context.measureText(label).width;
    context.font = `11px ${font}`;
    const tail = `${size}  ${formatShare(node.value, frame.total)}`;
    if (used + context.measureText(tail).width + 18 < w) write(context, tail, x + 11 + used, middle, palette);
    return;
  }
  write(context, clip(context, cell.label, w - 10), x + 5, y + 11, palette);
  context.font = `11px ${font}`;
  if (h > 32)
    write(context, clip(context, `${size}  ${formatShare(node.value, frame.total)}`, w - 10), x + 5, y + 26, palette);
}

function write(context: CanvasRenderingContext2D, text: string, x: number, y: number, palette: Palette): void {
  context.fillStyle = palette.ink;
  context.fillText(text, x, y);
}

function clip(context: CanvasRenderingContext2D, text: string, room: number): string {
  const width = context.measureText(text).width;
  if (width <= room) return text;
  // Letters differ in width, so the first guess may still be too long.
  for (let length = Math.floor((room / width) * text.length); length >= 2; length--) {
    const clipped = `${text.slice(0, length)}…`;
    if (context.measureText(clipped).width <= room) return clipped;
  }
  return '';
}

function hatching(context: CanvasRenderingContext2D, palette: Palette): CanvasPattern | null {
  return tile(context, 8, (tileContext) => {
    tileContext.strokeStyle = palette.hatch;
    tileContext.lineWidth = 1.4;
    for (const shift of [-8, 0, 8]) {
      tileContext.moveTo(shift - 1, 9);
      tileContext.lineTo(shift + 9, -1);
    }
    tileContext.stroke();
  });
}

function dotting(context: CanvasRenderingContext2D, palette: Palette): CanvasPattern | null {
  return tile(context, 6, (tileContext) => {
    tileContext.fillStyle = palette.hatch;
    tileContext.fillRect(2, 2, 1.6, 1.6);
  });
}

function tile(
  context: CanvasRenderingContext2D,
  size: number,
  paint: (context: CanvasRenderingContext2D) => void,
): CanvasPattern | null {
  const ratio = window.devicePixelRatio || 1;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * ratio;
  const tileContext = canvas.getContext('2d');
  if (tileContext === null) return null;
  tileContext.scale(ratio, ratio);
  paint(tileContext);
  const pattern = context.createPattern(canvas, 'repeat');
  pattern?.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}
