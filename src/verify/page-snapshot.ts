/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { PageHook } from './page-start.ts';

/** What is read from the page at a mark. */
export interface PageSnapshot {
  readonly title: string;
  readonly dom: readonly string[];
  readonly text: readonly string[];
  readonly appearance: readonly string[];
}

/**
 * Reads the page. Sent to the browser as text, so it must not use anything from outside its own body.
 *
 * Scripts, styles and links are left out: which of them a page has depends on how the bundler split the program, and what they
 * do is seen in the rest.
 */
export function readPage(): PageSnapshot {
  const hook = (globalThis as unknown as Record<symbol, PageHook | undefined>)[Symbol.for('pare.verify')];
  const collapse = (text: string): string => text.replace(/\s+/g, ' ').trim();
  const unseen = new Set(['script', 'style', 'link', 'noscript', 'template']);
  const unsaid = new Set(['integrity', 'nonce', 'crossorigin', 'value', 'checked', 'selected']);

  /** 53 bits by the method of cyrb53 (bryc, public domain), by words: enough to tell two pictures apart. */
  const hash = (words: Uint32Array): string => {
    let high = 0xdeadbeef;
    let low = 0x41c6ce57;
    for (const word of words) {
      high = Math.imul(high ^ word, 2654435761);
      low = Math.imul(low ^ word, 1597334677);
      // Folds the upper bits down, which the next product would lose.
      high ^= high >>> 15;
      low ^= low >>> 15;
    }
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    return (4294967296 * (2097151 & low) + (high >>> 0)).toString(16);
  };

  const pixels = (canvas: HTMLCanvasElement): string => {
    // Asking a canvas that nothing draws on for its picture would be harmless, but it says nothing.
    if (!hook?.contexts.has(canvas)) return 'none';
    const { width, height } = canvas;
    if (width === 0 || height === 0) return 'empty';
    try {
      // By a copy in memory, many times faster than `toDataURL`, and the program's own context is left alone.
      const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
      copy.drawImage(canvas, 0, 0);
      return hash(new Uint32Array(copy.getImageData(0, 0, width, height).data.buffer));
    } catch {
      return 'unreadable';
    }
  };

  const attributesOf = (element: Element): string => {
    const list: string[] = [];
    for (const { name, value } of element.attributes) {
      if (!unsaid.has(name) || !/^(input|textarea|select|option)$/.test(element.localName))
        list.push(`${name}="${collapse(value)}"`);
    }
    if (element instanceof HTMLInputElement) {
      const ticked = element.type === 'checkbox' || element.type === 'radio';
      list.push(
        ticked ? `checked="${element.checked}"` : `value="${element.type === 'file' ? '' : collapse(element.value)}"`,
      );
      if (ticked) list.push(`value="${collapse(element.value)}"`);
    } else if (element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) {
      list.push(`value="${collapse(element.value)}"`);
    } else if (element instanceof HTMLOptionElement) {
      list.push(`value="${collapse(element.value)}"`, `selected="${element.selected}"`);
    } else if (element instanceof HTMLCanvasElement) {
      list.push(`pixels="${pixels(element)}"`);
    }
    if (element === document.activeElement && element !== document.body) list.push('focused');
    list.sort();
    return list.length === 0 ? '' : ` ${list.join(' ')}`;
  };

  const dom: string[] = [];
  const write = (node: Node, depth: number): void => {
    const indent = ' '.repeat(depth);
    // Neighbouring texts are one text to a reader; how many nodes it is made of is not seen.
    let run = '';
    const flush = (): void => {
      const text = collapse(run);
      if (text !== '') dom.push(`${indent}${JSON.stringify(text)}`);
      run = '';
    };
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) run += child.nodeValue ?? '';
      else if (child instanceof Element && !unseen.has(child.localName)) {
        flush();
        dom.push(`${indent}<${child.localName}${attributesOf(child)}>`);
        if (child.shadowRoot !== null) {
          dom.push(`${indent} #shadow`);
          write(child.shadowRoot, depth + 2);
        }
        if (child.localName !== 'textarea') write(child, depth + 1);
      }
    }
    flush();
  };
  if (document.documentElement !== null) {
    dom.push(`<html${attributesOf(document.documentElement)}>`);
    write(document.documentElement, 1);
  }

  const appearance: string[] = [];
  /**
   * Boxes are told as if nothing were scrolled: how far the page happens to be scrolled is not its look. `dx` and `dy` are what is
   * scrolled above the element. What is inside of a sticky element is told from that element's corner.
   */
  const look = (element: Element, depth: number, dx: number, dy: number): void => {
    if (unseen.has(element.localName) || !element.checkVisibility()) return;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    let [x, y] = [dx, dy];
    if (style.position === 'fixed') [x, y] = [0, 0];
    else if (style.position === 'sticky') [x, y] = [-box.x, -box.y];
    const place = [box.x + x, box.y + y, box.width, box.height].map(Math.round).join(' ');
    const paint = `${style.color} on ${style.backgroundColor}, ${style.fontSize}/${style.fontWeight}, ${style.visibility}, ${style.opacity}`;
    appearance.push(`${' '.repeat(depth)}${element.localName} [${place}] ${style.display}, ${paint}`);
    // The window's own scrolling is in `scrollX` and `scrollY` already.
    const [ix, iy] =
      element === document.scrollingElement || element === document.body
        ? [0, 0]
        : [element.scrollLeft, element.scrollTop];
    for (const child of element.shadowRoot?.children ?? []) look(child, depth + 1, x + ix, y + iy);
    for (const child of element.children) look(child, depth + 1, x + ix, y + iy);
  };
  if (document.body !== null) look(document.body, 0, scrollX, scrollY);

  const text = (document.body?.innerText ?? '').split('\n').map(collapse);
  return { title: document.title, dom, text: text.filter((line) => line !== ''), appearance };
}

/** In the page: local and session storage, sorted by key. */
export function readStorage(): { local: Record<string, string>; session: Record<string, string> } {
  const entries = (storage: Storage): Record<string, string> => {
    const keys = Array.from({ length: storage.length }, (_, i) => storage.key(i) ?? '').sort();
    return Object.fromEntries(keys.map((key) => [key, storage.getItem(key) ?? '']));
  };
  try {
    return { local: entries(localStorage), session: entries(sessionStorage) };
  } catch {
    // A blank page has no storage.
    return { local: {}, session: {} };
  }
}
