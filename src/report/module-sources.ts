/** The sources that the report shows, each with what is left of it. */
import type { ModuleSource } from '../../reports/report-data.ts';
import { loadParser } from '../detect/not-shaken-syntax.ts';
import type { MapEvidence } from '../measure/evidence.ts';
import { moduleIdOfSource } from '../measure/module-id.ts';
import { readSourceMap, readSourcesContent, type SourceMapView } from '../measure/source-map.ts';
import type { Build, ModuleIndex } from '../model/build.ts';
import { keptRanges } from './kept-ranges.ts';
import { eachMappedPlace, type Place } from './mapped-places.ts';

export interface SourceOptions {
  /** Absolute; module ids are relative to it. */
  readonly root: string;
  /** Of the outputs. */
  readonly maps: readonly MapEvidence[];
  /** Text of a module where no map carries it. */
  readonly sources: (module: ModuleIndex) => string | null;
}

/** Of packages, only the largest modules are shown; of the project's own code, all that fits. */
const MOST_OF_PACKAGES = 200;
/** UTF-16 units of all texts together. */
const MOST_TEXT = 1_500_000;

/** The project's own modules and the largest of the packages', as many as fit. Modules that no map names are left out. */
export async function moduleSources(build: Build, { root, maps, sources }: SourceOptions): Promise<ModuleSource[]> {
  if (maps.length === 0) return [];
  const wanted = largest(build);
  const isWanted = new Set(wanted);
  const byId = new Map(build.modules.map(({ id }, module) => [id, module]));
  const places = new Map<ModuleIndex, Set<Place>>();
  const texts = new Map<ModuleIndex, string>();
  for (const map of maps) {
    const view = readQuietly(map);
    if (view === null) continue;
    const named = view.sections.flatMap((section) => section.sources);
    const modules = named.map((source) => {
      const module = source === null ? undefined : byId.get(moduleIdOfSource(root, map.base, source));
      return module !== undefined && isWanted.has(module) ? module : null;
    });
    if (modules.every((module) => module === null)) continue;
    readSourcesContent(map.bytes).forEach((text, source) => {
      const module = modules[source] ?? null;
      if (module !== null && text !== null && !texts.has(module)) texts.set(module, text);
    });
    eachMappedPlace(view, (source, place) => {
      const module = modules[source] ?? null;
      if (module === null) return;
      const known = places.get(module);
      if (known === undefined) places.set(module, new Set([place]));
      else known.add(place);
    });
  }
  const parse = await loadParser();
  const shown: ModuleSource[] = [];
  let room = MOST_TEXT;
  for (const module of wanted) {
    const found = places.get(module);
    const text = found === undefined ? null : (texts.get(module) ?? sources(module));
    if (found === undefined || text === null || text.length > room) continue;
    room -= text.length;
    const ascending = [...found].sort((a, b) => a - b);
    const parsed = parse?.(build.modules[module]!.id, text) ?? null;
    shown.push({ module, text, kept: keptRanges(text, parsed, ascending) });
  }
  return shown;
}

/** The project's own code first, then packages; the largest of each first. Modules without bytes in code or CSS are none. */
function largest(build: Build): ModuleIndex[] {
  const raw = new Float64Array(build.modules.length);
  for (const { kind, parts } of build.outputs) {
    if (kind === 'asset') continue;
    for (const { module, bytes } of parts) if (module !== null) raw[module]! += bytes.raw;
  }
  const order = [...raw.keys()].filter((module) => raw[module]! > 0).sort((a, b) => raw[b]! - raw[a]! || a - b);
  const isOwn = (module: ModuleIndex): boolean => build.modules[module]!.package === null;
  return [...order.filter(isOwn), ...order.filter((module) => !isOwn(module)).slice(0, MOST_OF_PACKAGES)];
}

/** A map that can't be read is a diagnostic of the build already. */
function readQuietly(map: MapEvidence): SourceMapView | null {
  try {
    return readSourceMap(map.bytes, map.file);
  } catch {
    return null;
  }
}
