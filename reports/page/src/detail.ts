/** The panel beside the views: one module, package or output, and why it is here. */
import type { Bytes } from '../../../src/model/build.ts';
import type { CutSet, ModuleSource, ReportTarget } from '../../report-data.ts';
import { importersOf, importsOf, reachFromEntries, shortestChain } from './chains.ts';
import { fill, h, modulePath, path } from './dom.ts';
import { countOf, formatBytes, formatExact, formatShare } from './format.ts';
import type { Actions, Frame } from './frame.ts';
import { MEASURES, OWN_CODE, packageName, retainedAt } from './model.ts';
import type { Model, OutputModel, RetainedSize } from './model.ts';

const FIRST_ITEMS = 30;

type Item = HTMLElement | null;

export interface DetailPanel {
  readonly element: HTMLElement;
  update(frame: Frame): void;
}

export function detailPanel(actions: Actions): DetailPanel {
  const title = h('h2', { tabindex: '-1', id: 'detail-title' });
  const close = h('button', { type: 'button', class: 'close', 'aria-label': 'Close the details' }, '✕');
  const content = h('div', { class: 'detail-content' });
  const element = h(
    'aside',
    { class: 'detail', 'aria-labelledby': 'detail-title', hidden: true },
    h('header', {}, title, close),
    content,
  );
  let shownOf: readonly unknown[] = [null];
  close.addEventListener('click', () => actions.select(null));
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    actions.select(null);
  });
  return {
    element,
    update(frame) {
      const { selected, initial } = frame.state;
      // A search does not change what is known of one thing.
      const { model, weighing } = frame;
      const of = [model, weighing.measure, initial, selected?.kind, selected?.name];
      if (of.every((part, i) => part === shownOf[i])) return;
      shownOf = of;
      element.hidden = selected === null;
      if (selected === null) return;
      const scroll = element.dataset['of'] === selected.name ? element.scrollTop : 0;
      element.dataset['of'] = selected.name;
      const shown =
        selected.kind === 'module'
          ? moduleDetail(frame, selected.name, actions)
          : selected.kind === 'package'
            ? packageDetail(frame, selected.name, actions)
            : outputDetail(frame, selected.name, actions);
      fill(title, shown.title);
      fill(content, shown.content);
      element.scrollTop = scroll;
    },
  };
}

interface Shown {
  readonly title: string | HTMLElement;
  readonly content: readonly Item[];
}

const gone = (kind: string, name: string): Shown => ({
  title: path(name),
  content: [h('p', { class: 'quiet' }, `This build has no such ${kind}.`)],
});

function moduleDetail(frame: Frame, id: string, actions: Actions): Shown {
  const { model } = frame;
  const module = model.moduleAt(id);
  if (module === undefined) return gone('module', id);
  const ref = model.packages[model.packageOf[module] ?? OWN_CODE];
  const parts = model.partsOf(module);
  const chain = shortestChain(model, module);
  return {
    title: path(id),
    content: [
      h(
        'p',
        { class: 'badges' },
        badges(
          model,
          module,
          parts.map((part) => part.output),
        ),
        ref === undefined ? null : packageLink(packageName(ref), actions),
        graphButton(id, actions),
      ),
      sizesTable(
        parts.map(({ output, bytes }) => ({ label: outputLink(output, actions), bytes })),
        retainedAt(model, 'modules', module),
      ),
      sourceNote(model, module, parts),
      h('h3', {}, 'Why is this here?'),
      chainList(frame, module, chain, actions),
      ...cutList(frame, { module }, actions),
      ...statements(frame, 'Imported by', importersOf(model, module), 'from', actions),
      ...statements(frame, 'Imports', importsOf(model, module), 'to', actions),
      ...exportsList(model, module),
      ...findingsAbout(frame, module),
      ...sourceView(model.report.sources?.find((source) => source.module === module)),
    ],
  };
}

function graphButton(id: string, actions: Actions): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'badge link', on: { click: () => actions.update({ view: 'graph', focus: id }, 'push') } },
    'show in the graph',
  );
}

