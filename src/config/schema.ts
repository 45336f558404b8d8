/**
 * The one schema: every key with its type, its default and what it does. Checks, environment names, the published JSON Schema
 * and the tables of docs/configuration.md are all made from it.
 */
import * as v from 'valibot';

import { didYouMean } from '../budget/did-you-mean.ts';
import { BudgetSchema } from '../budget/config.ts';
import { COMPRESSIONS, LICENCE_PLACES, MINIFIERS, OUTPUT_FORMATS, type PareConfig } from './pare-config.ts';
import {
  BYTES_FORM,
  BYTES_PATTERN,
  DURATION_FORM,
  DURATION_PATTERN,
  parseBytes,
  parseDuration,
  parseShare,
  SHARE_FORM,
  SHARE_PATTERN,
  unitProblem,
} from './quantity.ts';
import { shownValue } from './shown-value.ts';

/** How a key's text is read in the environment and on the command line, and how its value is shown. */
export type KeyKind =
  | 'boolean'
  | 'text'
  | 'path'
  | 'paths'
  | 'bytes'
  | 'duration'
  | 'share'
  | 'count'
  | 'choice'
  | 'choices'
  | 'url'
  | 'object'
  | 'budgets'
  /** Can be turned on and off as a whole. */
  | 'section'
  /** Only holds others together. */
  | 'group';

export interface KeyFacts extends Record<string, unknown> {
  readonly kind: KeyKind;
  /** What a value must be, after "must be". */
  readonly expected: string;
  /** Shown for the default where it is none that can be written down. */
  readonly defaultText?: string;
  /** Of a path: relative to the file that says it, and not to the project's own configuration. */
  readonly fromSource?: boolean;
}

type Leaf = v.GenericSchema<unknown, unknown>;

/** A key. The default is as the user would write it; undefined: there is none. */
function key<const S extends Leaf>(
  schema: S,
  about: KeyFacts,
  text: string,
  fallback?: v.InferInput<S>,
): v.OptionalSchema<S, undefined> {
  const described = v.pipe(schema, v.metadata(about), v.description(text));
  return v.optional(described, fallback as never) as unknown as v.OptionalSchema<S, undefined>;
}

const must = (expected: string) => (issue: v.BaseIssue<unknown>) =>
  `must be ${expected}, not ${shownValue(issue.input)}`;

function boolean(text: string, fallback: boolean | undefined, defaultText?: string) {
  const expected = 'true or false';
  return key(v.boolean(must(expected)), facts('boolean', expected, defaultText), text, fallback);
}

function word(kind: 'text' | 'path', expected: string, text: string, fallback?: string, defaultText?: string) {
  const schema = v.pipe(v.string(must(expected)), v.minLength(1, must(expected)));
  return key(schema, facts(kind, expected, defaultText), text, fallback);
}

const path = (expected: string, text: string, fallback?: string, defaultText?: string) =>
  word('path', expected, text, fallback, defaultText);

function facts(kind: KeyKind, expected: string, defaultText?: string): KeyFacts {
  return { kind, expected, ...(defaultText === undefined ? {} : { defaultText }) };
}

/** A number, or a text with a unit. */
function quantity(
  kind: 'bytes' | 'duration' | 'share',
  parse: (input: number | string) => number | null,
  text: string,
  fallback?: string,
  defaultText?: string,
) {
  const expected = { bytes: BYTES_FORM, duration: DURATION_FORM, share: SHARE_FORM }[kind];
  const pattern = { bytes: BYTES_PATTERN, duration: DURATION_PATTERN, share: SHARE_PATTERN }[kind];
  const message = (issue: v.BaseIssue<unknown>) =>
    `${must(expected)(issue)}${kind === 'share' ? '' : unitProblem(issue.input, kind)}`;
  const schema = v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(pattern, message))], message),
    v.check((input) => parse(input) !== null, message),
  );
  return key(schema, facts(kind, expected, defaultText), text, fallback);
}
const bytes = (text: string, fallback?: string, defaultText?: string) =>
  quantity('bytes', parseBytes, text, fallback, defaultText);
const duration = (text: string, fallback?: string, defaultText?: string) =>
  quantity('duration', parseDuration, text, fallback, defaultText);
const share = (text: string, fallback: string) => quantity('share', parseShare, text, fallback);

function count(text: string, fallback?: number, defaultText?: string) {
  const expected = 'a whole number from 1';
  const schema = v.pipe(v.number(must(expected)), v.integer(must(expected)), v.minValue(1, must(expected)));
  return key(schema, facts('count', expected, defaultText), text, fallback);
}

