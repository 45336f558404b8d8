/** Holds a command line against what a command takes, before it is parsed: nothing unknown passes in silence. */
import type { ArgDef, ArgsDef } from 'citty';

import { PareError } from '../model/errors.ts';
import { nearest } from '../model/nearest-name.ts';

/** @throws PareError `usage` */
export function checkArguments(command: string, words: readonly string[], args: ArgsDef): void {
  let positionals = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') {
      positionals += words.length - i - 1;
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      positionals++;
      continue;
    }
    const { def, name, value } = optionOf(command, word, args);
    if (def.type !== 'boolean') {
      const given = value ?? words[++i];
      const isOption = value === null && given?.startsWith('-') === true && !/^-(?:$|\d)/.test(given);
      if (given === undefined || given === '' || isOption)
        throw usage(command, `${name} needs a value${def.valueHint === undefined ? '' : `: ${name} ${def.valueHint}`}`);
    } else if (value !== null && value !== 'true' && value !== 'false') {
      throw usage(command, `${name} is on or off and takes no value`);
    }
  }
  checkPositionals(command, words, positionals, args);
}

function checkPositionals(command: string, words: readonly string[], count: number, args: ArgsDef): void {
  const wanted = Object.entries(args).filter(([, def]) => def.type === 'positional');
  const missing = wanted.slice(count).find(([, def]) => def.required !== false);
  if (missing !== undefined) throw usage(command, `${missing[1].valueHint ?? missing[0]} is missing`);
  const takesMore = wanted.some(([, def]) => def.valueHint?.endsWith('…'));
  if (count > wanted.length && !takesMore)
    throw usage(command, `there is an argument too many in: pare ${[command, ...words].join(' ')}`);
}

interface Option {
  readonly def: ArgDef;
  readonly name: string;
  /** What follows `=`; null where nothing does. */
  readonly value: string | null;
}

function optionOf(command: string, word: string, args: ArgsDef): Option {
  const equals = word.indexOf('=');
  const name = equals === -1 ? word : word.slice(0, equals);
  const value = equals === -1 ? null : word.slice(equals + 1);
  for (const [key, def] of Object.entries(args)) {
    if (def.type === 'positional') continue;
    const names = [`--${key}`, ...aliasesOf(def)];
    if (names.includes(name)) return { def, name, value };
    if (def.type === 'boolean' && name === `--no-${key}`) return { def, name, value };
  }
  const meant = nearest(name, optionNames(args));
  throw new PareError('usage', `pare ${command} has no option ${name}`, {
    hint: meant === null ? `Its options: pare ${command} --help` : `Did you mean ${meant}?`,
  });
}

function aliasesOf(def: ArgDef): string[] {
  const alias = 'alias' in def ? def.alias : undefined;
  const list = alias === undefined ? [] : Array.isArray(alias) ? alias : [alias];
  return list.map((each) => (each.length === 1 ? `-${each}` : `--${each}`));
}

/** As they are written for people: an option that is on by default by its way to turn it off. */
function optionNames(args: ArgsDef): string[] {
  const own = Object.entries(args).filter(([, def]) => def.type !== 'positional');
  return [...own.map(([key, def]) => (def.default === true ? `--no-${key}` : `--${key}`)), '--help'];
}

function usage(command: string, message: string): PareError {
  return new PareError('usage', message, { hint: `How it is used: pare ${command} --help` });
}

export function unknownCommand(name: string, known: readonly string[]): PareError {
  const isOption = name.startsWith('-');
  const meant = nearest(name, isOption ? ['--version', '--help'] : known);
  return new PareError('usage', `pare has no ${isOption ? 'option' : 'command'} ${name}`, {
    hint: meant === null ? 'All commands: pare --help' : `Did you mean: pare ${meant}`,
  });
}

/** A count of rows as it is typed: a whole number, or `all`. */
export function parseRows(command: string, text: string): number {
  if (text === 'all') return Infinity;
  if (!/^[1-9]\d*$/.test(text)) throw usage(command, `--rows takes a number from 1 on, or "all", not ${text}`);
  return Number(text);
}
