/**
 * A chart of the tree on a canvas: treemap, sunburst or flame. The pointer and the keyboard do the same: look at a cell, go into
 * it, go out. Beside it stands its twin, a table of the same numbers.
 */
import { clip, dotting, hatching, write } from '../canvas.ts';
import { fillOf, formatLegend } from '../colours.ts';
import { fill, h } from '../dom.ts';
import { formatBytes, formatExact, formatShare } from '../format.ts';
import type { Actions, Frame, View } from '../frame.ts';
import { CAPTION, cellAt, flame, FLAME_ROW, neighbour, treemap } from '../layout.ts';
import type { Cell, Direction } from '../layout.ts';
import { readPalette } from '../palette.ts';
import type { Palette } from '../palette.ts';
import type { State } from '../state.ts';
import { anchorOf, arcOf, arcPath, cellOfDisc, sunburst } from '../sunburst.ts';
import type { Disc } from '../sunburst.ts';
import { ancestry, buildTree, isMatched, keysOf, markMatches, matchedValue, nodeAt, sortedChildren } from '../tree.ts';
import type { Tree, TreeNode } from '../tree.ts';

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};
const TWIN_ROWS = 100;

type ChartKind = 'treemap' | 'sunburst' | 'flame';

const NAMES: Record<ChartKind, string> = { treemap: 'Treemap', sunburst: 'Sunburst', flame: 'Flame chart' };

