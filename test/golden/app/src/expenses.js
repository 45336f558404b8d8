export const expenses = [
  { day: '2026-03-02', title: 'Train to Köln', amount: 59.9 },
  { day: '2026-03-02', title: 'Café “Größenwahn”', amount: 12.4 },
  { day: '2026-03-05', title: 'Notebook 📒', amount: 7.25 },
  { day: '2026-04-11', title: 'Hotel', amount: 134 },
  { day: '2026-04-11', title: 'Dinner', amount: 31.5 },
];

/** Nobody asks for this one. */
export function clear() {
  expenses.length = 0;
}
