/**
 * Runs in the program's process before the program: a clock that starts at 2026-01-15T12:00:00Z, and seeded random numbers.
 * Sent to the process as text, so it must not use anything from outside its own body.
 */
export function nodeStart(seed: number): void {
  const crypto = process.getBuiltinModule('node:crypto');
  const { syncBuiltinESMExports } = process.getBuiltinModule('node:module');

  // mulberry32 by Tommy Ettinger, as in the browser.
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const fill = (view: Uint8Array): void => {
    for (let i = 0; i < view.length; i++) view[i] = next() >>> 24;
  };
  Math.random = () => next() / 0x1_0000_0000;
  const uuid = (): `${string}-${string}-${string}-${string}-${string}` => {
    const b = new Uint8Array(16);
    fill(b);
    b[6] = (b[6]! & 0x0f) | 0x40;
    b[8] = (b[8]! & 0x3f) | 0x80;
    const hex = Buffer.from(b).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
  const bytes = (size: number, done?: (error: Error | null, buffer: Buffer) => void): Buffer | undefined => {
    const buffer = Buffer.alloc(size);
    fill(buffer);
    if (done === undefined) return buffer;
    setImmediate(done, null, buffer);
    return undefined;
  };
  const values = <T extends ArrayBufferView>(array: T): T => {
    fill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  };
  const set = (on: object, name: string, value: unknown): void => {
    Object.defineProperty(on, name, { value, configurable: true, writable: true, enumerable: true });
  };
  const web = Object.getPrototypeOf(globalThis.crypto) as object;
  set(crypto, 'randomBytes', bytes);
  for (const on of [crypto, web]) set(on, 'randomUUID', uuid);
  // That of node:crypto cannot be replaced.
  set(web, 'getRandomValues', values);
  syncBuiltinESMExports();

  const RealDate = Date;
  const shift = RealDate.UTC(2026, 0, 15, 12) - RealDate.now();
  const now = (): number => RealDate.now() + shift;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
  });
}
