/** The package's face: `import { analyze } from 'pare'`. */
export { analyze, type AnalyzeOptions } from './collect/analyze.ts';
export * from './model/index.ts';
