/** One chunk through the chosen minifiers; the smallest result that is still the same program stays. */
import type { ByteCache, CacheEntry } from '../model/byte-cache.ts';
import { faultOf, parserOf, type Parse } from './check-output.ts';
import { composeMaps, type ComposedMap, type SourceMapJson } from './compose-maps.ts';
import { findTool, packageOf, type FoundTool } from './find-tools.ts';
import { arrangeLicences, baseName, licenceNotices } from './licences.ts';
import type { ChunkFormat, Minified, MinifyInput, Tried } from './minified.ts';
import { packMinified, unpackMinified } from './minified-value.ts';
import { minifyTask, type MinifyStep, type MinifyTaskInput, type MinifyTaskOutput } from './minify-task.ts';
import { chainsOf, MINIFIERS, type Minifier, type MinifySettings } from './settings.ts';
import { understandOptions, type UnderstoodOptions } from './shared-options.ts';
import type { ToolInput } from './tools/tool.ts';
import { brotliBytes, isNoLarger, rank, type Brotli, type Weight } from './weigh.ts';

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly priority?: number;
}

export interface MinifyEngine {
  /** The user's project: its minifiers are taken. Without it the working directory. */
  readonly root?: string | undefined;
  readonly cache?: ByteCache | undefined;
  /** Runs `minifyTask` somewhere else. Asked only for work that would block this thread. */
  readonly run?: ((input: MinifyTaskInput, options: RunOptions) => Promise<MinifyTaskOutput>) | undefined;
  readonly brotli?: Brotli | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Never gives a chunk that is larger in brotli than the one it was given (but for a reference to its licences), nor one that does not parse or exports other names: a
 * minifier that fails is out of the race and named in `warnings`, and where all fail the chunk stays as it was.
 *
 * @throws the signal's reason when it is aborted
 */
export async function minifyChunk(
  chunk: MinifyInput,
  settings: MinifySettings,
  engine: MinifyEngine = {},
): Promise<Minified> {
  engine.signal?.throwIfAborted();
  const plan = planFor(settings, engine.root ?? process.cwd());
  if (plan.chains.length === 0 || chunk.code.trim() === '')
    return { ...unchanged(chunk, [], []), remarks: plan.remarks };
  const { cache } = engine;
  if (cache === undefined || 'nameCache' in settings.terser) return compute(chunk, settings, plan, engine);

  const entry = cacheEntry(chunk, settings, plan);
  let computed: Minified | null = null;
  const bytes = await cache.through(entry, async () => {
    computed = await compute(chunk, settings, plan, engine);
    return packMinified(computed);
  });
  if (computed !== null) return computed;
  const kept = unpackMinified(bytes);
  if (kept === null) return compute(chunk, settings, plan, engine);
  return { ...kept, tried: [], remarks: plan.remarks };
}

interface Plan {
  readonly chains: readonly (readonly FoundTool[])[];
  readonly options: UnderstoodOptions;
  /** About minifiers that are not installed. The same for every chunk. */
  readonly remarks: readonly string[];
  readonly parse: Parse;
}

/** By project and settings: finding packages asks the disk. */
const plans = new WeakMap<MinifySettings, Map<string, Plan>>();

function planFor(settings: MinifySettings, root: string): Plan {
  let ofSettings = plans.get(settings);
  if (ofSettings === undefined) plans.set(settings, (ofSettings = new Map()));
  let plan = ofSettings.get(root);
  if (plan === undefined) ofSettings.set(root, (plan = makePlan(settings, root)));
  return plan;
}

function makePlan(settings: MinifySettings, root: string): Plan {
  const options = understandOptions(settings.terser);
  const found = new Map<Minifier, FoundTool>();
  const remarks: string[] = [];
  const find = (tool: Minifier): boolean => {
    const there = findTool(tool, root);
    if (there !== null) found.set(tool, there);
    return there !== null;
  };
  const missing = settings.tools.filter((tool) => !find(tool));
  if (found.size === 0) MINIFIERS.some((tool) => find(tool));
  if (missing.length > 0) remarks.push(missingRemark(missing, [...found.keys()], settings.tools));

  let chains = chainsOf([...found.keys()].filter((tool) => !options.unfit.includes(tool)));
  const terserOnly = [...options.terserFirst, ...options.terserAlone];
  if (terserOnly.length > 0) {
    // Whatever terser alone can do it has to do in every candidate.
    if (!found.has('terser')) find('terser');
    chains = chainsOf([...found.keys()]).filter(([first]) => first === 'terser');
    if (options.terserAlone.length > 0) chains = chains.map(() => ['terser']);
    if (chains.length === 0) {
      remarks.push(
        `Nothing is minified: ${terserOnly.join(', ')} needs terser, which is not installed (npm i -D terser).`,
      );
    }
  }
  return {
    chains: chains.map((chain) => chain.map((tool) => found.get(tool)!)),
    options,
    remarks,
    parse: parserOf(root),
  };
}

function missingRemark(missing: readonly Minifier[], found: readonly Minifier[], asked: readonly Minifier[]): string {
  const names = missing.map(packageOf);
  const install = `npm i -D ${names.join(' ')}`;
  const are = names.length > 1 ? 'are' : 'is';
  const head = `${names.join(' and ')} ${are} not installed (${install})`;
  if (found.length === 0) return `${head}, nor is another minifier: nothing is minified.`;
  const instead = found.some((tool) => asked.includes(tool)) ? 'only ' : '';
  return `${head}: chunks are minified by ${instead}${found.join(' and ')}.`;
}

interface Candidate {
  readonly tool: string;
  readonly code: string;
  readonly steps: readonly MinifyStep[];
  readonly ms: number;
}

interface Failed {
  readonly tool: string;
  readonly ms: number;
  readonly error: string;
}

async function compute(
  chunk: MinifyInput,
  settings: MinifySettings,
  plan: Plan,
  engine: MinifyEngine,
): Promise<Minified> {
  const { hashbang, code } = cutHashbang(chunk.code);
  const wantsMap = chunk.sourceMap ?? chunk.map !== null;
  const input: ToolInput = {
    code,
    kind: kindOf(chunk.format),
    wantsMap,
    target: settings.target,
    terser: settings.terser,
    shared: plan.options.shared,
    keepDirectives: OTHER_DIRECTIVE.test(code),
  };
  const notices = licenceNotices(code);
  const licences = arrangeLicences(notices, settings.licences, chunk.file);
  const results = await Promise.all(plan.chains.map((chain) => runChain(chain, input, engine)));
  engine.signal?.throwIfAborted();
  // Where one fails at a chain's head, what comes behind it may be another chain's head.
  const candidates = eachOnce(results.flatMap((result) => result.candidates));
  const failures = eachOnce(results.flatMap((result) => result.failures));

  const exact = plan.chains.some((chain) => chain.some(({ tool }) => tool === 'terser'));
  // With all that will stand before it: a few bytes there can move brotli's result by 0.3 %.
  const before = hashbang + licences.text;
  const texts = candidates.map((candidate) => before + candidate.code);
  const { weights, order } = await rank(texts, exact, engine.brotli);
  engine.signal?.throwIfAborted();

  let winner: Candidate | null = null;
  for (const at of order) {
    const candidate = candidates[at]!;
    const fault = await faultOf(candidate.code, code, input.kind, plan.parse);
    if (fault === null) {
      winner = candidate;
      break;
    }
    failures.push({ tool: candidate.tool, ms: candidate.ms, error: fault });
  }
  const tried = triedOf(candidates, weights, failures);
  const warnings = failures.map(({ tool, error }) => `${tool} can't minify ${chunk.file}: ${error}`);
  if (winner === null) return { ...unchanged(chunk, warnings, tried), remarks: plan.remarks };

  const result = before + winner.code;
  // To name a file of licences takes more than a short licence: who wants that gets it.
  const unlinked = hashbang + arrangeLicences(notices, 'inline', chunk.file).text + winner.code;
  const compared = settings.licences === 'linked' ? unlinked : result;
  if (!(await isNoLarger(compared, chunk.code, engine.brotli ?? brotliBytes))) {
    return { ...unchanged(chunk, warnings, tried), remarks: plan.remarks };
  }
  engine.signal?.throwIfAborted();
  const map = wantsMap ? JSON.stringify(await mapOf(chunk, winner, countLines(before))) : null;
  return { code: result, map, tool: winner.tool, licences, tried, warnings, remarks: plan.remarks };
}

function eachOnce<T extends { readonly tool: string }>(of: readonly T[]): T[] {
  return [...new Map(of.map((each) => [each.tool, each])).values()];
}

/** Minifiers but terser work in threads of their own; only what would block this one is worth another. */
async function runChain(
  chain: readonly FoundTool[],
  input: ToolInput,
  { run, signal }: MinifyEngine,
): Promise<{ candidates: Candidate[]; failures: Failed[] }> {
  const task: MinifyTaskInput = { ...input, steps: chain };
  const elsewhere = run !== undefined && chain.some(({ tool }) => tool === 'terser') && isCloneable(input.terser);
  const { steps, error } = await (elsewhere
    ? run(task, signal === undefined ? {} : { signal })
    : minifyTask(task, { signal }));
  const nameOf = (length: number): string =>
    chain
      .slice(0, length)
      .map(({ tool }) => tool)
      .join('+');
  const msOf = (length: number): number => steps.slice(0, length).reduce((sum, { ms }) => sum + ms, 0);
  const candidates = steps.map(({ code }, at) => ({
    tool: nameOf(at + 1),
    code,
    steps: steps.slice(0, at + 1),
    ms: msOf(at + 1),
  }));
  if (error === null) return { candidates, failures: [] };
  const failed = { tool: nameOf(steps.length + 1), ms: msOf(steps.length), error: error.split('\n')[0]!.trim() };
  // What would have come behind the one that failed still has its chance with the code as it was.
  const rest = chain.slice(steps.length + 1).filter(({ tool }) => tool !== chain[steps.length]!.tool);
  if (steps.length > 0 || rest.length === 0) return { candidates, failures: [failed] };
  const others = await runChain(rest, input, { run, signal });
  return { candidates: others.candidates, failures: [failed, ...others.failures] };
}

function triedOf(candidates: readonly Candidate[], weights: readonly Weight[], failures: readonly Failed[]): Tried[] {
  const faults = new Map(failures.map((failed) => [failed.tool, failed.error]));
  const weighed = candidates.map(({ tool, code, ms }, at): Tried => {
    const { bytes, quality } = weights[at]!;
    const error = faults.get(tool);
    const raw = Buffer.byteLength(code);
    return { tool, raw, brotli: bytes, quality, ms, ...(error === undefined ? {} : { error }) };
  });
  const names = new Set(candidates.map(({ tool }) => tool));
  const thrown = failures.filter(({ tool }) => !names.has(tool));
  return [
    ...weighed,
    ...thrown.map(({ tool, ms, error }) => ({ tool, raw: null, brotli: null, quality: null, ms, error })),
  ];
}

async function mapOf(chunk: MinifyInput, winner: Candidate, linesBefore: number): Promise<ComposedMap> {
  const read = typeof chunk.map === 'string' ? (JSON.parse(chunk.map) as SourceMapJson) : chunk.map;
  const input = read !== null && 'sections' in read ? await flattened(read) : read;
  const [step] = winner.steps;
  // Nothing to compose, and names that need no mending.
  if (input === null && winner.steps.length === 1 && winner.tool !== 'oxc' && step?.map != null) {
    const { mappings, names } = step.map;
    return {
      version: 3,
      file: baseName(chunk.file),
      sources: [chunk.file],
      sourcesContent: [chunk.code],
      names: [...names],
      mappings: ';'.repeat(linesBefore) + mappings,
    };
  }
  return composeMaps({
    steps: winner.steps.flatMap(({ map }) => (map === null ? [] : [map])),
    output: winner.code,
    input,
    source: { name: chunk.file, content: chunk.code },
    file: baseName(chunk.file),
    linesBefore,
  });
}

/** Maps that are made of the maps of sections are rare. */
async function flattened(map: SourceMapJson): Promise<SourceMapJson> {
  const { encodedMap, FlattenMap } = await import('@jridgewell/trace-mapping');
  return encodedMap(new FlattenMap(map as never)) as SourceMapJson;
}

/** The chunk as it was. Its licences are where they were. */
function unchanged(
  chunk: MinifyInput,
  warnings: readonly string[],
  tried: readonly Tried[],
): Omit<Minified, 'remarks'> {
  const map = typeof chunk.map === 'object' && chunk.map !== null ? JSON.stringify(chunk.map) : chunk.map;
  return { code: chunk.code, map, tool: null, licences: { text: '' }, tried, warnings };
}

/** Everything that the result depends on. */
function cacheEntry(chunk: MinifyInput, settings: MinifySettings, plan: Plan): CacheEntry {
  const tools = plan.chains.map((chain) => chain.map(({ version }) => version).join(' + '));
  const map = typeof chunk.map === 'object' && chunk.map !== null ? JSON.stringify(chunk.map) : (chunk.map ?? '');
  const wantsMap = chunk.sourceMap ?? chunk.map !== null;
  const { terser, target, licences } = settings;
  const options = stableText({ terser, target, licences, format: chunk.format, wantsMap });
  return { kind: 'minified', of: [FORM, chunk.file, options, tools.join(', '), map, chunk.code] };
}

/** Of what is kept and of how it is made; changes when either does. */
const FORM = 'minify 3';

/** JSON with sorted keys; regular expressions and functions by their text. */
function stableText(value: unknown): string {
  if (value instanceof RegExp || typeof value === 'function') return JSON.stringify(String(value));
  if (Array.isArray(value)) return `[${value.map(stableText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${stableText(each)}`).join(',')}}`;
}

function isCloneable(value: unknown): boolean {
  if (typeof value === 'function') return false;
  if (typeof value !== 'object' || value === null || value instanceof RegExp) return true;
  return Object.values(value).every(isCloneable);
}

function kindOf(format: ChunkFormat): ToolInput['kind'] {
  if (format === 'es') return 'module';
  return format === 'cjs' ? 'commonjs' : 'script';
}

/** `"use client"` and the like, where a statement may stand. */
const OTHER_DIRECTIVE = /(?:^|[{};\n])\s*(["'])use (?!strict\1)[a-z][\w -]*\1\s*(?:[;}\n]|$)/;

/** The hashbang with its line terminator, and the code with an empty line in its place, so that places stay what they are. */
function cutHashbang(code: string): { hashbang: string; code: string } {
  const hashbang = /^#!.*(?:\r?\n|$)/.exec(code)?.[0] ?? '';
  if (hashbang === '') return { hashbang, code };
  return { hashbang: hashbang.endsWith('\n') ? hashbang : `${hashbang}\n`, code: `\n${code.slice(hashbang.length)}` };
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
