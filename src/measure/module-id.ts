/**
 * What a module is called, whoever names it: bundlers, plugins and source maps all write the same file in their own way
 * (absolute, relative to this or that, with a query, with a scheme, with a NUL before it).
 */
import path from 'node:path';

import type { ModuleFormat } from '../model/build.ts';

const SCHEME = /^([a-z][a-z\d+.-]+):\/*(.*)$/is;

/** A relative POSIX path that is normal already: by far the most ids are. */
const CANONICAL = /^(?:\.\.\/)*(?:(?!\.\.?\/)[\w@+.$-]+\/)*(?!\.\.?$)[\w@+.$-]+$/;

/**
 * The canonical id: POSIX, relative to the root, without query and hash; `virtual:NAME` where there is no file behind it.
 * Parts of one file that a plugin serves under queries (`App.vue?vue&type=style`) are one module.
 *
 * @param root absolute path
 * @param id as a bundler gives it: an absolute path, a path relative to the root, `\0name`, `namespace:path`
 */
export function moduleId(root: string, id: string): string {
  if (CANONICAL.test(id)) return id;
  if (id.startsWith('virtual:')) return id;
  const marked = id.startsWith('\0') || id.startsWith('/@id/__x00__');
  const bare = stripQuery(id.replace(/^(?:\0|\/@id\/__x00__)+/, '').replaceAll('\0', ''));
  if (bare === '') return `virtual:${id.replaceAll('\0', '')}`;
  const native = toPosix(bare);
  if (isAbsolute(native)) return relative(root, native);
  if (marked) return native.startsWith('virtual:') ? native : `virtual:${native}`;
  if (/^\([a-z]+\):/.test(native)) return `virtual:${native}`;
  const scheme = SCHEME.exec(native);
  if (scheme !== null)
    return scheme[1]!.toLowerCase() === 'file' ? relative(root, fromFileUrl(native)) : `virtual:${native}`;
  return path.posix.normalize(native);
}

/**
 * The id that a module has which a source map names.
 *
 * @param base absolute path of the folder that the map's relative sources start from
 */
export function moduleIdOfSource(root: string, base: string, named: string): string {
  // A control character in a name could move a terminal's cursor; NUL marks a virtual module and is read below.
  // oxlint-disable-next-line no-control-regex
  const source = named.replace(/[\u0001-\u001f\u007f-\u009f]/g, '\ufffd');
  const webpack = /^(?:webpack|webpack-internal|rspack|turbopack):\/\/\/?(.*)$/s.exec(source);
  if (webpack !== null) return webpackId(webpack[1]!, source);
  if (source.startsWith('\0')) return moduleId(root, source);
  const nul = source.indexOf('\0');
  if (nul !== -1) return moduleId(root, source.slice(nul));
  if (/^[a-z]:[\\/]/i.test(source) || SCHEME.exec(source) === null) {
    const native = toPosix(stripQuery(safeDecode(source)));
    return isAbsolute(native) ? relative(root, native) : relative(root, path.posix.join(toPosix(base), native));
  }
  return moduleId(root, source);
}

/** The ids of all sources of a map: those in one folder are resolved once. */
export function moduleIdsOfSources(root: string, base: string, sources: readonly (string | null)[]): (string | null)[] {
  const folders = new Map<string, string>();
  return sources.map((source) => {
    if (source === null) return null;
    const slash = source.lastIndexOf('/') + 1;
    // A last segment that could be a step of the path, or hold a query or an escape, is left to the long way.
    if (slash === 0 || !/^[\w@+~-][\w@+~.-]*$/.test(source.slice(slash)) || !/^[\w@./+~-]*$/.test(source))
      return moduleIdOfSource(root, base, source);
    const folder = source.slice(0, slash);
    let id = folders.get(folder);
    if (id === undefined) {
      id = moduleIdOfSource(root, base, `${folder}x`).slice(0, -1);
      folders.set(folder, id);
    }
    return id + source.slice(slash);
  });
}

