/** From an adapter's evidence to the `Build`: module identity, byte attribution, compressed sizes, one deterministic order. */
import { BUILD_SCHEMA, type Build, type Output, type Part } from '../model/build.ts';
import { withOneWordForSheets, type AttributedOutput, type NamedOutput } from './attribute-output.ts';
import { Bounded } from './bounded.ts';
import type { CompressOptions } from './compress.ts';
import { digestOf } from './digest.ts';
import type { BuildEvidence, MapEvidence, OutputEvidence, Witness } from './evidence.ts';
import { moduleId, moduleIdsOfSources } from './module-id.ts';
import { measureOutput, type OutputShares } from './output-shares.ts';
import type { Ownership } from './ownership.ts';
import { byHolder, type Holder } from './parts.ts';
import { edgesOf, modulesOf } from './records.ts';
import { readSourceMap } from './source-map.ts';

export interface AssembleOptions {
  readonly compress: CompressOptions;
  /** Called after each output. */
  readonly onOutput?: (done: number, total: number, file: string) => void;
  /** Called for each output when all is done, with what the record doesn't keep: whose each byte is. */
  readonly onOwnership?: (owned: OwnedOutput) => void;
}

/** Whose each byte of an output is, in the terms of the `Build` that was made beside it. */
export interface OwnedOutput {
  readonly file: string;
  readonly contents: Uint8Array;
  readonly ownership: Ownership;
  /** By owner number; modules by their place in `Build.modules`. */
  readonly holders: readonly Holder[];
}

/**
 * Never throws for one bad output or map: what could not be read becomes a diagnostic, and its bytes are `unmapped`.
 *
 * `modules` and `edges` of the record are filled when they are first read (see `records.ts`), from the sources as they are then;
 * whoever keeps a record for later reads or writes them at once.
 */
export async function assemble(evidence: BuildEvidence, options: AssembleOptions): Promise<Build> {
  const modules = new ModuleTable(evidence.root, evidence.moduleIds);
  const total = evidence.outputs.length;
  const measured: Measured[] = [];
  const work = new Bounded(COMPRESSED_AT_ONCE_BYTES);
  let done = 0;
  for (const [i, output] of evidence.outputs.entries()) {
    const named = nameModules(output, modules, evidence);
    const mapDigest = digestOfMap(output.map, options.compress);
    const measuring = await measureOutput(named, mapDigest, options.compress, options.onOwnership !== undefined);
    for (const id of measuring.modules) modules.numberOfCanonical(id);
    await work.start(output.contents.length, async () => {
      const shares = await measuring.shares();
      measured[i] = { shares, attributed: options.onOwnership === undefined ? null : measuring.attributed };
      options.onOutput?.(++done, total, output.file);
    });
  }
  await work.done();
  const order = modules.order();
  const placeOfCanonical = (id: string) => order.position[modules.numberOfCanonical(id)]!;
  const outputs = evidence.outputs.map((output, i): Output => {
    const { shares, attributed } = measured[i]!;
    const { file, contents } = output;
    if (attributed !== null) {
      const holders = attributed.holders.map((holder): Holder =>
        'id' in holder ? { module: placeOfCanonical(holder.id) } : holder,
      );
      options.onOwnership?.({ file, contents, ownership: attributed.ownership, holders });
    }
    const places = shares.modules.map(placeOfCanonical);
    const entryModule = output.entryModule === null ? undefined : modules.find(output.entryModule);
    return {
      file: output.file,
      kind: output.kind,
      entry: output.entry,
      entryModule: entryModule === undefined ? null : order.position[entryModule]!,
      imports: output.imports,
      bytes: shares.bytes,
      parts: shares.parts
        .map((part): Part => ({ ...part, module: part.module === null ? null : places[part.module]! }))
        .sort(byHolder),
    };
  });
  const lost = new Set(evidence.diagnostics.flatMap(({ code, file }) => (code === 'map-missing' ? file : [])));
  const diagnostics = withOneWordForSheets([
    ...evidence.diagnostics,
    // Where a map is named that is not there, it was said that there is none.
    ...measured.flatMap(({ shares }) =>
      shares.diagnostics.filter(({ code, file }) => code !== 'map-missing' || !lost.has(file)),
    ),
  ]);
  const graph = once(() => evidence.graph());
  const placeOf = (id: string) => {
    const number = modules.find(id);
    return number === undefined ? undefined : order.position[number];
  };
  const moduleRecords = once(() =>
    modulesOf(order.ids, graph().modules, evidence.packages, (id) => modules.canonical(id)),
  );
  const edgeRecords = once(() => edgesOf(graph().edges, placeOf));
  return {
    schema: BUILD_SCHEMA,
    bundler: evidence.bundler,
    get modules() {
      return moduleRecords();
    },
    get edges() {
      return edgeRecords();
    },
    outputs: outputs.sort((a, b) => compare(a.file, b.file)),
    diagnostics: diagnostics.sort((a, b) => compare(a.file ?? '', b.file ?? '') || compare(a.code, b.code)),
  };
}

