/** Holds what a source says to the schema: values by key, and everything that is wrong, at once. */
import * as v from 'valibot';

import { budgetProblems } from '../budget/config.ts';
import { didYouMean } from '../budget/did-you-mean.ts';
import { nearest } from '../model/nearest-name.ts';
import { allKeys, configKey, STRUCTURE, type Key } from './keys.ts';
import { shownValue } from './shown-value.ts';
import type { Finding } from './source.ts';

export interface CheckedSettings {
  /** By the key's path. Of a section that is named, whether it is on. */
  readonly entries: Map<string, unknown>;
  readonly findings: Finding[];
}

export interface CheckedConfig extends CheckedSettings {
  readonly extends: readonly string[];
  /** By environment. */
  readonly environments: ReadonlyMap<string, CheckedSettings>;
}

/** A whole configuration, with what it extends and its environments. */
export function checkConfig(input: unknown): CheckedConfig {
  const found: CheckedSettings = { entries: new Map(), findings: [] };
  if (!isObject(input)) {
    const message = `must be an object, not ${shownValue(input)}`;
    found.findings.push({ path: '', message, expected: 'an object' });
    return { ...found, extends: [], environments: new Map() };
  }
  const { env, extends: bases, $schema, ...rest } = input;
  checkObject(configKey(), rest, '', found, STRUCTURE);
  if ($schema !== undefined && typeof $schema !== 'string')
    found.findings.push({ path: '$schema', message: `must be an address, not ${shownValue($schema)}` });
  return { ...found, extends: checkExtends(bases, found), environments: checkEnvironments(env, found) };
}

/** @param value of one key, as it would stand in a file */
export function checkValue(key: Key, value: unknown, at: string, found: CheckedSettings): void {
  if (key.kind === 'section' && typeof value === 'boolean') found.entries.set(key.path, value);
  else if (key.kind === 'section' || key.kind === 'group') {
    if (!isObject(value)) {
      const isAddress = key.path === 'cache.redis' && typeof value === 'string' && /^rediss?:\/\//i.test(value);
      const mend = isAddress ? `. Write { "url": ${shownValue(value)} }` : '';
      const message = `must be ${key.expected}, not ${shownValue(value)}${mend}`;
      found.findings.push({ path: at, message, expected: key.expected });
      return;
    }
    if (key.kind === 'section') found.entries.set(key.path, true);
    checkObject(key, value, `${at}.`, found, []);
  } else {
    const findings = findingsOf(key, value, at);
    if (findings.length === 0) found.entries.set(key.path, value);
    else found.findings.push(...findings);
  }
}

/** What is known by another name, or stands elsewhere. */
export function unknownKey(name: string, at: string, known: readonly string[]): Finding {
  const path = `${at}${name}`;
  if (at === 'cache.redis.' && /key|secret|password/i.test(name))
    return {
      path,
      message: 'is no option: the key comes from the environment only, as PARE_CACHE_KEY, and never from a file.',
    };
  const near = nearest(name, known);
  const elsewhere = near === null ? allKeys().find((key) => key.path.endsWith(`.${name}`))?.path : undefined;
  const hint = elsewhere === undefined ? didYouMean(name, known) : ` Did you mean ${JSON.stringify(elsewhere)}?`;
  const options = known.length === 0 ? 'It has no options yet.' : `The options are ${known.join(', ')}.`;
  return { path, message: `is no option.${hint} ${options}`, meant: near ?? elsewhere ?? null };
}

function checkObject(
  key: Key,
  input: Readonly<Record<string, unknown>>,
  at: string,
  found: CheckedSettings,
  more: readonly string[],
): void {
  const names = new Map(key.children.map((child) => [lastName(child.path), child]));
  for (const [name, value] of Object.entries(input)) {
    const child = names.get(name);
    if (child === undefined) found.findings.push(unknownKey(name, at, [...names.keys(), ...more.slice(1)]));
    else if (value !== undefined) checkValue(child, value, `${at}${name}`, found);
  }
}

function findingsOf(key: Key, value: unknown, at: string): Finding[] {
  if (key.kind === 'budgets') return budgetProblems(value, at);
  const { issues } = v.safeParse(key.schema, value);
  const findings = (issues ?? []).map((issue) => {
    const inner = (issue.path ?? []).map(({ key: part }) =>
      typeof part === 'number' ? `[${part}]` : `.${String(part)}`,
    );
    const meant = /Did you mean "([^"]+)"/.exec(issue.message)?.[1] ?? null;
    return { path: `${at}${inner.join('')}`, message: issue.message, expected: key.expected, meant };
  });
  // Of a number or a text, what is neither is said by both.
  return findings.filter(
    ({ path, message }, at) => findings.findIndex((each) => each.path === path && each.message === message) === at,
  );
}

function checkExtends(bases: unknown, found: CheckedSettings): string[] {
  if (bases === undefined) return [];
  const list: unknown[] = Array.isArray(bases) ? bases : [bases];
  const expected = 'the name of a file or package, or a list of them';
  const good = list.every((each) => typeof each === 'string' && each !== '');
  if (!good)
    found.findings.push({ path: 'extends', message: `must be ${expected}, not ${shownValue(bases)}`, expected });
  return good ? (list as string[]) : [];
}

function checkEnvironments(env: unknown, found: CheckedSettings): Map<string, CheckedSettings> {
  const environments = new Map<string, CheckedSettings>();
  if (env === undefined) return environments;
  const expected = 'an object of environments, such as { "production": { … } }';
  if (!isObject(env)) {
    found.findings.push({ path: 'env', message: `must be ${expected}, not ${shownValue(env)}`, expected });
    return environments;
  }
  for (const [name, settings] of Object.entries(env)) {
    const own: CheckedSettings = { entries: new Map(), findings: found.findings };
    const at = `env.${name}`;
    if (!isObject(settings))
      found.findings.push({ path: at, message: `must be an object of settings, not ${shownValue(settings)}` });
    else {
      const { extends: bases, env: inner, ...rest } = settings;
      for (const [key, value] of Object.entries({ extends: bases, env: inner }))
        if (value !== undefined)
          found.findings.push({
            path: `${at}.${key}`,
            message: 'is no option of an environment: it stands at the top of the file only',
          });
      checkObject(configKey(), rest, `${at}.`, own, []);
    }
    environments.set(name, own);
  }
  return environments;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
