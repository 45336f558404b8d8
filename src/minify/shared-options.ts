/**
 * What terser's options ask of every minifier. Options that only say how hard to try (`passes`, `unsafe`, `inline`) are terser's
 * own; those that ask for another result (kept names, dropped calls) hold for all, or else what a chunk comes to would depend
 * on who made it smallest.
 */
import type { Minifier } from './settings.ts';

export interface SharedOptions {
  readonly compress: boolean;
  readonly mangle: boolean;
  /** null: by the chunk's format. */
  readonly toplevel: boolean | null;
  readonly keepFunctionNames: boolean;
  readonly keepClassNames: boolean;
  readonly reserved: readonly string[];
  readonly dropConsole: boolean;
  readonly dropDebugger: boolean;
  readonly pureFunctions: readonly string[];
  readonly asciiOnly: boolean;
}

export interface UnderstoodOptions {
  readonly shared: SharedOptions;
  /** Options that only terser can carry out, and whose result lasts. */
  readonly terserFirst: readonly string[];
  /** Options whose result a later minifier would undo. */
  readonly terserAlone: readonly string[];
  /** Those that can't carry out one of the shared options. */
  readonly unfit: readonly Minifier[];
}

const FIRST = { top: ['enclose', 'wrap'], compress: ['global_defs', 'booleans_as_integers'], mangle: ['properties'] };
const ALONE = {
  top: ['nameCache', 'ie8', 'safari10'],
  compress: ['top_retain', 'dead_code', 'unused', 'keep_infinity', 'side_effects'],
  mangle: ['eval', 'keep_private_props'],
};
/** Of `format` those that all print alike. */
const FORMAT_SHARED: ReadonlySet<string> = new Set(['ascii_only', 'ecma', 'semicolons']);

/** @param options terser's */
export function understandOptions(options: object): UnderstoodOptions {
  const terser = section(options);
  const compress = section(terser['compress']);
  const mangle = section(terser['mangle']);
  const format = { ...section(terser['output']), ...section(terser['format']) };
  const names = (key: 'keep_fnames' | 'keep_classnames'): unknown =>
    terser[key] ?? compress[key] ?? mangle[key] ?? false;
  const toplevel = terser['toplevel'] ?? mangle['toplevel'] ?? compress['toplevel'];
  const terserFirst = [
    ...given(terser, FIRST.top, ''),
    ...given(compress, FIRST.compress, 'compress.'),
    ...given(mangle, FIRST.mangle, 'mangle.'),
    ...(Array.isArray(compress['drop_console']) ? ['compress.drop_console'] : []),
  ];
  const terserAlone = [
    ...given(terser, ALONE.top, ''),
    ...given(compress, ALONE.compress, 'compress.'),
    ...given(mangle, ALONE.mangle, 'mangle.'),
    // A choice of names is terser's own: the others keep all of them or none.
    ...(['keep_fnames', 'keep_classnames'] as const).filter((key) => names(key) instanceof RegExp),
    ...(typeof toplevel === 'string' ? ['toplevel'] : []),
    ...Object.keys(format)
      .filter((key) => !FORMAT_SHARED.has(key) && !(key === 'comments' && format[key] === false))
      .map((key) => `format.${key}`),
  ];
  const reserved = list(mangle['reserved']);
  const shared: SharedOptions = {
    compress: terser['compress'] !== false,
    mangle: terser['mangle'] !== false,
    toplevel: typeof toplevel === 'boolean' ? toplevel : null,
    keepFunctionNames: names('keep_fnames') === true,
    keepClassNames: names('keep_classnames') === true,
    reserved,
    dropConsole: compress['drop_console'] === true,
    dropDebugger: compress['drop_debugger'] !== false,
    pureFunctions: list(compress['pure_funcs']),
    asciiOnly: format['ascii_only'] === true,
  };
  return {
    shared,
    terserFirst,
    terserAlone,
    unfit: reserved.length > 0 || shared.toplevel !== null ? ['esbuild'] : [],
  };
}

function section(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function given(options: Readonly<Record<string, unknown>>, keys: readonly string[], path: string): string[] {
  return keys.filter((key) => options[key] !== undefined).map((key) => path + key);
}

function list(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}
