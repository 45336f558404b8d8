/**
 * Large memory that one step after the other uses: first a source map's bytes lie there, then the tables of the walk through a
 * compressed file. Freed memory goes back to the system much later, so that each step would otherwise add to the peak.
 */
let idle: WeakRef<ArrayBuffer> | null = null;

/** At least so many bytes, with anything in them. What is not given back is simply gone. */
export function takeScratch(bytes: number): ArrayBuffer {
  const before = idle?.deref();
  if (before !== undefined && before.byteLength >= bytes) {
    idle = null;
    return before;
  }
  return new ArrayBuffer(bytes);
}

/** Nothing of it may be used from here on. */
export function giveScratch(memory: ArrayBuffer): void {
  if ((idle?.deref()?.byteLength ?? 0) < memory.byteLength) idle = new WeakRef(memory);
}
