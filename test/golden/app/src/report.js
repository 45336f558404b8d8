import { createElement as h } from 'react';
import { formatDistance, parseISO } from 'date-fns';
import { mean, quartiles } from './statistics.js';
import './report.css';

export default function Report({ expenses }) {
  const amounts = expenses.map(({ amount }) => amount);
  const days = expenses.map(({ day }) => parseISO(day));
  const [low, middle, high] = quartiles(amounts);
  return h(
    'table',
    { className: 'report' },
    h('caption', null, `Over ${formatDistance(days.at(-1), days[0])}`),
    h('tbody', null, [
      h('tr', { key: 'mean' }, h('th', null, 'Mean'), h('td', null, mean(amounts).toFixed(2))),
      h('tr', { key: 'quartiles' }, h('th', null, 'Quartiles'), h('td', null, [low, middle, high].join(' · '))),
    ]),
  );
}
