/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * What runs in every document before the program does. `startPage` is sent to the browser as text, so it must not use anything
 * from outside its own body.
 */

export interface PageStart {
  /** Of the random streams; another for each full page load, so that two pages don't draw the same identifiers. */
  readonly seed: number;
  /** What the clock shows, ms since 1970. */
  readonly time: number;
}

/** What the runner finds in the page under `Symbol.for('pare.verify')`. */
export interface PageHook {
  readonly start: (options: PageStart) => void;
  /** What the clock shows, ms since 1970. */
  readonly now: () => number;
  /**
   * Lets the clock run on by so many ms, firing what is due in its order, with the tasks in between. Resolves when the document
   * has not changed over a real frame and the tasks behind it, and nothing moves any more; at most 60 frames.
   */
  readonly pass: (ms: number) => Promise<void>;
  /** The kind of drawing context a canvas has. */
  readonly contexts: WeakMap<object, string>;
}

/**
 * Makes the page deterministic: a clock that stands still until it is told to run (dates, timers, frames, idle callbacks), seeded
 * random numbers, canvases whose pixels can be read.
 */
export function startPage(): void {
  const key = Symbol.for('pare.verify');
  if (Object.hasOwn(globalThis, key)) return;
  type Hooked = Record<symbol, PageHook | undefined>;

  /* Random numbers: mulberry32 by Tommy Ettinger, 32 bits of state, ample for a run. */

  const stream = (state: number) => (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  let math = stream(1);
  let bytes = stream(~1);
  const byte = (): number => bytes() >>> 24;
  Math.random = function random() {
    return math() / 0x1_0000_0000;
  };
  Crypto.prototype.getRandomValues = function getRandomValues<T extends ArrayBufferView | null>(array: T): T {
    if (array !== null) {
      const view = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let i = 0; i < view.length; i++) view[i] = byte();
    }
    return array;
  };
  Crypto.prototype.randomUUID = function randomUUID() {
    const b = Array.from({ length: 16 }, byte);
    b[6] = (b[6]! & 0x0f) | 0x40;
    b[8] = (b[8]! & 0x3f) | 0x80;
    const hex = b.map((each) => each.toString(16).padStart(2, '0')).join('');
    const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    return uuid as ReturnType<Crypto['randomUUID']>;
  };

  /* The clock. The real functions are kept for the runner. */

  const realFrame = globalThis.requestAnimationFrame.bind(globalThis);
  const RealDate = Date;
  let origin = RealDate.UTC(2026, 0, 15, 12);
  let elapsed = 0;
  const now = (): number => origin + elapsed;

  const channel = new MessageChannel();
  const woken: (() => void)[] = [];
  channel.port1.onmessage = () => woken.shift()?.();
  /** A turn of the event loop, behind the messages that are already posted (schedulers use them). */
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      woken.push(resolve);
      channel.port2.postMessage(0);
    });

  interface Timer {
    readonly run: () => void;
    due: number;
    readonly order: number;
    readonly every: number | null;
  }
  const timers = new Map<number, Timer>();
  const frames = new Map<number, Timer>();
  const idles = new Map<number, Timer>();
  let count = 0;
  const add = (to: Map<number, Timer>, due: number, run: () => void, every: number | null = null): number => {
    count += 1;
    to.set(count, { run, due, order: count, every });
    return count;
  };
  const call = (handler: TimerHandler, args: unknown[]): (() => void) =>
    typeof handler === 'function'
      ? () => void (handler as (...values: unknown[]) => unknown).apply(globalThis, args)
      : () => void new Function(String(handler))();
  // At least 1 ms, so that a timer that sets itself again lets time pass.
  const span = (delay: unknown): number => Math.max(1, Math.trunc(Number(delay)) || 0);

  Object.assign(globalThis, {
    setTimeout: (handler: TimerHandler, delay?: number, ...args: unknown[]) =>
      add(timers, elapsed + span(delay), call(handler, args)),
    setInterval: (handler: TimerHandler, delay?: number, ...args: unknown[]) =>
      add(timers, elapsed + span(delay), call(handler, args), span(delay)),
    clearTimeout: (id?: number) => void timers.delete(Number(id)),
    clearInterval: (id?: number) => void timers.delete(Number(id)),
    // A frame every 16 ms.
    requestAnimationFrame: (callback: FrameRequestCallback) =>
      add(frames, (Math.floor(elapsed / 16) + 1) * 16, () => callback(elapsed)),
    cancelAnimationFrame: (id: number) => void frames.delete(Number(id)),
    requestIdleCallback: (callback: IdleRequestCallback) =>
      add(idles, elapsed + 1, () => callback({ didTimeout: false, timeRemaining: () => 50 })),
    cancelIdleCallback: (id: number) => void idles.delete(Number(id)),
  });

  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown)),
  });
  RealDate.prototype.constructor = globalThis.Date;
  performance.now = () => elapsed;
  Object.defineProperty(performance, 'timeOrigin', { get: () => origin, configurable: true });
  const format = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format')!.get!;
  Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', {
    configurable: true,
    get(this: Intl.DateTimeFormat) {
      const real = format.call(this) as (date: Date | number) => string;
      return (date?: Date | number) => real(date ?? now());
    },
  });
  const { formatToParts } = Intl.DateTimeFormat.prototype;
  Intl.DateTimeFormat.prototype.formatToParts = function parts(this: Intl.DateTimeFormat, date?: Date | number) {
    return formatToParts.call(this, date ?? now());
  };

  const next = (limit: number): [Map<number, Timer>, number, Timer] | null => {
    let first: [Map<number, Timer>, number, Timer] | null = null;
    for (const pool of [timers, frames, idles]) {
      for (const [id, timer] of pool) {
        if (timer.due > limit) continue;
        const best = first?.[2];
        if (best === undefined || timer.due < best.due || (timer.due === best.due && timer.order < best.order)) {
          first = [pool, id, timer];
        }
      }
    }
    return first;
  };
  let fired = 0;
  const advance = async (ms: number): Promise<void> => {
    const end = elapsed + ms;
    for (let due = next(end); due !== null; due = next(end)) {
      const [pool, id, timer] = due;
      fired += 1;
      elapsed = Math.max(elapsed, timer.due);
      if (timer.every === null) pool.delete(id);
      else timer.due = elapsed + timer.every;
      try {
        timer.run();
      } catch (error) {
        reportError(error);
      }
      await turn();
    }
    elapsed = end;
    await turn();
  };

  /* What moves or draws. */

  // A sheet of the document's own is in no list of nodes, so neither the program nor the record sees it.
  const still = new CSSStyleSheet();
  still.replaceSync('* { scroll-behavior: auto !important; caret-color: transparent !important; }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];

  const contexts = new WeakMap<object, string>();
  type GetContext = (this: HTMLCanvasElement, type: string, options?: object) => unknown;
  const getContext = HTMLCanvasElement.prototype.getContext as GetContext;
  const readable: GetContext = function readable(type, options) {
    // Without this WebGL clears the drawing as soon as it is shown, and it could not be read.
    const kept = /^(experimental-)?webgl/.test(type) ? { ...options, preserveDrawingBuffer: true } : options;
    const context = getContext.call(this, type, kept);
    if (context !== null) contexts.set(this, type);
    return context;
  };
  HTMLCanvasElement.prototype.getContext = readable as typeof HTMLCanvasElement.prototype.getContext;

  /* The runner's side. */

  let changes = 0;
  new MutationObserver((records) => {
    changes += records.length;
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  /** Ends what is moving, with its events, which components wait for; an endless animation stays at its beginning. */
  const isMoving = ({ playState }: Animation): boolean => playState !== 'finished' && playState !== 'paused';
  const finishAnimations = (): number => {
    let finished = 0;
    for (const animation of document.getAnimations().filter(isMoving)) {
      finished += 1;
      if (animation.effect?.getComputedTiming().endTime === Infinity) {
        animation.pause();
        animation.currentTime = 0;
      } else animation.finish();
    }
    return finished;
  };
  const frame = (): Promise<unknown> => new Promise((resolve) => realFrame(resolve));
  const quiet = async (): Promise<void> => {
    for (let round = 0; round < 60; round++) {
      const before = changes;
      await frame();
      const finished = finishAnimations();
      await turn();
      await turn();
      if (changes === before && finished === 0) return;
    }
  };
  const start = ({ seed, time }: PageStart): void => {
    math = stream(seed);
    bytes = stream(~seed);
    origin = time;
  };
  const pass = async (ms: number): Promise<void> => {
    const before = fired + changes;
    if (ms > 0) await advance(ms);
    // A frame is a large part of what a step costs. When time passed and nothing came of it, there is nothing to draw.
    if (ms === 0 || fired + changes !== before || document.getAnimations().some(isMoving)) await quiet();
  };
  const hook: PageHook = { start, now, pass, contexts };
  Object.defineProperty(globalThis, key, { value: hook });
  try {
    // A frame goes by the clock of the page that it is in, and a new page by that of the one which opened it.
    const host = (globalThis.parent === globalThis.window
      ? globalThis.opener
      : globalThis.parent) as unknown as Hooked | null;
    const shown = host?.[key]?.now();
    if (shown !== undefined) origin = shown;
  } catch {
    // It is of another origin.
  }
}

/** In the page: comes to rest, or, with some ms, lets the clock run by them and comes to rest. */
export async function passInPage(ms: number): Promise<void> {
  const hook = (globalThis as unknown as Record<symbol, PageHook | undefined>)[Symbol.for('pare.verify')];
  await hook?.pass(ms);
}
