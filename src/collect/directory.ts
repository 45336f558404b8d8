/**
 * Evidence from finished output alone: a folder that any bundler wrote, with its source maps. The graph is read from the sources
 * that the maps carry (or that still lie on disk), the entries from the HTML pages.
 */
import type { Stats } from 'node:fs';
import path from 'node:path';

import type { Diagnostic, OutputImport, OutputKind } from '../model/build.ts';
import type { ByteCache } from '../model/byte-cache.ts';
import { PareError } from '../model/errors.ts';
import { formatOf, isRuntimeModule, moduleIdsOfSources, packageOf, toPosix } from '../measure/module-id.ts';
import { sourceMapComment } from '../measure/comments.ts';
import { digestOf } from '../measure/digest.ts';
import type { BuildEvidence, MapEvidence, MapReading, OutputEvidence } from '../measure/evidence.ts';
import type { ResolvedImport } from '../measure/link.ts';
import type { ImportStatement, ModuleSyntax } from '../measure/module-syntax.ts';
import { readSourceMap, type SourceMapView } from '../measure/source-map.ts';
import { composedSources } from './composed-maps.ts';
import { Disk, type Lent } from './disk.ts';
import { FactsReader, isMapTrouble, type ModuleFacts } from './module-facts.ts';
import { PackageFiles } from './package-files.ts';
import { Resolver } from './resolve.ts';
import { linkSources, type ResolvedModule } from './sources.ts';
import type { WebpackStats } from './webpack-stats.ts';

/**
 * @param folder absolute path of the output
 * @param stats what webpack says of the same build; null: nothing
 * @param cache keeps what was read out of maps and sources
 * @param beforeMaps what takes memory of its own is best done before the maps do
 * @throws PareError `unreadable`, `no-output`
 */
export async function directoryEvidence(
  folder: string,
  root: string,
  stats: WebpackStats | null,
  disk = new Disk(),
  cache: ByteCache | null = null,
  beforeMaps: (outputs: readonly ReadFile[]) => Promise<void> = () => Promise.resolve(),
): Promise<BuildEvidence> {
  const diagnostics: Diagnostic[] = [];
  const facts = new FactsReader(root, disk, cache);
  const files: ReadFile[] = [];
  for (const { name, full } of listFiles(folder, diagnostics, disk)) {
    if (SKIPPED.test(name)) continue;
    const contents = readContents(full, name, diagnostics, disk);
    if (contents !== null && !isOwnReport(name, contents)) files.push({ file: name, full, contents });
  }
  await beforeMaps(files);
  const outputs: ReadOutput[] = [];
  for (const { file, full, contents } of files)
    outputs.push(await readOutput(file, full, contents, diagnostics, disk, facts));
  if (!outputs.some(({ kind }) => kind !== 'asset')) {
    throw new PareError('no-output', `There is no JavaScript and no CSS in ${folder}`, {
      hint: 'Name the folder that the bundler writes to, after a build.',
    });
  }
  const linked = await withImports(outputs, stats, facts);
  const packages = new PackageFiles(root, disk);
  const { modules, edges, standing } = await graphOf(root, outputs, packages, diagnostics, disk, facts);
  const entered = withEntryModules(root, linked, edges);
  const composed = () => standing;
  const graph = () => ({ modules, edges });
  const moduleIds = modules.map(({ id }) => id);
  return { root, bundler: stats?.bundler ?? null, moduleIds, graph, outputs: entered, diagnostics, packages, composed };
}

export interface ReadFile {
  /** Relative to the folder, POSIX. */
  readonly file: string;
  readonly full: string;
  readonly contents: Uint8Array;
}

/** Maps and precompressed copies are no outputs of their own. */
const SKIPPED = /\.(?:map|br|gz|zst|dcb|dcz)$|^pare-compress\.json$|(?:^|\/)\.pare-compress[^/]*$/i;

/** A report of ours that was written into the output folder is no part of the product. */
function isOwnReport(name: string, contents: Uint8Array): boolean {
  return (
    /\.html$/i.test(name) &&
    Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength).includes('id="pare-report"')
  );
}

interface FoundFile {
  /** Relative to the folder, POSIX. */
  readonly name: string;
  readonly full: string;
}

