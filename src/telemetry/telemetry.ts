/**
 * What a run did and how long it took: spans, counters, gauges. It goes into a file that chrome://tracing and Perfetto open,
 * and nowhere else: nothing is ever sent.
 *
 * Spans don't find their parents by AsyncLocalStorage: in Node 20 that hooks into every promise of the process, which makes
 * awaiting one four times as dear (bench `pool`), for everybody and not only for spans. What lies within what is read
 * from the times, as one reads it in the picture.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { PareError } from '../model/errors.ts';
import { traceJson, type Sample, type Span } from './trace.ts';

export interface TelemetrySettings {
  /** The trace's file, absolute; null: nothing is recorded. */
  readonly trace: string | null;
}

/** Plain values that stand beside a span in the picture. */
export type Attributes = Readonly<Record<string, string | number | boolean | null>>;

export interface Telemetry extends AsyncDisposable {
  /** False: all calls do nothing. For what would have to be computed just to be recorded. */
  readonly on: boolean;
  /** Runs `act`, and records how long that took: until it returns, or until its promise settles. An error is marked and passes. */
  span<T>(name: string, act: () => T): T;
  span<T>(name: string, attributes: Attributes, act: () => T): T;
  /** A span that was measured elsewhere. @param track its own line in the picture, such as `worker 1` */
  record(name: string, startMs: number, endMs: number, attributes?: Attributes, track?: string): void;
  /** Adds to a counter. */
  count(name: string, by?: number): void;
  /** Says how much there is of something now. */
  gauge(name: string, value: number): void;
  /** Writes the trace. @throws PareError `trace-failed` */
  close(): Promise<void>;
}

/** More are counted and not kept, so that a watching process can run for days: about 50 MB. */
const MOST_SPANS = 250_000;

/** A counter is drawn as it was at most this often, ms. */
const SAMPLE_MS = 5;

export function openTelemetry({ trace }: TelemetrySettings): Telemetry {
  return trace === null ? OFF : new Recording(trace);
}

class Off implements Telemetry {
  readonly on = false;

  span<T>(_name: string, second: Attributes | (() => T), act?: () => T): T {
    return act === undefined ? (second as () => T)() : act();
  }

  record(): void {}
  count(): void {}
  gauge(): void {}
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Records nothing. */
export const OFF: Telemetry = new Off();

class Recording implements Telemetry {
  readonly on = true;
  readonly #file: string;
  readonly #spans: Span[] = [];
  readonly #samples: Sample[] = [];
  readonly #counters = new Map<string, { value: number; sampledAt: number }>();
  #dropped = 0;
  #closing: Promise<void> | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  span<T>(name: string, second: Attributes | (() => T), third?: () => T): T {
    const act = third ?? (second as () => T);
    const attributes = third === undefined ? null : (second as Attributes);
    const start = performance.now();
    let result: T;
    try {
      result = act();
    } catch (error) {
      this.#add(name, start, attributes, true);
      throw error;
    }
    if (!isThenable(result)) {
      this.#add(name, start, attributes, false);
      return result;
    }
    return result.then(
      (value) => {
        this.#add(name, start, attributes, false);
        return value;
      },
      (error: unknown) => {
        this.#add(name, start, attributes, true);
        throw error;
      },
    ) as T;
  }

  record(name: string, startMs: number, endMs: number, attributes: Attributes | null = null, track = ''): void {
    this.#keep({ name, start: startMs, end: endMs, attributes, track, failed: false });
  }

  #add(name: string, start: number, attributes: Attributes | null, failed: boolean): void {
    this.#keep({ name, start, end: performance.now(), attributes, track: '', failed });
  }

  #keep(span: Span): void {
    if (this.#spans.length < MOST_SPANS) this.#spans.push(span);
    else this.#dropped++;
  }

  count(name: string, by = 1): void {
    this.#set(name, (this.#counters.get(name)?.value ?? 0) + by);
  }

  gauge(name: string, value: number): void {
    this.#set(name, value);
  }

  #set(name: string, value: number): void {
    const at = performance.now();
    const counter = this.#counters.get(name);
    if (counter === undefined) {
      this.#counters.set(name, { value, sampledAt: at });
    } else {
      counter.value = value;
      if (at - counter.sampledAt < SAMPLE_MS) return;
      counter.sampledAt = at;
    }
    if (this.#samples.length < MOST_SPANS) this.#samples.push({ name, at, value });
    else this.#dropped++;
  }

  close(): Promise<void> {
    this.#closing ??= this.#write();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #write(): Promise<void> {
    const at = performance.now();
    const last = [...this.#counters].map(([name, { value }]): Sample => ({ name, at, value }));
    const text = traceJson(this.#spans, [...this.#samples, ...last], this.#dropped);
    const aside = `${this.#file}.${process.pid}.partial`;
    try {
      await mkdir(path.dirname(this.#file), { recursive: true });
      await writeFile(aside, text);
      await rename(aside, this.#file);
    } catch (cause) {
      await rm(aside, { force: true }).catch(() => undefined);
      throw new PareError('trace-failed', `The trace can't be written: ${(cause as Error).message}`, {
        hint: 'Set telemetry.trace to a file that can be written, or leave it out.',
        cause,
      });
    }
  }
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
