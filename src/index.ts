/** The package's face: `import { analyze } from 'pare'`. */
export { analyze, type AnalyzeOptions } from './collect/analyze.ts';
export { diffBuilds as diff, type Diff } from './budget/diff.ts';
export { readBaseline, writeBaseline } from './budget/baseline.ts';
export { checkBudgets as check, type BudgetResult } from './budget/budgets.ts';
export { writeReport } from './report/write-report.ts';
export type { NamedBuild } from './report/compose-report.ts';
export { CompressionDiskCache } from './store/compression-cache.ts';
export { defineConfig, type ConfigContext, type PareConfig } from './config/pare-config.ts';
export * from './model/index.ts';
