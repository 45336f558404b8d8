/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** What a target must allow: the pointer to hit it, text to be typed into it, or a choice to be made from it. */
export type Reach = 'pointer' | 'keyboard' | 'choice';

export interface Reached {
  /** Why it can't be used now, to be read behind the target's name; null: it can be. */
  readonly problem: string | null;
  /** Something was scrolled to bring it into view. */
  readonly scrolled: boolean;
}

/**
 * In the page: can this element be used, and if it is out of sight, brings it there. Of the ways to scroll, always the first that
 * helps is taken, so that two runs scroll alike. Sent to the browser as text, so it must not use anything from outside its own body.
 */
export function reachElement(node: Node, how: Reach): Reached {
  const element = node instanceof Element ? node : node.parentElement;
  if (element === null) return { problem: 'is not to be seen', scrolled: false };
  const control = element.closest('button, input, select, textarea, option, optgroup');
  if (control?.matches(':disabled') || element.closest('[aria-disabled="true"]') !== null) {
    return { problem: 'is not enabled', scrolled: false };
  }
  const field = element instanceof HTMLLabelElement ? (element.control ?? element) : element;
  if (how === 'keyboard' && (field.matches('[readonly]') || field.ariaReadOnly === 'true')) {
    return { problem: 'is read-only', scrolled: false };
  }
  if (how !== 'pointer') return { problem: null, scrolled: false };

  /** The middle of the first box that is in the window, or null. */
  const middle = (): { x: number; y: number } | null => {
    for (const box of element.getClientRects()) {
      const left = Math.max(0, box.left);
      const right = Math.min(innerWidth, box.right);
      const top = Math.max(0, box.top);
      const bottom = Math.min(innerHeight, box.bottom);
      if (right - left >= 1 && bottom - top >= 1) return { x: (left + right) / 2, y: (top + bottom) / 2 };
    }
    return null;
  };
  /** The innermost element at a point, inside shadow trees too. */
  const hitAt = ({ x, y }: { x: number; y: number }): Element | null => {
    let root: Document | ShadowRoot = document;
    let hit: Element | null = null;
    for (;;) {
      const found: Element | null = root.elementFromPoint(x, y);
      if (found === null || found === hit) return hit;
      hit = found;
      if (found.shadowRoot === null) return hit;
      root = found.shadowRoot;
    }
  };
  /** What is in the way, `` when nothing is, null when it is out of the window. */
  const obstacle = (): string | null => {
    const point = middle();
    if (point === null) return null;
    const hit = hitAt(point);
    if (hit === null) return null;
    // A click on the inside of a button or link, or on the label of a control, is a click on it.
    const wanted = element.closest('button, a, [role="button"], [role="link"]') ?? element;
    for (let at: Node | null = hit; at !== null; at = at.parentNode ?? (at instanceof ShadowRoot ? at.host : null)) {
      if (at === wanted || at === element) return '';
      if (at instanceof HTMLLabelElement && at.control === element) return '';
    }
    const { localName, id, classList } = hit;
    return `<${localName}${id === '' ? '' : ` id="${id}"`}${classList.length === 0 ? '' : ` class="${classList.value}"`}>`;
  };

  let scrolled = false;
  let last: string | null = null;
  for (const block of [null, 'center', 'end', 'start'] as const) {
    if (block !== null) {
      element.scrollIntoView({ block, inline: 'center', behavior: 'instant' });
      scrolled = true;
    }
    const found = obstacle();
    if (found === '') return { problem: null, scrolled };
    last = found ?? last;
  }
  return { problem: last === null ? 'is outside of the window' : `cannot be used: ${last} is in its way`, scrolled };
}