function badges(model: Model, module: number, outputs: readonly OutputModel[]): HTMLElement[] {
  const effects = model.sideEffects[module];
  const list = [
    h('span', { class: `badge format-${model.formatName(module)}` }, formatWords(model.formatName(module))),
  ];
  if (effects === 1) list.push(h('span', { class: 'badge effects' }, '⚑ kept for its side effects'));
  if (effects === 0) list.push(h('span', { class: 'badge' }, 'no side effects'));
  if (outputs.length === 0) list.push(h('span', { class: 'badge' }, 'no bytes in the outputs'));
  else
    list.push(
      h(
        'span',
        { class: outputs.some((output) => output.initial) ? 'badge now' : 'badge later' },
        outputs.some((output) => output.initial) ? 'initial' : 'loaded later',
      ),
    );
  return list;
}

function formatWords(format: string): string {
  const words: Readonly<Record<string, string>> = {
    esm: 'ESM',
    cjs: 'CommonJS',
    json: 'JSON',
    css: 'CSS',
    asset: 'asset',
  };
  return words[format] ?? 'format not known';
}

function sizesTable(
  rows: readonly { label: string | HTMLElement; bytes: Bytes }[],
  retained?: RetainedSize,
): HTMLElement {
  const sum = (measure: keyof Bytes): number =>
    rows.reduce((total, { bytes }) => total + (bytes[measure] ?? Number.NaN), 0);
  const line = (label: string | HTMLElement, bytes: Bytes, className = ''): HTMLElement =>
    h(
      'tr',
      { class: className },
      h('th', { scope: 'row' }, label),
      MEASURES.map((measure) => {
        const size = bytes[measure] ?? Number.NaN;
        return h('td', { title: Number.isNaN(size) ? 'not measured' : formatExact(size) }, formatBytes(size));
      }),
    );
  const total = { raw: sum('raw'), gzip: sum('gzip'), brotli: sum('brotli') };
  return h(
    'table',
    { class: 'sizes' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, h('span', { class: 'unseen' }, 'Where')),
        MEASURES.map((measure) => h('th', { scope: 'col' }, measure)),
      ),
    ),
    h(
      'tbody',
      {},
      rows.slice(0, FIRST_ITEMS).map(({ label, bytes }) => line(label, bytes)),
      rows.length === 1 ? null : line('in all', total, 'total'),
      retained === undefined
        ? null
        : line(retained.isLowerBound ? 'retained, at least' : 'retained', retained.bytes, 'total'),
    ),
  );
}

function sourceNote(model: Model, module: number, parts: readonly { bytes: Bytes }[]): Item {
  const source = model.sourceBytes[module] ?? Number.NaN;
  if (Number.isNaN(source)) return null;
  const kept = parts.reduce((sum, part) => sum + part.bytes.raw, 0);
  return h(
    'p',
    { class: 'quiet' },
    `Source ${formatBytes(source)}; the output has ${formatShare(kept, source)} of that.`,
  );
}

/** From the entry down to the module, each step with the statement that makes it. */
function chainList(frame: Frame, module: number, chain: readonly number[] | null, actions: Actions): HTMLElement {
  const { model } = frame;
  if (chain === null)
    return h(
      'p',
      {},
      'No chain of imports leads from an entry to it: the bundler put it in, or the record has no imports for it.',
    );
  if (chain.length === 0) return h('p', {}, 'It is an entry.');
  const steps = chain.map((edge) => {
    const from = model.edges.from[edge] ?? 0;
    return h(
      'li',
      { class: model.edgeKind(edge) === 'dynamic' ? 'dynamic' : '' },
      moduleLink(model, from, actions, position(model, edge)),
      statement(model, edge),
    );
  });
  return h('ol', { class: 'chain' }, steps, h('li', { class: 'end' }, modulePath(model.ids[module] ?? '')));
}

/** `:12:4`; columns are counted from 1 here, as editors do. */
function position(model: Model, edge: number): string {
  const line = model.edges.line[edge] ?? -1;
  const column = model.edges.column[edge] ?? -1;
  if (line < 0) return '';
  return column < 0 ? `:${line}` : `:${line}:${column + 1}`;
}

function statement(model: Model, edge: number): HTMLElement {
  const kind = model.edgeKind(edge);
  const names = model.edgeNames(edge);
  const verbs = { static: 'import', dynamic: 'import()', require: 'require()', url: 'URL', css: '@import' };
  const shown =
    names === null || kind !== 'static' ? '' : names.length === 0 ? ' for side effects' : ` ${shorten(names)}`;
  return h('code', { class: 'statement' }, `${verbs[kind]}${shown}`);
}

