/**
 * What differs from another build: a treemap of the changes, the same as a table, and the causes, each of which narrows
 * both. Colour, pattern and sign all say which way a change goes.
 */
import type { Bytes } from '../../../../src/model/build.ts';
import type { Change, Diff } from '../../../report-data.ts';
import { clip, write } from '../canvas.ts';
import { changePatterns, changeState, STATE_WORDS } from '../change-state.ts';
import type { ChangeState } from '../change-state.ts';
import { fill, h, modulePath } from '../dom.ts';
import { countOf, formatBytes, formatExact, signedBytes } from '../format.ts';
import { isMatch } from '../frame.ts';
import type { Actions, Frame, View } from '../frame.ts';
import { CAPTION, cellAt, neighbour, treemap } from '../layout.ts';
import type { Cell, Direction } from '../layout.ts';
import { packageName } from '../model.ts';
import { readPalette } from '../palette.ts';
import { makeNode } from '../tree.ts';
import type { TreeNode } from '../tree.ts';

const MOST_ROWS = 200;
const MOST_CAUSES = 60;
const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

interface Weighed {
  readonly change: Change;
  readonly state: ChangeState;
  readonly before: number;
  readonly after: number;
  readonly delta: number;
}

export function diffView(actions: Actions): View {
  const lead = h('p', { class: 'lead' });
  const area = h(
    'select',
    { id: 'diff-area' },
    h('option', { value: 'change' }, 'the change'),
    h('option', { value: 'size' }, 'the size now'),
  );
  const cause = h('select', { id: 'diff-cause' });
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const tip = h('div', { class: 'tip', hidden: true });
  const stage = h(
    'div',
    {
      class: 'stage treemap',
      tabindex: '0',
      role: 'application',
      'aria-label': 'Treemap of the changes',
      'aria-describedby': 'diff-keys',
    },
    canvas,
    tip,
  );
  const legend = h('ul', { class: 'legend changes', 'aria-label': 'What the patterns mean' });
  const twin = h('div', { class: 'twin wide', tabindex: '0', role: 'region', 'aria-label': 'Changes as a table' });
  const keys = h('p', { class: 'keys', id: 'diff-keys' }, 'Arrow keys move, Enter opens a module.');
  let frame: Frame | null = null;
  let root: TreeNode | null = null;
  let changes = new Map<TreeNode, Weighed>();
  let cells: readonly Cell[] = [];
  let current: Cell | null = null;

  const layOut = (): void => {
    current = null;
    tip.hidden = true;
    cells = root === null || stage.clientWidth === 0 ? [] : treemap(root, stage.clientWidth, stage.clientHeight);
    draw();
  };

  const draw = (): void => {
    const context = canvas.getContext('2d');
    if (context === null) return;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [stage.clientWidth, stage.clientHeight];
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.textBaseline = 'middle';
    const palette = readPalette(stage);
    const patterns = changePatterns(context, stage, palette);
    const font = getComputedStyle(stage).fontFamily;
    for (const { node, label, x, y, w, h: tall, frame: isFrame } of cells) {
      const change = changes.get(node);
      context.fillStyle = change === undefined ? palette.frame : patterns[change.state].colour;
      context.fillRect(x, y, w - 1, tall - 1);
      const pattern = change === undefined ? null : patterns[change.state].pattern;
      if (pattern !== null) {
        context.fillStyle = pattern;
        context.fillRect(x, y, w - 1, tall - 1);
      }
      context.strokeStyle = palette.line;
      context.lineWidth = 1;
      if (w > 6 && tall > 6) context.strokeRect(x + 0.5, y + 0.5, w - 2, tall - 2);
      if (w < 34 || tall < 14) continue;
      context.font = `${isFrame ? '600 11.5px' : '12px'} ${font}`;
      write(context, clip(context, label, w - 10), x + 5, y + (isFrame ? CAPTION / 2 : 11), palette);
      if (change === undefined || isFrame || tall < 32) continue;
      context.font = `11px ${font}`;
      write(context, clip(context, changeText(change), w - 10), x + 5, y + 26, palette);
    }
    if (current === null) return;
    context.strokeStyle = palette.focus;
    context.lineWidth = 2.5;
    context.strokeRect(current.x + 1.5, current.y + 1.5, current.w - 3, current.h - 3);
  };

  const point = (cell: Cell | null, speak: boolean): void => {
    if (cell === current) return;
    current = cell;
    draw();
    tip.hidden = cell === null;
    if (cell === null || frame === null) return;
    const change = changes.get(cell.node);
    const why = change === undefined ? null : (frame.model.report.diff?.causes[change.change.cause]?.text ?? null);
    fill(
      tip,
      h('strong', {}, change?.change.id ?? cell.label),
      h('span', {}, change === undefined ? formatBytes(cell.node.value) : sentence(change)),
      why === null ? null : h('span', { class: 'tip-path' }, why),
    );
    const left = Math.max(4, Math.min(cell.x + cell.w / 2 - 20, stage.clientWidth - tip.offsetWidth - 4));
    const below = cell.y + Math.min(cell.h, 60) + 6;
    const top = below + tip.offsetHeight > stage.clientHeight ? Math.max(4, cell.y - tip.offsetHeight - 6) : below;
    tip.style.transform = `translate(${left}px, ${top}px)`;
    if (speak) actions.announce(tip.innerText);
  };

  const open = (cell: Cell | null): void => {
    const id = cell === null ? undefined : changes.get(cell.node)?.change.id;
    if (id !== undefined && frame?.model.moduleAt(id) !== undefined) actions.select({ kind: 'module', name: id });
  };

  canvas.addEventListener('pointermove', (event) => point(cellAt(cells, event.offsetX, event.offsetY), false));
  canvas.addEventListener('pointerleave', () => point(null, false));
  canvas.addEventListener('click', (event) => open(cellAt(cells, event.offsetX, event.offsetY)));
  stage.addEventListener('blur', () => point(null, false));
  stage.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = DIRECTIONS[event.key];
    if (direction) {
      const next = current === null ? cells.find((cell) => !cell.frame) : neighbour(cells, current, direction);
      point(next ?? current, true);
    } else if (event.key === 'Enter' || event.key === ' ') open(current);
    else return;
    event.preventDefault();
  });
  area.addEventListener('change', () => actions.update({ area: area.value === 'size' ? 'size' : 'change' }, 'replace'));
  cause.addEventListener('change', () =>
    actions.update({ cause: cause.value === '' ? null : Number(cause.value) }, 'replace'),
  );
  const observer = new ResizeObserver(layOut);
  observer.observe(stage);
  document.addEventListener('themechange', draw);

  return {
    element: h(
      'section',
      { class: 'chart-view diff-view', 'aria-label': 'Difference' },
      lead,
      h(
        'div',
        { class: 'chart-bar' },
        h('label', { for: 'diff-cause' }, 'Because ', cause),
        h('label', { for: 'diff-area' }, 'Areas are ', area),
      ),
      h('div', { class: 'chart-grid even' }, h('div', { class: 'chart-main' }, stage, legend, keys), twin),
    ),
    update(next) {
      const { diff } = next.model.report;
      if (diff === undefined) return;
      const isOther = frame?.model !== next.model || frame.weighing.measure !== next.weighing.measure;
      frame = next;
      if (isOther) fill(cause, causeOptions(diff, next));
      cause.value = next.state.cause === null ? '' : String(next.state.cause);
      area.value = next.state.area;
      lead.textContent = leadOf(diff, next);
      const shown = weigh(diff, next);
      ({ root, changes } = changeTree(shown, next));
      fill(legend, legendItems(shown));
      fill(twin, table(shown, next, actions));
      layOut();
    },
    close() {
      observer.disconnect();
      document.removeEventListener('themechange', draw);
    },
  };
}

