/** The help: of the program, and of each command, with examples that can be copied. */
import type { ArgDef } from 'citty';

import type { Command, CommandEntry } from './command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { hasColor, widthOf, type TextStream } from './terminal.ts';
import { wrap } from './wrap.ts';

const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, 'all is well'],
  [EXIT.found, 'the answer is no: over budget, not in the build'],
  [EXIT.usage, 'no such command or option, or a configuration that is wrong'],
  [EXIT.input, "a file can't be read or written"],
  [EXIT.regressed, 'something grew more over the baseline than it may'],
  [EXIT.internal, 'a bug in pare'],
];

const MOST_COLUMNS = 100;

export function renderOverview(commands: readonly CommandEntry[], stream: TextStream): string {
  const { bold } = styles(stream);
  const width = Math.min(widthOf(stream), MOST_COLUMNS);
  return [
    ...wrap('pare makes JavaScript bundles small, and says what is in them.', width),
    '',
    `${bold('Usage')}  pare COMMAND [options]`,
    '',
    bold('Commands'),
    ...pairs(
      commands.map(({ name, summary }) => [name, summary]),
      width,
    ),
    '',
    bold('Options'),
    ...pairs(
      [
        ['-h, --help', 'this text; after a command, the help of the command'],
        ['-v, --version', 'the version of pare'],
      ],
      width,
    ),
    '',
    bold('Exit codes'),
    ...pairs(
      EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning]),
      width,
    ),
    '',
  ].join('\n');
}

export function renderHelp(entry: CommandEntry, { help, args }: Command, stream: TextStream): string {
  const { bold, dim } = styles(stream);
  const width = Math.min(widthOf(stream), MOST_COLUMNS);
  const exits = help.exits ?? [];
  return [
    `${bold('Usage')}  ${help.usage.map((line) => `pare ${entry.name} ${line}`.trimEnd()).join('\n       ')}`,
    '',
    ...wrap(help.about, width),
    '',
    bold('Options'),
    ...pairs(
      [
        ...Object.entries(args).flatMap(([name, def]): [string, string][] =>
          def.type === 'positional' ? [] : [[optionLabel(name, def), optionText(def)]],
        ),
        ['-h, --help', 'this text'],
      ],
      width,
    ),
    '',
    bold('Examples'),
    ...help.examples.flatMap(([line, purpose]) => [
      ...wrap(purpose, width - 4).map((each) => dim(`  # ${each}`)),
      `  pare ${line}`,
    ]),
    ...(exits.length === 0
      ? []
      : [
          '',
          bold('Exit codes'),
          ...pairs(
            exits.map(([code, meaning]) => [String(code), meaning]),
            width,
          ),
        ]),
    '',
  ].join('\n');
}

/** Two styles of one line each: no package is loaded for them where the start is what counts. */
function styles(stream: TextStream): Record<'bold' | 'dim', (text: string) => string> {
  const color = hasColor(stream);
  return {
    bold: (text) => (color ? `\u001B[1m${text}\u001B[22m` : text),
    dim: (text) => (color ? `\u001B[2m${text}\u001B[22m` : text),
  };
}

/** An option that is on by default is shown by its way to turn it off. */
function optionLabel(name: string, def: ArgDef): string {
  const alias = 'alias' in def && typeof def.alias === 'string' ? `-${def.alias}, ` : '';
  if (def.type === 'boolean') return `${alias}--${def.default === true ? `no-${name}` : name}`;
  return `${alias}--${name} ${def.valueHint ?? 'VALUE'}`;
}

function optionText(def: ArgDef): string {
  const text =
    def.type === 'boolean' && def.default === true ? (def.negativeDescription ?? def.description) : def.description;
  return typeof def.default === 'string' ? `${text ?? ''} (default: ${def.default})` : (text ?? '');
}

/** Two columns; in a narrow terminal the second goes below the first. */
function pairs(rows: readonly (readonly [string, string])[], width: number): string[] {
  const label = Math.max(...rows.map(([left]) => left.length));
  const room = width - label - 4;
  if (room < 24)
    return rows.flatMap(([left, right]) => [`  ${left}`, ...wrap(right, width - 6).map((line) => `      ${line}`)]);
  return rows.flatMap(([left, right]) =>
    wrap(right, room).map((line, i) => `  ${(i === 0 ? left : '').padEnd(label)}  ${line}`),
  );
}
