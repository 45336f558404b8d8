/**
 * swc's minifier. Grade: verified. It assumes what terser assumes (functions' names and lengths are not asked for, no getter has
 * an effect that counts); no `unsafe` option is used.
 */
import type * as Swc from '@swc/core';

import { ownsTopLevel, yearOf, type ToolInput, type ToolOutput } from './tool.ts';

/** A third pass takes 0.1 to 0.3 % off for half as much time again; more passes take off nothing that counts. */
const PASSES = 3;

export async function runSwc(module: unknown, input: ToolInput): Promise<ToolOutput> {
  const { minify } = module as typeof Swc;
  const { shared } = input;
  const toplevel = ownsTopLevel(input);
  const ecma = Math.min(yearOf(input.target), 2022) as Swc.TerserEcmaVersion;
  const kept = { keep_fnames: shared.keepFunctionNames, keep_classnames: shared.keepClassNames };
  const { code, map } = await minify(input.code, {
    module: input.kind === 'module',
    toplevel,
    ecma,
    ...kept,
    sourceMap: input.wantsMap,
    inlineSourcesContent: false,
    compress: shared.compress && {
      ecma,
      toplevel,
      ...kept,
      passes: PASSES,
      directives: !input.keepDirectives,
      drop_console: shared.dropConsole,
      drop_debugger: shared.dropDebugger,
      pure_funcs: [...shared.pureFunctions],
    },
    mangle: shared.mangle && { toplevel, ...kept, reserved: [...shared.reserved] },
    format: { comments: false, ascii_only: shared.asciiOnly },
  });
  if (!input.wantsMap || map === undefined) return { code, map: null };
  const { mappings, names } = JSON.parse(map) as { mappings: string; names: string[] };
  return { code, map: { mappings, names } };
}