function size(bytes: Bytes | null, { weighing }: Frame): number {
  return bytes?.[weighing.measure] ?? 0;
}

function leadOf({ base, total, assets }: Diff, frame: Frame): string {
  const [before, after] = [size(total.before, frame), size(total.after, frame)];
  const moved = size(assets.after, frame) - size(assets.before, frame);
  return (
    `Against ${base}: ${signedBytes(after - before)} ${frame.weighing.measure}, ${formatBytes(before)} before and ` +
    `${formatBytes(after)} now, code and CSS.${moved === 0 ? '' : ` Assets ${signedBytes(moved)}.`}`
  );
}

/** Narrowed by the cause and by the search; the largest change first. */
function weigh({ changes }: Diff, frame: Frame): Weighed[] {
  const { model, state, matches } = frame;
  const isShown = ({ id, isRest, cause }: Change): boolean => {
    if (state.cause !== null && cause !== state.cause) return false;
    if (matches === null) return true;
    const module = model.moduleAt(id);
    return !isRest && module !== undefined && isMatch(frame, module);
  };
  return changes
    .filter(isShown)
    .map((change) => {
      const [before, after] = [size(change.before, frame), size(change.after, frame)];
      return { change, state: changeState(change, after - before), before, after, delta: after - before };
    })
    .filter(({ delta }) => delta !== 0)
    .sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta));
}

