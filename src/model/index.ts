export * from './build.ts';
export * from './bytes.ts';
export * from './errors.ts';
