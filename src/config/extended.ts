/** From what `extends` says to the file that it means. */
import path from 'node:path';

import { CONFIG_NAMES, isFile } from './find-files.ts';

export interface ExtendedFile {
  /** Absolute. */
  readonly file: string;
  readonly isPackage: boolean;
}

/** @returns what is wrong, as a text, where there is no such file */
export async function resolveExtended(name: string, from: string): Promise<ExtendedFile | string> {
  const isPackage = !/^\.{0,2}\//.test(name) && !path.isAbsolute(name) && name !== '.' && name !== '..';
  return isPackage ? resolvePackage(name, from) : resolveFile(path.resolve(path.dirname(from), name), name);
}

function resolveFile(file: string, name: string): ExtendedFile | string {
  const extensions = CONFIG_NAMES.map((each) => path.extname(each));
  const candidates = [
    file,
    ...extensions.map((extension) => `${file}${extension}`),
    ...CONFIG_NAMES.map((each) => path.join(file, each)),
  ];
  for (const candidate of candidates) if (isFile(candidate)) return { file: candidate, isPackage: false };
  return `${JSON.stringify(name)} is not there: there is no file ${file}`;
}

async function resolvePackage(name: string, from: string): Promise<ExtendedFile | string> {
  const { resolveModulePath } = await import('exsolve');
  const file = resolveModulePath(name, {
    from,
    try: true,
    conditions: ['node', 'import', 'default'],
    extensions: CONFIG_NAMES.map((each) => path.extname(each)),
    suffixes: ['', ...CONFIG_NAMES.map((each) => `/${each.replace(/\.[a-z]+$/, '')}`)],
  });
  if (file !== undefined) return { file, isPackage: true };
  const mend = isFile(path.resolve(path.dirname(from), name))
    ? `Did you mean ${JSON.stringify(`./${name}`)}?`
    : 'Install it, or write ./ before the name of a file.';
  return `the package ${JSON.stringify(name)} can't be found. ${mend}`;
}
