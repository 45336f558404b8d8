/** What a user may say about minifying. */

/** In the order in which they are tried where none of those that were asked for is installed. */
export const MINIFIERS = ['swc', 'oxc', 'terser', 'esbuild'] as const;

export type Minifier = (typeof MINIFIERS)[number];

/** What becomes of licence comments: kept in the chunk, put in a file beside it, or dropped. */
export type LicenceMode = 'inline' | 'linked' | 'none';

export interface MinifySettings {
  readonly tools: readonly Minifier[];
  /** terser's own options. Those that ask for a different result, not for more effort, hold for every minifier; see `shared-options.ts`. */
  readonly terser: object;
  /** The newest ECMAScript that the output may use: `es2022`. */
  readonly target: string;
  readonly licences: LicenceMode;
}

/** swc and oxc one after the other give fewer bytes than terser in about a seventh of its time. */
export const DEFAULT_MINIFY: MinifySettings = {
  tools: ['oxc', 'swc'],
  terser: {},
  target: 'es2022',
  licences: 'inline',
};

/**
 * Which minifiers run one after the other. Each prefix of a chain is a candidate of its own, so a longer chain costs its last
 * step and no more. What one minifier leaves another still finds: oxc makes swc's work smaller and takes up what swc has laid
 * open. esbuild's output is never smaller behind another's or before it, so it runs alone.
 */
export function chainsOf(tools: readonly Minifier[]): (readonly Minifier[])[] {
  const has = (tool: Minifier): boolean => tools.includes(tool);
  const chains: (readonly Minifier[])[] = [];
  if (has('oxc') && has('swc')) chains.push(['oxc', 'swc', 'oxc']);
  else if (has('swc')) chains.push(['swc']);
  else if (has('oxc')) chains.push(['oxc']);
  if (has('terser')) chains.push(['terser', ...(['swc', 'oxc'] as const).filter(has)]);
  if (has('esbuild')) chains.push(['esbuild']);
  return chains;
}
