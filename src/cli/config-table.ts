/** The configuration on the terminal: a row a key, below its section. */
import path from 'node:path';
import { createColors } from 'picocolors';

import type { Place } from '../config/json-place.ts';
import { allKeys, configKey, type Key } from '../config/keys.ts';
import type { LoadedConfig, Origin } from '../config/load.ts';
import { formatBytes, formatDuration } from '../config/quantity.ts';
import { withoutPassword } from '../config/shown-value.ts';
import { cutMiddle, type TableOptions } from './table.ts';

export interface ConfigRow {
  readonly path: string;
  /** Sizes in bytes, times in milliseconds, paths absolute; of a section whether it is on. Passwords are masked. */
  readonly value: unknown;
  /** The same for people. */
  readonly text: string;
  readonly origin: Origin;
  readonly place: Place | null;
  readonly isSection: boolean;
}

/** In the order of the schema; keys of a section that is off are left out. */
export async function configRows(loaded: LoadedConfig): Promise<ConfigRow[]> {
  const rows: ConfigRow[] = [];
  for (const key of ordered()) {
    if (key.kind === 'group') continue;
    const found = valueAt(loaded.config, key.path);
    if (found === undefined) continue;
    const value =
      key.kind === 'section'
        ? found !== false
        : key.kind === 'url' && typeof found === 'string'
          ? withoutPassword(found)
          : found;
    rows.push({
      path: key.path,
      value,
      text: textOf(key, value),
      origin: loaded.origin(key.path)!,
      place: await loaded.place(key.path),
      isSection: key.kind === 'section' && key.children.length > 0,
    });
  }
  return rows;
}

/** What stands alone first, so that no key looks like one of the section above it. */
function ordered(): Key[] {
  const isAlone = (key: Key): boolean => key.children.length === 0;
  const top = configKey().children;
  const names = [...top.filter(isAlone), ...top.filter((key) => !isAlone(key))].map((key) => key.path);
  return names.flatMap((name) => allKeys().filter((key) => key.path === name || key.path.startsWith(`${name}.`)));
}

function valueAt(config: object, key: string): unknown {
  return key.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  }, config);
}

function textOf(key: Key, value: unknown): string {
  if (value === null) return key.defaultText?.replaceAll('`', '') ?? 'none';
  switch (key.kind) {
    case 'section':
      return value === true ? 'on' : 'off';
    case 'bytes':
      return formatBytes(value as number);
    case 'duration':
      return formatDuration(value as number);
    case 'share':
      return `${Number(((value as number) * 100).toFixed(4))} %`;
    case 'path':
      return shownPath(value as string);
    case 'paths':
      return (value as readonly string[]).map(shownPath).join(', ') || 'none';
    case 'choices':
      return (value as readonly string[]).join(', ');
    case 'budgets': {
      const { length } = value as readonly unknown[];
      return length === 0 ? 'none' : length === 1 ? '1 budget' : `${length} budgets`;
    }
    case 'object':
      return JSON.stringify(value);
    default:
      return String(value);
  }
}

function shownPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative === '' ? '.' : relative.startsWith('..') ? file : relative;
}

function sourceText({ name, environment }: Origin, place: Place | null): string {
  const at = place === null ? '' : `:${place.line}:${place.column}`;
  return `${name}${at}${environment === null ? '' : ` (${environment})`}`;
}

const MOST_VALUE = 60;

/** Three columns: key, value, source. A section has a line of its own, whether it is on, and its keys below. */
export function renderConfig(rows: readonly ConfigRow[], { color, width }: TableOptions): string {
  const { bold, dim } = createColors(color);
  const keyWidth = Math.max(...rows.map((row) => row.path.length));
  const room = Number.isFinite(width) ? Math.max(16, Math.min(MOST_VALUE, width - keyWidth - 24)) : Infinity;
  const values = rows.map(({ text }) => cutMiddle(text, room));
  const valueWidth = Math.max(...values.map((text) => text.length));
  const lines = rows.flatMap((row, index) => {
    const source = sourceText(row.origin, row.place);
    const name = row.path.padEnd(keyWidth);
    const cells = [
      row.isSection ? bold(name) : name,
      values[index]!.padEnd(valueWidth),
      row.origin.kind === 'defaults' ? dim(source) : source,
    ];
    return [...(startsGroup(rows, index) ? [''] : []), `  ${cells.join('  ')}`];
  });
  return `${lines.join('\n')}\n`;
}

/** Between a section and what comes before it, a line stays empty. */
function startsGroup(rows: readonly ConfigRow[], index: number): boolean {
  const groupOf = (at: number): string => rows[at]!.path.split('.')[0]!;
  if (index === 0 || groupOf(index) === groupOf(index - 1)) return false;
  return rows[index]!.isSection || [index - 1, index].some((at) => rows[at]!.path.includes('.'));
}
