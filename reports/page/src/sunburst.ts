/** A flame chart bent into a disc: angles are shares of the bytes, rings are levels, the root is in the middle. */
import { cellAt, flame, FLAME_ROW } from './layout.ts';
import type { Cell } from './layout.ts';
import type { TreeNode } from './tree.ts';

/** Once around, in the units of the flame chart. */
const AROUND = 2400;
const MOST_RINGS = 8;
/** A ring is drawn where it goes around by at least this share: a few deep folders must not make all rings thin. */
const LEAST_OF_RING = 0.06;

export interface Disc {
  readonly cells: readonly Cell[];
  readonly x: number;
  readonly y: number;
  /** Of the middle, and of each ring around it. */
  readonly thickness: number;
}

export interface Arc {
  readonly inner: number;
  readonly outer: number;
  /** Clockwise from the top, in radians as the canvas counts them. */
  readonly start: number;
  readonly end: number;
}

export function sunburst(root: TreeNode, width: number, height: number): Disc {
  const all = flame(root, AROUND, 0);
  const around = new Float64Array(MOST_RINGS);
  for (const { depth, w } of all) if (depth < MOST_RINGS) around[depth] = (around[depth] ?? 0) + w;
  const thin = around.findIndex((sum) => sum < LEAST_OF_RING * AROUND);
  const rings = Math.max(1, thin === -1 ? MOST_RINGS : thin);
  const cells = all.filter(({ depth }) => depth < rings);
  return { cells, x: width / 2, y: height / 2, thickness: (Math.min(width, height) / 2 - 2) / rings };
}

export function arcOf({ thickness }: Disc, { x, w, depth }: Cell): Arc {
  const angle = (at: number): number => (at / AROUND) * 2 * Math.PI - Math.PI / 2;
  return { inner: depth * thickness, outer: (depth + 1) * thickness, start: angle(x), end: angle(x + w) };
}

export function cellOfDisc(disc: Disc, x: number, y: number): Cell | null {
  const [dx, dy] = [x - disc.x, y - disc.y];
  const turn = (Math.atan2(dy, dx) + Math.PI / 2 + 2 * Math.PI) % (2 * Math.PI);
  const ring = Math.floor(Math.hypot(dx, dy) / disc.thickness);
  return cellAt(disc.cells, (turn / (2 * Math.PI)) * AROUND, ring * FLAME_ROW + 1);
}

export function arcPath(disc: Disc, cell: Cell): Path2D {
  const { inner, outer, start, end } = arcOf(disc, cell);
  const path = new Path2D();
  path.arc(disc.x, disc.y, outer, start, end);
  if (inner > 0) path.arc(disc.x, disc.y, inner, end, start, true);
  path.closePath();
  return path;
}

/** Where something about the cell can be said: the middle of its arc, as a box. */
export function anchorOf(disc: Disc, cell: Cell): { x: number; y: number; w: number; h: number } {
  const { inner, outer, start, end } = arcOf(disc, cell);
  const [radius, angle] = cell.depth === 0 ? [0, 0] : [(inner + outer) / 2, (start + end) / 2];
  return { x: disc.x + radius * Math.cos(angle) - 4, y: disc.y + radius * Math.sin(angle) - 4, w: 8, h: 8 };
}
