/** The published JSON Schema of `pare.config.json` and of the field `pare` in package.json. Used when pare itself is built. */
import { toJsonSchema, type JsonSchema } from '@valibot/to-json-schema';

import { configKey, type Key } from './keys.ts';
import { ConfigSchema, SettingsSchema } from './schema.ts';

/** With the text of every key, for editors to show. */
export function configJsonSchema(): JsonSchema {
  const { $schema, ...schema } = toJsonSchema(ConfigSchema, {
    errorMode: 'ignore',
    typeMode: 'input',
    definitions: { settings: SettingsSchema },
  });
  const named: JsonSchema = {
    ...($schema === undefined ? {} : { $schema }),
    title: 'Configuration of pare',
    ...schema,
  };
  describe(named, configKey().children);
  const settings = named.$defs?.['settings'] ?? named.definitions?.['settings'];
  if (typeof settings === 'object') describe(settings, configKey().children);
  return named;
}

/** Takes out what is ours alone, and says what holds without a key that has no default to write down. */
function describe(schema: JsonSchema, keys: readonly Key[]): void {
  for (const key of keys) {
    const own = schema.properties?.[key.path.slice(key.path.lastIndexOf('.') + 1)];
    if (typeof own !== 'object') continue;
    for (const fact of ['kind', 'expected', 'defaultText', 'fromSource']) delete (own as Record<string, unknown>)[fact];
    if (key.defaultText !== undefined) own.description = `${key.text} Default: ${key.defaultText}.`;
    const inner =
      own.properties === undefined ? own.anyOf?.find((each) => typeof each === 'object' && each.properties) : own;
    if (typeof inner === 'object') describe(inner, key.children);
  }
}