/** What people call the formats elsewhere. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['brotli', 'br'],
  ['gzip', 'gz'],
  ['zstd', 'zst'],
]);

const noChoice =
  (names: readonly string[]) =>
  ({ input }: v.BaseIssue<unknown>) =>
    typeof input === 'string'
      ? `${JSON.stringify(input)} is none of ${names.join(', ')}.${didYouMean(OTHER_NAMES.get(input) ?? input, names)}`
      : `must be one of ${names.join(', ')}, not ${shownValue(input)}`;

function choice<const T extends readonly string[]>(names: T, text: string, fallback: T[number]) {
  return key(v.picklist(names, noChoice(names)), facts('choice', `one of ${names.join(', ')}`), text, fallback);
}

function choices<const T extends readonly string[]>(names: T, text: string, fallback: T[number][]) {
  const expected = `a list of ${names.join(', ')}`;
  const schema = v.pipe(
    v.array(v.picklist(names, noChoice(names)), must(expected)),
    v.minLength(1, `must name at least one of ${names.join(', ')}`),
  );
  return key(schema, facts('choices', expected), text, fallback);
}

/** A part of pare, which `false` turns off and `true` or any of its keys turns on. */
function section<const E extends v.ObjectEntries>(entries: E, text: string, on: boolean) {
  return v.optional(
    v.pipe(
      v.union([v.boolean(), v.strictObject(entries)]),
      v.metadata(facts('section', Object.keys(entries).length === 0 ? 'true or false' : 'false, true or an object')),
      v.description(text),
    ),
    on,
  );
}

function group<const E extends v.ObjectEntries>(entries: E, text: string) {
  const expected = 'an object';
  return v.optional(v.pipe(v.strictObject(entries), v.metadata(facts('group', expected)), v.description(text)));
}

const TARGET = /^es(?:next|5|6|20(?:1[5-9]|2\d))$/;
const target = 'an edition of JavaScript such as "es2022" or "esnext"';
const redisUrl = 'an address such as "redis://localhost:6379", with rediss:// for TLS';
const folders = 'a list of folders';

const redis = section(
  {
    url: key(
      v.pipe(
        v.string(must(redisUrl)),
        v.check(
          (url) => /^rediss?:\/\//i.test(url),
          ({ input }) =>
            `must begin with redis:// or rediss://, not ${shownValue(input)}.${/^[a-z][a-z\d+.-]*:\/\//i.test(input) ? '' : ` Did you mean ${shownValue(`redis://${input}`)}?`}`,
        ),
        v.check((url) => URL.canParse(url), must(redisUrl)),
      ),
      facts('url', redisUrl),
      'Address of the Redis that the team shares. It may have a user and a password in it; better, set it in the environment.',
    ),
    prefix: word('text', 'a text', 'Put before every key, so that several projects share one Redis.', 'pare:'),
    ttl: duration('How long an entry stays in Redis after it was written.', '30 d'),
    timeout: duration('How long anything waits for Redis before it goes on without.', '50 ms'),
    writeBehind: boolean('Write to Redis in the background; the build waits for it at its end only.', true),
    encrypt: boolean(
      'Encrypt what is written to Redis, by AES-256-GCM with the key in PARE_CACHE_KEY.',
      undefined,
      'true where PARE_CACHE_KEY is set',
    ),
  },
  'A Redis behind the disk, for the machines of a team and CI.',
  false,
);

const cacheFolder = 'a folder';

