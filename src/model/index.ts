export * from './build.ts';
export { readBuild } from './build-schema.ts';
export * from './bytes.ts';
export * from './errors.ts';