export function chartView(kind: ChartKind, actions: Actions): View {
  const name = NAMES[kind];
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
  let cells: readonly Cell[] = [];
  let disc: Disc | null = null;
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

  const cellUnder = ({ offsetX, offsetY }: MouseEvent): Cell | null =>
    disc === null ? cellAt(cells, offsetX, offsetY) : cellOfDisc(disc, offsetX, offsetY);
  canvas.addEventListener('pointermove', (event) => point(cellUnder(event), false));
  canvas.addEventListener('pointerleave', () => point(null, false));
  canvas.addEventListener('click', (event) => {
    const cell = cellUnder(event);
    if (cell === null) return;
    if (kind !== 'treemap' && cell.depth === 0) leave();
    else enter(cell.node);
  });
  stage.addEventListener('blur', () => point(null, false));
  stage.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = DIRECTIONS[event.key];
    if (direction) {
      const first = cells.find((cell) => !cell.frame) ?? null;
      const next = current
        ? kind !== 'treemap'
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
    const box = disc === null ? cell : anchorOf(disc, cell);
    const left = Math.max(4, Math.min(box.x + box.w / 2 - 20, room - tip.offsetWidth - 4));
    const below = box.y + Math.min(box.h, 60) + 6;
    const top = below + tip.offsetHeight > stage.clientHeight ? Math.max(4, box.y - tip.offsetHeight - 6) : below;
    tip.style.transform = `translate(${left}px, ${top}px)`;
  }

  function layOut(): void {
    if (zoomed === null) return;
    const width = stage.clientWidth;
    if (width === 0) return;
    disc = kind === 'sunburst' ? sunburst(zoomed, width, stage.clientHeight) : null;
    if (disc !== null) cells = disc.cells;
    else cells = kind === 'treemap' ? treemap(zoomed, width, stage.clientHeight) : flame(zoomed, width, 0);
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
    for (const cell of cells) {
      const matched = isMatched(tree, cell.node);
      if (disc !== null) drawArc(context, disc, cell, matched, fills, font);
      else drawCell(context, cell, matched, frame, fills, font, kind);
    }
    if (current) {
      context.globalAlpha = 1;
      context.strokeStyle = fills.palette.focus;
      context.lineWidth = 2.5;
      if (disc !== null) context.stroke(arcPath(disc, current));
      else context.strokeRect(current.x + 1.5, current.y + 1.5, current.w - 3, current.h - 3);
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
    const isSearch = all.search !== null;
    if (isSearch) children.sort((a, b) => b.matched - a.matched);
    const rows = children
      .slice(0, TWIN_ROWS)
      .map((child) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, child.children.length > 0 || child.module !== -1 ? link(child) : child.label),
          isSearch
            ? h('td', { title: formatExact(matchedValue(all, child)) }, formatBytes(matchedValue(all, child)))
            : null,
          h('td', { title: formatExact(child.value) }, formatBytes(child.value)),
          h('td', {}, formatShare(isSearch ? matchedValue(all, child) : child.value, whole.value)),
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
            isSearch ? h('th', { scope: 'col' }, 'Matched') : null,
            h('th', { scope: 'col' }, 'Size'),
            h('th', { scope: 'col' }, 'Share'),
          ),
        ),
        h('tbody', {}, rows),
        isSearch
          ? h(
              'tfoot',
              {},
              h(
                'tr',
                {},
                h('th', { scope: 'row' }, 'matched here'),
                h('td', {}, formatBytes(matchedValue(all, whole))),
                h('td', {}, formatBytes(whole.value)),
                h('td', {}, formatShare(matchedValue(all, whole), whole.value)),
              ),
            )
          : null,
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

function drawArc(
  context: CanvasRenderingContext2D,
  disc: Disc,
  cell: Cell,
  matched: boolean,
  { of, palette, later, rest }: Fills,
  font: string,
): void {
  const { node } = cell;
  const path = arcPath(disc, cell);
  context.globalAlpha = matched ? 1 : 0.18;
  context.fillStyle = of(node);
  context.fill(path);
  const pattern = node.kind === 'rest' ? rest : node.output && !node.output.initial ? later : null;
  if (pattern && (cell.depth === 1 || node.children.length === 0)) {
    context.fillStyle = pattern;
    context.fill(path);
  }
  const { inner, outer, start, end } = arcOf(disc, cell);
  const middle = (inner + outer) / 2;
  if ((end - start) * middle > 3) {
    context.strokeStyle = palette.paper;
    context.lineWidth = 1;
    context.stroke(path);
  }
  const along = (end - start) * middle;
  const isLevel = cell.depth > 0 && along > 1.4 * disc.thickness && end - start < 4;
  const room = cell.depth === 0 ? 2 * outer - 16 : isLevel ? Math.min(along, 1.4 * middle) - 12 : disc.thickness - 8;
  if (room < 24 || (end - start) * (cell.depth === 0 ? outer : middle) < 13) return;
  context.save();
  context.translate(disc.x, disc.y);
  context.textAlign = 'center';
  if (cell.depth === 0) {
    context.font = `600 13px ${font}`;
    write(context, clip(context, cell.label, room), 0, -8, palette);
    context.font = `12px ${font}`;
    write(context, formatBytes(node.value), 0, 10, palette);
  } else if (isLevel) {
    // Across the radius at the arc's middle, and never upside down.
    const angle = (start + end) / 2;
    const isBelow = Math.sin(angle) > 0;
    context.rotate(isBelow ? angle - Math.PI / 2 : angle + Math.PI / 2);
    context.font = `${cell.top.kind === 'package' || node.kind === 'output' ? '600 ' : ''}12px ${font}`;
    write(context, clip(context, cell.label, room), 0, isBelow ? middle : -middle, palette);
  } else {
    // Along the radius, and never upside down.
    const angle = (start + end) / 2;
    const isLeft = angle > Math.PI / 2;
    context.rotate(isLeft ? angle + Math.PI : angle);
    context.font = `${cell.top.kind === 'package' || node.kind === 'output' ? '600 ' : ''}11px ${font}`;
    write(context, clip(context, cell.label, room), isLeft ? -middle : middle, 0, palette);
  }
  context.restore();
}

function drawCell(
  context: CanvasRenderingContext2D,
  cell: Cell,
  matched: boolean,
  frame: Frame,
  fills: Fills,
  font: string,
  kind: ChartKind,
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
