/**
 * The modules of a minified chunk that its source map doesn't name (JSON, and what plugins make without a map), placed by what the
 * bundler says of the chunk before it was minified: which modules it has, in which order, with which code. Where only one of them
 * can lie between two mapped modules, what nobody owns there is its; several are told apart by their string literals, which
 * minifiers keep. Where those don't hold, nothing is given to anybody.
 */
import { OwnershipBuilder, type Ownership } from './ownership.ts';

export interface RenderedModule {
  readonly owner: number;
  /** Before minification. */
  readonly code: string;
}

export interface Placed {
  readonly ownership: Ownership;
  /** Modules that have code and no byte, with the size of their code before minification. */
  readonly missing: readonly { readonly owner: number; readonly bytes: number }[];
}

/** What an owner's bytes may become: `open` bytes are nobody's, `module` bytes are a source's by the map, `fixed` ones stay. */
export type Openness = 'open' | 'module' | 'fixed';

/** @param rendered all modules of the chunk, in its order; one owner may come several times */
export function placeRendered(
  code: Uint8Array,
  ownership: Ownership,
  rendered: readonly RenderedModule[],
  opennessOf: (owner: number) => Openness,
): Placed {
  const mapped = new Set<number>();
  for (const owner of ownership.owners) if (opennessOf(owner) === 'module') mapped.add(owner);
  const groups = unmappedGroups(rendered, mapped);
  const places = placesBetween(ownership, opennessOf);
  const buffer = Buffer.from(code.buffer, code.byteOffset, code.byteLength);
  const paint: Paint[] = [];
  for (const [before, after] of neighbours(rendered, mapped)) {
    const place = places.get(`${before?.owner ?? -1} ${after.owner}`);
    if (place === undefined || place.end - place.start < SHORTEST_HEAD) continue;
    for (const cut of headOf(textOf(buffer, place.start, place.end), before, after)) paint.push(cut);
  }
  if (groups.length === 0 && paint.length === 0) return { ownership, missing: [] };
  for (const { before, after, members } of groups) {
    const place = places.get(`${before} ${after}`);
    const cuts =
      place === undefined
        ? null
        : (placeInGap(textOf(buffer, place.start, place.end), members) ?? placeInTail(buffer, place, members));
    for (const cut of cuts ?? members.flatMap((member) => placeAnywhere(buffer, ownership, member))) paint.push(cut);
  }
  const settled = repaint(ownership, paint, opennessOf);
  const given = new Set(paint.filter(({ end, start }) => end > start).map(({ owner }) => owner));
  const missing = groups
    .flatMap(({ members }) => members)
    .filter(({ owner }) => !given.has(owner) && opennessOf(owner) === 'module')
    .map(({ owner, code: text }) => ({ owner, bytes: Buffer.byteLength(text) }));
  return { ownership: settled, missing };
}

/** From here to there (bytes) what is open becomes the owner's; within `taken`, also what the map gave to `from`. */
interface Paint {
  readonly start: number;
  readonly end: number;
  readonly owner: number;
  readonly from?: number;
}

interface Group {
  /** The mapped modules around; -1: the chunk's start, -2: its end. */
  readonly before: number;
  readonly after: number;
  readonly members: readonly RenderedModule[];
}

function unmappedGroups(rendered: readonly RenderedModule[], mapped: ReadonlySet<number>): Group[] {
  const groups: Group[] = [];
  let before = -1;
  let members: RenderedModule[] = [];
  const close = (after: number) => {
    if (members.length > 0) groups.push({ before, after, members });
    members = [];
  };
  for (const { owner, code } of rendered) {
    if (mapped.has(owner)) {
      close(owner);
      before = owner;
      continue;
    }
    const bare = withoutComments(code);
    if (bare !== '') members.push({ owner, code: bare });
  }
  close(-2);
  return groups;
}