/** `webpack://NAMESPACE/./src/x.js?abcd`: the path is relative to webpack's context, which is the root. */
function webpackId(rest: string, source: string): string {
  const bare = stripQuery(rest.replace(/\|[^|]*$/, ''));
  // The namespace is the project's name, scope included; older versions leave it empty.
  const named = /^(?:\.|(?:webpack|rspack)\/(?:bootstrap|runtime))/.test(bare)
    ? bare
    : bare.replace(/^(?:@[^/]*\/)?[^/]*\//, '');
  if (/^(?:webpack|rspack)\//.test(named)) return `virtual:${named}`;
  if (/^external /.test(named)) return `virtual:${named.replace(/"/g, '')}`;
  return named === '' ? `virtual:${source}` : path.posix.normalize(named);
}

/** Whether the module is the bundler's own code that it adds to every bundle. */
export function isRuntimeModule(id: string): boolean {
  return (
    /^virtual:(?:webpack|rspack)\//.test(id) ||
    /^virtual:(?:vite\/|commonjsHelpers|rolldown\/|esbuild-runtime|<runtime>|@oxc-project\+runtime)/.test(id) ||
    /^(?:virtual:)?(?:.*\/)?vite\/(?:modulepreload-polyfill|preload-helper)(?:\.js)?$/.test(id)
  );
}

/** Whether an output that has no source map is the bundler's own code: Rolldown puts its helpers into a chunk of their own. */
export function isRuntimeFile(file: string): boolean {
  return /(?:^|\/)rolldown-runtime[.-][^/]*\.[cm]?js$/.test(file);
}

/** Path of the nearest package in `node_modules` that holds the module, and the package's name; null: the project's own. */
export function packageOf(id: string): { readonly name: string; readonly folder: string } | null {
  const at = id.lastIndexOf('node_modules/');
  if (at === -1 || (at > 0 && id[at - 1] !== '/')) return null;
  const start = at + 'node_modules/'.length;
  const scoped = id[start] === '@' ? id.indexOf('/', start) : start - 1;
  if (scoped === -1) return null;
  const end = id.indexOf('/', scoped + 1);
  if (end === -1) return null;
  return { name: id.slice(start, end), folder: id.slice(0, end) };
}

export function stripQuery(id: string): string {
  return id.replace(/[?#](?![^?#]*node_modules\/).*$/s, '');
}

export function toPosix(file: string): string {
  return file.includes('\\') ? file.replaceAll('\\', '/') : file;
}

function isAbsolute(file: string): boolean {
  return file.startsWith('/') || /^[a-z]:\//i.test(file);
}

/** As `path.posix.relative`, which brings both paths into normal form at each call. */
function relative(root: string, file: string): string {
  const from = toPosix(root);
  const to = path.posix.normalize(file);
  if (!from.startsWith('/') || !to.startsWith('/') || from.includes('//')) return path.posix.relative(from, to) || '.';
  const length = from.endsWith('/') ? from.length - 1 : from.length;
  let shared = 0;
  let i = 0;
  while (i < length && from.charCodeAt(i) === to.charCodeAt(i)) if (from[i++] === '/') shared = i;
  if (i === length) {
    if (to.length === length) return '.';
    if (to[i] === '/') return to.slice(i + 1) || '.';
  }
  if (i === to.length && from[i] === '/') shared = i + 1;
  let ups = '..';
  for (let k = shared; k < length; k++) if (from[k] === '/') ups += '/..';
  return shared >= to.length ? ups : `${ups}/${to.slice(shared)}`;
}

function fromFileUrl(url: string): string {
  const file = safeDecode(url.replace(/^file:\/\/(?:localhost)?/i, ''));
  return /^\/[a-z]:\//i.test(file) ? file.slice(1) : file;
}

/** Sources are URLs by the letter of the specification, yet most bundlers write paths as they are. */
function safeDecode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}

/** By its file's extension, where nothing better is known. */
export function formatOf(id: string): ModuleFormat {
  const extension = /\.([a-z\d]+)$/i.exec(id)?.[1]?.toLowerCase();
  if (extension === undefined) return 'unknown';
  if (/^(?:mjs|mts)$/.test(extension)) return 'esm';
  if (/^(?:cjs|cts)$/.test(extension)) return 'cjs';
  if (extension === 'json') return 'json';
  if (/^(?:css|scss|sass|less|styl|pcss|postcss)$/.test(extension)) return 'css';
  if (/^(?:jsx?|tsx?|vue|svelte|astro)$/.test(extension)) return 'unknown';
  return 'asset';
}
