import { init, parse } from 'es-module-lexer';
import type { Build, ModuleIndex } from '../model/build.ts';
import { moduleGraph } from './graph.ts';

/** Where a name that a module passes on comes from: the import statement, and the name in the other module. */
export interface PassedName {
  /** Position in `build.edges`. */
  readonly edge: number;
  /** `*` for the other module's namespace. */
  readonly imported: string;
}

/** What one ES module passes on from other modules. */
export interface PassedOn {
  readonly names: ReadonlyMap<string, PassedName>;
  /** The `export * from` statements, as positions in `build.edges`. */
  readonly stars: readonly number[];
  /** Names that the module itself defines. */
  readonly own: ReadonlySet<string>;
  /** Edges of `export … from` statements: nothing in the module itself can use what they name. */
  readonly pure: ReadonlySet<number>;
}

/** By module; null where the text is not known or can't be read as a module. */
export type Reexports = readonly (PassedOn | null)[];

/** Reads from the modules' texts what each of them passes on. Linear in the texts' length. */
export async function readReexports(build: Build, sources: (module: ModuleIndex) => string | null): Promise<Reexports> {
  await init();
  const { outStart, outEdges } = moduleGraph(build);
  return build.modules.map(({ format }, module) => {
    const edges = outEdges.subarray(outStart[module], outStart[module + 1]);
    const source = format === 'esm' && edges.length > 0 ? sources(module) : null;
    return source === null ? null : passedOn(build, edges, source);
  });
}

function passedOn(build: Build, edges: Uint32Array, source: string): PassedOn | null {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(source);
  } catch {
    // JSX and the like: the caller goes on with what the record says.
    return null;
  }
  const [imports, exports] = parsed;
  const edgeAt = edgeFinder(build, edges, source);
  const names = new Map<string, PassedName>();
  const stars: number[] = [];
  const own = new Set<string>();
  const pure = new Set<number>();
  for (const item of exports) {
    if (item.type === 'direct') {
      own.add(item.name);
      continue;
    }
    const start = imports[item.importIndex]?.importStart;
    const edge = start === undefined ? null : edgeAt(start);
    if (edge === null) continue;
    if (source.startsWith('export', start)) pure.add(edge);
    if (item.type === 'reexport-all') stars.push(edge);
    else names.set(item.name, { edge, imported: item.importName ?? '*' });
  }
  return { names, stars, own, pure };
}

/** Finds the edge of the statement that starts at an offset: by line and column, or by line where that is enough. */
function edgeFinder(build: Build, edges: Uint32Array, source: string): (offset: number) => number | null {
  const byPlace = new Map<string, number>();
  const byLine = new Map<number, number | null>();
  for (const edge of edges) {
    const { line, column } = build.edges[edge]!;
    if (line === null) continue;
    byPlace.set(`${line}:${column}`, edge);
    byLine.set(line, byLine.has(line) ? null : edge);
  }
  let line = 1;
  let lineStart = 0;
  let last = 0;
  return (offset) => {
    if (offset < last) [line, lineStart] = [1, 0];
    last = offset;
    for (let at = source.indexOf('\n', lineStart); at !== -1 && at < offset; at = source.indexOf('\n', lineStart)) {
      line++;
      lineStart = at + 1;
    }
    return byPlace.get(`${line}:${offset - lineStart}`) ?? byLine.get(line) ?? null;
  };
}