/** Mapped modules with nothing but modules without code between them, and the first one of the chunk. */
function neighbours(
  rendered: readonly RenderedModule[],
  mapped: ReadonlySet<number>,
): [RenderedModule | null, RenderedModule][] {
  const pairs: [RenderedModule | null, RenderedModule][] = [];
  let before: RenderedModule | null = null;
  let broken = false;
  for (const module of rendered) {
    if (mapped.has(module.owner)) {
      if (!broken && before?.owner !== module.owner) pairs.push([before, module]);
      before = module;
      broken = false;
    } else if (!broken && withoutComments(module.code) !== '') broken = true;
  }
  return pairs;
}

/** Shorter gaps are brackets and separators. */
const SHORTEST_HEAD = 12;
/** What the bundler puts before the first module of a chunk. */
const PRELUDE =
  /^(?:\s|;|const __vite__mapDeps=[^;]*;|import\s*(?:[^"'`;()=]*?\bfrom\s*)?["'][^"'\n]*["'](?:\s*with\s*\{[^}]*\})?;?)*/;

/**
 * Code that a plugin made without a map, between two modules of which one follows the other: the head of the second, but for
 * what has literals of the first, or closes it.
 */
function headOf(gap: Text, before: RenderedModule | null, after: RenderedModule): Paint[] {
  const start = (before === null ? PRELUDE : CLOSERS).exec(gap.text)![0].length;
  if (gap.text.length - start < SHORTEST_HEAD || gap.text.length - start > after.code.length) return [];
  const [first] = before === null ? [] : locate(gap.text, [before, after]);
  const tail = first?.module === before ? first : undefined;
  const head = tail === undefined ? start : declarations(gap.text).find((at) => at > tail.last);
  if (tail !== undefined && head !== undefined)
    return [
      { start: gap.at, end: byteAt(gap, head), owner: tail.module.owner },
      { start: byteAt(gap, head), end: byteAt(gap, gap.text.length), owner: after.owner },
    ];
  return head === undefined
    ? []
    : [{ start: byteAt(gap, head), end: byteAt(gap, gap.text.length), owner: after.owner }];
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[^]*?\*\/|^[ \t]*\/\/.*$/gm, '').trim();
}

interface PlaceBetween {
  /** What lies between two mapped modules, in bytes, and where the run before it begins. */
  readonly start: number;
  readonly end: number;
  readonly tail: number;
  readonly tailOwner: number;
}

/** By the owners of the runs around; where two modules meet several times, the widest place. */
function placesBetween(ownership: Ownership, opennessOf: (owner: number) => Openness): Map<string, PlaceBetween> {
  const places = new Map<string, PlaceBetween>();
  let before = { owner: -1, start: 0, end: 0 };
  const add = (owner: number, start: number) => {
    const key = `${before.owner} ${owner}`;
    const known = places.get(key);
    if (known === undefined || known.end - known.start < start - before.end)
      places.set(key, { start: before.end, end: start, tail: before.start, tailOwner: before.owner });
  };
  ownership.owners.forEach((owner, i) => {
    if (opennessOf(owner) !== 'module') return;
    const start = i === 0 ? 0 : ownership.ends[i - 1]!;
    add(owner, start);
    before = { owner, start, end: ownership.ends[i]! };
  });
  add(-2, ownership.length);
  return places;
}

/** Text with the byte offset it begins at. */
interface Text {
  readonly text: string;
  readonly at: number;
}

function textOf(buffer: Buffer, start: number, end: number): Text {
  return { text: buffer.toString('utf8', start, end), at: start };
}

function byteAt({ text, at }: Text, offset: number): number {
  return at + Buffer.byteLength(text.slice(0, offset));
}

/** What closes the module before belongs to it. */
const CLOSERS = /^(?:[\s)\]};,]|\/\*[^*]*\*\/)*/;