/** All files below a folder, sorted; each real folder is entered once, so that a symbolic link in a circle ends. */
function listFiles(folder: string, diagnostics: Diagnostic[], disk: Disk): FoundFile[] {
  const found: FoundFile[] = [];
  const entered = new Set<string>();
  const enter = (current: string, prefix: string) => {
    let entries;
    try {
      const real = disk.realPath(current);
      if (entered.has(real)) {
        diagnostics.push({
          code: 'folder-circle',
          file: prefix,
          message: `${prefix} leads back to a folder that was read already`,
          hint: null,
        });
        return;
      }
      entered.add(real);
      entries = disk.list(current);
    } catch (cause) {
      if (prefix === '' && (cause as NodeJS.ErrnoException).code === 'ENOENT')
        throw new PareError('not-found', `The output folder ${current} is not there`, {
          hint: 'Build again, or name the folder where the files lie now.',
          cause,
        });
      if (prefix === '')
        throw new PareError('unreadable', `${current} can't be read: ${(cause as Error).message}`, { cause });
      diagnostics.push({
        code: 'folder-unreadable',
        file: prefix,
        message: `${prefix} can't be read: ${(cause as Error).message}`,
        hint: 'Its files are missing in this report.',
      });
      return;
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name === 'node_modules' || entry.name === '.git') continue;
      const full = path.join(current, entry.name);
      const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      const kind = entry.isSymbolicLink() ? linkTarget(full, name, diagnostics, disk) : entry;
      if (kind?.isDirectory() === true) enter(full, name);
      else if (kind?.isFile() === true) found.push({ name, full });
    }
  };
  enter(folder, '');
  return found;
}

/** undefined: the link leads nowhere. */
function linkTarget(full: string, name: string, diagnostics: Diagnostic[], disk: Disk): Stats | undefined {
  try {
    return disk.stat(full);
  } catch (cause) {
    diagnostics.push({
      code: 'file-unreadable',
      file: name,
      message: `${name} is a symbolic link that can't be followed: ${(cause as Error).message}`,
      hint: 'It is missing in this report.',
    });
    return undefined;
  }
}

function readContents(full: string, name: string, diagnostics: Diagnostic[], disk: Disk): Uint8Array | null {
  try {
    return disk.readFile(full);
  } catch (cause) {
    diagnostics.push({
      code: 'file-unreadable',
      file: name,
      message: `${name} can't be read: ${(cause as Error).message}`,
      hint: 'It is missing in this report.',
    });
    return null;
  }
}

interface ReadOutput extends OutputEvidence {
  /** Of the sources that the map names; null where there is no map, or it can't be used. */
  readonly facts: readonly (ModuleFacts | null)[] | null;
}

async function readOutput(
  name: string,
  full: string,
  contents: Uint8Array,
  diagnostics: Diagnostic[],
  disk: Disk,
  facts: FactsReader,
): Promise<ReadOutput> {
  const kind: OutputKind = /\.[cm]?js$/i.test(name) ? 'chunk' : /\.css$/i.test(name) ? 'css' : 'asset';
  if (kind !== 'asset' && contents.length === 0)
    diagnostics.push({
      code: 'output-empty',
      file: name,
      message: `${name} is empty`,
      hint: 'A build that was stopped leaves such files. Build again.',
    });
  const output = { file: name, kind, entry: false, entryModule: null, imports: [], contents, witness: null };
  const found = kind === 'asset' ? null : findMap(name, full, contents, diagnostics, disk);
  if (found === null) return { ...output, map: null, facts: null };
  try {
    const read = await facts.ofMap(found.bytes, found);
    const view = read.view === null ? null : apart(read.view);
    const reading: MapReading = {
      digest: read.digest,
      sources: read.sources,
      view: () => view ?? viewAgain(found, read.digest),
    };
    return { ...output, map: new MapOnDisk(found, reading), facts: read.facts };
  } catch (error) {
    // The attribution meets the same map and reports it with its name.
    if (!isMapTrouble(error)) throw error;
    return { ...output, map: new MapOnDisk(found), facts: null };
  } finally {
    found.release();
  }
}

