/**
 * What is read out of the texts of modules: imports, exports, sizes. Reading thousands of sources costs more than all the rest of
 * an analysis without compression, so it is kept: for a map that is unchanged as a whole, else folder by folder.
 */
import { isUtf8 } from 'node:buffer';
import path from 'node:path';

import type { ByteCache, CacheEntry } from '../model/byte-cache.ts';
import { PareError } from '../model/errors.ts';
import { digestOf } from '../measure/digest.ts';
import type { MapEvidence } from '../measure/evidence.ts';
import { moduleIdsOfSources } from '../measure/module-id.ts';
import { scanModule, type ImportStatement, type ModuleSyntax } from '../measure/module-syntax.ts';
import {
  decodeSourceText,
  findSourceTexts,
  readSourceMap,
  type SourceMapView,
  type SourceText,
} from '../measure/source-map.ts';
import type { Disk } from './disk.ts';

export interface ModuleFacts {
  /** UTF-8. */
  readonly bytes: number;
  /** null: not a script. */
  readonly syntax: ModuleSyntax | null;
  /** Relative folders that a `require` with a computed name may lead into. */
  readonly folders: readonly string[];
  /** What a style sheet imports, as written. */
  readonly styles: readonly string[];
}

const SCRIPT = /\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/i;
const STYLE = /\.(?:css|scss|sass|less|pcss|styl)$/i;

type Language = 'script' | 'style' | 'other';

function languageOf(id: string): Language {
  return SCRIPT.test(id) ? 'script' : STYLE.test(id) ? 'style' : 'other';
}

/** Goes up with every change of what is read out of a text. */
const VERSION = '1';

export function factsOf(id: string, source: Buffer): ModuleFacts {
  const language = languageOf(id);
  const isText = isUtf8(source);
  // What is no UTF-8 is read as every reader of text would read it.
  const text = isText ? source : Buffer.from(source.toString());
  return {
    bytes: text.length,
    syntax: language === 'script' ? scanModule(text) : null,
    folders: language === 'script' && text.includes('require(') ? requiredFolders(text.toString()) : [],
    styles: language === 'style' ? styleImports(text.toString()) : [],
  };
}