function placeInGap(gap: Text, members: readonly RenderedModule[]): Paint[] | null {
  const start = CLOSERS.exec(gap.text)![0].length;
  const length = gap.text.length - start;
  if (length === 0) return null;
  const found = locate(gap.text, members);
  const whole = (owner: number): Paint[] => [{ start: byteAt(gap, start), end: byteAt(gap, gap.text.length), owner }];
  const [only, ...others] = found;
  if (only === undefined) {
    // Nothing to hold on to: one candidate, or several parts of one owner, that could be as long as this.
    const [first] = members;
    const one = members.every(({ owner }) => owner === first!.owner);
    const hasAnchors = members.some(({ code }) => anchorsOf(code).length > 1);
    return one && !hasAnchors && fits(length, members) ? whole(first!.owner) : null;
  }
  if (others.length === 0) return fits(length, [only.module]) ? whole(only.module.owner) : null;
  const boundaries = declarations(gap.text);
  const cuts: Paint[] = [];
  let from = start;
  for (const [i, { module, last }] of found.entries()) {
    const next = found[i + 1];
    const cut = next === undefined ? gap.text.length : boundaries.findLast((at) => at > last && at <= next.first);
    if (cut === undefined || !fits(cut - from, [module])) return null;
    cuts.push({ start: byteAt(gap, from), end: byteAt(gap, cut), owner: module.owner });
    from = cut;
  }
  return cuts;
}

/** A minifier that leaves ends unmarked gives such modules to the one before them: they are the end of its run. */
function placeInTail(buffer: Buffer, place: PlaceBetween, members: readonly RenderedModule[]): Paint[] | null {
  if (place.tailOwner < 0) return null;
  const room = members.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0) * ROOM_SHARE + ROOM_BYTES;
  const tail = textOf(buffer, Math.max(place.tail, Math.floor(place.start - room)), place.start);
  const found = locate(tail.text, members).filter(({ anchors }) => anchors >= SURE_ANCHORS);
  if (found.length === 0) return null;
  const boundaries = declarations(tail.text);
  const starts = found.map(({ first }, i) => {
    const after = i === 0 ? 0 : found[i - 1]!.last;
    return boundaries.findLast((at) => at > after && at <= first);
  });
  return found.every(({ module }, i) => {
    const from = starts[i];
    const to = i + 1 < found.length ? starts[i + 1] : tail.text.length;
    return from !== undefined && to !== undefined && fits(to - from, [module]);
  })
    ? found.map(({ module }, i) => ({
        start: byteAt(tail, starts[i]!),
        end: byteAt(tail, i + 1 < found.length ? starts[i + 1]! : tail.text.length),
        owner: module.owner,
        from: place.tailOwner,
      }))
    : null;
}

/** A minifier that moves functions to where they are called changes the order; the literals still say in whose run they are. */
function placeAnywhere(buffer: Buffer, ownership: Ownership, module: RenderedModule): Paint[] {
  const anchors = anchorsOf(module.code);
  if (anchors.length < SURE_ANCHORS) return [];
  const places: number[] = [];
  for (const anchor of anchors) {
    const at = buffer.indexOf(anchor);
    if (at !== -1 && buffer.indexOf(anchor, at + 1) === -1) places.push(at);
  }
  if (places.length < SURE_ANCHORS) return [];
  const first = places.reduce((least, at) => Math.min(least, at));
  const run = ownership.ends.findIndex((end) => end > first);
  const end = ownership.ends[run]!;
  if (places.some((at) => at < first || at >= end)) return [];
  const start = run === 0 ? 0 : ownership.ends[run - 1]!;
  const owner = ownership.owners[run]!;
  return placeInTail(buffer, { start: end, end, tail: start, tailOwner: owner }, [module]) ?? [];
}

/** Minified code is no longer than what it was made from, but for a separator or a renamed thing. */
const ROOM_SHARE = 1.1;
const ROOM_BYTES = 64;
const SURE_ANCHORS = 3;

function fits(length: number, modules: readonly RenderedModule[]): boolean {
  return length <= modules.reduce((sum, { code }) => sum + code.length, 0) * ROOM_SHARE + ROOM_BYTES;
}

interface Located {
  readonly module: RenderedModule;
  /** Offsets of the first and last anchor in the text, and how many there are. */
  readonly first: number;
  readonly last: number;
  readonly anchors: number;
}

