/**
 * oxc's minifier, from `oxc-minify` or as Rolldown brings it along. Grade: verified. It assumes that functions' names are not
 * asked for; reading a property counts as an effect.
 */
import type * as Oxc from 'oxc-minify';

import { ownsTopLevel, type ToolInput, type ToolOutput } from './tool.ts';

const FILES = { module: 'chunk.mjs', commonjs: 'chunk.cjs', script: 'chunk.js' };

/** @throws Error with the first syntax error, which oxc itself only lists */
export async function runOxc(module: unknown, input: ToolInput): Promise<ToolOutput> {
  const { minify } = module as typeof Oxc;
  const { shared } = input;
  const keepNames = { function: shared.keepFunctionNames, class: shared.keepClassNames };
  const { code, map, errors } = await minify(FILES[input.kind], input.code, {
    module: input.kind === 'module',
    sourcemap: input.wantsMap,
    compress: shared.compress && {
      target: input.target,
      dropConsole: shared.dropConsole,
      dropDebugger: shared.dropDebugger,
      keepNames,
      treeshake: { manualPureFunctions: [...shared.pureFunctions] },
    },
    mangle: shared.mangle && {
      toplevel: ownsTopLevel(input),
      keepNames,
      ...(shared.reserved.length > 0 ? { reserved: [...shared.reserved] } : {}),
    },
    codegen: { legalComments: 'none', ...(shared.asciiOnly ? { asciiOnly: true } : {}) },
  });
  const [error] = errors;
  if (error !== undefined) throw new Error(error.message);
  return { code, map: map === undefined ? null : { mappings: map.mappings, names: map.names } };
}
