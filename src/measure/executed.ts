/** Coverage of the scripts of a page, laid over whose each byte of the output is. */
import type { Diagnostic, ModuleIndex } from '../model/build.ts';
import { PareError } from '../model/errors.ts';
import type { OwnedOutput } from './assemble.ts';
import { unionOfRanges, type ScriptCoverage, type TextRange } from './coverage.ts';
import type { Ownership } from './ownership.ts';

/** What ran since the point before (V8 resets its counters when they are taken) or from the start: both are read alike. */
export interface CoveragePoint {
  /** In words: `load`, `interaction`. */
  readonly name: string;
  readonly scripts: readonly ScriptCoverage[];
}

export interface ExecutedPart {
  /** Raw bytes in the outputs that V8 had compiled by then; prefetched files that nothing asked for are not among them. */
  readonly loaded: number;
  /** Of these, the bytes that had run by then; the others were loaded and not run. */
  readonly executed: number;
}

/** All that was loaded and had run by one point in time. */
export interface ExecutedBytes {
  readonly point: string;
  /** Heaviest unused first. */
  readonly modules: readonly (ExecutedPart & { readonly module: ModuleIndex })[];
  /** Whole files, with what no module owns; in the order of the outputs. */
  readonly outputs: readonly (ExecutedPart & { readonly file: string })[];
}

