/** The answer of `pare why`, for people. */
import { createColors } from 'picocolors';

import type { Retained } from '../detect/retained.ts';
import type { Bytes } from '../model/build.ts';
import { sizeColumns } from './size-lists.ts';
import { cutMiddle, renderTable, type TableOptions } from './table.ts';
import type { Statement, WhyAnswer } from './why-answer.ts';
import { wrap } from './wrap.ts';

export interface WhyTextOptions extends TableOptions {
  /** Chains shown, and rows of the list of importers. */
  readonly chains: number;
  readonly rows: number;
}

export function renderWhy(answer: WhyAnswer, options: WhyTextOptions): string {
  const sections = [
    heading(answer, options),
    sizes(answer, options),
    waysIn(answer, options),
    importers(answer, options),
    ownImports(answer, options),
    cut(answer, options),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function heading({ target, modules, outputs }: WhyAnswer, { color, width }: WhyTextOptions): string[] {
  const { bold } = createColors(color);
  const name = target.kind === 'module' ? target.id : [target.name, ...target.versions].join(' ');
  const files = outputs.length === 1 ? `in ${outputs[0]!.file}` : `in ${outputs.length} files`;
  if (target.kind === 'module')
    return [bold(cutMiddle(name, width)), outputs.length === 0 ? NOTHING_KEPT : `a module ${files}`];
  const count =
    modules.known === modules.kept ? countOf(modules.kept, 'module') : `${modules.kept} of ${modules.known} modules`;
  return [bold(name), outputs.length === 0 ? NOTHING_KEPT : `a package with ${count} ${files}`];
}

/** Times the size of the thing itself. */
const FAR_MORE = 2;

const NOTHING_KEPT = 'in the module graph, but no byte of it is in the output';

function sizes({ self, retained, outputs }: WhyAnswer, options: WhyTextOptions): string[] {
  if (outputs.length === 0) return [];
  const rows: { name: string; bytes: Bytes }[] = [
    { name: 'own size', bytes: self },
    { name: retained.isLowerBound ? 'leaves with it, at least' : 'leaves with it', bytes: retained.bytes },
  ];
  const by = self.brotli === null ? 'raw' : 'brotli';
  return renderTable(
    rows,
    { title: '', cell: ({ name }) => name },
    sizeColumns(self, by, ({ bytes }) => bytes),
    options,
  );
}

function waysIn({ chains, isEntry, importers: all }: WhyAnswer, options: WhyTextOptions): string[] {
  const { bold, dim } = createColors(options.color);
  if (isEntry) return [bold('It is an entry: the build starts with it.')];
  if (chains.length === 0) {
    if (all.length > 0) return [bold('No entry reaches it by the imports that are known.')];
    return [
      bold('No import of it is known.'),
      dim('  Give what the bundler knows: --evidence METAFILE.json or STATS.json'),
    ];
  }
  const shown = chains.slice(0, options.chains);
  const title = chains.length === 1 ? 'The way in' : `The shortest ${shown.length === 1 ? 'way' : 'ways'} in`;
  const more = chains.length - shown.length;
  return [
    bold(title),
    ...shown.flatMap((chain, i) => [
      ...(i === 0 ? [] : ['']),
      ...statements(chain, options),
      `  ${cutMiddle(chain.at(-1)!.to, options.width - 2)}`,
    ]),
    ...(more > 0 ? [dim(`  … and ${more} more, one for each import below`)] : []),
  ];
}

function importers({ importers: all }: WhyAnswer, options: WhyTextOptions): string[] {
  if (all.length === 0) return [];
  const live = all.filter(({ isDead }) => !isDead);
  return [
    createColors(options.color).bold(`Imported by ${countOf(all.length, 'statement')}`),
    ...limited([...live, ...all.filter(({ isDead }) => isDead)], options),
  ];
}

/** Left out where the list of importers or the cut says the same. */
function ownImports(answer: WhyAnswer, options: WhyTextOptions): string[] {
  const { statements: own, saves } = answer.ownImports;
  const live = answer.importers.filter(({ isDead }) => !isDead);
  if (own.length === 0 || isSame(own, live) || isSame(own, answer.cut?.statements ?? [])) return [];
  const { bold } = createColors(options.color);
  return [
    bold(`Your own code leads to it by ${countOf(own.length, 'import')}`),
    ...limited(own, options),
    ...savings('without them, at least', 'without them', saves, options),
  ];
}

function cut(answer: WhyAnswer, options: WhyTextOptions): string[] {
  if (answer.cut === null) return [];
  const { bold, dim } = createColors(options.color);
  const { statements: fewest, scope, saves } = answer.cut;
  const where = scope === 'own' ? '' : ', some of them inside of packages';
  const isMuch = saves.bytes.raw > FAR_MORE * answer.retained.bytes.raw;
  return [
    ...wrap(`The fewest imports that have to go for it to leave: ${fewest.length}${where}`, options.width).map(bold),
    ...limited(fewest, options),
    ...savings('saves at least', 'saves', saves, options),
    ...(isMuch ? [dim('  Most of that is other code that comes the same way.')] : []),
  ];
}

function isSame(a: readonly Statement[], b: readonly Statement[]): boolean {
  const places = new Set(b.map(placeOf));
  return a.length === b.length && a.every((each) => places.has(placeOf(each)));
}

function limited(list: readonly Statement[], options: WhyTextOptions): string[] {
  const more = list.length - options.rows;
  const tail = more > 0 ? [createColors(options.color).dim(`  … and ${more} more`)] : [];
  return [...statements(list.slice(0, options.rows), options), ...tail];
}

function savings(atLeast: string, exactly: string, { bytes, isLowerBound }: Retained, options: TableOptions): string[] {
  const row = { name: isLowerBound ? atLeast : exactly, bytes };
  const by = bytes.brotli === null ? 'raw' : 'brotli';
  return renderTable(
    [row],
    { title: '', cell: ({ name }) => name },
    sizeColumns(bytes, by, (each) => each.bytes),
    options,
  );
}

/** `file:line:column  what it imports`, in two columns, or on two lines where the terminal is narrow. */
function statements(list: readonly Statement[], { color, width }: TableOptions): string[] {
  const { cyan, dim } = createColors(color);
  const places = list.map(placeOf);
  const texts = list.map((each) => `${syntaxOf(each)}${each.isDead ? '  (dropped: nothing of it is kept)' : ''}`);
  const room = Math.max(...places.map((place) => place.length));
  const widest = Math.max(...texts.map((text) => text.length));
  const fits = 4 + room + widest <= width;
  return places.flatMap((place, i) => {
    if (fits) return [`  ${cyan(place)}${' '.repeat(room - place.length)}  ${dim(texts[i]!)}`];
    return [`  ${cyan(cutMiddle(place, width - 2))}`, `    ${dim(cutMiddle(texts[i]!, width - 4))}`];
  });
}

/** As editors and terminals take it: columns from 1. */
function placeOf({ from, line, column }: Statement): string {
  if (line === null) return from;
  return column === null ? `${from}:${line}` : `${from}:${line}:${column + 1}`;
}

const MOST_NAMES = 4;

function syntaxOf({ kind, names }: Statement): string {
  if (kind === 'dynamic') return 'import()';
  if (kind === 'require') return 'require()';
  if (kind === 'css') return '@import';
  if (kind === 'url') return 'url';
  if (names === null) return 'import';
  if (names.length === 0) return "import '…'";
  if (names.includes('*')) return 'import *';
  const braced = names.filter((name) => name !== 'default');
  const more = braced.length - MOST_NAMES;
  const list = [...braced.slice(0, MOST_NAMES), ...(more > 0 ? [`… ${more} more`] : [])].join(', ');
  return [
    'import',
    [...(names.includes('default') ? ['default'] : []), ...(braced.length > 0 ? [`{ ${list} }`] : [])].join(', '),
  ].join(' ');
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