function shorten(names: readonly string[]): string {
  const first = names.slice(0, 6).join(', ');
  return names.length > 6 ? `{ ${first}, … ${names.length - 6} more }` : `{ ${first} }`;
}

function statements(
  frame: Frame,
  title: string,
  edges: readonly number[],
  end: 'from' | 'to',
  actions: Actions,
): Item[] {
  const { model } = frame;
  const { distance } = reachFromEntries(model);
  const other = (edge: number): number => model.edges[end][edge] ?? 0;
  const near = (edge: number): number =>
    distance[other(edge)] === -1 ? Infinity : (distance[other(edge)] ?? Infinity);
  const ordered = end === 'from' ? edges.toSorted((a, b) => near(a) - near(b) || a - b) : edges;
  const lines = ordered.map((edge) => (): HTMLElement => {
    const retained = retainedAt(model, 'edges', edge);
    const bytes = retained?.bytes[frame.weighing.measure];
    return h(
      'li',
      { class: model.edgeKind(edge) === 'dynamic' ? 'dynamic' : '' },
      moduleLink(model, other(edge), actions, end === 'from' ? position(model, edge) : ''),
      statement(model, edge),
      !bytes
        ? null
        : h('span', { class: 'quiet' }, ` holds ${retained?.isLowerBound ? 'at least ' : ''}${formatBytes(bytes)}`),
    );
  });
  return [
    h('h3', {}, `${title} `, h('span', { class: 'quiet' }, String(edges.length))),
    edges.length === 0 ? h('p', { class: 'quiet' }, 'Nothing.') : longList(lines),
  ];
}

/** Only the first items are made; the others when asked for. */
function longList(lines: readonly (() => HTMLElement)[]): HTMLElement {
  const list = h(
    'ul',
    { class: 'statements' },
    lines.slice(0, FIRST_ITEMS).map((line) => line()),
  );
  if (lines.length <= FIRST_ITEMS) return list;
  const more = h('button', { type: 'button', class: 'more' }, `Show all ${lines.length}`);
  more.addEventListener('click', () => {
    list.append(...lines.slice(FIRST_ITEMS).map((line) => line()));
    (list.children[FIRST_ITEMS]?.querySelector('button') as HTMLElement | null)?.focus();
    more.remove();
  });
  return h('div', {}, list, more);
}

function cutList(frame: Frame, target: ReportTarget, actions: Actions): Item[] {
  const { model, weighing } = frame;
  const found = model.report.cutSets?.find((cut) => sameTarget(cut, target));
  if (found === undefined) return [];
  const { measure } = weighing;
  const amount = (bytes: Bytes | null): string =>
    bytes === null ? 'an unmeasured amount' : `${formatBytes(bytes[measure] ?? Number.NaN)} ${measure}`;
  const list = (edges: readonly number[]): HTMLElement =>
    longList(
      edges.map(
        (edge) => () =>
          h(
            'li',
            {},
            moduleLink(model, model.edges.from[edge] ?? 0, actions, position(model, edge)),
            statement(model, edge),
          ),
      ),
    );
  const also = found.alsoLeaves.map(
    ({ package: name, bytes }) => `${name ?? 'own code'} ${formatBytes(bytes[measure] ?? Number.NaN)}`,
  );
  const { fewest } = found;
  return [
    h('h3', {}, 'To get rid of it, cut ', h('span', { class: 'quiet' }, countOf(found.cuts.length, 'import'))),
    list(found.cuts),
    h('p', { class: 'quiet' }, `${amount(found.saves)} would leave.`),
    also.length === 0
      ? null
      : h(
          'p',
          { class: 'quiet' },
          `Also leaves: ${also.join(', ')}${found.alsoMore === 0 ? '' : ` and ${found.alsoMore} more`}.`,
        ),
    fewest === null
      ? null
      : h(
          'details',
          {},
          h(
            'summary',
            {},
            `Fewest: ${countOf(fewest.cuts.length, 'import')}, with which ${amount(fewest.saves)} would leave`,
          ),
          list(fewest.cuts),
        ),
  ];
}

function sameTarget({ target }: CutSet, wanted: ReportTarget): boolean {
  if ('module' in target) return 'module' in wanted && target.module === wanted.module;
  return 'package' in wanted && target.package === wanted.package;
}