/** A map whose bytes are read again by who asks for them: those of all outputs together are many. */
class MapOnDisk implements MapEvidence {
  readonly file: string;
  readonly base: string;
  readonly reading: MapReading | undefined;
  readonly #again: () => Uint8Array;

  constructor({ file, base, again }: FoundMap, reading?: MapReading) {
    this.file = file;
    this.base = base;
    this.reading = reading;
    this.#again = again;
  }

  get bytes(): Uint8Array {
    return this.#again();
  }
}

/** With mappings of its own: those that are read where they stand hold all the map's bytes in memory. */
function apart({ sections }: SourceMapView): SourceMapView {
  return { sections: sections.map((section) => ({ ...section, mappings: Buffer.from(section.mappings) })) };
}

/** @throws PareError where the map was changed since it was read */
function viewAgain({ file, again }: FoundMap, digest: string | null): SourceMapView {
  const bytes = again();
  if (digest !== null && digestOf(bytes) !== digest)
    throw new PareError('map-changed', `${file} was changed while it was read`, {
      hint: 'Let the build end before the analysis begins.',
    });
  return readSourceMap(bytes, file);
}

function tryLend(file: string, disk: Disk): Lent | null {
  try {
    return disk.readIntoScratch(file);
  } catch {
    return null;
  }
}

interface FoundMap extends Lent {
  readonly file: string;
  readonly base: string;
  /** The bytes once more. */
  readonly again: () => Uint8Array;
}

