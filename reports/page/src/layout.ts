/** Where the charts draw what. Nothing that would be too small to see gets a cell, so a layout is as large as the canvas. */
import { sortedChildren } from './tree.ts';
import type { TreeNode } from './tree.ts';

export interface Cell {
  readonly node: TreeNode;
  /** The outermost of a line of only children that share this cell; mostly the node itself. */
  readonly top: TreeNode;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly depth: number;
  /** Drawn as a frame with a caption around the cells of its children. */
  readonly frame: boolean;
}

export type Layout = (root: TreeNode, width: number, height: number) => Cell[];

export const CAPTION = 18;
const GAP = 2;
const SMALLEST = 4;

/** Squarified treemap after Bruls, Huizing and van Wijk (2000). Frames come before what is in them. */
export const treemap: Layout = (root, width, height) => {
  const cells: Cell[] = [];
  const place = (top: TreeNode, x: number, y: number, w: number, h: number, depth: number): void => {
    if (w < SMALLEST || h < SMALLEST) return;
    const { node, label } = depth === 0 ? { node: top, label: top.label } : downOnlyChildren(top);
    const inner = { x: x + GAP, y: y + CAPTION, w: w - 2 * GAP, h: h - CAPTION - GAP };
    const open = node.children.length > 0 && (depth === 0 || (inner.w > 12 && inner.h > 12));
    if (depth > 0) cells.push({ node, top, label, x, y, w, h, depth, frame: open });
    if (!open) return;
    const box = depth === 0 ? { x, y, w, h } : inner;
    squarify(sortedChildren(node), node.value, box, (child, cx, cy, cw, ch) => place(child, cx, cy, cw, ch, depth + 1));
  };
  place(root, 0, 0, width, height, 0);
  return cells;
};

/** A package of one file is one cell: `name › dist/index.js`. An output keeps its own, for it has its own meaning. */
function downOnlyChildren(top: TreeNode): { node: TreeNode; label: string } {
  let node = top;
  let label = top.label;
  while (node.kind !== 'output' && node.kind !== 'rest' && node.children.length === 1) {
    const [only] = node.children;
    if (only === undefined) break;
    label += `${node.kind === 'package' ? ' › ' : '/'}${only.label}`;
    node = only;
  }
  return { node, label };
}

interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

type Place = (node: TreeNode, x: number, y: number, w: number, h: number) => void;

function squarify(nodes: readonly TreeNode[], total: number, area: Box, place: Place): void {
  const box = { ...area };
  const scale = (box.w * box.h) / total;
  for (let first = 0; first < nodes.length;) {
    const side = Math.min(box.w, box.h);
    // Cells only get smaller from here on.
    if (side < SMALLEST) return;
    let sum = 0;
    let worst = Infinity;
    let end = first;
    const largest = (nodes[first]?.value ?? 0) * scale;
    while (end < nodes.length) {
      const cell = (nodes[end]?.value ?? 0) * scale;
      const next = sum + cell;
      const ratio = Math.max((side * side * largest) / (next * next), (next * next) / (side * side * cell));
      if (ratio > worst) break;
      worst = ratio;
      sum = next;
      end++;
    }
    const thickness = sum / side;
    let along = 0;
    for (let i = first; i < end; i++) {
      const node = nodes[i];
      if (node === undefined) continue;
      const length = (node.value * scale) / thickness;
      if (box.w >= box.h) place(node, box.x, box.y + along, thickness, length);
      else place(node, box.x + along, box.y, length, thickness);
      along += length;
    }
    if (box.w >= box.h) {
      box.x += thickness;
      box.w -= thickness;
    } else {
      box.y += thickness;
      box.h -= thickness;
    }
    first = end;
  }
}

export const FLAME_ROW = 28;

/** A row for each level, the root on top; widths are shares of the bytes. */
export const flame: Layout = (root, width) => {
  const cells: Cell[] = [];
  const place = (top: TreeNode, x: number, w: number, depth: number): void => {
    const { node, label } = depth === 0 ? { node: top, label: top.label } : downOnlyChildren(top);
    cells.push({ node, top, label, x, y: depth * FLAME_ROW, w, h: FLAME_ROW, depth, frame: false });
    let left = x;
    for (const child of sortedChildren(node)) {
      const share = (child.value / node.value) * w;
      if (share < 1) return;
      place(child, left, share, depth + 1);
      left += share;
    }
  };
  if (root.value > 0) place(root, 0, width, 0);
  return cells;
};

/** The cell on top at a point. */
export function cellAt(cells: readonly Cell[], x: number, y: number): Cell | null {
  for (let i = cells.length - 1; i >= 0; i--) {
    const cell = cells[i];
    if (cell && x >= cell.x && x < cell.x + cell.w && y >= cell.y && y < cell.y + cell.h) return cell;
  }
  return null;
}

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The nearest cell in a direction, among those that are no frames around the one we stand on. */
export function neighbour(cells: readonly Cell[], from: Cell, direction: Direction): Cell | null {
  const horizontal = direction === 'left' || direction === 'right';
  const sign = direction === 'right' || direction === 'down' ? 1 : -1;
  const centre = { x: from.x + from.w / 2, y: from.y + from.h / 2 };
  let best: Cell | null = null;
  let bestCost = Infinity;
  for (const cell of cells) {
    if (cell === from || cell.frame) continue;
    const dx = cell.x + cell.w / 2 - centre.x;
    const dy = cell.y + cell.h / 2 - centre.y;
    const ahead = (horizontal ? dx : dy) * sign;
    if (ahead <= 1) continue;
    const beside = Math.abs(horizontal ? dy : dx);
    const cost = ahead + beside * 2;
    if (cost < bestCost) {
      best = cell;
      bestCost = cost;
    }
  }
  return best;
}