/**
 * brotli at its best level takes some 18 bytes of memory for each byte that it compresses: large files go one after the other,
 * small ones side by side.
 */
const COMPRESSED_AT_ONCE_BYTES = 1 << 20;

interface Measured {
  readonly shares: OutputShares;
  /** null: nobody asked. */
  readonly attributed: AttributedOutput | null;
}

/** Digests of maps are for the cache; without compression nothing is asked of it. */
function digestOfMap(map: MapEvidence | null, { cache, gzip, brotli }: CompressOptions): string | null {
  if (map === null || cache === undefined || !(gzip || brotli)) return null;
  return map.reading?.digest ?? digestOf(map.bytes);
}

/** The output with the canonical ids of the modules that its map and its witness name. */
function nameModules(output: OutputEvidence, modules: ModuleTable, evidence: BuildEvidence): NamedOutput {
  const { map } = output;
  const witness = output.witness === null ? null : nameWitness(output.witness, modules);
  if (map === null) return { ...output, witness, map };
  const view = once(() => map.reading?.view() ?? readSourceMap(map.bytes, map.file));
  const sources = () => map.reading?.sources ?? view().sections.flatMap((section) => section.sources);
  const ids = once(() => resolveSources(sources(), map.base, witness, modules, evidence));
  return { ...output, witness, map: { file: map.file, view, ids } };
}

function nameWitness(witness: Witness, modules: ModuleTable): Witness {
  const named = <T extends { readonly id: string }>(each: T): T => ({ ...each, id: modules.canonical(each.id) });
  return witness.kind === 'lengths'
    ? { kind: 'lengths', modules: witness.modules.map(named) }
    : { kind: 'rendered', modules: witness.modules.map(named) };
}

/** Canonical module id of each source; null for a source without a name. */
function resolveSources(
  sources: readonly (string | null)[],
  base: string,
  witness: Witness | null,
  modules: ModuleTable,
  evidence: BuildEvidence,
): (string | null)[] {
  const ids = moduleIdsOfSources(evidence.root, base, sources);
  if (evidence.composed === undefined) return ids;
  const strangers = ids.filter((id): id is string => id !== null && !modules.has(id));
  if (strangers.length === 0) return ids;
  const known = new Set(ids);
  const candidates =
    witness?.kind === 'lengths' ? witness.modules.map(({ id }) => id).filter((id) => !known.has(id)) : [];
  const standing = evidence.composed(strangers, candidates);
  return ids.map((id) => (id === null ? null : (standing.get(id) ?? id)));
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** All modules of a build by their canonical id, in the order they were met. */
class ModuleTable {
  readonly #root: string;
  readonly #numbers = new Map<string, number>();
  readonly #canonical = new Map<string, string>();
  readonly #ids: string[] = [];

  constructor(root: string, ids: Iterable<string>) {
    this.#root = root;
    for (const id of ids) this.numberOfCanonical(this.canonical(id));
  }

  /** The canonical id of a module by any of its names. */
  canonical(id: string): string {
    let canonical = this.#canonical.get(id);
    if (canonical === undefined) {
      canonical = moduleId(this.#root, id);
      this.#canonical.set(id, canonical);
    }
    return canonical;
  }

  has(canonical: string): boolean {
    return this.#numbers.has(canonical);
  }

  find(id: string): number | undefined {
    return this.#numbers.get(this.canonical(id));
  }

  numberOfCanonical(id: string): number {
    let number = this.#numbers.get(id);
    if (number === undefined) {
      number = this.#ids.push(id) - 1;
      this.#numbers.set(id, number);
    }
    return number;
  }

  idOf(number: number): string {
    return this.#ids[number]!;
  }

  /** The ids in their order in the record, and each number's position among them. */
  order(): { ids: string[]; position: Uint32Array } {
    const numbers = this.#ids.map((_, i) => i).sort((a, b) => compare(this.idOf(a), this.idOf(b)));
    const position = new Uint32Array(numbers.length);
    numbers.forEach((number, i) => (position[number] = i));
    return { ids: numbers.map((number) => this.idOf(number)), position };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
