/** `pare cache`: what is kept between runs, and what it was good for. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { formatBytes } from '../../reports/format-bytes.ts';
import { load } from '../config/load.ts';
import { cacheSettings } from '../config/settings.ts';
import { ownVersion } from '../engine/own-package.ts';
import { CACHE_KINDS, type CacheKind } from '../model/byte-cache.ts';
import { PareError } from '../model/errors.ts';
import { nearest } from '../model/nearest-name.ts';
import {
  openStore,
  STORE_TIERS,
  type CacheSettings,
  type Cleared,
  type Store,
  type StoreTier,
} from '../store/open-store.ts';
import { renderCacheStatistics } from './cache-table.ts';
import { defineCommand } from './command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { findOutputFolder } from './output-folder.ts';
import { note } from './results.ts';
import { hasColor, widthOf } from './terminal.ts';
import { uninterrupted } from '../scope/signals.ts';

const ACTIONS = ['stats', 'clear', 'warm', 'verify'] as const;
type Action = (typeof ACTIONS)[number];

export const command = defineCommand({
  help: {
    usage: ['stats [--json]', 'clear [--kind KIND] [--tag TAG] [--tier TIER]', 'warm [DIR]', 'verify [--fix]'],
    about:
      'The cache keeps what pare has worked out, under the content that it was made from: it never has to be cleared for a ' +
      'right answer. stats says what lies in it and how often it was of use. clear takes away what you select, or everything. ' +
      'warm loads what an analysis of DIR will ask for, as earlier ones have: from Redis to this disk, if there is a Redis. verify ' +
      'reads every entry on disk and says which are corrupt. Where the cache lies and how large it may become: pare config cache.',
    examples: [
      ['cache stats', 'What is kept, and how much time it has saved'],
      ['cache clear --kind minified', 'Let every chunk be minified anew'],
      ['cache clear --tag package:react@19.2.0', 'Take back what carries a tag'],
      ['cache verify --fix', 'Look for damage on the disk, and take it away'],
    ],
    exits: [
      [EXIT.ok, 'done; verify: nothing is corrupt, or all that was is taken away'],
      [EXIT.found, 'verify: something is corrupt'],
    ],
  },
  args: {
    action: { type: 'positional', required: true, valueHint: 'ACTION', description: 'stats, clear, warm or verify' },
    target: { type: 'positional', required: false, valueHint: 'DIR', description: 'warm: the build to be analyzed' },
    kind: { type: 'string', valueHint: 'KIND', description: `clear: only this kind: ${CACHE_KINDS.join(', ')}` },
    tag: { type: 'string', valueHint: 'TAG', description: 'clear: only what carries this tag' },
    tier: { type: 'string', valueHint: 'TIER', description: 'clear: only disk, or only redis' },
    fix: { type: 'boolean', description: 'verify: take away what is corrupt' },
    config: { type: 'string', valueHint: 'FILE', description: 'the configuration; default: the nearest upwards' },
    json: { type: 'boolean', description: 'write JSON: sizes in bytes, times in milliseconds' },
  },
  async run({ action, target, kind, tag, tier, fix, config, json }) {
    const chosen = oneOf('action', action, ACTIONS);
    const selection = {
      kind: kind === undefined ? undefined : oneOf('kind', kind, CACHE_KINDS),
      tag,
      tier: tier === undefined ? undefined : oneOf('tier', tier, STORE_TIERS),
    };
    refuseMisplaced(chosen, { kind, tag, tier, fix, target });
    const settings = cacheSettings(await load({ file: config }));
    if (settings === null)
      throw new PareError(
        'no-cache',
        'There is no cache: it is turned off, or there is no node_modules to keep it in',
        {
          hint: 'Name a folder for it in cache.folder. What holds, and why: pare config cache',
        },
      );
    const print = json === true ? printJson : printText;
    return uninterrupted(() =>
      withStore(settings, async (store) => {
        if (chosen === 'stats') return printStatistics(store, settings, json === true);
        if (chosen === 'clear') return clear(store, settings, selection, print);
        if (chosen === 'verify') return verify(store, settings, fix === true, print);
        return warm(store, settings, target ?? (await findOutputFolder()), print);
      }),
    );
  },
});

/** Prints one of the two. */
type Print = (data: object, text: () => string) => void;
const printJson: Print = (data) => void process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
const printText: Print = (_, text) => void process.stdout.write(text());

/** @throws PareError `usage` */
function oneOf<T extends string>(what: string, word: string, known: readonly T[]): T {
  const found = known.find((each) => each === word);
  if (found !== undefined) return found;
  const meant = nearest(word, known);
  throw new PareError('usage', `pare cache knows no ${what} ${word}`, {
    hint: meant === null ? `There is ${known.join(', ')}` : `Did you mean ${meant}?`,
  });
}

