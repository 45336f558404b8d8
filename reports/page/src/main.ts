/** Starts the page: reads the data, keeps the state in the URL, and draws what the state says. */
import { fill, h } from './dom.ts';
import { detailPanel } from './detail.ts';
import { countOf, formatBytes, formatShare } from './format.ts';
import type { Actions, Frame, Matches, View } from './frame.ts';
import { masthead } from './masthead.ts';
import { MEASURES, Model } from './model.ts';
import type { Weighing } from './model.ts';
import { readBuild, readHead } from './read-data.ts';
import { compileQuery, SEARCH_MODES } from './search.ts';
import type { Query, SearchMode } from './search.ts';
import { formatHash, parseHash, VIEWS } from './state.ts';
import type { State, ViewName } from './state.ts';
import { themeButton } from './theme.ts';
import { chartView } from './views/chart.ts';
import { diffView } from './views/diff.ts';
import { countFindings, findingsView } from './views/findings.ts';
import { graphView } from './views/graph.ts';
import { modulesView } from './views/modules.ts';
import { rankedView } from './views/ranked.ts';
import { waterfallView } from './views/waterfall.ts';

const VIEW_TITLES: Record<ViewName, string> = {
  ranked: 'Ranked',
  treemap: 'Treemap',
  sunburst: 'Sunburst',
  flame: 'Flame',
  graph: 'Graph',
  waterfall: 'Waterfall',
  modules: 'Modules',
  diff: 'Diff',
  findings: 'Findings',
};

/** With more modules than this the page is drawn in two steps. */
const LARGE = 20_000;

