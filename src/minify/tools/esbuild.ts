/**
 * esbuild's minifier. Grade: verified. The only one that also rewrites syntax newer than the target. Names at the top level of
 * a CommonJS chunk stay as they are.
 */
import type * as Esbuild from 'esbuild';

import type { ToolInput, ToolOutput } from './tool.ts';

export async function runEsbuild(module: unknown, input: ToolInput): Promise<ToolOutput> {
  const { transform } = module as typeof Esbuild;
  const { shared } = input;
  const drop: Esbuild.Drop[] = [
    ...(shared.dropConsole ? (['console'] as const) : []),
    ...(shared.dropDebugger ? (['debugger'] as const) : []),
  ];
  // A module without an import or export that speaks of `exports` would be taken for CommonJS.
  const given = input.kind === 'module' ? `${input.code}\nexport {};` : input.code;
  const { code, map } = await transform(given, {
    minifyWhitespace: true,
    minifySyntax: shared.compress,
    minifyIdentifiers: shared.mangle,
    keepNames: shared.keepFunctionNames || shared.keepClassNames,
    target: input.target,
    charset: shared.asciiOnly ? 'ascii' : 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
    drop,
    pure: [...shared.pureFunctions],
    // Whoever says what a module is runs it where that is understood; below ES2025 esbuild would leave it out. Older versions don't know the name.
    ...(/\bwith\s*\{/.test(given) ? { supported: { 'import-attributes': true } } : {}),
    sourcemap: input.wantsMap ? 'external' : false,
    sourcesContent: false,
    ...(input.kind === 'module' ? { format: 'esm' } : {}),
  });
  if (!input.wantsMap) return { code, map: null };
  const { mappings, names } = JSON.parse(map) as { mappings: string; names: string[] };
  return { code, map: { mappings, names } };
}
