/** The schema as a list of keys, with what follows of each: its name in the environment, its default. */
import * as v from 'valibot';

import { ConfigSchema, type KeyFacts } from './schema.ts';

export interface Key extends KeyFacts {
  /** `cache.redis.url`; of the whole, an empty text. */
  readonly path: string;
  /** `PARE_CACHE_REDIS_URL`; null: the environment has no say. */
  readonly env: string | null;
  /** What it does, in Markdown. */
  readonly text: string;
  /** As a user would write it; undefined: none. Of a section: whether it is on. */
  readonly fallback: unknown;
  /** Of a section or group: what is in it, in order. */
  readonly children: readonly Key[];
  readonly schema: v.GenericSchema<unknown, unknown>;
}

interface Introspected {
  readonly type: string;
  readonly wrapped?: Introspected;
  readonly default?: unknown;
  readonly entries?: Readonly<Record<string, Introspected>>;
  readonly options?: readonly Introspected[];
  readonly pipe?: readonly Introspected[];
}

/** Keys of a file that are about the file, and no settings. */
export const STRUCTURE = ['$schema', 'extends', 'env'];

const rootKey = lazily((): Key => {
  const { entries } = ConfigSchema as unknown as Introspected;
  const children = Object.entries(entries!)
    .filter(([name]) => !STRUCTURE.includes(name))
    .map(([name, schema]) => readKey(name, schema));
  const facts: KeyFacts = { kind: 'group', expected: 'an object' };
  return { ...facts, path: '', env: null, text: '', fallback: undefined, children, schema: ConfigSchema };
});

/** The whole: its children are the keys at the top. */
export const configKey = (): Key => rootKey();

/** Every key, sections and groups before what is in them. */
export const allKeys = lazily((): readonly Key[] => {
  const within = (key: Key): Key[] => [key, ...key.children.flatMap(within)];
  return rootKey().children.flatMap(within);
});

/** By path. */
export const keyAt = (path: string): Key | undefined => byPath().get(path);

const byPath = lazily(() => new Map(allKeys().map((key) => [key.path, key])));

/** `cache.redis.writeBehind` is `PARE_CACHE_REDIS_WRITE_BEHIND`. */
export function environmentName(path: string): string {
  return `PARE_${path
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`;
}

function readKey(path: string, optional: Introspected): Key {
  const schema = optional.wrapped!;
  const leaf = schema as unknown as v.GenericSchema<unknown, unknown>;
  const facts = v.getMetadata(leaf) as unknown as KeyFacts;
  const children = Object.entries(entriesOf(schema)).map(([name, entry]) => readKey(`${path}.${name}`, entry));
  const text = v.getDescription(leaf) ?? '';
  const env = facts.kind === 'group' ? null : environmentName(path);
  return { ...facts, path, env, text, fallback: optional.default, children, schema: leaf };
}

/** Of a section's choice between on, off and an object: the object's. */
function entriesOf(schema: Introspected): Readonly<Record<string, Introspected>> {
  const [first] = schema.pipe ?? [schema];
  const object = first!.type === 'union' ? first!.options!.find(({ type }) => type === 'strict_object') : first;
  return object?.type === 'strict_object' ? object.entries! : {};
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
