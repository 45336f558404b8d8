/**
 * The Trace Event Format that chrome://tracing and Perfetto read:
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */

export interface Span {
  readonly name: string;
  /** ms of `performance.now()`. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, unknown>> | null;
  /** '': no line of its own. */
  readonly track: string;
  readonly failed: boolean;
}

export interface Sample {
  readonly name: string;
  readonly at: number;
  readonly value: number;
}

/** The picture knows many processes; here is one. */
const PROCESS = 1;

/** @param dropped how many spans were not kept */
export function traceJson(spans: readonly Span[], samples: readonly Sample[], dropped: number): string {
  const lines = new Map<string, number>();
  const events: string[] = [];
  for (const track of new Set(spans.map(({ track }) => track))) {
    for (const { span, lane } of intoLanes(spans.filter((span) => span.track === track))) {
      events.push(JSON.stringify(spanEvent(span, lineOf(lines, track, lane))));
    }
  }
  for (const { name, at, value } of samples) {
    events.push(JSON.stringify({ ph: 'C', pid: PROCESS, name, ts: microseconds(at), args: { value } }));
  }
  const names = [...lines].map(([name, tid]) =>
    JSON.stringify({ ph: 'M', pid: PROCESS, tid, name: 'thread_name', args: { name } }),
  );
  const other = JSON.stringify({ node: process.version, dropped });
  return `{"displayTimeUnit":"ms","otherData":${other},"traceEvents":[\n${[...names, ...events].join(',\n')}\n]}\n`;
}

function spanEvent({ name, start, end, attributes, failed }: Span, tid: number): object {
  const args = { ...attributes, ...(failed ? { failed } : {}) };
  const ts = microseconds(start);
  return { ph: 'X', pid: PROCESS, tid, name, ts, dur: Math.max(0, microseconds(end) - ts), args };
}

function lineOf(lines: Map<string, number>, track: string, lane: number): number {
  const base = track === '' ? 'main' : track;
  const name = lane === 0 ? base : `${base} (${lane + 1})`;
  const known = lines.get(name);
  if (known !== undefined) return known;
  lines.set(name, lines.size + 1);
  return lines.size;
}

/** With three digits, which is what `performance.now()` knows. */
function microseconds(ms: number): number {
  return Math.round(ms * 1e6) / 1e3;
}

/**
 * The format wants the spans of a line to lie within each other or beside each other. Each goes to the first line where it
 * does, so that what ran at the same time is drawn side by side.
 */
function intoLanes(spans: readonly Span[]): { readonly span: Span; readonly lane: number }[] {
  // Of those that begin together the longest comes first: the others lie within it.
  const sorted = spans.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const lanes: Span[][] = [];
  return sorted.map((span) => {
    for (const [lane, open] of lanes.entries()) {
      while (open.length > 0 && open.at(-1)!.end <= span.start) open.pop();
      const around = open.at(-1);
      if (around === undefined || span.end <= around.end) {
        open.push(span);
        return { span, lane };
      }
    }
    lanes.push([span]);
    return { span, lane: lanes.length - 1 };
  });
}
