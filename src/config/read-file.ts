/**
 * Reads one file of configuration. JSON is read by Node alone, JavaScript is imported by Node; TypeScript, and whatever is
 * read again while a build watches, goes through jiti, which is loaded then only.
 *
 * Why jiti and not what stands on it: CPU over `node -e 0`, medians of paired rounds on a shared machine with two cores, Node
 * 20.20. Importing c12 3.3 takes 110 ms and reading a JSON file with it 118; unconfig 7.5 takes 21 and 23 ms, and 273 for a file
 * in TypeScript. jiti 2.7 takes 81 ms for that file from its cache and 257 without; esbuild, which not every project has, takes
 * 81. All of our own loading takes 21 ms for JSON and 97 for TypeScript. Neither c12 nor unconfig tells which source a key came
 * from.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Jiti } from 'jiti';

import type { ConfigContext } from './pare-config.ts';
import type { Place } from './json-place.ts';

export type ReadResult = (
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly isInvalid: boolean; readonly message: string; readonly place: Place | null }
) & {
  /** Files that were read for it, itself included; absolute. */
  readonly files: readonly string[];
  /** Of JSON. */
  readonly text: string | null;
};

export interface ReadOptions {
  readonly context: ConfigContext;
  /** Modules are read anew, not from Node's memory of them. */
  readonly fresh: boolean;
}

export async function readConfigFile(file: string, options: ReadOptions): Promise<ReadResult> {
  return /\.json$/i.test(file) ? readJson(file) : readModule(file, options);
}

export async function readJson(file: string): Promise<ReadResult> {
  const files = [file];
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    return {
      ok: false,
      isInvalid: false,
      message: `can't be read: ${(error as Error).message}`,
      place: null,
      files,
      text: null,
    };
  }
  try {
    return { ok: true, value: JSON.parse(text), files, text };
  } catch (error) {
    const { jsonSyntaxProblem } = await import('./json-place.ts');
    const { message, place } = jsonSyntaxProblem(text, (error as Error).message);
    return { ok: false, isInvalid: false, message: `can't be read: ${message}`, place, files, text };
  }
}

const NO_DEFAULT = 'has no default export. Write: export default { budgets: [ … ] }';

async function readModule(file: string, { context, fresh }: ReadOptions): Promise<ReadResult> {
  let files: readonly string[] = [file];
  const failed = (message: string, place: Place | null, isInvalid = false): ReadResult => ({
    ok: false,
    isInvalid,
    message,
    place,
    files,
    text: null,
  });
  let exported: unknown;
  try {
    const loaded = /\.[cm]?ts$/i.test(file) || fresh ? await importByJiti(file) : await importNatively(file);
    files = loaded.files;
    if (loaded.error !== null) throw loaded.error;
    if (!loaded.hasDefault) return failed(NO_DEFAULT, null, true);
    exported = await loaded.value;
  } catch (error) {
    const { message, place } = describeError(error, file);
    return failed(`can't be read: ${message}`, place);
  }
  if (typeof exported !== 'function') return { ok: true, value: exported, files, text: null };
  try {
    return { ok: true, value: await (exported as (context: ConfigContext) => unknown)(context), files, text: null };
  } catch (error) {
    const { message, place } = describeError(error, file);
    return failed(`exports a function that threw: ${message}`, place, true);
  }
}

interface Imported {
  readonly hasDefault: boolean;
  readonly value: unknown;
  readonly files: readonly string[];
  readonly error: unknown;
}

async function importNatively(file: string): Promise<Imported> {
  try {
    const namespace = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
    return { hasDefault: 'default' in namespace, value: namespace.default, files: [file], error: null };
  } catch (error) {
    if (!existsSync(file)) throw new Error(`there is no such file`, { cause: error });
    // Node doesn't say where in a module a syntax error stands; jiti does.
    if (error instanceof SyntaxError && !error.message.includes('does not provide an export'))
      return importByJiti(file);
    throw error;
  }
}

/** The files that jiti read for a configuration: they are forgotten before it is read again. */
const readByJiti = new Map<string, readonly string[]>();

async function importByJiti(file: string): Promise<Imported> {
  if (!existsSync(file)) throw new Error('there is no such file');
  const { createJiti } = await import('jiti');
  const jiti = createJiti(import.meta.url, { fsCache: cacheFolder(file), interopDefault: false, moduleCache: true });
  for (const old of readByJiti.get(file) ?? []) delete jiti.cache[old];
  const before = new Set(Object.keys(jiti.cache));
  const namespace = await evaluate(jiti, file).catch((error: unknown) => ({ error }));
  const files = Object.keys(jiti.cache).filter((each) => !before.has(each) && !each.includes('/node_modules/'));
  readByJiti.set(file, [file, ...files]);
  const own = { files: [...new Set([file, ...files])] };
  if ('error' in namespace && !('__esModule' in namespace))
    return { hasDefault: false, value: null, ...own, error: namespace.error };
  if ('default' in namespace) return { hasDefault: true, value: namespace.default, ...own, error: null };
  // CommonJS: what it exports is the configuration.
  const isCommonJs = !('__esModule' in namespace) && Object.keys(namespace).length > 0;
  return { hasDefault: isCommonJs, value: namespace, ...own, error: null };
}

type Namespace = { readonly default?: unknown; readonly __esModule?: true };

/**
 * Compiled as CommonJS, because Node keeps what it imports as a module for good and would never read it again. What awaits at
 * its top level can't be compiled so: then the file itself is read again, and of what it imports only what is TypeScript.
 */
async function evaluate(jiti: Jiti, file: string): Promise<Namespace> {
  try {
    return jiti(file) as Namespace;
  } catch (error) {
    if (!(error instanceof SyntaxError) || !error.message.startsWith('await is only valid')) throw error;
    const options = { filename: file, async: true, forceTranspile: true };
    return (await jiti.evalModule(readFileSync(file, 'utf8'), options)) as Namespace;
  }
}

/** Beside the packages that jiti may not be installed with; false: nothing is kept. */
function cacheFolder(file: string): string | false {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const modules = path.join(folder, 'node_modules');
    if (existsSync(modules)) return path.join(modules, '.cache', 'jiti');
    if (folder === path.dirname(folder)) return false;
  }
}

/** The first place in the file itself that the message or the stack names. */
function describeError(error: unknown, file: string): { readonly message: string; readonly place: Place | null } {
  if (!(error instanceof Error)) return { message: String(error), place: null };
  const parse = /^ParseError: ([\s\S]*?)\s*\n?\s*(\S+):(\d+):(\d+)\s*$/.exec(error.message);
  if (parse !== null) {
    const [, said, where, line, column] = parse;
    const place = { line: Number(line), column: Number(column) + 1 };
    return where === file
      ? { message: said!, place }
      : { message: `${said} (${where}:${line}:${place.column})`, place: null };
  }
  const escaped = file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const found = new RegExp(`${escaped}:(\\d+):(\\d+)`).exec(error.stack ?? '');
  // jiti keeps the lines of what it compiles, and not the columns.
  const place =
    found === null ? null : { line: Number(found[1]), column: readByJiti.has(file) ? null : Number(found[2]) };
  return { message: error.message.split('\nRequire stack:')[0]!, place };
}
