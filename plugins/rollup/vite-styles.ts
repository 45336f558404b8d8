/**
 * Whose the bytes of Vite's style sheets are. Vite makes no source maps for them, so the way it makes a sheet is gone once more:
 * the processed text of the chunk's style modules, joined, and minified by the same minifier with the same settings, this time
 * with a map. Only where the result equals the sheet that Vite wrote, byte for byte, does the map say anything.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping';

import type { RunningVite } from './running-vite.ts';

/** The part of Vite's resolved config that is read here. */
export interface ViteStyleConfig {
  readonly root: string;
  readonly build?: {
    readonly cssMinify?: unknown;
    readonly cssTarget?: unknown;
    readonly cssCodeSplit?: unknown;
  };
  readonly css?: { readonly lightningcss?: Readonly<Record<string, unknown>> };
  readonly esbuild?: unknown;
}

export interface StyleRun {
  /** As the bundler names it. */
  readonly id: string;
  /** UTF-8 bytes. */
  readonly bytes: number;
}

/** What Vite takes for a style sheet. */
export const STYLE_MODULE = /\.(?:css|less|sass|scss|styl|stylus|pcss|postcss|sss)(?:$|\?)/;

/** Served as text or by URL: no part of a chunk's sheet. */
const NO_PART = /[?&](?:inline|raw|url|transform-only|worker|sharedworker)\b|\?commonjs-proxy/;

/** The style modules of a build and of its chunks, kept as the build goes by. */
export class ViteStyles {
  readonly #texts = new Map<string, string>();
  #chunks = new Map<string, readonly string[]>();

  get empty(): boolean {
    return this.#chunks.size === 0;
  }

  /** Text of a style module, processed and not yet minified. Kept over rebuilds: an unchanged module is not transformed again. */
  keep(id: string, text: string): void {
    if (!NO_PART.test(id)) this.#texts.set(id, text.replace(/^\uFEFF/, ''));
  }

