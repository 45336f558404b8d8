/** The package's face: `import { analyze } from 'pare'`. */
export { analyze, type AnalyzeOptions } from './collect/analyze.ts';
export { diffBuilds as diff, type Diff } from './budget/diff.ts';
export { readBaseline, writeBaseline } from './budget/baseline.ts';
export { checkBudgets as check, type BudgetResult } from './budget/budgets.ts';
export { writeReport } from './report/write-report.ts';
export type { NamedBuild } from './report/named-build.ts';
export { load as loadConfig, validate as validateConfig, type LoadedConfig, type LoadOptions } from './config/load.ts';
export { watch as watchConfig, type ConfigWatch } from './config/watch.ts';
export * from './config/settings.ts';
export { startEngine, type Engine, type EngineOptions, type EngineWarning } from './engine/engine.ts';
export { minifyChunk as minify, type MinifyInput, type Minified } from './minify/index.ts';
export { checkPrecompressed as checkCompressed } from './precompress/check.ts';
export { precompress as compress, type PrecompressOptions } from './precompress/precompress.ts';
export { defineConfig, type ConfigContext, type PareConfig } from './config/pare-config.ts';
export * from './model/index.ts';
