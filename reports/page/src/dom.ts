/** Elements made without markup: no text of the data is ever read as HTML. */

type Child = Node | string | number | null | undefined | false;

interface Props {
  readonly class?: string;
  readonly on?: { readonly [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
  /** Goes through the style object, which the content policy allows; a style attribute it would not. */
  readonly style?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string>>;
  /** Attributes; `true` is an empty one, `false` and null are left out. */
  readonly [name: string]: unknown;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly (Child | readonly Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === 'on') {
      for (const [type, listener] of Object.entries(value as Record<string, EventListener>)) {
        element.addEventListener(type, listener);
      }
    } else if (name === 'style') {
      for (const [property, text] of Object.entries(value as Record<string, string>))
        element.style.setProperty(property, text);
    } else if (name === 'data') {
      Object.assign(element.dataset, value);
    } else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

export function append(parent: Element, children: readonly (Child | readonly Child[])[]): void {
  for (const child of children.flat() as Child[]) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}

export function fill(parent: Element, ...children: readonly (Child | readonly Child[])[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** A module's path; one in `node_modules` begins with its package. The whole of it shows when pointed at. */
export function modulePath(id: string, suffix = ''): HTMLElement {
  const short = id.replace(/^(?:\.\.\/)*node_modules\/(?=.)/, '');
  const element = path(short + suffix);
  if (short !== id) element.title = id;
  return element;
}

/** A path that may break after its slashes; its last step stands out. */
export function path(text: string): HTMLElement {
  const steps = text.split('/');
  const last = steps.pop() ?? '';
  return h(
    'span',
    { class: 'path' },
    h(
      'span',
      { class: 'folders' },
      steps.flatMap((step) => [`${step}/`, document.createElement('wbr')]),
    ),
    last,
  );
}
