/** `pare config`: what holds, and where it came from. */
import { parseArgs, type ArgsDef, type ParsedArgs } from 'citty';

import { allKeys } from '../config/keys.ts';
import { load, validate } from '../config/load.ts';
import { describeProblem } from '../config/problems.ts';
import { settingsOfWords } from '../config/text-settings.ts';
import { PareError } from '../model/errors.ts';
import { nearest } from '../model/nearest-name.ts';
import type { Command } from './command.ts';
import { configRows, renderConfig } from './config-table.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { hasColor, widthOf } from './terminal.ts';

const ARGS = {
  key: {
    type: 'positional',
    required: false,
    valueHint: 'KEY',
    description: 'one key or section, such as cache.memory; default: all',
  },
  config: { type: 'string', valueHint: 'FILE', description: 'the configuration; default: the nearest upwards' },
  set: {
    type: 'string',
    valueHint: 'KEY=VALUE',
    description: 'a setting that comes before all others; may be given more than once',
  },
  check: { type: 'boolean', description: 'only say whether the configuration is right' },
  json: { type: 'boolean', description: 'write JSON: sizes in bytes, times in milliseconds' },
} as const satisfies ArgsDef;

export const command: Command = {
  help: {
    usage: ['[KEY] [options]'],
    about:
      'Prints the value of each key of the configuration and where it came from. Later sources win, key by key: the defaults, the ' +
      'workspace\'s root, what is extended, pare.config.ts, .js, .mjs or .json, the field "pare" of package.json, PARE_* of the ' +
      'environment, and --set. Passwords are not shown.',
    examples: [
      ['config', 'Everything'],
      ['config cache', 'One section'],
      ['config --set minify=true minify', 'What would hold with minify turned on'],
      ['config --check', 'In CI: is the configuration right?'],
    ],
    exits: [
      [EXIT.ok, 'the configuration is right'],
      [EXIT.usage, 'it is not; every problem is listed'],
    ],
  },
  args: ARGS,
  run: (words) => run(parseArgs<typeof ARGS>([...words], ARGS), words),
};

async function run({ key, config, check, json }: ParsedArgs<typeof ARGS>, words: readonly string[]): Promise<ExitCode> {
  const options = { file: config, flags: settingsOfWords(words) };
  if (check === true && json === true) {
    const problems = await validate(options);
    process.stdout.write(
      `${JSON.stringify({ problems: problems.map((each) => ({ ...each, text: describeProblem(each) })) }, null, 2)}\n`,
    );
    return problems.length === 0 ? EXIT.ok : EXIT.usage;
  }
  if (key !== undefined) refuseUnknown(key);
  const loaded = await load(options);
  if (loaded.warnings.length > 0) (await import('./diagnostics.ts')).warn(loaded.warnings);
  const files = loaded.sources.filter(({ kind }) => kind !== 'defaults').map(({ name }) => name);
  if (check === true) {
    process.stdout.write(
      `The configuration is right: ${[...new Set(files)].join(', ') || 'it is that of the defaults'}\n`,
    );
    return EXIT.ok;
  }
  const rows = (await configRows(loaded)).filter(
    ({ path }) => key === undefined || path === key || path.startsWith(`${key}.`),
  );
  if (json === true) {
    const { file, folder, environment, sources } = loaded;
    const keys = Object.fromEntries(
      rows.map(({ path, value, origin, place }) => [path, { value, source: { ...origin, ...place } }]),
    );
    process.stdout.write(`${JSON.stringify({ file, folder, environment, sources, keys }, null, 2)}\n`);
  } else {
    process.stdout.write(renderConfig(rows, { color: hasColor(process.stdout), width: widthOf(process.stdout) }));
  }
  return EXIT.ok;
}

function refuseUnknown(key: string): void {
  const known = allKeys().map(({ path }) => path);
  if (known.includes(key)) return;
  const elsewhere = known.find((path) => path.endsWith(`.${key}`));
  const meant = elsewhere ?? nearest(key, known);
  throw new PareError('usage', `The configuration has no key ${JSON.stringify(key)}`, {
    hint: meant === null ? 'All keys: pare config' : `Did you mean ${meant}?`,
  });
}
