/** The room's face. */
export { minifyChunk, type MinifyEngine, type RunOptions } from './minify-chunk.ts';
export type { ChunkFormat, Minified, MinifyInput, Tried } from './minified.ts';
export { minifyTask } from './minify-task.ts';
export type { MinifyTaskInput, MinifyTaskOutput } from './minify-task.ts';
export { onEndStage, type EsbuildOptions, type EsbuildResult } from './on-end.ts';
export { renderChunkStage, type RenderChunkStage, type StageEngine } from './render-chunk.ts';
export { DEFAULT_MINIFY, type LicenceMode, type Minifier, type MinifySettings } from './settings.ts';
