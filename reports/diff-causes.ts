/** The causes of a comparison as people read them: what is true of many modules of one package is said once. */
import { describeCause, type Diff } from '../src/budget/diff.ts';
import type { Bytes } from '../src/model/build.ts';
import { addBytes } from '../src/model/bytes.ts';

export interface DescribedCause {
  readonly text: string;
  readonly delta: Bytes;
}

/** The largest first. Adds up to the total, as the causes do. */
export function describeCauses({ causes, modules }: Diff): DescribedCause[] {
  const packages = new Map(modules.map(({ id, package: owner }) => [id, owner?.name ?? null]));
  const kept = new Map<string | null, { delta: Bytes; count: number; text: string }>();
  const others: DescribedCause[] = [];
  for (const { cause, delta } of causes) {
    if (cause.kind !== 'kept') {
      others.push({ text: describeCause(cause), delta });
      continue;
    }
    const owner = packages.get(cause.module) ?? null;
    const group = kept.get(owner);
    if (group === undefined) kept.set(owner, { delta, count: 1, text: describeCause(cause) });
    else {
      group.delta = addBytes(group.delta, delta);
      group.count++;
    }
  }
  const groups = [...kept].map(([owner, { delta, count, text }]) => ({
    text: count === 1 ? text : `other parts of ${count} modules of ${owner ?? 'your own code'} are kept`,
    delta,
  }));
  return [...others, ...groups].sort((a, b) => weight(b) - weight(a));
}

function weight({ delta: { raw, gzip, brotli } }: DescribedCause): number {
  return Math.abs(brotli ?? gzip ?? raw);
}
