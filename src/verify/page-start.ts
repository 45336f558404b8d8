/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * What runs in every document before the program does. `startPage` is sent to the browser as text, so it must not use anything
 * from outside its own body.
 */

/** What the runner finds in the page under `Symbol.for('pare.verify')`. */
export interface PageHook {
  /** Begins the random streams anew; called for each full page load, so that two pages don't draw the same identifiers. */
  reseed(round: number): void;
  /** Resolves after the next real frame and the tasks behind it; the number of changes to the document so far. */
  settle(): Promise<number>;
  /** The kind of drawing context a canvas has. */
  readonly contexts: WeakMap<object, string>;
}

/**
 * Makes the page deterministic: seeded `Math.random`, `crypto.getRandomValues` and `crypto.randomUUID`; animations that end at
 * once (with their events, which components wait for); canvases whose pixels can be read. The clock is Playwright's.
 */
export function startPage(seed: number): void {
  const key = Symbol.for('pare.verify');
  if (Object.hasOwn(globalThis, key)) return;

  // mulberry32 by Tommy Ettinger: 32 bits of state, ample for a run.
  const stream = (state: number) => (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  let math = stream(seed);
  let bytes = stream(~seed);
  const byte = (): number => bytes() >>> 24;

  Math.random = function random() {
    return math() / 0x1_0000_0000;
  };
  const proto = globalThis.Crypto?.prototype;
  if (proto) {
    proto.getRandomValues = function getRandomValues<T extends ArrayBufferView | null>(array: T): T {
      if (array !== null) {
        const view = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
        for (let i = 0; i < view.length; i++) view[i] = byte();
      }
      return array;
    };
    proto.randomUUID = function randomUUID() {
      const b = Array.from({ length: 16 }, byte);
      b[6] = (b[6]! & 0x0f) | 0x40;
      b[8] = (b[8]! & 0x3f) | 0x80;
      const hex = b.map((each) => each.toString(16).padStart(2, '0')).join('');
      const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
      return uuid as ReturnType<Crypto['randomUUID']>;
    };
  }

  const animate = Element.prototype.animate;
  Element.prototype.animate = function animateAtOnce(frames, options) {
    const animation = animate.call(this, frames, options);
    try {
      animation.finish();
    } catch {
      // An endless animation cannot be finished.
      animation.cancel();
    }
    return animation;
  };

  const contexts = new WeakMap<object, string>();
  const getContext = HTMLCanvasElement.prototype.getContext as (this: HTMLCanvasElement, type: string, o?: object) => unknown;
  HTMLCanvasElement.prototype.getContext = function readable(this: HTMLCanvasElement, type: string, options?: object) {
    // Without this WebGL clears the drawing as soon as it is shown, and it could not be read.
    const context = getContext.call(this, type, /^(experimental-)?webgl/.test(type) ? { ...options, preserveDrawingBuffer: true } : options);
    if (context !== null) contexts.set(this, type);
    return context;
  } as typeof HTMLCanvasElement.prototype.getContext;

  let changes = 0;
  new MutationObserver((records) => {
    changes += records.length;
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });

  // A sheet of the document's own is in no list of nodes, so neither the program nor the record sees it.
  const still = new CSSStyleSheet();
  still.replaceSync(`*, ::before, ::after {
    animation-delay: 0s !important; animation-duration: 0.01ms !important; animation-iteration-count: 1 !important;
    transition-delay: 0s !important; transition-duration: 0.01ms !important;
    scroll-behavior: auto !important; caret-color: transparent !important;
  }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];

  // The real ones: the clock replaces them afterwards.
  const frame = globalThis.requestAnimationFrame.bind(globalThis);
  const later = globalThis.setTimeout.bind(globalThis);
  const hook: PageHook = {
    reseed(round) {
      math = stream(seed ^ Math.imul(round, 0x9e3779b1));
      bytes = stream(~seed ^ Math.imul(round, 0x85ebca6b));
    },
    settle: () => new Promise((resolve) => frame(() => later(() => later(() => resolve(changes), 0), 0))),
    contexts,
  };
  Object.defineProperty(globalThis, key, { value: hook });
}

/** In the page: see `PageHook.settle`. -1 when the document isn't prepared (a blank page). */
export function settlePage(): Promise<number> | number {
  const hook = (globalThis as unknown as Record<symbol, PageHook | undefined>)[Symbol.for('pare.verify')];
  return hook === undefined ? -1 : hook.settle();
}
