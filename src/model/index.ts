export * from './build.ts';
export { readBuild } from './read-build.ts';
export * from './bytes.ts';
export * from './errors.ts';
