/**
 * Compressed bytes by owner against the truth by leave-one-out, with the ways of other analyzers beside them.
 * The truth: how much smaller does the real compressed file get when an owner's bytes are taken out of it?
 */
import { brotliCompress, constants, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { attributeBrotli } from '../src/measure/brotli.ts';
import { attributeGzip } from '../src/measure/gzip.ts';
import type { Ownership } from '../src/measure/ownership.ts';
import { buildApp, dependencyOf, groupBy, packageOf, pick } from './compressed-truth-app.ts';
import type { App, Grouping } from './compressed-truth-app.ts';

/** Owners whose leave-one-out truth is less are left out of the mean. */
const LEAST = 1024;
/** Modules that the truth is measured for: every nth by size. */
const MODULE_SAMPLE = 24;
const NEUTRAL_EDITS = 8;

interface Codec {
  readonly name: string;
  readonly compress: (content: Uint8Array) => Promise<Uint8Array>;
  readonly attribute: (
    compressed: Uint8Array,
    content: Uint8Array,
    ownership: Ownership,
  ) => { readonly shares: Uint32Array };
}

const gzipAsync = promisify(gzip);
const brotliAsync = promisify(brotliCompress);

const CODECS: readonly Codec[] = [
  {
    name: 'gzip 9',
    compress: (content) => gzipAsync(content, { level: 9 }),
    attribute: (compressed, _, ownership) => attributeGzip(compressed, ownership),
  },
  {
    name: 'brotli 11',
    compress: (content) => brotliAsync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
    attribute: attributeBrotli,
  },
];

const GROUPINGS: readonly { readonly name: string; readonly nameOf: (module: string) => string }[] = [
  { name: 'dependency', nameOf: dependencyOf },
  { name: 'package', nameOf: packageOf },
  { name: 'module', nameOf: (module) => module },
];

/** Bytes by group, as a method says. */
type Shares = Readonly<Record<string, readonly number[]>>;

const METHODS = [
  'pare',
  'each module alone, scaled to the file',
  'each module alone',
  'in proportion to raw bytes',
] as const;

/** The Markdown of the comparison; takes some minutes. */
export async function run(): Promise<string> {
  const app = await buildApp();
  const lines = [
    '| method | grouping | owners | gzip 9 | brotli 11 | brotli 11, luck taken out |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  const notes: string[] = [];
  const cells = new Map<string, string[]>();
  for (const codec of CODECS) {
    const full = await codec.compress(app.content);
    const luck = codec.name === 'gzip 9' ? null : await neutralEdits(app.content, codec, full.length);
    const alone = await modulesAlone(app, codec);
    for (const { name, nameOf } of GROUPINGS) {
      const grouping = groupBy(app, nameOf);
      const started = process.cpuUsage();
      const { shares } = codec.attribute(full, app.content, grouping.ownership);
      const used = process.cpuUsage(started);
      const cost = (used.user + used.system) / 1000 / (app.content.length / 1e6);
      const truth = await leaveOneOut(app, grouping, codec, full.length, name === 'module' ? MODULE_SAMPLE : Infinity);
      const methods: Shares = {
        pare: [...shares].map((bits) => bits / 8),
        ...peers(app, grouping, nameOf, alone, full.length),
      };
      for (const method of METHODS) {
        const row = cells.get(`${method} | ${name}`) ?? [];
        cells.set(`${method} | ${name}`, row);
        const error = meanError(truth, methods[method] ?? [], 0);
        if (row.length === 0) row.push(String(error.count));
        row.push(percent(error.mean));
        if (luck !== null) row.push(percent(meanError(truth, methods[method] ?? [], luck.mean).mean));
      }
      notes.push(`${codec.name} by ${name}: ${cost.toFixed(0)} ms of CPU per MB for the attribution.`);
    }
    if (luck !== null) {
      notes.push(
        `Deleting two bytes anywhere changes the ${codec.name} file by ${luck.least} to ${luck.most} bytes, on the average ${luck.mean.toFixed(0)}: the choices of ` +
          `this encoder are that much a matter of chance. The last column compares with what is left after such an edit.`,
      );
    }
  }
  for (const [key, row] of cells) lines.push(`| ${key} | ${row.join(' | ')} |`);
  return [
    ...lines,
    '',
    `Mean absolute error; owners of at least ${LEAST} compressed bytes.`,
    ...notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
}

interface Truth {
  readonly group: number;
  readonly bytes: number;
}

async function leaveOneOut(app: App, grouping: Grouping, codec: Codec, full: number, sample: number): Promise<Truth[]> {
  const groups = [...grouping.names.keys()].filter((group) => group !== 0 && (grouping.raw[group] ?? 0) >= 2 * LEAST);
  groups.sort((a, b) => (grouping.raw[b] ?? 0) - (grouping.raw[a] ?? 0));
  const step = Math.max(1, groups.length / sample);
  const chosen = Array.from({ length: Math.min(groups.length, sample) }, (_, i) => groups[Math.floor(i * step)] ?? 0);
  return inPairs(chosen, async (group) => {
    const rest = await codec.compress(pick(app.content, grouping.owners, (owner) => owner !== group));
    return { group, bytes: full - rest.length };
  });
}

function meanError(truth: readonly Truth[], shares: readonly number[], luck: number): { mean: number; count: number } {
  const counted = truth.filter(({ bytes }) => bytes >= LEAST);
  const errors = counted.map(({ group, bytes }) => Math.abs((shares[group] ?? 0) - bytes - luck) / (bytes + luck));
  return { mean: errors.reduce((a, b) => a + b, 0) / counted.length, count: counted.length };
}

/** Compressed size of each module by itself. */
async function modulesAlone(app: App, codec: Codec): Promise<number[]> {
  const parts = app.modules.map((): number[] => []);
  for (const [i, owner] of app.owners.entries()) parts[owner]?.push(app.content[i] ?? 0);
  return inPairs(parts, async (part) => (part.length === 0 ? 0 : (await codec.compress(Uint8Array.from(part))).length));
}

function peers(
  app: App,
  grouping: Grouping,
  nameOf: (module: string) => string,
  alone: readonly number[],
  full: number,
): Shares {
  const sums = new Array<number>(grouping.names.length).fill(0);
  for (const [i, module] of app.modules.entries()) {
    const group = grouping.names.indexOf(nameOf(module));
    sums[group] = (sums[group] ?? 0) + (alone[i] ?? 0);
  }
  const scale = full / sums.reduce((a, b) => a + b, 0);
  return {
    'each module alone': sums,
    'each module alone, scaled to the file': sums.map((bytes) => bytes * scale),
    'in proportion to raw bytes': [...grouping.raw].map((bytes) => (bytes * full) / app.content.length),
  };
}

/** How much the compressed size changes for nothing: two bytes are deleted, at places all over the content. */
async function neutralEdits(
  content: Uint8Array,
  codec: Codec,
  full: number,
): Promise<{ mean: number; least: number; most: number }> {
  const places = Array.from({ length: NEUTRAL_EDITS }, (_, i) =>
    Math.floor(((i + 0.5) * content.length) / NEUTRAL_EDITS),
  );
  const changes = await inPairs(places, async (place) => {
    const edited = content.filter((_, i) => i !== place && i !== place + 1);
    return (await codec.compress(edited)).length - full;
  });
  return {
    mean: changes.reduce((a, b) => a + b, 0) / changes.length,
    least: Math.min(...changes),
    most: Math.max(...changes),
  };
}

/** Two at a time: zlib works in threads of its own. */
async function inPairs<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let i = 0; i < items.length; i += 2) results.push(...(await Promise.all(items.slice(i, i + 2).map(work))));
  return results;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
