/** Settings that come as text, by name: `PARE_*` of the environment, and options of the command line. */
import type { Diagnostic } from '../model/build.ts';
import { nearest } from '../model/nearest-name.ts';
import { PareError } from '../model/errors.ts';
import { allKeys, environmentName, keyAt, type Key } from './keys.ts';
import { checkValue, unknownKey, type CheckedSettings } from './settings-check.ts';
import type { Finding, Setting } from './source.ts';

export interface TextSettings extends CheckedSettings {
  /** What was given, by the key's path. */
  readonly names: Map<string, string>;
  /** By the name that was given. */
  readonly problems: (Finding & { readonly name: string })[];
}

/** Variables by `PARE_` that are no settings of the configuration. */
const OTHER_VARIABLES = ['PARE_ENV', 'PARE_CACHE_KEY', 'PARE_DEBUG', 'PARE_CHROMIUM'];

export function environmentSettings(env: NodeJS.ProcessEnv): TextSettings & { readonly warnings: Diagnostic[] } {
  const found = noSettings();
  const warnings: Diagnostic[] = [];
  const given = Object.keys(env).filter((name) => name.startsWith('PARE_') && (env[name] ?? '') !== '');
  if (given.length === 0) return { ...found, warnings };
  const byName = new Map(allKeys().flatMap((key) => (key.env === null ? [] : [[key.env, key] as const])));
  const known = given.flatMap((name) => {
    const key = byName.get(name);
    return key === undefined ? [] : [{ path: key.path, value: env[name]!, name }];
  });
  // A section that is turned off stays off, whatever of it is set beside.
  for (const setting of [...known.filter((each) => !isSection(each)), ...known.filter(isSection)])
    readSetting(setting, found);
  const names = [...byName.keys(), ...OTHER_VARIABLES];
  const sections = allKeys().flatMap(({ kind, path }) =>
    kind === 'section' || kind === 'group' ? [`${environmentName(path)}_`] : [],
  );
  for (const name of given.filter((each) => !names.includes(each))) {
    const section = sections.filter((each) => name.startsWith(each)).sort((a, b) => b.length - a.length)[0];
    // What both begin with says nothing about how near they are.
    const start = section ?? 'PARE_';
    const rests = names.flatMap((each) => (each.startsWith(start) ? [each.slice(start.length)] : []));
    const rest = nearest(name.slice(start.length), rests);
    if (rest === null && section === undefined) continue;
    const meant = rest === null ? null : `${start}${rest}`;
    const message = `${name} is set, and there is no such setting`;
    warnings.push({
      code: 'config-environment-name',
      file: null,
      message,
      hint: meant === null ? null : `Did you mean ${meant}?`,
    });
  }
  return { ...found, warnings };
}

const isSection = ({ path }: Setting): boolean => keyAt(path)!.kind === 'section';

/** What comes later on the command line wins. */
export function flagSettings(settings: readonly Setting[]): TextSettings {
  const found = noSettings();
  for (const setting of settings) readSetting(setting, found);
  return found;
}

/**
 * `cache.memory=128 MB`, as it follows `--set`.
 * @throws PareError `usage`
 */
export function parseSet(text: string): Setting {
  const equals = text.indexOf('=');
  if (equals <= 0)
    throw new PareError('usage', `--set takes a key and a value, not ${JSON.stringify(text)}`, {
      hint: 'For example: --set cache.memory="128 MB"',
    });
  return { path: text.slice(0, equals).trim(), value: text.slice(equals + 1).trim(), name: '--set' };
}

/**
 * The settings among a command line's words, by a table of the options that stand for keys: with `{ brotli: 'analyzer.brotli' }`
 * the word `--no-brotli` sets that key to false. `--set KEY=VALUE` is known by itself and may be given more than once.
 *
 * @throws PareError `usage` where `--set` has no key and value
 */
export function settingsOfWords(words: readonly string[], keys: Readonly<Record<string, string>> = {}): Setting[] {
  const end = words.indexOf('--');
  const own = end === -1 ? words : words.slice(0, end);
  const settings: Setting[] = [];
  for (let i = 0; i < own.length; i++) {
    const [, off, name, value] = /^--(no-)?([^=]+)(?:=([\s\S]*))?$/.exec(own[i]!) ?? [];
    if (name === undefined) continue;
    if (name === 'set' && off === undefined) settings.push(parseSet(value ?? own[++i] ?? ''));
    const path = keys[name];
    if (path === undefined) continue;
    const isSwitch = ['boolean', 'section'].includes(keyAt(path)!.kind);
    if (isSwitch) settings.push({ path, value: off === undefined && value !== 'false', name: `--${off ?? ''}${name}` });
    else settings.push({ path, value: value ?? own[++i] ?? '', name: `--${name}` });
  }
  return settings;
}

function readSetting({ path, value, name }: Setting, found: TextSettings): void {
  const key = keyAt(path);
  if (key === undefined) {
    const known = allKeys().map((each) => each.path);
    const meant = nearest(path, known);
    const message = `is no key of the configuration.${meant === null ? ' All keys: pare config' : ` Did you mean ${JSON.stringify(meant)}?`}`;
    found.problems.push({ ...unknownKey(path, '', known), message, meant, name });
    return;
  }
  const before = found.findings.length;
  const read = typeof value === 'string' ? fromText(key, value) : value;
  const broken = typeof read === 'string' && TAKES_JSON.has(key.kind) ? jsonProblem(read) : null;
  if (broken === null) checkValue(key, read, path, found);
  else found.findings.push({ path, message: `is no JSON: ${broken}` });
  found.problems.push(...found.findings.slice(before).map((finding) => ({ ...finding, name })));
  if (found.findings.length > before) return;
  found.names.set(path, name);
  for (let at = path.lastIndexOf('.'); at !== -1; at = path.lastIndexOf('.', at - 1)) {
    const outer = path.slice(0, at);
    if (keyAt(outer)!.kind !== 'section') continue;
    found.entries.set(outer, true);
    found.names.set(outer, name);
  }
}

/** Text that is no value of the key's type stays text, for the check to say so. */
function fromText(key: Key, text: string): unknown {
  switch (key.kind) {
    case 'boolean':
      return SWITCHES.get(text.toLowerCase()) ?? text;
    case 'section':
      return SWITCHES.get(text.toLowerCase()) ?? fromJson(text);
    case 'count':
      return /^\d+$/.test(text.trim()) ? Number(text) : text;
    case 'choices':
    case 'paths':
      return text.split(',').map((each) => each.trim());
    case 'object':
    case 'budgets':
    case 'group':
      return fromJson(text);
    default:
      return text;
  }
}

const SWITCHES: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
]);

const TAKES_JSON: ReadonlySet<Key['kind']> = new Set(['section', 'object', 'budgets', 'group']);

/** What the parser says of a text that begins as JSON, without what it quotes of it: there may be a password in that. */
function jsonProblem(text: string): string | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return (error as Error).message.replace(/, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, '');
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function noSettings(): TextSettings {
  return { entries: new Map(), findings: [], names: new Map(), problems: [] };
}