function requiredFolders(text: string): string[] {
  return [...text.matchAll(/\brequire\(\s*["'`](\.{1,2}\/[^"'`\n$]*)["'`$]/g)].map((match) => match[1]!);
}

/** `@import` at the head of a style sheet. */
function styleImports(text: string): string[] {
  const code = text.replace(/\/\*[^]*?\*\//g, '');
  return [...code.matchAll(/@import\s+(?:url\(\s*)?["']?([^"')\s;]+)/g)].map((match) => match[1]!);
}

/** One map, read once. */
export interface ReadMap {
  /** Of all sections, in their order. */
  readonly sources: readonly (string | null)[];
  /** Of each source; null where the map doesn't carry its text, or it has no name. */
  readonly facts: readonly (ModuleFacts | null)[];
  readonly digest: string | null;
  /** Where the text of the mappings is at hand: a map that was known isn't read. */
  readonly view: SourceMapView | null;
}

/** Files of about half as many bytes wait for an answer of the cache at once. */
const BATCH_BYTES = 1 << 20;
/** Files of one folder that are kept together: fewer entries to ask for, and still little to read again after a change. */
const GROUP = 16;
/** An output below this is read again as quickly as the answer about it. */
const LARGE_BYTES = 64 * 1024;

interface Text {
  readonly id: string;
  /** What the key is made of. */
  readonly raw: Uint8Array;
  readonly json: boolean;
}

export class FactsReader {
  readonly #root: string;
  readonly #disk: Disk;
  readonly #cache: ByteCache | null;
  readonly #memory = Buffer.allocUnsafeSlow(BATCH_BYTES);

  constructor(root: string, disk: Disk, cache: ByteCache | null) {
    this.#root = root;
    this.#disk = disk;
    this.#cache = cache;
  }

  /** @throws PareError what `readSourceMap` throws; SyntaxError where the map or a text in it is no JSON */
  async ofMap(bytes: Uint8Array, map: Pick<MapEvidence, 'file' | 'base'>): Promise<ReadMap> {
    if (this.#cache === null) return { ...(await this.#readMap(bytes, map)), digest: null };
    const digest = digestOf(bytes);
    const base = path.relative(this.#root, map.base);
    const entry: CacheEntry = { kind: 'facts', of: [`map ${VERSION}`, digest, base] };
    const kept = parsed<{ sources: (string | null)[]; facts: (ModuleFacts | null)[] }>(await this.#cache.get(entry));
    if (kept !== null) return { ...kept, digest, view: null };
    const start = performance.now();
    const read = await this.#readMap(bytes, map);
    const { sources, facts } = read;
    await this.#cache.put(entry, Buffer.from(JSON.stringify({ sources, facts })), performance.now() - start);
    return { ...read, digest };
  }

  async #readMap(bytes: Uint8Array, map: Pick<MapEvidence, 'file' | 'base'>): Promise<Omit<ReadMap, 'digest'>> {
    const view = readSourceMap(bytes, map.file);
    const sources = view.sections.flatMap((section) => section.sources);
    const facts: (ModuleFacts | null)[] = sources.map(() => null);
    const found = findSourceTexts(bytes);
    const texts: Text[] = [];
    const places: number[] = [];
    moduleIdsOfSources(this.#root, map.base, sources).forEach((id, i) => {
      const text: SourceText | null = found[i] ?? null;
      if (id === null || text === null) return;
      texts.push({ id, ...text });
      places.push(i);
    });
    (await this.#ofTexts(texts)).forEach((each, i) => (facts[places[i]!] = each));
    return { sources, facts, view };
  }

  /** Of modules as they lie on disk; null for those that are not there. */
  async ofFiles(ids: readonly string[]): Promise<Map<string, ModuleFacts>> {
    const facts = new Map<string, ModuleFacts>();
    let texts: Text[] = [];
    let used = 0;
    const flush = async () => {
      const read = await this.#ofTexts(texts);
      texts.forEach(({ id }, i) => facts.set(id, read[i]!));
      texts = [];
      used = 0;
    };
    for (const id of ids) {
      if (id.startsWith('virtual:')) continue;
      const file = path.resolve(this.#root, id);
      if (used > BATCH_BYTES / 2) await flush();
      const length = this.#disk.readInto(file, this.#memory, used);
      const raw = length === null ? this.#disk.tryReadFile(file) : this.#memory.subarray(used, used + length);
      if (raw === null) continue;
      texts.push({ id, raw, json: false });
      used += length ?? 0;
    }
    await flush();
    return facts;
  }

  /** The statements of an output, which may be megabytes of one line. */
  async importsOfOutput(contents: Uint8Array): Promise<readonly ImportStatement[]> {
    const asked = contents.length >= LARGE_BYTES ? this.#cache : null;
    if (asked === null) return scanModule(contents).imports;
    const entry: CacheEntry = { kind: 'facts', of: [`output ${VERSION}`, contents] };
    const kept = parsed<ImportStatement[]>(await asked.get(entry));
    if (kept !== null) return kept;
    const start = performance.now();
    const { imports } = scanModule(contents);
    await asked.put(entry, Buffer.from(JSON.stringify(imports)), performance.now() - start);
    return imports;
  }

  /** In the order of the texts. */
  async #ofTexts(texts: readonly Text[]): Promise<ModuleFacts[]> {
    if (this.#cache === null) return texts.map(read);
    const facts = Array.from<ModuleFacts>({ length: texts.length });
    const groups = grouped(texts);
    const entries = groups.map((group) => keyOf(group.map((i) => texts[i]!)));
    const kept = await this.#cache.getMany(entries);
    for (const [at, group] of groups.entries()) {
      let read_ = parsed<ModuleFacts[]>(kept[at] ?? null);
      if (read_?.length !== group.length) {
        const start = performance.now();
        read_ = group.map((i) => read(texts[i]!));
        await this.#cache.put(entries[at]!, Buffer.from(JSON.stringify(read_)), performance.now() - start);
      }
      group.forEach((i, k) => (facts[i] = read_![k]!));
    }
    return facts;
  }
}

function read({ id, raw, json }: Text): ModuleFacts {
  return factsOf(id, decodeSourceText({ raw, json }));
}

function keyOf(texts: readonly Text[]): CacheEntry {
  const parts = texts.flatMap(({ id, raw, json }) => [`${languageOf(id)} ${json}`, raw]);
  return { kind: 'facts', of: [`texts ${VERSION}`, ...parts] };
}

/** Places of texts, folder by folder, some of each together. */
function grouped(texts: readonly Text[]): number[][] {
  const open = new Map<string, number[]>();
  const groups: number[][] = [];
  texts.forEach(({ id }, i) => {
    const folder = path.posix.dirname(id);
    let group = open.get(folder);
    if (group === undefined || group.length === GROUP) {
      groups.push((group = []));
      open.set(folder, group);
    }
    group.push(i);
  });
  return groups;
}

/** A value that can't be read is none. */
function parsed<T>(bytes: Uint8Array | null): T | null {
  if (bytes === null) return null;
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as T;
  } catch {
    return null;
  }
}

/** Whether a map that can't be used is the reason. */
export function isMapTrouble(error: unknown): boolean {
  return error instanceof PareError || error instanceof SyntaxError;
}