  /** A chunk is about to be named; those of nothing but styles are gone when the bundle is complete. */
  chunk(name: string, moduleIds: readonly string[]): void {
    const styles = moduleIds.filter((id) => this.#texts.has(id));
    if (styles.length > 0) this.#chunks.set(name, styles);
  }

  /** Forgets the chunks of the output before. */
  begin(): void {
    this.#chunks = new Map();
  }

  /**
   * The owners of the bytes of each sheet that could be made again, by its text.
   *
   * @param vite its minifier is loaded from where it is; null: not known, the project's is taken
   */
  async sheets(
    config: ViteStyleConfig,
    vite: RunningVite | null,
  ): Promise<(sheet: string) => readonly StyleRun[] | null> {
    const lists = [...this.#chunks.values()];
    if (lists.length > 1) lists.push([...new Set(lists.flat())]);
    const made = await Promise.all(lists.map((ids) => this.#make(ids, config, vite).catch(() => null)));
    return (sheet) => {
      for (const each of made) {
        const runs = each === null ? null : align(each, sheet);
        if (runs !== null) return runs;
      }
      return null;
    };
  }

  async #make(ids: readonly string[], config: ViteStyleConfig, vite: RunningVite | null): Promise<Made> {
    const texts = ids.map((id) => this.#texts.get(id)!);
    const joined = texts.join('');
    const minifier = config.build?.cssMinify;
    if (minifier === false) return { code: joined, marks: startsOf(ids, texts) };
    const { code, map } = await minify(joined, minifier, config, vite);
    return { code, marks: marksOf(code, map, ids, texts) };
  }
}

/** A sheet made again: from offset `at` of the code on (UTF-16), the bytes are `id`'s. */
interface Made {
  readonly code: string;
  readonly marks: readonly { readonly at: number; readonly id: string }[];
}

function startsOf(ids: readonly string[], texts: readonly string[]): Made['marks'] {
  let at = 0;
  return ids.map((id, i) => {
    const mark = { at, id };
    at += texts[i]!.length;
    return mark;
  });
}

/** The minifier's map leads to a line and column of the joined text, and so to the module whose text lies there. */
function marksOf(code: string, map: string, ids: readonly string[], texts: readonly string[]): Made['marks'] {
  const joined = texts.join('');
  const sourceLines = lineStarts(joined);
  const codeLines = lineStarts(code);
  const starts = startsOf(ids, texts).filter((_, i) => texts[i] !== '');
  const marks: { at: number; id: string }[] = [];
  let before = 0;
  decodedMappings(new TraceMap(map)).forEach((segments, line) => {
    for (const segment of segments) {
      const lineStart = codeLines[line];
      if (segment.length === 1 || lineStart === undefined) continue;
      const at = lineStart + segment[0];
      const offset = (sourceLines[segment[2]] ?? 0) + segment[3];
      // esbuild says so of a declaration that it made out of others; it goes with what is around it.
      if (offset === 0 && at > 0) continue;
      const { id } = starts.findLast((start) => start.at <= offset) ?? starts[0]!;
      if (marks.length === 0) marks.push({ at: 0, id });
      else if (marks.at(-1)!.id !== id) {
        // Some minifiers mark declarations and no selectors: the rule begins behind the one before it.
        const brace = code.lastIndexOf('}', at - 1);
        marks.push({ at: brace >= before ? brace + 1 : at, id });
      }
      before = at;
    }
  });
  return marks.length === 0 ? starts.slice(0, 1) : marks;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Stands for a URL that is known only when all files are named. */
const URL_MARK = /__VITE_(?:ASSET__[\w$]+?__(?:\$_.*?__)?|ASSET_PUBLIC__[a-z\d]{8}__)/;

/**
 * Sets the sheet beside the one made again: the same text but for the URLs, which are as long as they turned out. null: it is
 * another text.
 */
function align({ code, marks }: Made, sheet: string): StyleRun[] | null {
  const wanted = sheet.trimEnd();
  const pieces = code.trimEnd().split(new RegExp(URL_MARK, 'g'));
  const lengths = [...code.matchAll(new RegExp(URL_MARK, 'g'))].map(([mark]) => mark.length);
  if (marks.length === 0 || !wanted.startsWith(pieces[0]!)) return null;
  /** By how much what begins at an offset of the code lies further on in the sheet. */
  const shifts: { from: number; by: number }[] = [{ from: 0, by: 0 }];
  let made = pieces[0]!.length;
  let found = made;
  for (let i = 1; i < pieces.length; i++) {
    made += lengths[i - 1]!;
    const last = i === pieces.length - 1;
    const at = last ? wanted.length - pieces[i]!.length : wanted.indexOf(pieces[i]!, found);
    if (at < found || !wanted.startsWith(pieces[i]!, at)) return null;
    shifts.push({ from: made, by: at - made });
    made += pieces[i]!.length;
    found = at + pieces[i]!.length;
  }
  if (found !== wanted.length) return null;
  const place = (at: number) => at + shifts.findLast(({ from }) => from <= at)!.by;
  return marks.map(({ at, id }, i) => {
    const end = i + 1 < marks.length ? place(marks[i + 1]!.at) : sheet.length;
    return { id, bytes: Buffer.byteLength(sheet.slice(place(at), end)) };
  });
}

async function minify(
  css: string,
  minifier: unknown,
  config: ViteStyleConfig,
  vite: RunningVite | null,
): Promise<{ code: string; map: string }> {
  const load = createRequire(vite?.file ?? path.join(config.root, 'package.json'));
  // Without a choice of the user's, Vite 8 takes lightningcss, and the ones before it esbuild.
  const byEsbuild = minifier === 'esbuild' || (minifier === true && Number.parseInt(vite?.version ?? '8', 10) < 8);
  const target = config.build?.cssTarget;
  if (byEsbuild) {
    const esbuild = load('esbuild') as typeof import('esbuild');
    const { charset = 'utf8' } = (config.esbuild || {}) as { charset?: 'ascii' | 'utf8' };
    const targets = target === false || target === undefined ? {} : { target: target as string | string[] };
    return esbuild.transform(css, {
      loader: 'css',
      minify: true,
      charset,
      sourcemap: 'external',
      ...targets,
      logLevel: 'silent',
    });
  }
  const lightningcss = load('lightningcss') as LightningCss;
  const { code, map } = lightningcss.transform({
    ...config.css?.lightningcss,
    targets: browserVersions(target),
    filename: 'style.css',
    code: Buffer.from(css),
    minify: true,
    sourceMap: true,
    cssModules: undefined,
    visitor: undefined,
    customAtRules: undefined,
  });
  return { code: Buffer.from(code).toString(), map: Buffer.from(map).toString() };
}

interface LightningCss {
  transform(options: Readonly<Record<string, unknown>>): { readonly code: Uint8Array; readonly map: Uint8Array };
}

/** Names of browsers in lightningcss, by their names in a target. */
const BROWSERS = new Map(
  Object.entries({
    chrome: 'chrome',
    edge: 'edge',
    firefox: 'firefox',
    ie: 'ie',
    ios: 'ios_saf',
    opera: 'opera',
    safari: 'safari',
  }),
);

/** The browsers that Vite takes for a year of the language. */
const BROWSERS_OF_YEAR: Readonly<Record<string, string>> = {
  es2015: 'chrome49 edge13 safari10 ios10 firefox44 opera36',
  es2016: 'chrome50 edge13 safari10 ios10 firefox43 opera37',
  es2017: 'chrome58 edge15 safari11 ios11 firefox52 opera45',
  es2018: 'chrome63 edge79 safari12 ios12 firefox58 opera50',
  es2019: 'chrome73 edge79 safari12.1 ios12.1 firefox64 opera60',
  es2020: 'chrome80 edge80 safari14.1 ios14.5 firefox80 opera67',
  es2021: 'chrome85 edge85 safari14.1 ios14.5 firefox80 opera71',
  es2022: 'chrome94 edge94 safari16.4 ios16.4 firefox93 opera80',
  es2023: 'chrome110 edge110 safari16.4 ios16.4 firefox146 opera96',
  es2024: 'chrome119 edge119 safari17.4 ios17.4 firefox145 opera105',
};

/** `chrome111` as lightningcss counts versions: major, minor and patch in a byte each. */
function browserVersions(target: unknown): Record<string, number> | undefined {
  const versions: Record<string, number> = {};
  const named = (Array.isArray(target) ? target : [target]).flatMap((each) =>
    (BROWSERS_OF_YEAR[String(each).replace('es6', 'es2015')] ?? String(each)).split(' '),
  );
  for (const each of named) {
    const match = /^([a-z]+)(\d+)(?:\.(\d+))?/.exec(each);
    const browser = match === null ? undefined : BROWSERS.get(match[1]!);
    if (match === null || browser === undefined) continue;
    const version = (Number(match[2]) << 16) | (Number(match[3] ?? 0) << 8);
    if (versions[browser] === undefined || version < versions[browser]) versions[browser] = version;
  }
  return Object.keys(versions).length > 0 ? versions : undefined;
}