function exportsList(model: Model, module: number): Item[] {
  const all = model.exportsOf(module);
  if (all === null) return [];
  const used = model.usedExportsOf(module);
  const kept = new Set(used ?? []);
  const names = used === null ? all : all.toSorted((a, b) => Number(kept.has(b)) - Number(kept.has(a)));
  const note = used === null ? `${all.length}, not known which are used` : `${kept.size} of ${all.length} used`;
  const lines = names.map((name) => (): HTMLElement => {
    const isUsed = used === null || kept.has(name);
    return h(
      'li',
      { class: isUsed ? 'used' : 'unused' },
      name,
      isUsed ? null : h('span', { class: 'unseen' }, ' (unused)'),
    );
  });
  const list = longList(lines);
  (list.matches('ul') ? list : list.querySelector('ul'))?.classList.replace('statements', 'exports');
  return [h('h3', {}, 'Exports ', h('span', { class: 'quiet' }, note)), all.length === 0 ? null : list];
}

function findingsAbout({ model, weighing }: Frame, module: number): Item[] {
  const { notShaken, coverage, duplicates } = model.report;
  const lines: string[] = [];
  for (const found of notShaken ?? []) {
    if (found.module === module)
      lines.push(
        `Kept in ${found.kept === 'whole' ? 'whole' : 'part'}: ${found.detail} (${found.isEstimate ? 'about ' : ''}${formatBytes(found.bytes[weighing.measure] ?? Number.NaN)})`,
      );
  }
  for (const { point, modules } of coverage ?? []) {
    const found = modules.find((each) => each.module === module);
    if (found !== undefined)
      lines.push(`${formatShare(found.executed, found.loaded)} of its loaded bytes had run by ${point}.`);
  }
  for (const found of duplicates ?? []) {
    if (found.copies.some((copy) => copy.modules.includes(module)))
      lines.push(
        `One of ${found.copies.length} copies of ${found.name}.${found.mend === null ? '' : ` ${found.mend}`}`,
      );
  }
  return lines.length === 0
    ? []
    : [
        h('h3', {}, 'Findings'),
        h(
          'ul',
          { class: 'plain' },
          lines.map((line) => h('li', {}, line)),
        ),
      ];
}

function sourceView(source: ModuleSource | undefined): Item[] {
  if (source === undefined) return [];
  const pieces: (HTMLElement | string)[] = [];
  let at = 0;
  for (const [start, end] of source.kept) {
    if (start > at) pieces.push(h('del', {}, source.text.slice(at, start)));
    pieces.push(h('ins', {}, source.text.slice(start, end)));
    at = end;
  }
  if (at < source.text.length) pieces.push(h('del', {}, source.text.slice(at)));
  return [
    h('h3', {}, 'Source ', h('span', { class: 'quiet' }, 'what is struck through was dropped')),
    h(
      'pre',
      { class: 'source', tabindex: '0', role: 'region', 'aria-label': 'Source with kept and dropped code' },
      pieces,
    ),
  ];
}

function packageDetail(frame: Frame, name: string, actions: Actions): Shown {
  const { model, weighing, sizes } = frame;
  const ref = model.packages.findIndex((candidate) => packageName(candidate) === name);
  if (ref === -1 && name !== '') return gone('package', name);
  const known = model.packages[ref];
  const members = Array.from(model.ids.keys()).filter((module) => (model.packageOf[module] ?? OWN_CODE) === ref);
  const order = members.filter((module) => (sizes[module] ?? 0) > 0).sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
  const others = model.packages.filter((candidate, i) => i !== ref && candidate.name === known?.name);
  const { distance } = reachFromEntries(model);
  const nearest = members.reduce<number | null>((best, module) => {
    const d = distance[module] ?? -1;
    return d !== -1 && (best === null || d < (distance[best] ?? Infinity)) ? module : best;
  }, null);
  const outside =
    known === undefined
      ? []
      : members.flatMap((module) =>
          importersOf(model, module).filter(
            (edge) => (model.packageOf[model.edges.from[edge] ?? 0] ?? OWN_CODE) !== ref,
          ),
        );
  return {
    title: known === undefined ? 'own code' : name,
    content: [
      sizesTable(
        [{ label: countOf(order.length, 'module'), bytes: sumOf(model, members, weighing.initial) }],
        model.report.retained?.packages.find((entry) => entry.name === known?.name),
      ),
      others.length === 0
        ? null
        : h(
            'p',
            {},
            'Also here as ',
            others.map((other) => packageLink(packageName(other), actions)),
          ),
      ...(nearest === null || known === undefined
        ? []
        : [h('h3', {}, 'Why is this here?'), chainList(frame, nearest, shortestChain(model, nearest), actions)]),
      ...(known === undefined ? [] : cutList(frame, { package: known.name }, actions)),
      ...(known === undefined ? [] : statements(frame, 'Imported from outside by', outside, 'from', actions)),
      h('h3', {}, 'Modules ', h('span', { class: 'quiet' }, String(order.length))),
      longList(
        order.map(
          (module) => () =>
            h(
              'li',
              { class: 'sized' },
              moduleLink(model, module, actions, ''),
              h('span', { class: 'size' }, formatBytes(sizes[module] ?? 0)),
            ),
        ),
      ),
    ],
  };
}