/** Everything that may differ from one environment to another. */
const settings = {
  root: path(
    'a folder',
    'What the names of modules are relative to.',
    undefined,
    "the bundler's root, or the project's",
  ),
  analyzer: section(
    {
      gzip: boolean('Measure gzip sizes (level 9).', true),
      brotli: boolean('Measure brotli sizes (quality 11): slow the first time, then cached by content.', true),
      summary: boolean('Print a summary after each build.', true),
      json: path('the name of a file', 'File that the `Build` record is written to as JSON.', undefined, 'not written'),
    },
    'Measures each build.',
    true,
  ),
  report: section(
    {
      file: path('the name of a file', 'Where the page is written.', 'pare-report.html'),
      title: word('text', 'a text', 'Title of the page.', undefined, 'the name in package.json'),
      sources: boolean('Put the text of the largest modules into the page, with what is left of each.', true),
    },
    'Writes one HTML page about each build.',
    true,
  ),
  deadCode: section({}, 'Reserved for the dead-code remover: nothing reads it yet.', true),
  splitter: section({}, 'Reserved for the splitter: nothing reads it yet.', true),
  runtime: section({}, 'Reserved for the runtime: nothing reads it yet.', true),
  budgets: key(
    v.array(BudgetSchema),
    facts('budgets', 'a list of budgets'),
    'What a build must stay within: see [the kinds of budgets](cli.md#pare-check).',
    [],
  ),
  baseline: path(
    'the name of a file',
    'File that relative budgets compare with, from `pare baseline`.',
    undefined,
    'none',
  ),
  outputs: group(
    Object.fromEntries(
      OUTPUT_FORMATS.map((format) => [
        format,
        path(
          'the name of a file',
          `File that \`pare check\` writes its result to as ${format}.`,
          undefined,
          'not written',
        ),
      ]),
    ) as Record<(typeof OUTPUT_FORMATS)[number], ReturnType<typeof path>>,
    'Files that `pare check` writes, by format.',
  ),
  cache: section(
    {
      folder: key(
        v.pipe(v.string(must(cacheFolder)), v.minLength(1, must(cacheFolder))),
        { ...facts('path', cacheFolder, '`node_modules/.cache/pare` of the nearest folder upwards'), fromSource: true },
        'Where the cache lies on disk.',
      ),
      memory: bytes('How much of the cache is kept in memory.', '64 MiB'),
      disk: bytes('How large the cache may be on disk; what was not used for longest goes first.', '1 GiB'),
      ttl: duration('How long an entry stays after it was written.', '30 d'),
      compress: boolean('Compress the entries on disk and in Redis.', true),
      redis,
    },
    'Keeps what was computed once, by content.',
    true,
  ),
  workers: group(
    {
      max: count('How many workers there may be.', undefined, 'by cores and free memory'),
      queue: count('How many tasks may wait; who asks for more waits too.', 10_000),
      memory: bytes('How much memory a worker may have before it is replaced.', undefined, "Node's own limit"),
      timeout: duration('How long a task may take before it is given up.', undefined, 'no limit'),
    },
    'Threads for heavy work.',
  ),
  minify: section(
    {
      tools: choices(MINIFIERS, 'Minifiers to run on each chunk; what is smallest in brotli is kept.', ['oxc', 'swc']),
      terser: key(
        v.record(v.string(), v.unknown(), must("an object of terser's options")),
        facts('object', "an object of terser's options"),
        "terser's own options, where it is among the tools.",
        {},
      ),
      target: key(
        v.pipe(v.string(must(target)), v.regex(TARGET, must(target))),
        facts('text', target),
        'The edition of JavaScript that the output may use.',
        'es2022',
      ),
      licences: choice(
        LICENCE_PLACES,
        'What becomes of `/*! licences */`: they stay where they are, go to a file of their own, or go.',
        'inline',
      ),
    },
    'Minifies each chunk with several minifiers and keeps the smallest.',
    false,
  ),
  compress: section(
    {
      formats: choices(COMPRESSIONS, 'Formats of the copies; `zst` takes longer on a Node without zstd of its own.', [
        'br',
        'gz',
      ]),
      minSaving: share('A copy that saves less than this is not written.', '2 %'),
      minBytes: bytes('A file smaller than this gets no copies.', '1 KiB'),
      include: word(
        'text',
        'a pattern of file names',
        'Which files get copies; source maps only where it names them.',
        '**/*.{js,mjs,css,html,json,svg,txt,xml,wasm,webmanifest,ico,ttf,otf,eot}',
      ),
      previous: key(
        v.array(v.pipe(v.string(must('a folder')), v.minLength(1, must('a folder'))), must(folders)),
        facts('paths', folders),
        'Folders of earlier releases: who has one of them downloads only what changed.',
        [],
      ),
    },
    'Writes compressed copies beside the files.',
    false,
  ),
  telemetry: section(
    {
      trace: path('the name of a file', 'File that a Chrome trace of the run is written to.', undefined, 'not written'),
    },
    'Counts and times what pare does.',
    true,
  ),
};

/** What an environment may say. */
export const SettingsSchema = v.strictObject(settings);

export const ConfigSchema = v.strictObject({
  $schema: v.optional(
    v.pipe(v.string(must('the address of the JSON Schema')), v.description('Where the JSON Schema lies, for editors.')),
  ),
  extends: v.optional(
    v.pipe(
      v.union([v.string(), v.array(v.string())], must('the name of a file or package, or a list of them')),
      v.description(
        'Configurations that this one builds on: files by ./ or ../, or packages. Of several, a later one comes before an earlier one.',
      ),
    ),
  ),
  env: v.optional(
    v.pipe(
      v.record(v.string(), SettingsSchema, must('an object of environments, such as { "production": { … } }')),
      v.description('What differs in an environment, by its name: PARE_ENV, or else NODE_ENV, says which it is.'),
    ),
  ),
  ...settings,
}) satisfies v.GenericSchema<PareConfig, unknown>;
