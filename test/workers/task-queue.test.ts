import fc from 'fast-check';
import { expect, test } from 'vitest';

import { TaskQueue, type Queued } from '../../src/workers/task-queue.ts';

interface Item extends Queued {
  readonly id: number;
}

type Step =
  | { readonly kind: 'put'; readonly first: boolean; readonly priority: number }
  | { readonly kind: 'shift' }
  | { readonly kind: 'delete'; readonly which: number };

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('put' as const), first: fc.boolean(), priority: fc.integer({ min: -2, max: 2 }) }),
    fc.record({ kind: fc.constant('shift' as const) }),
    fc.record({ kind: fc.constant('delete' as const), which: fc.nat(20) }),
  ),
  { maxLength: 60 },
);

/** The same queue, as a list that is searched. */
function shiftSlowly(list: Item[]): Item | null {
  const highest = Math.max(...list.map(({ priority }) => priority));
  const index = list.findIndex(({ priority }) => priority === highest);
  return index === -1 ? null : list.splice(index, 1)[0]!;
}

test('gives the same as a list that is searched, whatever comes and goes', () => {
  fc.assert(
    fc.property(steps, (steps: readonly Step[]) => {
      const queue = new TaskQueue<Item>();
      const list: Item[] = [];
      const all: Item[] = [];
      for (const step of steps) {
        if (step.kind === 'put') {
          const item: Item = { id: all.length, priority: step.priority, place: null };
          all.push(item);
          const put = step.first ? 'unshift' : 'push';
          queue[put](item);
          list[put](item);
        } else if (step.kind === 'shift') {
          expect(queue.shift()).toBe(shiftSlowly(list));
        } else {
          const item = all[step.which];
          const index = item === undefined ? -1 : list.indexOf(item);
          if (item !== undefined) expect(queue.delete(item)).toBe(index !== -1);
          if (index !== -1) list.splice(index, 1);
        }
        expect(queue.size).toBe(list.length);
      }
      while (list.length > 0) expect(queue.shift()).toBe(shiftSlowly(list));
      expect(queue.shift()).toBeNull();
    }),
  );
});
