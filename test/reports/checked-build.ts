/** A build before and after a change, with names that mean something in every format, and what a check says of them. */
import type { CheckReport } from '../../reports/check-report.ts';
import type { Budget } from '../../src/budget/budget.ts';
import type { Build, Module } from '../../src/model/build.ts';
import { composeCheck } from '../../src/report/compose-check.ts';
import { buildOf, edgeOf, moduleOf, outputOf } from '../detect/synthetic.ts';

export const NASTY = [
  'src/<img src=x onerror=alert(1)>.js',
  'src/a|b||c.js',
  'src/`code` *bold* _it_ [link](https://x.example).js',
  'src/line\nbreak\r::error::.js',
  'src/100%,a:b.js',
  'src/@everyone ]]> #1 ~~x~~ &amp; $y$.js',
  'src/control\u0000\u0007\u202e\ud800.js',
] as const;

const size = (module: number): number => 100 * (module + 1);

/** An entry that imports a page, which imports all of the names above (with `isAfter`) and a package. */
export function nastyBuild(isAfter: boolean): Build {
  const names = isAfter ? NASTY : NASTY.slice(0, 1);
  const modules: Module[] = [
    moduleOf('src/main.js'),
    moduleOf('src/page.js'),
    ...names.map((name) => moduleOf(name)),
    ...(isAfter ? [moduleOf('node_modules/moment/moment.js', { format: 'cjs' })] : []),
  ];
  const edges = [
    edgeOf(0, 1, { line: 3, column: 0 }),
    ...modules.slice(2).map((_, at) => edgeOf(1, at + 2, { line: at + 1, column: 4 })),
  ];
  const sizes = modules.map((module, at) => [at, module.package === null ? size(at) : 60_000] as const);
  return buildOf(modules, edges, [outputOf('main.js', sizes, { entry: true, entryModule: 0 })]);
}

export const BUDGETS: readonly Budget[] = [
  { kind: 'total', max: '5 kB', measure: 'raw' },
  { kind: 'initial', entry: 'src/main.js', max: 'ratchet', measure: 'brotli' },
  { kind: 'modules', modules: 'src/*line*', max: 1, name: 'files <b>of</b> mine, "all"\n& | them' },
  { kind: 'banned', packages: ['moment'], reason: 'Use Intl, 100 %.' },
  { kind: 'requests', entry: 'src/main.js', max: 9 },
];

export function nastyCheck(): Promise<CheckReport> {
  return composeCheck(nastyBuild(true), BUDGETS, { baseline: nastyBuild(false) });
}

/** Nothing fails. */
export function quietCheck(): Promise<CheckReport> {
  return composeCheck(nastyBuild(true), [{ kind: 'total', max: '1 MB' }]);
}