export interface ExecutedResult {
  /** As the points were given; each holds what the earlier ones hold. */
  readonly points: readonly ExecutedBytes[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Which bytes of each output had run at each of the points, by module. Scripts are joined to outputs by the path at the end of
 * their URL. Linear in runs, ranges and bytes.
 * @throws PareError `coverage-no-match` where not one script is an output of this build
 */
export function executedBytes(outputs: readonly OwnedOutput[], points: readonly CoveragePoint[]): ExecutedResult {
  const diagnostics = new Map<string, Diagnostic>();
  const byFile = new Map(outputs.map((output) => [output.file, output]));
  const texts = new Map<string, UnitOffsets>();
  const ran = new Map<string, readonly TextRange[]>();
  const unmatched: string[] = [];
  const result = points.map(({ name, scripts }): ExecutedBytes => {
    const now = new Map<string, (readonly TextRange[])[]>();
    for (const script of scripts) {
      const output = outputOf(script, byFile);
      if (output === undefined) {
        unmatched.push(script.url);
        continue;
      }
      let offsets = texts.get(output.file);
      if (offsets === undefined) texts.set(output.file, (offsets = new UnitOffsets(output.contents)));
      if (!offsets.fits(script)) {
        diagnostics.set(output.file, anotherFile(output.file, script.url));
        continue;
      }
      const lists = now.get(output.file);
      if (lists === undefined) now.set(output.file, [script.ran]);
      else lists.push(script.ran);
    }
    for (const [file, lists] of now) ran.set(file, unionOfRanges([...lists, ran.get(file) ?? []]));
    return sumUp(name, outputs, ran, texts);
  });
  if (ran.size === 0 && diagnostics.size === 0) throw noMatch(unmatched);
  return { points: result, diagnostics: [...diagnostics.values()] };
}

function sumUp(
  point: string,
  outputs: readonly OwnedOutput[],
  ran: ReadonlyMap<string, readonly TextRange[]>,
  texts: ReadonlyMap<string, UnitOffsets>,
): ExecutedBytes {
  const modules = new Map<ModuleIndex, { loaded: number; executed: number }>();
  const files: (ExecutedPart & { readonly file: string })[] = [];
  for (const { file, contents, ownership, holders } of outputs) {
    const ranges = ran.get(file);
    if (ranges === undefined) continue;
    const bytes = texts.get(file)!.toBytes(ranges);
    files.push({
      file,
      loaded: contents.length,
      executed: bytes.reduce((sum, { start, end }) => sum + end - start, 0),
    });
    const { loaded, executed } = byOwner(ownership, bytes);
    holders.forEach((holder, owner) => {
      if (!('module' in holder) || loaded[owner] === 0) return;
      const sum = modules.get(holder.module);
      if (sum === undefined) modules.set(holder.module, { loaded: loaded[owner]!, executed: executed[owner]! });
      else {
        sum.loaded += loaded[owner]!;
        sum.executed += executed[owner]!;
      }
    });
  }
  const sorted = [...modules]
    .map(([module, sum]) => ({ module, ...sum }))
    .sort((a, b) => b.loaded - b.executed - (a.loaded - a.executed) || a.module - b.module);
  return { point, modules: sorted, outputs: files };
}

/** One walk over runs and ranges side by side. */
function byOwner(
  { ends, owners, ownerCount }: Ownership,
  ranges: readonly TextRange[],
): { loaded: Float64Array; executed: Float64Array } {
  const loaded = new Float64Array(ownerCount);
  const executed = new Float64Array(ownerCount);
  let start = 0;
  let next = 0;
  for (let run = 0; run < ends.length; run++) {
    const end = ends[run]!;
    const owner = owners[run]!;
    loaded[owner]! += end - start;
    for (let range = ranges[next]; range !== undefined && range.start < end; range = ranges[next]) {
      executed[owner]! += Math.max(0, Math.min(end, range.end) - Math.max(start, range.start));
      if (range.end > end) break;
      next++;
    }
    start = end;
  }
  return { loaded, executed };
}

/** From offsets in a script's text, in UTF-16 units, to offsets in its file. */
class UnitOffsets {
  readonly #contents: Uint8Array;
  /** A byte order mark is no part of the text. */
  readonly #start: number;
  readonly #units: number;
  #text: string | null = null;

  constructor(contents: Uint8Array) {
    this.#contents = contents;
    this.#start = contents[0] === 0xef && contents[1] === 0xbb && contents[2] === 0xbf ? 3 : 0;
    let units = 0;
    for (let at = this.#start; at < contents.length; at++) units += unitsOf(contents[at]!);
    this.#units = units;
  }

  /** Whether the script can be this file: by its text, or by its length where the text is not known. */
  fits({ text, lastEnd }: ScriptCoverage): boolean {
    if (lastEnd > this.#units) return false;
    if (text === null) return true;
    this.#text ??= new TextDecoder().decode(this.#contents);
    return text === this.#text || text === `\uFEFF${this.#text}`;
  }

  /** @param ranges ascending and disjoint, as the result */
  toBytes(ranges: readonly TextRange[]): TextRange[] {
    const contents = this.#contents;
    let at = this.#start;
    let units = 0;
    const isAscii = this.#units === contents.length - this.#start;
    const byteOf = (offset: number): number => {
      if (isAscii) return this.#start + offset;
      while (units < offset && at < contents.length) {
        units += unitsOf(contents[at]!);
        at++;
        while (at < contents.length && unitsOf(contents[at]!) === 0) at++;
      }
      return at;
    };
    return ranges.map(({ start, end }) => ({ start: byteOf(start), end: byteOf(end) }));
  }
}

/** UTF-16 units of the character that a byte of UTF-8 begins; 0 for a byte within one. */
function unitsOf(byte: number): number {
  if ((byte & 0xc0) === 0x80) return 0;
  return byte >= 0xf0 ? 2 : 1;
}

/** The output whose path is the longest end of the script's path. */
function outputOf({ url, text }: ScriptCoverage, byFile: ReadonlyMap<string, OwnedOutput>): OwnedOutput | undefined {
  let path = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*\/?([^?#]*)/i.exec(url)?.[1] ?? url.replace(/^\/|[?#].*$/gs, '');
  try {
    path = decodeURIComponent(path);
  } catch {
    // A path with a bare percent sign stands for itself.
  }
  // Offsets of a script within a page count from its own begin, not from the page's.
  if (text === null && /\.html?$/i.test(path)) return undefined;
  for (let at = 0; ;) {
    const output = byFile.get(path.slice(at));
    if (output !== undefined) return output;
    const slash = path.indexOf('/', at);
    if (slash === -1) return undefined;
    at = slash + 1;
  }
}

function anotherFile(file: string, url: string): Diagnostic {
  return {
    code: 'coverage-of-another-file',
    file,
    message: `The coverage of ${url} is not of this ${file}: the text differs`,
    hint: 'Take the coverage from exactly the files that are analyzed; serve them without changing them on the way.',
  };
}

function noMatch(urls: readonly string[]): PareError {
  const seen = [...new Set(urls)].slice(0, 3).join(', ');
  return new PareError(
    'coverage-no-match',
    urls.length === 0
      ? 'The coverage has no script with a URL'
      : `No script of the coverage is an output of this build (it has ${seen})`,
    {
      hint: 'Take the coverage from a page that loads this very build: file names with a hash change with every build.',
    },
  );
}
