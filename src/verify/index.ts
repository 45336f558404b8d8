export { openBrowser } from './chromium.ts';
export type { BrowserOptions, SharedBrowser } from './chromium.ts';
export { compareObservations, describeDifference, learnNoise } from './compare.ts';
export type { CompareOptions, Difference } from './compare.ts';
export type * from './observation.ts';
export { parseScenario } from './parse.ts';
export { runScenario } from './run.ts';
export type { RunOptions } from './run-options.ts';
export type * from './scenario.ts';
