import { createElement as h, lazy, Suspense, useMemo, useState } from 'react';
import _ from 'lodash';
import { format, parseISO } from 'date-fns';
import { expenses } from './expenses.js';

const Report = lazy(() => import('./report.js'));

/** Expenses – by day, the latest first; the yearly report (“Bericht”) is loaded when somebody asks for it. */
export function App() {
  const [isOpen, setOpen] = useState(false);
  const days = useMemo(() => _.orderBy(_.toPairs(_.groupBy(expenses, 'day')), ([day]) => day, 'desc'), []);
  return h(
    'section',
    { className: 'expenses' },
    h('h1', null, 'Expenses – 2026'),
    days.map(([day, list]) =>
      h(
        'article',
        { key: day },
        h('h2', null, format(parseISO(day), 'EEEE, d MMMM')),
        list.map(({ title, amount }) => h('p', { key: title }, `${title}: ${amount.toFixed(2)} €`)),
      ),
    ),
    h('button', { onClick: () => setOpen(!isOpen) }, isOpen ? 'Hide the report' : 'Show the report'),
    isOpen && h(Suspense, { fallback: h('p', null, 'One moment …') }, h(Report, { expenses })),
  );
}