/** By package, then by module. */
function changeTree(shown: readonly Weighed[], { state }: Frame): { root: TreeNode; changes: Map<TreeNode, Weighed> } {
  const root = makeNode('root', '', 'all changes', null);
  const groups = new Map<string, TreeNode>();
  const changes = new Map<TreeNode, Weighed>();
  for (const weighed of shown) {
    const value = state.area === 'size' ? weighed.after : Math.abs(weighed.delta);
    if (value <= 0) continue;
    const { change } = weighed;
    const name = change.isRest ? 'no module' : change.package === null ? 'own code' : packageName(change.package);
    let group = groups.get(name);
    if (group === undefined) {
      groups.set(name, (group = makeNode('package', name, name, root)));
      root.children.push(group);
    }
    const label = change.id.replace(/^.*node_modules\/(?:@[^/]+\/)?[^/]+\//, '');
    const leaf = makeNode('module', change.id, label, group, { value });
    group.children.push(leaf);
    group.value += value;
    root.value += value;
    changes.set(leaf, weighed);
  }
  return { root, changes };
}

function causeOptions({ causes }: Diff, frame: Frame): HTMLElement[] {
  const ranked = causes
    .map(({ text, delta }, position) => ({ text, position, delta: size(delta, frame) }))
    .sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta));
  const shown = ranked.slice(0, MOST_CAUSES);
  const chosen = ranked.find(({ position }) => position === frame.state.cause);
  if (chosen !== undefined && !shown.includes(chosen)) shown.push(chosen);
  return [
    h('option', { value: '' }, `of anything: ${countOf(causes.length, 'cause')}`),
    ...shown.map(({ text, position, delta }) =>
      h('option', { value: String(position) }, `${signedBytes(delta)}  ${text}`),
    ),
  ];
}

function changeText({ state, before, after, delta }: Weighed): string {
  if (state === 'new') return `new ${formatBytes(after)}`;
  return state === 'gone' ? `gone ${formatBytes(before)}` : signedBytes(delta);
}

function sentence({ state, before, after, delta }: Weighed): string {
  return `${STATE_WORDS[state]}: ${signedBytes(delta)}, ${formatBytes(before)} before, ${formatBytes(after)} now`;
}

function legendItems(shown: readonly Weighed[]): HTMLElement[] {
  return (Object.keys(STATE_WORDS) as ChangeState[]).flatMap((state) => {
    const of = shown.filter((each) => each.state === state);
    if (of.length === 0) return [];
    const sum = of.reduce((total, { delta }) => total + delta, 0);
    return [
      h(
        'li',
        {},
        h('i', { class: `swatch change-${state}`, 'aria-hidden': 'true' }),
        `${STATE_WORDS[state]} ${of.length}, ${signedBytes(sum)}`,
      ),
    ];
  });
}

function table(shown: readonly Weighed[], frame: Frame, actions: Actions): (HTMLElement | null)[] {
  const causes = frame.model.report.diff?.causes ?? [];
  const rows = shown.slice(0, MOST_ROWS).map((weighed) => {
    const { change, before, after, delta, state } = weighed;
    const isModule = frame.model.moduleAt(change.id) !== undefined;
    const name = modulePath(change.id);
    return h(
      'tr',
      {},
      h(
        'th',
        { scope: 'row' },
        isModule
          ? h(
              'button',
              {
                type: 'button',
                class: 'link',
                on: { click: () => actions.select({ kind: 'module', name: change.id }) },
              },
              name,
            )
          : name,
        h('span', { class: 'why' }, causes[change.cause]?.text),
      ),
      h('td', { title: formatExact(before) }, state === 'new' ? 'new' : formatBytes(before)),
      h('td', { title: formatExact(after) }, state === 'gone' ? 'gone' : formatBytes(after)),
      h('td', { title: formatExact(delta) }, signedBytes(delta)),
    );
  });
  return [
    h(
      'table',
      {},
      h('caption', {}, countOf(shown.length, 'change')),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['What', 'Before', 'Now', 'Change'].map((head) => h('th', { scope: 'col' }, head)),
        ),
      ),
      h('tbody', {}, rows),
    ),
    shown.length > MOST_ROWS
      ? h('p', { class: 'quiet' }, `and ${countOf(shown.length - MOST_ROWS, 'smaller one')}; search to see them`)
      : null,
  ];
}