function sumOf(model: Model, members: readonly number[], initial: boolean): Bytes {
  const sum = (measure: keyof Bytes): number | null => {
    if (!model.isMeasured(measure)) return null;
    const sizes = model.moduleSizes({ measure, initial });
    return members.reduce((total, module) => total + (sizes[module] ?? 0), 0);
  };
  return { raw: sum('raw') ?? 0, gzip: sum('gzip'), brotli: sum('brotli') };
}

function outputDetail(frame: Frame, file: string, actions: Actions): Shown {
  const { model, weighing } = frame;
  const output = model.outputs.find((candidate) => candidate.file === file);
  if (output === undefined) return gone('output', file);
  const { parts } = output;
  const bytes = parts[weighing.measure];
  const owners = Array.from(parts.module.keys()).filter((i) => !Number.isNaN(parts.module[i] ?? Number.NaN));
  owners.sort((a, b) => (bytes[b] || 0) - (bytes[a] || 0));
  const askedBy = model.outputs.flatMap((other) =>
    other.imports.filter((link) => link.file === file).map((link) => ({ other, kind: link.kind })),
  );
  return {
    title: path(file),
    content: [
      h(
        'p',
        { class: 'badges' },
        h('span', { class: 'badge' }, output.kind),
        output.entry ? h('span', { class: 'badge' }, 'entry') : null,
        h('span', { class: output.initial ? 'badge now' : 'badge later' }, output.initial ? 'initial' : 'loaded later'),
      ),
      sizesTable([{ label: 'file', bytes: output.bytes }]),
      ...(output.entryModule === null
        ? []
        : [
            h('h3', {}, 'Why is this here?'),
            chainList(frame, output.entryModule, shortestChain(model, output.entryModule), actions),
          ]),
      h('h3', {}, 'Asked for by ', h('span', { class: 'quiet' }, String(askedBy.length))),
      longList(
        askedBy.map(
          ({ other, kind }) =>
            () =>
              h(
                'li',
                { class: kind === 'dynamic' ? 'dynamic' : '' },
                outputLink(other, actions),
                h('code', { class: 'statement' }, kind),
              ),
        ),
      ),
      h('h3', {}, 'Asks for ', h('span', { class: 'quiet' }, String(output.imports.length))),
      longList(
        output.imports.map((link) => () => {
          const other = model.outputs.find((candidate) => candidate.file === link.file);
          return h(
            'li',
            { class: link.kind === 'dynamic' ? 'dynamic' : '' },
            other ? outputLink(other, actions) : path(link.file),
            h('code', { class: 'statement' }, link.kind),
          );
        }),
      ),
      h('h3', {}, 'Modules ', h('span', { class: 'quiet' }, String(owners.length))),
      longList(
        owners.map(
          (i) => () =>
            h(
              'li',
              { class: 'sized' },
              moduleLink(model, parts.module[i] ?? 0, actions, ''),
              h('span', { class: 'size' }, formatBytes(bytes[i] || 0)),
            ),
        ),
      ),
    ],
  };
}

function moduleLink(model: Model, module: number, actions: Actions, suffix: string): HTMLElement {
  const id = model.ids[module] ?? '';
  return h(
    'button',
    { type: 'button', class: 'link', on: { click: () => actions.select({ kind: 'module', name: id }) } },
    modulePath(id, suffix),
  );
}

function packageLink(name: string, actions: Actions): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'badge link', on: { click: () => actions.select({ kind: 'package', name }) } },
    name,
  );
}

function outputLink(output: OutputModel, actions: Actions): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'link', on: { click: () => actions.select({ kind: 'output', name: output.file }) } },
    path(output.file),
  );
}
