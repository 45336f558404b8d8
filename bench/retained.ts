// Retained sizes against real rebuilds: what pare says leaves without an import or a package, and what then really left.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readReexports } from '../src/detect/reexports.ts';
import { retainedSizes, type Retained } from '../src/detect/retained.ts';
import type { Bytes } from '../src/model/build.ts';
import { anchorRows } from './retained-packages.ts';
import { openFixture, type Fixture } from './retained-rebuild.ts';
import { measuredOn } from './whole-process.ts';

const CASES = [
  ['storefront', 'esbuild'],
  ['parts', 'esbuild'],
  ['parts', 'rollup'],
  ['legacy', 'esbuild'],
  ['cli', 'esbuild'],
] as const;
/** Import statements per fixture, those that retain most. */
const STATEMENTS = 10;
/** Smaller ones are told apart from the noise of short names by nobody. */
const LEAST_BYTES = 1000;

interface Trial {
  readonly label: string;
  readonly predicted: Retained;
  readonly real: Bytes;
}

/** Prints tables; rebuilds each fixture some ten times. */
export async function run(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pare-retained-'));
  try {
    const summary: string[] = [];
    const off: string[] = [];
    for (const [name, bundler] of CASES) {
      const trials = await trialsOf(await openFixture(name, bundler, folder));
      summary.push(...summaryRows(`${name}, ${bundler}`, trials));
      off.push(...trials.filter((trial) => errorOf(trial, 'raw') > 0.01).map((trial) => row(`${name}: `, trial)));
    }
    return [
      `Predicted saving against that of a real rebuild without the import statement (its bindings left undefined), for the ` +
        `${STATEMENTS} of the project's own imports that retain most; all outputs, brotli 11. ${measuredOn(['esbuild', 'rollup'])}.`,
      '',
      '| build | imports | raw: median | p90 | worst | gzip: median | p90 | worst | brotli: median | p90 | worst |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      ...summary,
      '',
      'Those that are more than 1 % off in raw bytes, and what pare said of them:',
      '',
      ...TRIAL_HEAD,
      ...(off.length > 0 ? off : ['| none | | | | | | | |']),
      '',
      'Packages of one application (React, MUI, lodash, moment, three, d3), against a rebuild where the package stays outside:',
      '',
      ...(await anchorRows()),
    ].join('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function trialsOf(fixture: Fixture): Promise<Trial[]> {
  const { build, sources, bytes } = await fixture.build([]);
  const sizes = retainedSizes(build, { reexports: await readReexports(build, sources) });
  const largest = build.edges
    .map((edge, index) => ({ edge, predicted: sizes.edges[index]! }))
    .filter(({ edge, predicted }) => {
      const isOwn = build.modules[edge.from]!.package === null;
      const isStatement = edge.kind === 'static' || edge.kind === 'require';
      return isOwn && isStatement && edge.line !== null && predicted.bytes.raw >= LEAST_BYTES;
    })
    .sort((a, b) => b.predicted.bytes.raw - a.predicted.bytes.raw);
  const trials: Trial[] = [];
  for (const { edge, predicted } of largest) {
    if (trials.length === STATEMENTS) break;
    const cut = { module: build.modules[edge.from]!.id, line: edge.line!, column: edge.column! };
    if (!fixture.canCut(cut)) continue;
    const without = await fixture.build([cut]);
    const names = edge.names === null ? '' : ` {${edge.names.join(', ').slice(0, 40)}}`;
    trials.push({
      label: `${cut.module}:${cut.line}${names} from ${build.modules[edge.to]!.id.replace(/^.*node_modules\//, '')}`,
      predicted,
      real: difference(bytes, without.bytes),
    });
  }
  return trials;
}

function difference(a: Bytes, b: Bytes): Bytes {
  return { raw: a.raw - b.raw, gzip: a.gzip! - b.gzip!, brotli: a.brotli! - b.brotli! };
}

function errorOf({ predicted, real }: Trial, size: keyof Bytes): number {
  return Math.abs(predicted.bytes[size]! - real[size]!) / real[size]!;
}

function summaryRows(label: string, trials: readonly Trial[]): string[] {
  const groups = [
    [label, trials.filter(({ predicted }) => !predicted.isLowerBound)],
    [`${label}: lower bounds`, trials.filter(({ predicted }) => predicted.isLowerBound)],
  ] as const;
  return groups.flatMap(([name, group]) => {
    if (group.length === 0) return [];
    const cells = (['raw', 'gzip', 'brotli'] as const).flatMap((size) => {
      const errors = group.map((trial) => errorOf(trial, size)).sort((a, b) => a - b);
      return [0.5, 0.9, 1].map((share) => percent(errors[Math.ceil(share * errors.length) - 1]!));
    });
    return [`| ${name} | ${group.length} | ${cells.join(' | ')} |`];
  });
}

const TRIAL_HEAD = [
  '| import | lower bound | raw: predicted | rebuilt | gzip: predicted | rebuilt | brotli: predicted | rebuilt |',
  '| --- | --- | --- | --- | --- | --- | --- | --- |',
];

function row(prefix: string, { label, predicted, real }: Trial): string {
  const cells = (['raw', 'gzip', 'brotli'] as const).flatMap((size) => [
    Math.round(predicted.bytes[size]!).toLocaleString('en'),
    real[size]!.toLocaleString('en'),
  ]);
  return `| ${prefix}${label} | ${predicted.isLowerBound ? 'yes' : ''} | ${cells.join(' | ')} |`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