/** Nothing that was given is passed over in silence: `pare cache stats --tag x` might be taken for an answer about x. */
function refuseMisplaced(action: Action, given: Readonly<Record<string, unknown>>): void {
  const owners: Readonly<Record<string, Action>> = {
    kind: 'clear',
    tag: 'clear',
    tier: 'clear',
    fix: 'verify',
    target: 'warm',
  };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || owners[name] === action) continue;
    const option = name === 'target' ? 'DIR' : `--${name}`;
    throw new PareError('usage', `pare cache ${action} takes no ${option}`, {
      hint: `${option} belongs to: pare cache ${owners[name]}`,
    });
  }
}

async function withStore(settings: CacheSettings, act: (store: Store) => Promise<ExitCode>): Promise<ExitCode> {
  const store = openStore(settings, {
    version: ownVersion(),
    onWarning: ({ message, hint }) => note(hint === null ? message : `${message}. ${hint}`),
  });
  try {
    return await act(store);
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

async function printStatistics(store: Store, settings: CacheSettings, isJson: boolean): Promise<ExitCode> {
  const { all, held } = await store.stats();
  const { folder, diskBytes } = settings;
  const data = { folder, diskBytes, since: all.since, runs: all.runs, warm: all.warm, rows: all.rows, held };
  if (isJson) printJson(data, () => '');
  else {
    const options = { color: hasColor(process.stdout), width: widthOf(process.stdout) };
    process.stdout.write(renderCacheStatistics({ ...data, folder: shown(folder) }, options));
  }
  return EXIT.ok;
}

async function clear(
  store: Store,
  { folder, redis }: CacheSettings,
  selection: { kind: CacheKind | undefined; tag: string | undefined; tier: StoreTier | undefined },
  print: Print,
): Promise<ExitCode> {
  const { kind, tag, tier } = selection;
  const coversAnswers = tag === undefined && (kind === undefined || kind === 'analysis') && (tier ?? 'disk') === 'disk';
  let cleared: Cleared[];
  let answers: Omit<Cleared, 'tier'> | null;
  try {
    cleared = (await store.clear(selection)).filter((each) => each.tier !== 'memory');
    answers = coversAnswers ? await clearAnswers(path.join(folder, 'answers')) : null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new PareError('cache-not-cleared', `The cache in ${shown(folder)} can't be cleared: ${message}`, {
      hint: 'Allow writing to the folder, or take it away yourself: nothing in it is needed.',
    });
  }
  const isRedisMissing =
    redis !== null && (tier ?? 'redis') === 'redis' && !cleared.some((each) => each.tier === 'redis');
  print({ folder, cleared, answers }, () => {
    const rows = cleared.map((each) => `  ${each.tier.padEnd(7)}  ${countText(each, tag)}`);
    if (answers !== null && answers.entries > 0) rows.push(`  answers  ${countText(answers, undefined)}`);
    return [`pare  cleared the cache in ${shown(folder)}`, ...rows, ''].join('\n');
  });
  return isRedisMissing ? EXIT.input : EXIT.ok;
}

function countText({ entries, bytes }: { entries: number; bytes: number }, tag: string | undefined): string {
  if (tag !== undefined && entries === 0) return `whatever carries ${tag} is taken back`;
  return `${entries} ${entries === 1 ? 'entry' : 'entries'}, ${formatBytes(bytes)} freed`;
}

/** Whole answers of the command line, which lie beside the store. */
async function clearAnswers(folder: string): Promise<Omit<Cleared, 'tier'>> {
  const names = await readdir(folder).catch(() => []);
  let bytes = 0;
  for (const name of names) bytes += (await stat(path.join(folder, name)).catch(() => null))?.size ?? 0;
  await rm(folder, { recursive: true, force: true });
  return { entries: names.length, bytes };
}

async function verify(store: Store, { folder }: CacheSettings, fix: boolean, print: Print): Promise<ExitCode> {
  const result = await store.verify({ fix });
  const { entries, bytes, corrupt, removed } = result;
  print({ folder, ...result }, () => {
    const sound = `${entries - corrupt.length} of ${entries} entries are sound (${formatBytes(bytes)} read)`;
    const rows = corrupt.map(({ entry, problem }) => `  ${entry}: ${problem}`);
    const end =
      corrupt.length === 0 ? [] : [removed > 0 ? `${removed} taken away` : 'Take them away: pare cache verify --fix'];
    return [`pare  ${sound}`, ...rows, ...end, ''].join('\n');
  });
  return corrupt.length > removed ? EXIT.found : EXIT.ok;
}

async function warm(store: Store, { redis }: CacheSettings, target: string, print: Print): Promise<ExitCode> {
  const result = await store.warm(`analyze ${path.resolve(target)}`);
  await store.flush();
  const { likely, loaded, fetched, bytes } = result;
  print({ target, ...result }, () => {
    if (likely === 0) return `pare  no analysis of ${target} has been seen yet: there is nothing to load ahead\n`;
    const from = redis === null ? '' : `, ${fetched} of them fetched from Redis`;
    return `pare  ${loaded} of ${likely} values that an analysis of ${target} will ask for are at hand (${formatBytes(bytes)})${from}\n`;
  });
  return EXIT.ok;
}

/** As a person would name it from here. */
function shown(folder: string): string {
  const relative = path.relative(process.cwd(), folder);
  return relative.startsWith('..') ? folder : relative || '.';
}
