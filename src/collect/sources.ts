/** Reads the modules' sources and joins what the bundler resolved with what the sources say. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';

import type { ModuleFormat } from '../model/build.ts';
import type { EdgeEvidence, ModuleEvidence } from '../measure/evidence.ts';
import { linkImports, type ResolvedImport } from '../measure/link.ts';
import type { ModuleSyntax } from '../measure/module-syntax.ts';
import { Disk } from './disk.ts';
import { linkPage, PAGE } from './pages.ts';

export interface ResolvedModule extends ModuleEvidence {
  /** Canonical. */
  readonly id: string;
  readonly imports: readonly ResolvedImport[];
}

export interface LinkedGraph {
  readonly modules: ModuleEvidence[];
  readonly edges: EdgeEvidence[];
}

const SCRIPT = /\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/i;

/**
 * Fills in what only the sources tell: names and places of imports, exported names, and which of them some module asks for
 * (where the bundler doesn't say which it kept).
 *
 * @param scanned what is known already of sources, by module id; the others are read from disk
 */
export function linkSources(
  root: string,
  resolved: readonly ResolvedModule[],
  scanned: ReadonlyMap<string, ModuleSyntax> = new Map(),
  disk = new Disk(),
): LinkedGraph {
  const edges: EdgeEvidence[] = [];
  const reader = new SourceReader(root, disk);
  const modules = resolved.map((module): ModuleEvidence => {
    const { imports, ...facts } = module;
    if (PAGE.test(module.id)) {
      const html = reader.read(module.id)?.toString() ?? '';
      for (const edge of linkPage(module.id, html, imports)) edges.push(edge);
      return facts;
    }
    const needed = imports.length > 0 || facts.exports === null;
    const isScript = needed && SCRIPT.test(module.id);
    const known = isScript ? scanned.get(module.id) : undefined;
    const source = isScript && known === undefined ? reader.read(module.id) : null;
    const linked = linkImports(module.id, source, imports, known);
    for (const edge of linked.edges) edges.push(edge);
    const format = formatBySyntax(facts, linked.syntax?.esm ?? null);
    return { ...facts, format, exports: facts.exports ?? linked.syntax?.exports ?? null };
  });
  return { modules: withAskedExports(modules, edges), edges };
}

/**
 * What the statements show goes before what a bundler makes of the package's `type`: esbuild counts a script without exports
 * as CommonJS there. Components are ES modules whatever their script looks like.
 */
function formatBySyntax({ id, format, exports }: ModuleEvidence, isEsm: boolean | null): ModuleFormat {
  if (format !== 'unknown' && format !== 'cjs') return format;
  if (isEsm === true || /\.(?:vue|svelte|astro)$/i.test(id)) return 'esm';
  if (format === 'cjs') return 'cjs';
  if (isEsm === false) return 'cjs';
  return exports !== null && exports.length > 0 && SCRIPT.test(id) ? 'esm' : format;
}

/** Reads one source after the other into the same memory: what it returned is gone at the next read. */
class SourceReader {
  readonly #prefix: string;
  readonly #disk: Disk;
  #memory = Buffer.allocUnsafeSlow(1 << 18);

  constructor(root: string, disk: Disk) {
    this.#disk = disk;
    this.#prefix = root.endsWith(path.sep) ? root : root + path.sep;
  }

  read(id: string): Buffer | null {
    if (id.startsWith('virtual:')) return null;
    const file = path.isAbsolute(id) ? id : this.#prefix + id;
    this.#disk.willRead(file);
    let handle: number;
    try {
      handle = openSync(file, 'r');
    } catch {
      return null;
    }
    try {
      const length = readSync(handle, this.#memory, 0, this.#memory.length, 0);
      if (length < this.#memory.length) return this.#memory.subarray(0, length);
      this.#memory = Buffer.allocUnsafeSlow(2 * fstatSync(handle).size + 1);
      return this.#memory.subarray(0, readSync(handle, this.#memory, 0, this.#memory.length, 0));
    } catch {
      return null;
    } finally {
      closeSync(handle);
    }
  }
}

/** For modules whose kept exports the bundler doesn't tell: the exports that an import asks for, through re-exports of all. */
function withAskedExports(modules: readonly ModuleEvidence[], edges: readonly EdgeEvidence[]): ModuleEvidence[] {
  if (modules.every(({ usedExports }) => usedExports !== null)) return [...modules];
  const asked = new Map<string, Set<string> | 'all'>();
  for (const { to, kind, names } of edges) {
    if (kind === 'url' || kind === 'css') continue;
    const now = asked.get(to);
    if (now === 'all') continue;
    if (names === null || names.includes('*')) asked.set(to, 'all');
    else if (now === undefined) asked.set(to, new Set(names));
    else for (const name of names) now.add(name);
  }
  return modules.map((module) => {
    const { exports, usedExports, id } = module;
    if (usedExports !== null || exports === null) return module;
    const names = asked.get(id);
    if (names === undefined) return module;
    return {
      ...module,
      usedExports: names === 'all' ? exports : exports.filter((name) => name === '*' || names.has(name)),
    };
  });
}