/** The modules whose literals stand in the text, in the order of the chunk; empty where that order doesn't hold. */
function locate(text: string, members: readonly RenderedModule[]): Located[] {
  const anchors = members.map(({ code }) => anchorsOf(code));
  const seen = new Map<string, number>();
  for (const list of anchors) for (const anchor of new Set(list)) seen.set(anchor, (seen.get(anchor) ?? 0) + 1);
  const located: Located[] = [];
  members.forEach((module, i) => {
    const places = anchors[i]!.filter((anchor) => seen.get(anchor) === 1)
      .map((anchor) => onlyPlace(text, anchor))
      .filter((at) => at !== -1);
    if (places.length === 0) return;
    located.push({ module, first: Math.min(...places), last: Math.max(...places), anchors: places.length });
  });
  return located.every(({ first }, i) => i === 0 || first > located[i - 1]!.last) ? located : [];
}

/** Offset of what stands in the text exactly once; -1 for anything else. */
function onlyPlace(text: string, anchor: string): number {
  const at = text.indexOf(anchor);
  return at !== -1 && text.indexOf(anchor, at + 1) === -1 ? at : -1;
}

const LITERAL = /"([^"\\\n]*)"|'([^'\\\n]*)'|`([^`\\$]*)`/g;
const SHORTEST_ANCHOR = 6;
const MOST_ANCHORS = 400;

/** Literals that any minifier leaves as they are but for their quotes. */
function anchorsOf(code: string): string[] {
  const anchors = new Set<string>();
  for (const [, a, b, c] of code.matchAll(LITERAL)) {
    const text = a ?? b ?? c ?? '';
    if (text.length >= SHORTEST_ANCHOR && !/["'`\n\\<]/.test(text)) anchors.add(text);
  }
  const all = [...anchors];
  return all.length <= MOST_ANCHORS ? all : [...all.slice(0, MOST_ANCHORS / 2), ...all.slice(-MOST_ANCHORS / 2)];
}

/** A token that hides brackets: a string, a comment, a regular expression after something that a value follows. */
const OPAQUE =
  /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'|`(?:[^`\\]|\\[^])*`|\/\*[^]*?\*\/|(?<=[=(,:[!&|?{};+*%~^<>-])\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/|[()[\]{},;]/g;

/**
 * Offsets at which a declaration or statement can begin, as deep as the text itself lies: behind a semicolon, a closing brace, or
 * the comma before `name=`.
 */
function declarations(text: string): number[] {
  const offsets: number[] = [0];
  let depth = 0;
  for (const match of text.matchAll(OPAQUE)) {
    const [token] = match;
    const behind = match.index + token.length;
    if (token === '(' || token === '[' || token === '{') depth++;
    else if (token === ')' || token === ']' || token === '}') {
      // What closes more than was opened closes what lies before the text.
      depth = Math.max(0, depth - 1);
      if (depth === 0 && token === '}' && /^\s*[\w$]/.test(text.slice(behind, behind + 8))) offsets.push(behind);
    } else if (depth > 0) continue;
    else if (token === ';') offsets.push(behind);
    else if (token === ',' && /^\s*[\w$]+\s*=(?!=)/.test(text.slice(behind, behind + 80))) offsets.push(behind);
  }
  return offsets;
}

/** Lays the paint over the open bytes, and over those of the owner that it was found in. */
function repaint(ownership: Ownership, paint: readonly Paint[], opennessOf: (owner: number) => Openness): Ownership {
  const order = paint.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  if (order.length === 0) return ownership;
  const runs = new OwnershipBuilder();
  let next = 0;
  ownership.owners.forEach((owner, i) => {
    const end = ownership.ends[i]!;
    for (let at = order[next]; at !== undefined && at.start < end; at = order[next]) {
      const may = opennessOf(owner) === 'open' || at.from === owner;
      runs.add(at.start, owner);
      runs.add(Math.min(at.end, end), may ? at.owner : owner);
      if (at.end > end) break;
      next++;
    }
    runs.add(end, owner);
  });
  return runs.finish(ownership.length, ownership.ownerCount);
}
