/** `pare compress`: compressed copies of a build's files, and deltas against the releases before it. */
import path from 'node:path';

import { formatBytes, formatShare } from '../../reports/format-bytes.ts';
import type { Diagnostic } from '../model/build.ts';
import { PareError } from '../model/errors.ts';
import { nearest } from '../model/nearest-name.ts';
import type { CompressedFile, PrecompressManifest } from '../precompress/manifest.ts';
import { COMPRESS_DEFAULTS, COPY_FORMATS, type CompressSettings, type CopyFormat } from '../precompress/settings.ts';
import { parseRows } from './arguments.ts';
import { defineCommand } from './command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { findOutputFolder } from './output-folder.ts';
import { createProgress } from './progress.ts';
import { joinRepeated } from './repeated.ts';
import { note } from './results.ts';
import { renderTable, type Column } from './table.ts';
import { hasColor, widthOf } from './terminal.ts';

const definition = defineCommand({
  help: {
    usage: ['[DIR] [options]', '[DIR] --check'],
    about:
      'Writes .br and .gz (and .zst) beside the files of a build, at the best levels, where that pays; a server then sends ' +
      'them as they are. With --previous it writes deltas too (.dcz, and .dcb where this Node can): a browser that has a ' +
      'file of an earlier release downloads only what changed (RFC 9842). pare-compress.json says what there is, with the ' +
      'headers that a server needs. Copies that no longer fit are removed, and nothing else is. The same files give the ' +
      'same bytes. Options that are not given come from the section "compress" of the configuration.',
    examples: [
      ['compress dist', 'Copies for every browser'],
      [
        'compress dist --previous releases/41 --previous releases/40',
        'And deltas for who has one of the last two releases',
      ],
      ['compress dist --dry-run', 'What it would write, and what that saves'],
      ['compress dist --check', 'Before a deploy: is everything as it was written?'],
    ],
    exits: [
      [EXIT.ok, 'done; with --check: everything is as it was written'],
      [EXIT.found, '--check found files that changed, or are missing or torn'],
    ],
  },
  args: {
    target: { type: 'positional', required: false, valueHint: 'DIR', description: 'the build' },
    formats: {
      type: 'string',
      valueHint: 'LIST',
      description: `${COPY_FORMATS.join(', ')}, with commas; default: ${COMPRESS_DEFAULTS.formats.join(',')}`,
    },
    'min-saving': {
      type: 'string',
      valueHint: 'SHARE',
      description: 'write no copy that saves less; default: 2%',
    },
    include: {
      type: 'string',
      valueHint: 'GLOB',
      description: 'compress these files only; source maps where it names them, as in "**/*.{js,map}"',
    },
    previous: {
      type: 'string',
      valueHint: 'DIR',
      description: 'an earlier release, the latest first; may be given more than once',
    },
    base: {
      type: 'string',
      valueHint: 'PATH',
      default: '/',
      description: 'where the folder lies on the server',
    },
    'dry-run': { type: 'boolean', description: 'compress and measure, but write nothing' },
    cache: { type: 'boolean', default: true, negativeDescription: 'compress everything anew' },
    config: { type: 'string', valueHint: 'FILE', description: 'the configuration; default: the nearest upwards' },
    check: { type: 'boolean', description: 'hold the folder against its manifest instead' },
    rows: { type: 'string', valueHint: 'N', default: '20', description: 'files to list, or "all"' },
    json: { type: 'boolean', description: 'the manifest, or with --check the problems, as JSON' },
  },
  async run(args) {
    const rows = parseRows('compress', args.rows);
    const target = args.target ?? (await findOutputFolder());
    if (args.check === true) return check(target, args.json === true);
    const flags: Partial<CompressSettings> = {
      ...(args.formats !== undefined && { formats: parseList(args.formats) }),
      ...(args['min-saving'] !== undefined && { minSaving: parseShare(args['min-saving']) }),
      ...(args.include !== undefined && { include: args.include }),
      ...(args.previous !== undefined && { previous: args.previous.split(',').filter(Boolean) }),
    };
    const isDry = args['dry-run'] === true;
    const { manifest, diagnostics } = await compress(target, flags, {
      config: args.config,
      base: args.base,
      cache: args.cache,
      isDry,
    });
    if (diagnostics.length > 0) (await import('./diagnostics.ts')).warn(diagnostics);
    if (args.json === true) process.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`);
    else process.stdout.write(renderResult(manifest, target, { rows, isDry }));
    return EXIT.ok;
  },
});

/** `--previous` may be given more than once. */
export const command = {
  ...definition,
  run: (words: readonly string[]) => definition.run(joinRepeated(words, '--previous')),
};

interface Asked {
  readonly config: string | undefined;
  readonly base: string;
  readonly cache: boolean;
  readonly isDry: boolean;
}

/** @param flags what the command line says: it comes before the configuration */
async function compress(
  target: string,
  flags: Partial<CompressSettings>,
  { config, base, cache, isDry }: Asked,
): Promise<{ readonly manifest: PrecompressManifest; readonly diagnostics: readonly Diagnostic[] }> {
  const [
    { startEngine },
    { compressSettings },
    { closeOnSignals, uninterrupted },
    { precompress },
    { presentReleases },
  ] = await Promise.all([
    import('../engine/engine.ts'),
    import('../config/settings.ts'),
    import('../scope/signals.ts'),
    import('../precompress/precompress.ts'),
    import('../precompress/releases.ts'),
  ]);
  const folder = path.resolve(target);
  const diagnostics: Diagnostic[] = [];
  await using engine = await startEngine({
    config: { file: config },
    cache,
    runKind: `compress ${folder}`,
    onWarning: (warning) => diagnostics.push({ ...warning, file: null }),
  });
  closeOnSignals(engine.scope);
  const progress = createProgress();
  progress.update(`reading ${target}`);
  const configured = compressSettings(engine.config);
  const settings = {
    ...COMPRESS_DEFAULTS,
    ...configured,
    // A folder that is named on the command line is meant now: where it is missing, that is an error.
    ...(flags.previous === undefined && {
      previous: await presentReleases(configured?.previous ?? [], (diagnostic) => diagnostics.push(diagnostic)),
    }),
    ...flags,
  };
  try {
    // At a signal the scope ends what is going on; this waits until nothing is half-written.
    const manifest = await uninterrupted(() =>
      precompress(folder, settings, {
        base,
        dryRun: isDry,
        cache: engine.cache,
        signal: engine.scope.signal,
        run: (input, options) => engine.run('encode', input, options),
        onProgress: (done, total, file) => progress.update(`compressing ${done}/${total}  ${file}`),
        onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
      }),
    );
    return { manifest, diagnostics };
  } finally {
    progress.clear();
  }
}

async function check(target: string, isJson: boolean): Promise<ExitCode> {
  const { checkPrecompressed } = await import('../precompress/check.ts');
  const { manifest, problems } = await checkPrecompressed(path.resolve(target));
  const code = problems.length === 0 ? EXIT.ok : EXIT.found;
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ files: manifest.files.length, problems }, null, 2)}\n`);
    return code;
  }
  const copies = manifest.files.reduce((sum, file) => sum + file.copies.length + file.deltas.length, 0);
  if (problems.length === 0) {
    process.stdout.write(
      `${count(manifest.files.length, 'file')} and ${count(copies, 'copy', 'copies')}: all as written\n`,
    );
  } else {
    process.stdout.write(problems.map(({ message }) => `${message}\n`).join(''));
    note(`${count(problems.length, 'problem')}: compress the folder again`);
  }
  return code;
}