/** The map that the file's last comment names, within the file or beside it; without a comment the one that is named after it. */
function findMap(
  name: string,
  full: string,
  contents: Uint8Array,
  diagnostics: Diagnostic[],
  disk: Disk,
): FoundMap | null {
  const url = sourceMapComment(contents)?.url ?? null;
  const inline = url === null ? null : /^data:[^,]*?(;base64)?,(.*)$/s.exec(url);
  if (inline) {
    const text = inline[2]!;
    const again = () => (inline[1] === undefined ? Buffer.from(safeDecode(text)) : Buffer.from(text, 'base64'));
    return {
      bytes: again(),
      release: () => undefined,
      file: `${name} (its inline map)`,
      base: path.dirname(full),
      again,
    };
  }
  const named =
    url === null || /^https?:/i.test(url)
      ? null
      : path.resolve(path.dirname(full), safeDecode(url.replace(/[?#].*$/, '')));
  for (const file of new Set([named ?? `${full}.map`, `${full}.map`])) {
    const lent = tryLend(file, disk);
    if (lent === null) continue;
    const shown = toPosix(path.join(path.dirname(name), path.relative(path.dirname(full), file)));
    return { ...lent, file: shown, base: path.dirname(file), again: () => disk.readFile(file) };
  }
  if (url !== null) {
    diagnostics.push({
      code: 'map-missing',
      file: name,
      message: `${name} names the source map ${url.slice(0, 200)}, which is not there`,
      hint: 'Keep the .map files beside the files until the analysis is done.',
    });
  }
  return null;
}

/** Which outputs load which, and where pages start. */
async function withImports(
  outputs: readonly OutputEvidence[],
  stats: WebpackStats | null,
  reader: FactsReader,
): Promise<OutputEvidence[]> {
  const files = new Set(outputs.map(({ file }) => file));
  const linked: OutputEvidence[] = [];
  for (const output of outputs) {
    if (output.kind !== 'chunk') linked.push(output);
    else
      linked.push({ ...output, imports: importsOf(output.file, await reader.importsOfOutput(output.contents), files) });
  }
  const pages = outputs.filter(({ file }) => /\.html?$/i.test(file));
  const started = new Set([
    ...pages.flatMap((page) => startsOf(page, files)),
    ...(stats?.entries ?? []).filter((file) => files.has(file)),
  ]);
  const first = started.size > 0 ? started : chunksThatStart(linked);
  const isEntry = ({ file, kind }: OutputEvidence) =>
    kind !== 'asset' && first.has(file) && (started.size > 0 || !(stats?.asyncFiles.has(file) ?? false));
  return linked.map((output) => ({
    ...output,
    entry: isEntry(output),
    imports: [...output.imports, ...(stats?.imports(output.file) ?? [])],
  }));
}

/**
 * Where neither a page nor the bundler says it: the chunks that no other asks for. A lazy chunk may import its entry (for what
 * they share), so what only such chunks ask for starts too, if it is what makes them reachable. webpack's chunks without its
 * runtime don't start by themselves.
 */
function chunksThatStart(outputs: readonly OutputEvidence[]): ReadonlySet<string> {
  const chunks = outputs.filter((output) => output.kind === 'chunk' && !WEBPACK_CHUNK.test(headOf(output.contents)));
  const importers = new Map(chunks.map(({ file }) => [file, [] as { from: string; kind: OutputImport['kind'] }[]]));
  for (const { file: from, imports } of chunks)
    for (const { file, kind } of imports) if (file !== from) importers.get(file)?.push({ from, kind });
  const start = new Set(chunks.flatMap(({ file }) => (importers.get(file)!.length === 0 ? [file] : [])));
  const reached = new Set<string>();
  const reach = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const target of byFile.get(file)?.imports ?? []) reach(target.file);
  };
  const byFile = new Map(chunks.map((chunk) => [chunk.file, chunk]));
  for (const file of start) reach(file);
  // What is left stands in circles: there, a chunk that nobody loads late, and that no other such chunk needs, is the start.
  const isLate = (file: string) => importers.get(file)!.some(({ kind }) => kind === 'dynamic');
  const rest = chunks.map(({ file }) => file).filter((file) => !reached.has(file) && !isLate(file));
  const needed = (file: string) => importers.get(file)!.some(({ from }) => !reached.has(from) && !isLate(from));
  const free = rest.filter((file) => !needed(file));
  for (const file of free.length > 0 ? free : rest) start.add(file);
  return start;
}

/** `(self.webpackChunkapp = self.webpackChunkapp || []).push([[123], {` */
const WEBPACK_CHUNK =
  /^\s*(?:"use strict";)?\(+(?:self|this|globalThis|window|global)\.?\[?["'\w$]+\]?\s*=[^;]{0,200}?\|\|\s*\[\]\)\.push\(\[\[/;

function headOf(contents: Uint8Array): string {
  const head = Buffer.from(contents.buffer, contents.byteOffset, Math.min(contents.length, 4096)).toString('latin1');
  return head.replace(/^(?:\s*\/\*[^]*?\*\/|\s*\/\/.*\n)+/, '');
}

function importsOf(from: string, statements: readonly ImportStatement[], files: ReadonlySet<string>): OutputImport[] {
  const imports: OutputImport[] = [];
  const folder = path.posix.dirname(from);
  const add = (specifier: string, kind: OutputImport['kind']) => {
    const file = /^\.{0,2}\//.test(specifier)
      ? targetOf(specifier, folder, files)
      : files.has(specifier) && kind === 'url'
        ? specifier
        : null;
    if (file !== null || (kind !== 'url' && !specifier.startsWith('.')))
      imports.push({ file: file ?? specifier, kind });
  };
  for (const { specifier, kind } of statements) if (kind === 'static' || kind === 'dynamic') add(specifier, kind);
  for (const { specifier, kind } of statements) if (kind === 'url') add(specifier, kind);
  const seen = new Set<string>();
  return imports.filter(({ file, kind }) => !seen.has(`${kind} ${file}`) && seen.add(`${kind} ${file}`));
}

/** Files that a page's scripts and style sheets name. */
function startsOf(page: OutputEvidence, files: ReadonlySet<string>): string[] {
  const html = Buffer.from(page.contents)
    .toString('utf8')
    .replace(/<!--[^]*?-->/g, '');
  const folder = path.posix.dirname(page.file);
  const urls = [
    ...[...html.matchAll(/<script\b[^>]*?\bsrc\s*=\s*["']?([^"'\s>]+)/gi)].map((match) => match[1]!),
    ...[...html.matchAll(/<link\b[^>]*>/gi)].flatMap(([tag]) =>
      /\brel\s*=\s*["']?[^"'>]*\bstylesheet\b/i.test(tag)
        ? [/\bhref\s*=\s*["']?([^"'\s>]+)/i.exec(tag)?.[1] ?? '']
        : [],
    ),
  ];
  return urls.flatMap((url) => targetOf(url, folder, files) ?? []);
}

/** A URL in a page or a chunk as an output's name; an absolute one may stand below a base path that the folder doesn't show. */
function targetOf(url: string, folder: string, files: ReadonlySet<string>): string | null {
  const bare = safeDecode(url.replace(/^[a-z]+:\/\/[^/]+/i, '').replace(/[?#].*$/, ''));
  if (!bare.startsWith('/')) {
    const relative = path.posix.normalize(path.posix.join(folder, bare));
    return files.has(relative) ? relative : null;
  }
  const segments = bare.split('/').filter((segment) => segment !== '');
  for (let i = 0; i < segments.length; i++) {
    const tail = segments.slice(i).join('/');
    if (files.has(tail)) return tail;
  }
  return null;
}

/** Modules and edges from the sources that the maps name. */
async function graphOf(
  root: string,
  outputs: readonly ReadOutput[],
  packages: PackageFiles,
  diagnostics: Diagnostic[],
  disk: Disk,
  reader: FactsReader,
) {
  const known = new Map<string, ModuleFacts | null>();
  for (const { map, facts } of outputs) {
    if (map?.reading === undefined || facts === null) continue;
    moduleIdsOfSources(root, map.base, map.reading.sources).forEach((id, i) => {
      if (id === null) return;
      const each = facts[i] ?? null;
      if (each !== null || !known.has(id)) known.set(id, each);
    });
  }
  const named = new Set(known.keys());
  const resolver = new Resolver(root, named, disk);
  const resolved: ResolvedModule[] = [];
  const scanned = new Map<string, ModuleSyntax>();
  let unread = 0;
  // In waves: what the last one asked for is read together.
  for (let wave = [...known.keys()]; wave.length > 0;) {
    const next: string[] = [];
    const bare = wave.filter((id) => known.get(id) === null && !isRuntimeModule(id));
    const onDisk = await reader.ofFiles(bare);
    for (const id of wave) {
      const facts = known.get(id) ?? onDisk.get(id) ?? null;
      if (facts === null && !isRuntimeModule(id) && !id.startsWith('virtual:')) unread++;
      if (facts !== null && facts.syntax !== null) scanned.set(id, facts.syntax);
      const imports: ResolvedImport[] = [];
      for (const { to, kind, specifier } of facts === null ? [] : asked(id, facts, resolver, known)) {
        if (to === id) continue;
        imports.push({ to, kind, specifier });
        if (!known.has(to)) {
          known.set(to, null);
          next.push(to);
        }
      }
      resolved.push({
        id,
        format: formatOf(id),
        sourceBytes: facts?.bytes ?? null,
        sideEffects: packages.sideEffects(id),
        exports: null,
        usedExports: null,
        imports,
      });
    }
    wave = next;
  }
  if (unread > 0) {
    diagnostics.push({
      code: 'sources-missing',
      file: null,
      message: `The text of ${unread === 1 ? '1 module' : `${unread} modules`} is neither in the source maps nor on disk: their imports are not known`,
      hint: 'Let the bundler write `sourcesContent` into its maps, or run pare where the sources are.',
    });
  }
  const standing = shippedSources(root, resolved, named, disk);
  const modules = resolved.filter(({ id }) => !standing.has(id));
  return { ...linkSources(root, modules, scanned, disk), standing };
}

/** What a module asks for, resolved. A webpack context (`./locale/ sync ^\.\/.*$`) asks for all that its pattern fits. */
function asked(
  id: string,
  { syntax, folders, styles }: ModuleFacts,
  resolver: Resolver,
  known: ReadonlyMap<string, unknown>,
): ResolvedImport[] {
  const context = /^(.*)\/ (?:sync|lazy|eager|weak|lazy-once)\b.*? (\S+)$/.exec(id);
  if (context !== null) return contextImports(context[1]!, context[2]!, known);
  if (styles.length > 0) return styleImports(id, styles, resolver);
  if (syntax === null) return [];
  const found = syntax.imports.flatMap((statement): ResolvedImport[] => {
    const to = resolver.resolve(id, statement);
    return to === null ? [] : [{ to, kind: statement.kind, specifier: statement.specifier }];
  });
  if (folders.length === 0) return found;
  const contexts = folders
    .map((folder) => path.posix.join(path.posix.dirname(id), folder))
    .flatMap((folder) =>
      [...known.keys()].filter((other) => other.startsWith(`${folder} `) || other.startsWith(`${folder}/ `)),
    );
  return [...found, ...[...new Set(contexts)].map((to): ResolvedImport => ({ to, kind: 'require', specifier: null }))];
}

/** The paths in a style sheet are URLs, so that `a.css` is a file beside it before it is a package. */
function styleImports(id: string, specifiers: readonly string[], resolver: Resolver): ResolvedImport[] {
  return specifiers.flatMap((specifier): ResolvedImport[] => {
    const to = [`./${specifier}`, specifier].flatMap(
      (each) => resolver.resolve(id, { specifier: each, kind: 'static' }) ?? [],
    )[0];
    return to === undefined ? [] : [{ to, kind: 'css', specifier }];
  });
}

function contextImports(folder: string, pattern: string, texts: ReadonlyMap<string, unknown>): ResolvedImport[] {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern.replace(/^\/(.*)\/[a-z]*$/, '$1'));
  } catch {
    return [];
  }
  const members = [...texts.keys()].filter(
    (id) => id.startsWith(`${folder}/`) && expression.test(`./${id.slice(folder.length + 1)}`),
  );
  return members.filter((id) => !id.includes(' sync ')).map((to) => ({ to, kind: 'require', specifier: null }));
}

/** Sources that nothing imports, and that the map of a module found on disk names: they stand for that module. */
function shippedSources(
  root: string,
  resolved: readonly ResolvedModule[],
  named: ReadonlySet<string>,
  disk: Disk,
): ReadonlyMap<string, string> {
  const imported = new Set(resolved.flatMap(({ imports }) => imports.map(({ to }) => to)));
  const orphans = resolved.map(({ id }) => id).filter((id) => named.has(id) && packageOf(id) !== null);
  if (orphans.every((id) => imported.has(id))) return new Map();
  const onDisk = resolved.map(({ id }) => id).filter((id) => !named.has(id) && packageOf(id) !== null);
  return composedSources(root, orphans, onDisk, disk);
}

const SCRIPT = /\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/i;

/**
 * The module that a chunk stands for: the one in it that no other module imports statically, nor one of the same chunk
 * dynamically (of a bundle in one file).
 */
function withEntryModules(
  root: string,
  outputs: readonly OutputEvidence[],
  edges: readonly { from: string; to: string; kind: string }[],
): OutputEvidence[] {
  const imported = new Set(edges.filter(({ kind }) => kind !== 'dynamic').map(({ to }) => to));
  const lateImporters = new Map<string, string[]>();
  for (const { from, to, kind } of edges)
    if (kind === 'dynamic' && from !== to) lateImporters.set(to, [...(lateImporters.get(to) ?? []), from]);
  return outputs.map((output) => {
    if (output.map === null || output.kind !== 'chunk') return output;
    const sources = sourcesOf(output.map);
    if (sources === null) return output;
    const ids = [...new Set(moduleIdsOfSources(root, output.map.base, sources))].filter((id) => id !== null);
    const within = new Set(ids);
    const isInner = (id: string) => lateImporters.get(id)?.some((from) => within.has(from)) ?? false;
    const unasked = ids.filter((id) => SCRIPT.test(id) && !imported.has(id) && !id.startsWith('virtual:'));
    const roots = unasked.length > 1 ? unasked.filter((id) => !isInner(id)) : unasked;
    const own = roots.filter((id) => packageOf(id) === null);
    const only = own.length === 1 ? own[0] : roots.length === 1 ? roots[0] : undefined;
    return only === undefined ? output : { ...output, entryModule: only };
  });
}

/** null where the map can't be used. */
function sourcesOf(map: MapEvidence): readonly (string | null)[] | null {
  if (map.reading !== undefined) return map.reading.sources;
  try {
    return readSourceMap(map.bytes, map.file).sections.flatMap((section) => section.sources);
  } catch {
    return null;
  }
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
