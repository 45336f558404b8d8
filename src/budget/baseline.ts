import * as v from 'valibot';
import { BUILD_SCHEMA, EDGE_KINDS, MODULE_FORMATS, REST_NAMES } from '../model/build.ts';
import type { Build, Bytes, Edge, Module, ModuleIndex, Output, OutputImport, Part } from '../model/build.ts';
import { PareError } from '../model/errors.ts';

export const BASELINE_SCHEMA = 'pare/baseline@1';

const IMPORT_KINDS: readonly OutputImport['kind'][] = ['static', 'dynamic', 'css', 'url'];

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Size = v.nullable(v.number());
const Sizes = v.tuple([v.number(), Size, Size]);

/**
 * The file: a build without what a comparison doesn't need. One module a row and a line, sorted by id, so that a version
 * control system shows what changed. Rows are
 * - module: characters that its id shares with the one before, the rest of the id, package (1 + position, 0: none), format
 *   (position in MODULE_FORMATS), source bytes, imports. Imports are words `target[:line[:column]]`, then a letter for kinds other
 *   than static (d, r, u, c); numbers in base 36, the target as its distance from the target before;
 * - part: module, raw, gzip, brotli; or name of the rest, raw, gzip, brotli.
 */
const File = v.object({
  schema: v.literal(BASELINE_SCHEMA),
  bundler: v.nullable(v.tuple([v.string(), v.nullable(v.string())])),
  packages: v.array(v.tuple([v.string(), v.nullable(v.string())])),
  modules: v.array(
    v.tuple([
      Count,
      v.string(),
      Count,
      v.pipe(Count, v.maxValue(MODULE_FORMATS.length - 1)),
      v.nullable(v.number()),
      v.string(),
    ]),
  ),
  outputs: v.array(
    v.object({
      file: v.string(),
      kind: v.picklist(['chunk', 'css', 'asset']),
      entry: v.boolean(),
      module: v.nullable(Count),
      imports: v.array(v.tuple([v.string(), v.picklist(IMPORT_KINDS)])),
      bytes: Sizes,
      parts: v.array(v.tuple([v.union([Count, v.picklist(REST_NAMES)]), v.number(), Size, Size])),
    }),
  ),
});

type FileData = v.InferOutput<typeof File>;

/**
 * A build as a small text to be checked in or kept: what comparing and budgets need of it, and no more. Modules that have no
 * byte in the output and lead to none are left out. The same build gives the same text.
 */
export function writeBaseline(build: Build): string {
  const kept = usefulModules(build).sort((a, b) => (build.modules[a]!.id < build.modules[b]!.id ? -1 : 1));
  const position = new Map(kept.map((module, at) => [module, at]));
  const packages = new Map<string, { at: number; row: [string, string | null] }>();
  const packageAt = ({ package: owner }: Module): number => {
    if (owner === null) return 0;
    const key = `${owner.name}@${owner.version ?? ''}`;
    let known = packages.get(key);
    if (known === undefined) packages.set(key, (known = { at: packages.size + 1, row: [owner.name, owner.version] }));
    return known.at;
  };
  const imports = new Map<ModuleIndex, Edge[]>();
  for (const edge of build.edges) {
    if (!position.has(edge.from) || !position.has(edge.to)) continue;
    const known = imports.get(edge.from);
    if (known === undefined) imports.set(edge.from, [edge]);
    else known.push(edge);
  }
  let last = '';
  const modules = kept.map((index): FileData['modules'][number] => {
    const module = build.modules[index]!;
    let shared = 0;
    while (shared < last.length && last[shared] === module.id[shared]) shared++;
    last = module.id;
    const words = importWords(build, imports.get(index) ?? [], position);
    return [
      shared,
      module.id.slice(shared),
      packageAt(module),
      MODULE_FORMATS.indexOf(module.format),
      module.sourceBytes,
      words,
    ];
  });
  const outputs = build.outputs.map((output): FileData['outputs'][number] => ({
    file: output.file,
    kind: output.kind,
    entry: output.entry,
    module: output.entryModule === null ? null : (position.get(output.entryModule) ?? null),
    imports: output.imports.map(({ file, kind }) => [file, kind]),
    bytes: [output.bytes.raw, output.bytes.gzip, output.bytes.brotli],
    parts: output.parts.map(({ module, rest, bytes }) => [
      module === null ? rest! : position.get(module)!,
      bytes.raw,
      bytes.gzip,
      bytes.brotli,
    ]),
  }));
  const lines = (rows: readonly unknown[]): string =>
    rows.length === 0 ? '[]' : `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]`;
  return `{"schema":${JSON.stringify(BASELINE_SCHEMA)},
"bundler":${JSON.stringify(build.bundler === null ? null : [build.bundler.name, build.bundler.version])},
"packages":${lines([...packages.values()].map(({ row }) => row))},
"modules":${lines(modules)},
"outputs":${lines(outputs)}}
`;
}

/**
 * Reads a baseline back as a build; what it doesn't hold is null or empty.
 * @throws {PareError} `baseline-syntax`, `baseline-schema` or `baseline-damaged`.
 */