function renderResult(
  { files }: PrecompressManifest,
  target: string,
  { rows, isDry }: { readonly rows: number; readonly isDry: boolean },
): string {
  const compressed = files.filter(({ copies, deltas }) => copies.length + deltas.length > 0);
  const written = compressed.flatMap(({ copies, deltas }) => [...copies, ...deltas]);
  if (compressed.length === 0) return `Nothing in ${target} gets smaller by compressing it\n`;
  const codings = ['br', 'gzip', 'zstd'].filter((coding) => written.some((each) => each.coding === coding));
  const hasDeltas = written.some((each) => 'dictionary' in each);
  const figures: Column<CompressedFile>[] = [
    { title: 'bytes', cell: ({ bytes }) => formatBytes(bytes) },
    ...codings.map((coding): Column<CompressedFile> => ({
      title: coding,
      cell: ({ copies }) => formatBytes(copies.find((copy) => copy.coding === coding)?.bytes ?? null),
    })),
    ...(hasDeltas ? [{ title: 'delta', cell: (file: CompressedFile) => formatBytes(smallestDelta(file)) }] : []),
  ];
  const sorted = compressed.toSorted((a, b) => b.bytes - a.bytes || (a.file < b.file ? -1 : 1));
  const table = renderTable(sorted.slice(0, rows), { title: 'file', cell: ({ file }) => file }, figures, {
    color: hasColor(process.stdout),
    width: widthOf(process.stdout),
  });
  const more = compressed.length > rows ? [`  … and ${compressed.length - rows} more; --rows all lists them`] : [];
  return `${[...table, ...more, '', ...renderSums(files, isDry)].join('\n')}\n`;
}

