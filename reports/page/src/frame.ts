/** What a view needs to draw: the state, the build, and what follows from both. */
import type { Measure, Model, OutputModel, Weighing } from './model.ts';
import type { Selection, State } from './state.ts';

export interface Frame {
  readonly state: State;
  readonly model: Model;
  readonly weighing: Weighing;
  /** Own bytes of each module. */
  readonly sizes: Float64Array;
  /** What lists are ordered by and show: own or retained bytes. */
  readonly shown: Float64Array;
  /** Of all outputs that count. */
  readonly total: number;
  readonly matches: Matches | null;
}

export interface Matches {
  /** 1 for each module that the query matches. */
  readonly flags: Uint8Array;
  /** Only modules that have bytes are counted. */
  readonly count: number;
  readonly bytes: number;
}

export interface Actions {
  /** `push` makes a step in the browser's history. */
  update(change: Partial<State>, how: 'push' | 'replace'): void;
  select(selection: Selection | null): void;
  /** Says something to people who can't see the chart. */
  announce(text: string): void;
}

export interface View {
  readonly element: HTMLElement;
  update(frame: Frame): void;
  /** Called when the view leaves the page. */
  close?(): void;
}

/** Of an output, the bytes of the modules that the search matches. */
export function matchedBytes(output: OutputModel, { flags }: Matches, measure: Measure): number {
  const { module } = output.parts;
  const bytes = output.parts[measure];
  let sum = 0;
  for (let i = 0; i < module.length; i++) if (flags[module[i] ?? 0] === 1) sum += bytes[i] || 0;
  return sum;
}

export function isMatch(frame: Frame, module: number): boolean {
  return frame.matches === null || frame.matches.flags[module] === 1;
}
