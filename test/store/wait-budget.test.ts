import { expect, test } from 'vitest';

import { WaitBudget } from '../../src/store/wait-budget.ts';

/** A budget of 50 ms and the two clocks that it goes by. */
function budgetOf50() {
  const time = { idle: 0, now: 0 };
  const budget = new WaitBudget(
    50,
    () => time.idle,
    () => time.now,
  );
  const wait = (idle: number, now: number, savedMs: number, inVain: number): void => {
    budget.begin();
    time.idle += idle;
    time.now += now;
    budget.end(savedMs, inVain);
  };
  return { budget, time, wait };
}

test('waits that last are taken off what is left, until nothing is', () => {
  const { budget, wait } = budgetOf50();
  wait(20, 20, 0, 1);
  expect(budget.leftMs).toBe(30);
  wait(40, 40, 0, 1);
  expect(budget.leftMs).toBe(0);
  budget.reset();
  expect(budget.leftMs).toBe(50);
});

test('time in which the thread was busy is no wait', () => {
  const { budget, wait } = budgetOf50();
  wait(1, 10_000, 0, 1);
  expect([budget.leftMs, budget.isWorthAsking]).toEqual([50, true]);
});

test('several waits at a time count once', () => {
  const { budget, time } = budgetOf50();
  for (let i = 0; i < 100; i++) budget.begin();
  time.idle += 30;
  for (let i = 0; i < 100; i++) budget.end(0, 1);
  expect(budget.leftMs).toBe(20);
});

test('a slow answer that saves more than it took is a gain', () => {
  const { budget, wait } = budgetOf50();
  for (let i = 0; i < 100; i++) wait(40, 40, 200, 0);
  expect([budget.leftMs, budget.isWorthAsking]).toEqual([50, true]);
});

test('many quick questions in vain are a long wait too; later one is asked now and then', () => {
  const { budget, time, wait } = budgetOf50();
  let asked = 0;
  while (budget.isWorthAsking && asked < 1000) {
    wait(1, 1, 0, 1);
    asked++;
  }
  expect(asked).toBe(51);
  expect(budget.leftMs).toBe(50);
  time.now += 1000;
  expect(budget.isWorthAsking).toBe(true);
});

test('hits pay for what was asked in vain', () => {
  const { budget, wait } = budgetOf50();
  for (let i = 0; i < 1000; i++) wait(1, 1, i % 10 === 0 ? 20 : 0, i % 10 === 0 ? 0 : 1);
  expect(budget.isWorthAsking).toBe(true);
});