function start(root: HTMLElement): void {
  const head = readHead();
  const models = new Map<string, Model>();
  const modelOf = (name: string): Model => {
    const known = models.get(name);
    if (known) return known;
    const model = new Model(readBuild(Math.max(0, head.builds.indexOf(name))));
    models.set(name, model);
    return model;
  };
  if (head.builds.length === 0) {
    fill(root, h('p', { class: 'lead' }, 'This report has no builds.'));
    return;
  }

  const defaultsFor = (name: string): State => ({
    build: head.builds[0] ?? '',
    view: 'ranked',
    measure: [...MEASURES].reverse().find((measure) => modelOf(name).isMeasured(measure)) ?? 'raw',
    sizes: 'self',
    initial: false,
    query: '',
    mode: 'text',
    zoom: [],
    selected: null,
    sort: '-share',
    colour: 'package',
    focus: null,
    area: 'change',
    cause: null,
  });
  const readState = (): State => {
    const wanted = new URLSearchParams(location.hash.slice(1)).get('build') ?? '';
    const name = head.builds.includes(wanted) ? wanted : (head.builds[0] ?? '');
    const state = parseHash(location.hash, defaultsFor(name));
    return usable({ ...state, build: name }, modelOf(name));
  };

  let state = readState();
  let shownView: { name: ViewName; view: View } | null = null;
  let shownKey = '';
  let isFirst = true;
  let returnTo: HTMLElement | null = null;

  const actions: Actions = {
    update(change, how) {
      const next = { ...state, ...change };
      state = usable(next, modelOf(next.build));
      const url = formatHash(state, defaultsFor(state.build)) || location.pathname + location.search;
      if (how === 'push') history.pushState(null, '', url);
      else history.replaceState(null, '', url);
      render();
    },
    select(selected) {
      const opening = selected !== null && state.selected === null;
      if (opening) returnTo = document.activeElement instanceof HTMLElement ? document.activeElement : null;
      actions.update({ selected }, 'push');
      if (selected !== null) panel.element.querySelector<HTMLElement>('h2')?.focus();
      else (returnTo?.isConnected ? returnTo : (sameButton(returnTo) ?? main)).focus();
    },
    announce(text) {
      live.textContent = text;
    },
  };

  /** The list may have been drawn again while the panel was open. */
  const sameButton = (gone: HTMLElement | null): HTMLElement | undefined =>
    [...main.querySelectorAll('button')].find((button) => button.textContent === gone?.textContent);

  const live = h('p', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
  const panel = detailPanel(actions);
  const top = masthead(actions);
  const controls = controlBar(actions);
  const tabs = new Map(VIEWS.map((name) => [name, h('a', {}, VIEW_TITLES[name])] as const));
  const tabBar = h('nav', { class: 'tabs', 'aria-label': 'Views' }, [...tabs.values()]);
  const place = h('div', { class: 'view' });
  const main = h('main', { id: 'main', tabindex: '-1' }, place);
  const buildSelect = h(
    'select',
    { id: 'build' },
    head.builds.map((name) => h('option', { value: name }, name)),
  );
  buildSelect.addEventListener('change', () =>
    actions.update({ build: buildSelect.value, zoom: [], cause: null }, 'push'),
  );
  const bundler = h('span', { class: 'quiet' });

  fill(
    root,
    h(
      'a',
      { class: 'skip', href: '#main', on: { click: (event) => (event.preventDefault(), main.focus()) } },
      'To the content',
    ),
    h(
      'header',
      { class: 'top' },
      h('h1', {}, h('span', { class: 'mark' }, 'pare'), ' ', h('span', { class: 'title' }, head.title)),
      h(
        'div',
        { class: 'which' },
        head.builds.length > 1 ? h('label', { for: 'build' }, 'Build ', buildSelect) : null,
        bundler,
      ),
      themeButton(),
    ),
    top.element,
    h('div', { class: 'sticky' }, tabBar, controls.element),
    h('div', { class: 'desk' }, main, panel.element),
    h(
      'footer',
      {},
      'Every byte of every output is accounted for: what no module owns is listed under its own name. 1 kB is 1,000 bytes.',
    ),
    live,
  );

  function render(): void {
    const frame = frameOf(state, modelOf(state.build));
    const { model } = frame;
    buildSelect.value = state.build;
    bundler.textContent =
      model.report.build.bundler === null
        ? ''
        : `${model.report.build.bundler.name} ${model.report.build.bundler.version ?? ''}`;
    top.update(frame);
    controls.update(frame);
    for (const [name, tab] of tabs) {
      // The whole address: a bare fragment would be taken for a link to a place on the page.
      tab.href =
        location.href.replace(/#.*/s, '') + (formatHash({ ...state, view: name }, defaultsFor(state.build)) || '#');
      if (name === state.view) tab.setAttribute('aria-current', 'page');
      else tab.removeAttribute('aria-current');
      if (name === 'diff') tab.hidden = model.report.diff === undefined;
      if (name === 'findings') {
        const count = countFindings(model);
        fill(tab, VIEW_TITLES.findings, count > 0 ? h('span', { class: 'count' }, String(count)) : null);
      }
    }
    if (shownView?.name !== state.view) {
      shownView?.view.close?.();
      shownView = { name: state.view, view: makeView(state.view, actions) };
      fill(place, shownView.view.element);
      // On a narrow screen the tabs may stand out to the right.
      const tab = tabs.get(state.view);
      if (tab) tabBar.scrollLeft = tab.offsetLeft - tabBar.offsetLeft - tabBar.clientWidth / 2 + tab.offsetWidth / 2;
    }
    document.body.classList.toggle('has-detail', state.selected !== null);
    document.body.dataset['view'] = state.view;
    if (isFirst && model.ids.length > LARGE) {
      // The totals are on the screen while the view is being made.
      isFirst = false;
      setTimeout(render);
      return;
    }
    isFirst = false;
    // The view stays as it is, and with it the reader's place in it, when only the panel changes.
    const { selected: _, ...rest } = state;
    const key = JSON.stringify(rest);
    if (key !== shownKey) shownView.view.update(frame);
    shownKey = key;
    panel.update(frame);
  }

  const onNavigation = (): void => {
    state = readState();
    render();
  };
  window.addEventListener('popstate', onNavigation);
  window.addEventListener('hashchange', onNavigation);
  document.addEventListener('keydown', (event) => {
    const inField = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === '/' && !inField && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      controls.focusSearch();
    } else if (event.key === 'Escape' && state.selected !== null && !inField) actions.select(null);
  });
  render();
  // What the first key pressed would otherwise wait for.
  setTimeout(() => modelOf(state.build).lowerIds, 200);
}

/** What the build can't show is put right, whatever the URL says. */
function usable(state: State, model: Model): State {
  const measure = model.isMeasured(state.measure) ? state.measure : 'raw';
  const sizes = model.report.retained === undefined ? 'self' : state.sizes;
  const view = state.view === 'diff' && model.report.diff === undefined ? 'ranked' : state.view;
  const focus = state.focus !== null && model.moduleAt(state.focus) === undefined ? null : state.focus;
  return { ...state, measure, sizes, view, focus };
}

function makeView(name: ViewName, actions: Actions): View {
  switch (name) {
    case 'ranked':
      return rankedView(actions);
    case 'treemap':
    case 'sunburst':
    case 'flame':
      return chartView(name, actions);
    case 'graph':
      return graphView(actions);
    case 'waterfall':
      return waterfallView(actions);
    case 'modules':
      return modulesView(actions);
    case 'diff':
      return diffView(actions);
    case 'findings':
      return findingsView(actions);
  }
}

function frameOf(state: State, model: Model): Frame {
  const weighing: Weighing = { measure: state.measure, initial: state.initial };
  const sizes = model.moduleSizes(weighing);
  const shown = state.sizes === 'retained' ? (model.retained('modules')?.[state.measure] ?? sizes) : sizes;
  const matches = findMatches(compileQuery(state.query, state.mode), model, sizes);
  return { state, model, weighing, sizes, shown, total: model.total(weighing), matches };
}

function findMatches({ matches }: Query, model: Model, sizes: Float64Array): Matches | null {
  if (matches === null) return null;
  const { ids, lowerIds } = model;
  const flags = new Uint8Array(ids.length);
  let count = 0;
  let bytes = 0;
  for (let module = 0; module < flags.length; module++) {
    if (!matches(ids[module] ?? '', lowerIds[module] ?? '')) continue;
    flags[module] = 1;
    const size = sizes[module] ?? 0;
    if (size > 0) count++;
    bytes += size;
  }
  return { flags, count, bytes };
}

interface ControlBar {
  readonly element: HTMLElement;
  update(frame: Frame): void;
  focusSearch(): void;
}

function controlBar(actions: Actions): ControlBar {
  const search = h('input', {
    type: 'search',
    id: 'search',
    placeholder: 'Search modules  ( / )',
    'aria-label': 'Search modules',
    'aria-describedby': 'search-result',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const mode = h(
    'select',
    { 'aria-label': 'How to search' },
    SEARCH_MODES.map((name) => h('option', { value: name }, name)),
  );
  const result = h('output', { id: 'search-result', for: 'search' });
  const measures = choice('Size', 'measure', MEASURES, (measure) => actions.update({ measure }, 'replace'));
  const kinds = choice('Bytes', 'sizes', ['self', 'retained'] as const, (sizes) =>
    actions.update({ sizes }, 'replace'),
  );
  const initial = h('input', { type: 'checkbox', id: 'initial' });
  search.addEventListener('input', () => actions.update({ query: search.value }, 'replace'));
  mode.addEventListener('change', () => actions.update({ mode: mode.value as SearchMode }, 'replace'));
  initial.addEventListener('change', () => actions.update({ initial: initial.checked }, 'replace'));
  return {
    element: h(
      'div',
      { class: 'controls', role: 'region', 'aria-label': 'What to show' },
      h('div', { class: 'search' }, search, mode, result),
      h('label', { class: 'switch', for: 'initial' }, initial, h('span', {}, 'Initial only')),
      measures.element,
      kinds.element,
    ),
    update({ state, model, matches, total }) {
      if (search.value !== state.query) search.value = state.query;
      mode.value = state.mode;
      initial.checked = state.initial;
      measures.update(state.measure, (measure) => model.isMeasured(measure));
      kinds.element.hidden = model.report.retained === undefined;
      kinds.update(state.sizes, () => true);
      const { error } = compileQuery(state.query, state.mode);
      result.classList.toggle('wrong', error !== null);
      result.textContent =
        error ??
        (matches === null
          ? ''
          : `${countOf(matches.count, 'module')}, ${formatBytes(matches.bytes)} ${state.measure}, ${formatShare(matches.bytes, total)}`);
    },
    focusSearch() {
      search.focus();
      search.select();
    },
  };
}

interface Choice<T extends string> {
  readonly element: HTMLElement;
  update(chosen: T, can: (value: T) => boolean): void;
}

function choice<T extends string>(
  legend: string,
  name: string,
  values: readonly T[],
  choose: (value: T) => void,
): Choice<T> {
  const inputs = values.map((value) => {
    const input = h('input', { type: 'radio', name, value, id: `${name}-${value}` });
    input.addEventListener('change', () => choose(value));
    return { value, input };
  });
  return {
    element: h(
      'fieldset',
      { class: 'choice' },
      h('legend', { class: 'unseen' }, legend),
      inputs.flatMap(({ value, input }) => [input, h('label', { for: input.id }, value)]),
    ),
    update(chosen, can) {
      for (const { value, input } of inputs) {
        input.checked = value === chosen;
        input.disabled = !can(value);
        if (input.disabled) input.title = `${value} was not measured`;
      }
    },
  };
}

const root = document.getElementById('app');
if (root) {
  try {
    start(root);
  } catch (error) {
    fill(
      root,
      h(
        'p',
        { class: 'lead', role: 'alert' },
        `This report can’t be shown: ${error instanceof Error ? error.message : String(error)}`,
      ),
    );
    throw error;
  }
}
