/** What is shown. All of it is in the URL, so that a view can be linked. */
import { MEASURES } from './model.ts';
import type { Measure } from './model.ts';
import { SEARCH_MODES } from './search.ts';
import type { SearchMode } from './search.ts';

export const VIEWS = [
  'ranked',
  'treemap',
  'sunburst',
  'flame',
  'graph',
  'waterfall',
  'modules',
  'diff',
  'findings',
] as const;
export type ViewName = (typeof VIEWS)[number];

export interface State {
  /** Name of the build. */
  readonly build: string;
  readonly view: ViewName;
  readonly measure: Measure;
  readonly sizes: 'self' | 'retained';
  readonly initial: boolean;
  readonly query: string;
  readonly mode: SearchMode;
  /** Where the charts are zoomed to: the keys from the root down. */
  readonly zoom: readonly string[];
  /** What the detail panel shows; empty: nothing. */
  readonly selected: Selection | null;
  /** Column of the table of modules; a minus sign in front: descending. */
  readonly sort: string;
  readonly colour: 'package' | 'format';
  /** The module that the graph is about; the packages where there is none. */
  readonly focus: string | null;
  /** What the areas of the difference are: the change, or the size that there is now. */
  readonly area: 'change' | 'size';
  /** Position of the one cause that the difference is narrowed to. */
  readonly cause: number | null;
}

export interface Selection {
  readonly kind: 'module' | 'package' | 'output';
  readonly name: string;
}

export function parseHash(hash: string, defaults: State): State {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const selected = /^(module|package|output):(.*)$/s.exec(params.get('at') ?? '');
  return {
    build: params.get('build') ?? defaults.build,
    view: oneOf(VIEWS, params.get('view')) ?? defaults.view,
    measure: oneOf(MEASURES, params.get('measure')) ?? defaults.measure,
    sizes: oneOf(['self', 'retained'] as const, params.get('sizes')) ?? defaults.sizes,
    initial: params.has('initial') ? params.get('initial') === '1' : defaults.initial,
    query: params.get('q') ?? defaults.query,
    mode: oneOf(SEARCH_MODES, params.get('mode')) ?? defaults.mode,
    zoom: params.has('zoom') ? params.getAll('zoom') : defaults.zoom,
    selected: selected ? { kind: selected[1] as Selection['kind'], name: selected[2] ?? '' } : defaults.selected,
    sort: params.get('sort') ?? defaults.sort,
    colour: oneOf(['package', 'format'] as const, params.get('colour')) ?? defaults.colour,
    focus: params.get('of') ?? defaults.focus,
    area: oneOf(['change', 'size'] as const, params.get('area')) ?? defaults.area,
    cause: /^\d+$/.test(params.get('cause') ?? '') ? Number(params.get('cause')) : defaults.cause,
  };
}

/** Only what differs from the defaults, so that links stay short. */
export function formatHash(state: State, defaults: State): string {
  const params = new URLSearchParams();
  const put = (name: string, value: string, usual: string): void => {
    if (value !== usual) params.set(name, value);
  };
  put('build', state.build, defaults.build);
  put('view', state.view, defaults.view);
  put('measure', state.measure, defaults.measure);
  put('sizes', state.sizes, defaults.sizes);
  put('initial', state.initial ? '1' : '0', defaults.initial ? '1' : '0');
  put('q', state.query, defaults.query);
  put('mode', state.mode, defaults.mode);
  for (const step of state.zoom) params.append('zoom', step);
  if (state.selected) params.set('at', `${state.selected.kind}:${state.selected.name}`);
  put('sort', state.sort, defaults.sort);
  put('colour', state.colour, defaults.colour);
  if (state.focus !== null) params.set('of', state.focus);
  put('area', state.area, defaults.area);
  if (state.cause !== null) params.set('cause', String(state.cause));
  const text = params.toString();
  return text === '' ? '' : `#${text}`;
}

function oneOf<T extends string>(values: readonly T[], text: string | null): T | undefined {
  return values.find((value) => value === text);
}
