import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';

import { cores, roomForWorkers, workersWorthStarting, worthStarting } from '../../src/workers/size.ts';

describe('workers are worth their start', () => {
  test.each([
    [0, 0],
    [300, 0],
    [301, 2],
    [600, 4],
    [Infinity, Infinity],
  ])('for %d ms of work: %d of them', (estimatedMs, workers) => {
    expect(workersWorthStarting(estimatedMs)).toBe(workers);
    expect(worthStarting(estimatedMs)).toBe(workers > 0);
  });
});

describe('there is room', () => {
  test('for as many workers as there are cores, where memory allows', () => {
    expect(cores()).toBeGreaterThan(0);
    expect(cores()).toBeLessThanOrEqual(availableParallelism());
    expect(roomForWorkers(0, 1, null)).toBe(cores());
  });

  test('for as many as were asked for, where memory allows', () => {
    expect(roomForWorkers(0, 1, 7)).toBe(7);
  });

  test('for one at least, and for those that are there', () => {
    const more = 2 ** 52;
    expect(roomForWorkers(0, more, null)).toBe(1);
    expect(roomForWorkers(5, more, 8)).toBe(5);
  });
});
