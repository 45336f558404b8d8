/** Names and sentences in Markdown, whatever is in them: nothing of a module's name becomes markup. */

/**
 * What has a meaning in Markdown, in GitHub's tables, links and formulas, or in HTML; underscores within a word, and colons
 * before a space or a line's number, have none. At the beginning of a line more characters have one.
 */
const SPECIAL =
  /[\\`*[\]#!|<>&~@$]|(?<![A-Za-z\d])_|_(?![A-Za-z\d])|:(?![\s\d]|$)|^(?:[^A-Za-z\d]|\d(?=\d*[.)](?:\s|$)))/g;
/** What ends a line, turns its direction, can't be seen, or is half a character: shown by its number. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** As plain text. CommonMark takes a character that is written by its number never for markup. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(UNSEEN, (character) => `<U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}>`)
    .replace(SPECIAL, (character) => `&#${character.charCodeAt(0)};`);
}

const LONGEST = 160;

/** As code: the HTML element and not backticks, so that pipes and backticks in it do no harm in a table. */
export function code(text: string): string {
  const shown = text.length <= LONGEST ? text : `${text.slice(0, 40)}…${text.slice(41 - LONGEST)}`;
  return `<code>${escapeMarkdown(shown)}</code>`;
}

export interface MarkdownColumn<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Figures stand at the right. */
  readonly isFigure?: boolean;
}

/** Cells are Markdown already. */
export function markdownTable<Row>(rows: readonly Row[], columns: readonly MarkdownColumn<Row>[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ isFigure }) => (isFigure === true ? '---:' : '---'))),
    ...rows.map((row) => line(columns.map(({ cell }) => cell(row)))),
  ];
}

export function collapsible(summary: string, lines: readonly string[]): string[] {
  return ['<details>', `<summary>${summary}</summary>`, '', ...lines, '', '</details>'];
}