function renderSums(files: readonly CompressedFile[], isDry: boolean): string[] {
  const sum = (size: (file: CompressedFile) => number): number => files.reduce((total, file) => total + size(file), 0);
  const copies = files.flatMap((file) => [...file.copies, ...file.deltas]);
  const bytes = copies.reduce((total, copy) => total + copy.bytes, 0);
  const all = sum((file) => file.bytes);
  const least = sum(smallestCopy);
  const lines = [
    `${isDry ? 'Would write' : 'Wrote'} ${count(copies.length, 'copy', 'copies')} of ${formatBytes(bytes)}.`,
    `A first visit downloads ${formatBytes(least)} instead of ${formatBytes(all)} (${formatShare(least, all)}).`,
  ];
  const changed = files.filter(({ deltas }) => deltas.length > 0);
  if (changed.length > 0) {
    const plain = changed.reduce((total, file) => total + smallestCopy(file), 0);
    const deltas = changed.reduce((total, file) => total + smallestDelta(file)!, 0);
    lines.push(
      `Who has an earlier release downloads ${formatBytes(deltas)} instead of ${formatBytes(plain)} ` +
        `for ${count(changed.length, 'file')} that changed.`,
    );
  }
  return lines;
}

function smallestCopy({ bytes, copies }: CompressedFile): number {
  return Math.min(bytes, ...copies.map((copy) => copy.bytes));
}

function smallestDelta({ deltas }: CompressedFile): number | null {
  return deltas.length === 0 ? null : Math.min(...deltas.map(({ bytes }) => bytes));
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

function parseList(text: string): CopyFormat[] {
  const words = text.split(',').map((word) => word.trim().replace(/^\./, ''));
  return words.map((word) => {
    const known = COPY_FORMATS.find((format) => format === word);
    if (known !== undefined) return known;
    const meant = nearest(word, COPY_FORMATS);
    throw new PareError('usage', `--formats has no format ${JSON.stringify(word)}`, {
      hint: meant === null ? `Its formats: ${COPY_FORMATS.join(', ')}` : `Did you mean ${meant}?`,
    });
  });
}

/** `2%`, `2 %` or `0.02`. */
function parseShare(text: string): number {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim()) ?? [];
  const share = Number(digits) / (percent === '%' ? 100 : 1);
  if (share >= 0 && share < 1) return share;
  throw new PareError('usage', `--min-saving takes a share, not ${JSON.stringify(text)}`, {
    hint: 'For example 2% or 0.02',
  });
}