export function readBaseline(text: string, file = 'the baseline'): Build {
  const data = parse(text, file);
  const schema = typeof data === 'object' && data !== null && 'schema' in data ? data.schema : undefined;
  if (schema !== BASELINE_SCHEMA) {
    const isBuild = schema === BUILD_SCHEMA;
    throw new PareError(
      'baseline-schema',
      `${file} is ${typeof schema === 'string' ? `of the schema ${schema}` : 'no baseline'}; this version of pare reads ${BASELINE_SCHEMA}.`,
      {
        hint: isBuild
          ? 'That is a whole build: make a baseline of it first.'
          : 'Write a new baseline with this version of pare, on the branch that you compare with.',
      },
    );
  }
  const result = v.safeParse(File, data);
  if (!result.success) {
    const [issue] = result.issues;
    throw damaged(file, `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
  }
  return toBuild(result.output, file);
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const isConflict = /^<{7} /m.test(text);
    throw new PareError(
      'baseline-syntax',
      `${file} is not JSON${isConflict ? ': it has a merge conflict in it' : ''}.`,
      {
        cause,
        hint: 'Write it anew from a build of the branch that you compare with.',
      },
    );
  }
}

function damaged(file: string, what: string): PareError {
  return new PareError('baseline-damaged', `${file} is damaged: ${what}.`, {
    hint: 'Write it anew from a build of the branch that you compare with.',
  });
}

/** Those with bytes, those that lead to one with bytes, and the entries. */
function usefulModules(build: Build): ModuleIndex[] {
  const useful = new Set<ModuleIndex>();
  for (const { parts, entryModule } of build.outputs) {
    if (entryModule !== null) useful.add(entryModule);
    for (const { module } of parts) if (module !== null) useful.add(module);
  }
  const importers = new Map<ModuleIndex, ModuleIndex[]>();
  for (const { from, to } of build.edges) {
    const known = importers.get(to);
    if (known === undefined) importers.set(to, [from]);
    else known.push(from);
  }
  for (const module of useful) for (const importer of importers.get(module) ?? []) useful.add(importer);
  return [...useful];
}

const KIND_LETTERS = ['', 'd', 'r', 'u', 'c'];

function importWords(build: Build, edges: readonly Edge[], position: ReadonlyMap<ModuleIndex, number>): string {
  let last = 0;
  return edges
    .map((edge) => ({ edge, to: position.get(edge.to)! }))
    .sort(
      (a, b) => a.to - b.to || (a.edge.line ?? 0) - (b.edge.line ?? 0) || (a.edge.column ?? 0) - (b.edge.column ?? 0),
    )
    .map(({ edge: { from, to: target, line, column, kind }, to }) => {
      const numbers = [to - last];
      last = to;
      // Nobody looks up a line of a package's import of itself.
      const owner = build.modules[from]!.package;
      if (line !== null && (owner === null || owner.name !== build.modules[target]!.package?.name)) {
        numbers.push(line);
        if (column !== null) numbers.push(column);
      }
      // Upper case, so that the letter after the number is not taken for a digit.
      return `${numbers.map((number) => number.toString(36).toUpperCase()).join(':')}${KIND_LETTERS[EDGE_KINDS.indexOf(kind)]!}`;
    })
    .join(' ');
}

function toBuild(data: FileData, file: string): Build {
  const modules: Module[] = [];
  const edges: Edge[] = [];
  const inRange = (module: number, where: string): number => {
    if (module < 0 || module >= data.modules.length)
      throw damaged(file, `${where} names module ${module} of ${data.modules.length}`);
    return module;
  };
  let id = '';
  data.modules.forEach(([shared, suffix, owner, format, sourceBytes, words], from) => {
    id = id.slice(0, shared) + suffix;
    const row = owner === 0 ? null : data.packages[owner - 1];
    if (row === undefined) throw damaged(file, `${id} names package ${owner} of ${data.packages.length}`);
    modules.push({
      id,
      package: row === null ? null : { name: row[0], version: row[1] },
      format: MODULE_FORMATS[format]!,
      sourceBytes,
      sideEffects: null,
      exports: null,
      usedExports: null,
    });
    let to = 0;
    for (const word of words === '' ? [] : words.split(' ')) {
      const match = /^([0-9A-Z]+)(?::([0-9A-Z]+))?(?::([0-9A-Z]+))?([druc]?)$/.exec(word);
      if (match === null) throw damaged(file, `an import of ${id} reads ${JSON.stringify(word)}`);
      const [step, line, column] = match
        .slice(1, 4)
        .map((digits) => (digits === undefined ? null : Number.parseInt(digits, 36)));
      to = inRange(to + step!, id);
      edges.push({
        from,
        to,
        kind: EDGE_KINDS[KIND_LETTERS.indexOf(match[4]!)]!,
        names: null,
        line: line ?? null,
        column: column ?? null,
      });
    }
  });
  const outputs = data.outputs.map((row): Output => ({
    file: row.file,
    kind: row.kind,
    entry: row.entry,
    entryModule: row.module === null ? null : inRange(row.module, row.file),
    imports: row.imports.map(([target, kind]) => ({ file: target, kind })),
    bytes: toBytes(row.bytes),
    parts: row.parts.map(([owner, ...sizes]): Part => ({
      module: typeof owner === 'number' ? inRange(owner, row.file) : null,
      rest: typeof owner === 'number' ? null : owner,
      bytes: toBytes(sizes),
    })),
  }));
  const bundler = data.bundler === null ? null : { name: data.bundler[0], version: data.bundler[1] };
  return { schema: BUILD_SCHEMA, bundler, modules, edges, outputs, diagnostics: [] };
}

function toBytes([raw, gzip, brotli]: readonly [number, number | null, number | null]): Bytes {
  return { raw, gzip, brotli };
}
