/** The tables of docs/configuration.md, made from the schema. */
import { configKey, type Key } from './keys.ts';

/** Markdown: a table for the keys at the top, and one for each section. */
export function configReference(): string {
  const top = configKey().children;
  const plain = top.filter(({ children }) => children.length === 0);
  const sections = top.filter(({ children }) => children.length > 0);
  return [
    '### At the top',
    '',
    ...table(plain),
    ...sections.flatMap((key) => ['', `### \`${key.path}\``, '', ...introduction(key), '', ...table(leavesOf(key))]),
    '',
  ].join('\n');
}

function introduction(key: Key): string[] {
  if (key.kind === 'group') return [key.text];
  const state = key.fallback === true ? 'On by default' : 'Off by default';
  return [
    `${key.text} ${state}; \`false\` or \`${key.env}=false\` turns it off, \`true\` or any of its keys turns it on.`,
  ];
}

/** Sections within sections have a row for being on or off, and their keys below. */
function leavesOf({ children }: Key): Key[] {
  return children.flatMap((child) => [child, ...leavesOf(child)]);
}

function table(keys: readonly Key[]): string[] {
  const rows = keys.map((key) => [
    `\`${key.path}\``,
    typeText(key),
    defaultText(key),
    key.env === null ? '' : `\`${key.env}\``,
    key.text,
  ]);
  const head = ['key', 'type', 'default', 'environment', 'what it does'];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => escaped(row[column]!).length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => escaped(cell).padEnd(widths[column]!)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)];
}

/** A `|` ends a cell, even in code. */
const escaped = (cell: string): string => cell.replaceAll('|', '\\|');

function typeText(key: Key): string {
  switch (key.kind) {
    case 'bytes':
      return 'size';
    case 'duration':
      return 'time';
    case 'share':
      return 'share';
    case 'count':
      return 'whole number';
    case 'path':
      return key.expected.replace(/^(?:the name of )?an? /, '');
    case 'paths':
      return 'folders';
    case 'url':
    case 'text':
      return 'text';
    case 'choice':
      return key.expected
        .replace(/^one of /, '')
        .replaceAll(', ', ' \\| ')
        .replaceAll('\\|', '|');
    case 'choices':
      return key.expected.replace(/^a list of /, 'list of ');
    case 'object':
    case 'group':
      return 'object';
    case 'budgets':
      return 'list';
    case 'boolean':
      return 'boolean';
    case 'section':
      return key.children.length === 0 ? 'boolean' : 'boolean or object';
  }
}

function defaultText({ fallback, defaultText: text }: Key): string {
  if (fallback === undefined) return text ?? 'none';
  return `\`${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}\``;
}
