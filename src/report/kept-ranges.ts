/**
 * Which parts of a module's text are left in the output, told by the source map: what was dropped is what no segment points
 * into. The parts are statements, members and properties, whole; below them a map can't be trusted to name every token.
 */
import type { Node } from 'oxc-parser';

import { childrenOf, type ParsedModule } from '../detect/not-shaken-syntax.ts';
import { columnOf, lineOf, type Place } from './mapped-places.ts';

export type KeptRange = readonly [start: number, end: number];

/**
 * @param parsed null for what is no script, or doesn't parse: there the parts are lines
 * @param places of the segments that point into this text; ascending
 * @returns pairs of start and end (exclusive), in UTF-16 units, ascending and apart
 */
export function keptRanges(text: string, parsed: ParsedModule | null, places: readonly Place[]): KeptRange[] {
  const offsets = new Offsets(text, places);
  if (offsets.count === 0) return [];
  const pieces: KeptRange[] = [];
  if (parsed === null) keptLines(text, offsets, pieces);
  else for (const node of parsed.program.body) keepNode(node, offsets, pieces);
  return joined(text, pieces);
}

/** The places as offsets, and how closely they stand. */
class Offsets {
  readonly starts: readonly number[];
  /** Ascending. */
  private readonly mapped: readonly number[];
  /**
   * Bundlers that map no more than the begin of each line can't tell what of a line was dropped: then a part is kept when
   * anything of its lines is.
   */
  private readonly isCoarse: boolean;
  private readonly text: string;

  constructor(text: string, places: readonly Place[]) {
    this.text = text;
    const starts = [0];
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.starts = starts;
    const lines = new Set<number>();
    const mapped: number[] = [];
    for (const place of places) {
      const start = starts[lineOf(place)];
      if (start === undefined) continue;
      const end = starts[lineOf(place) + 1] ?? text.length;
      const offset = Math.min(start + columnOf(place), Math.max(start, end - 1));
      if (offset === mapped.at(-1)) continue;
      mapped.push(offset);
      lines.add(lineOf(place));
    }
    this.mapped = mapped;
    this.isCoarse = mapped.length < 1.5 * lines.size;
  }

  get count(): number {
    return this.mapped.length;
  }

  isMapped(start: number, end: number): boolean {
    if (!this.isCoarse) return this.hasBetween(start, end);
    const newline = this.text.indexOf('\n', end - 1);
    return this.hasBetween(this.text.lastIndexOf('\n', start - 1) + 1, newline === -1 ? this.text.length : newline + 1);
  }

  private hasBetween(start: number, end: number): boolean {
    let low = 0;
    let high = this.mapped.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.mapped[middle]! < start) low = middle + 1;
      else high = middle;
    }
    return low < this.mapped.length && this.mapped[low]! < end;
  }
}

function keptLines(text: string, offsets: Offsets, pieces: KeptRange[]): void {
  let wasKept = false;
  offsets.starts.forEach((start, line) => {
    const end = offsets.starts[line + 1] ?? text.length;
    // A lone bracket goes with what it closes.
    if (/\w/.test(text.slice(start, end))) wasKept = offsets.isMapped(start, end);
    if (wasKept) pieces.push([start, end]);
  });
}

/** A node's own text is what is left of it without the parts within it. */
function keepNode(node: Node, offsets: Offsets, pieces: KeptRange[]): void {
  // Bundlers resolve imports and exports away, so that no segment can point at them; what they name is the other module's.
  if (!isModuleStatement(node) && !offsets.isMapped(node.start, node.end)) return;
  let at = node.start;
  for (const part of partsWithin(node)) {
    if (part.start < at) continue;
    if (part.start > at) pieces.push([at, part.start]);
    keepNode(part, offsets, pieces);
    at = part.end;
  }
  if (at < node.end) pieces.push([at, node.end]);
}

function isModuleStatement(node: Node): boolean {
  if (node.type === 'ImportDeclaration') return node.importKind !== 'type';
  if (node.type === 'ExportAllDeclaration') return node.exportKind !== 'type';
  return node.type === 'ExportNamedDeclaration' && node.declaration === null && node.exportKind !== 'type';
}

/** The outermost parts below a node, in the order of the text. */
function partsWithin(node: Node): Node[] {
  const parts: Node[] = [];
  const stack = [...childrenOf(node)];
  for (let child = stack.pop(); child !== undefined; child = stack.pop()) {
    if (isPart(child)) parts.push(child);
    else stack.push(...childrenOf(child));
  }
  return parts.sort((a, b) => a.start - b.start);
}

function isPart({ type }: Node): boolean {
  if (type === 'BlockStatement' || type === 'EmptyStatement') return false;
  return (
    type.endsWith('Statement') ||
    type.endsWith('Declaration') ||
    type === 'MethodDefinition' ||
    type === 'PropertyDefinition' ||
    type === 'Property' ||
    type === 'VariableDeclarator'
  );
}

/** Ascending; those with nothing but space between them become one. */
function joined(text: string, pieces: KeptRange[]): KeptRange[] {
  const ranges: [number, number][] = [];
  for (const [start, end] of pieces.sort((a, b) => a[0] - b[0])) {
    const last = ranges.at(-1);
    if (last !== undefined && (start <= last[1] || /^\s*$/.test(text.slice(last[1], start))))
      last[1] = Math.max(last[1], end);
    else ranges.push([start, end]);
  }
  return ranges;
}
