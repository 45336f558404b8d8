/**
 * terser, with the options the user gave over ours. Grade: verified. Its defaults assume that functions' names and lengths are
 * not asked for and that reading a property of something which is surely an object has no effect; no `unsafe` option is set here.
 */
import type * as Terser from 'terser';

import { yearOf, type ToolInput, type ToolOutput } from './tool.ts';

export async function runTerser(module: unknown, input: ToolInput): Promise<ToolOutput> {
  const { minify } = module as typeof Terser;
  const { compress, mangle, format, output, ...options } = input.terser as Terser.MinifyOptions;
  const ecma = Math.min(yearOf(input.target), 2020) as Terser.ECMA;
  const { code, map } = await minify(input.code, {
    ecma,
    module: input.kind === 'module',
    ...(input.kind === 'commonjs' ? { toplevel: true } : {}),
    ...options,
    compress: compress === false ? false : { directives: !input.keepDirectives, ...asObject(compress) },
    mangle: mangle ?? true,
    format: { comments: false, ...output, ...format },
    sourceMap: input.wantsMap && { asObject: true },
  });
  if (code === undefined) throw new Error('terser gave no code');
  if (map === undefined || typeof map === 'string') return { code, map: null };
  return { code, map: { mappings: map.mappings as string, names: map.names } };
}

function asObject<T extends object>(value: T | boolean | undefined): T | Record<string, never> {
  return typeof value === 'object' ? value : {};
}
