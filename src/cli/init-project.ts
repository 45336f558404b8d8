/** What a project is built with, and how pare fits into it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type Bundler = 'vite' | 'rollup' | 'rolldown' | 'esbuild' | 'bun';

export interface FoundBundler {
  readonly name: Bundler;
  /** The file that the plugin belongs in, relative to the project; null: the bundler is used without one. */
  readonly file: string | null;
}

export interface Project {
  /** Absolute. */
  readonly folder: string;
  /** In the order in which they were found; the same bundler several times where it has several files. */
  readonly bundlers: readonly FoundBundler[];
  /** Bundlers that there is no plugin for, whose finished output pare reads. */
  readonly others: readonly string[];
  /** `type: "module"` in package.json. */
  readonly isModule: boolean;
  readonly usesTypeScript: boolean;
  /** pare is among the dependencies. */
  readonly isInstalled: boolean;
  /** The configuration that is there already, relative to the project; null: none. */
  readonly config: string | null;
}

interface Manifest {
  readonly type?: unknown;
  readonly scripts?: unknown;
  readonly dependencies?: unknown;
  readonly devDependencies?: unknown;
  readonly pare?: unknown;
}

const CONFIG_FILES = /^(vite|rollup|rolldown|webpack|rspack)\.config\.[cm]?[jt]s$/;
const OTHERS = ['webpack', 'rspack', 'parcel', 'next'];

/** Reads package.json, the names of the files, and the scripts that may call a bundler. */
export function detectProject(folder: string): Project {
  const names = readdirSync(folder);
  const manifest = readManifest(folder);
  const dependencies = { ...record(manifest.dependencies), ...record(manifest.devDependencies) };
  const scripts = Object.values(record(manifest.scripts)).filter((script) => typeof script === 'string');
  const configs = names.filter((name) => CONFIG_FILES.test(name)).map((file) => ({ name: file.split('.')[0]!, file }));
  const bundlers: FoundBundler[] = configs.flatMap(({ name, file }) => (isBundler(name) ? [{ name, file }] : []));
  for (const file of buildScripts(folder, names, scripts)) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    if (/(?:from\s*|require\(\s*|import\(?\s*)['"]esbuild['"]/.test(text)) bundlers.push({ name: 'esbuild', file });
    if (/\bBun\s*\.\s*build\s*\(/.test(text)) bundlers.push({ name: 'bun', file });
  }
  const calls = (program: string) =>
    scripts.some((script) => new RegExp(`(?:^|[\\s&|;])${program}(?:\\s|$)`).test(script));
  const has = (name: string) => bundlers.some((bundler) => bundler.name === name);
  for (const name of ['vite', 'rollup', 'rolldown', 'esbuild'] as const)
    if (!has(name) && calls(name)) bundlers.push({ name, file: null });
  if (!has('bun') && calls('bun build')) bundlers.push({ name: 'bun', file: null });
  const others = OTHERS.filter(
    (name) => configs.some((config) => config.name === name) || name in dependencies || calls(name),
  );
  return {
    folder,
    bundlers,
    others,
    isModule: manifest.type === 'module',
    usesTypeScript: names.includes('tsconfig.json') || bundlers.some(({ file }) => /\.[cm]?ts$/.test(file ?? '')),
    isInstalled: 'pare' in dependencies,
    config:
      names.find((name) => /^pare\.config\.(?:ts|js|mjs|json)$/.test(name)) ??
      (manifest.pare === undefined ? null : 'package.json'),
  };
}

function isBundler(name: string): name is 'vite' | 'rollup' | 'rolldown' {
  return name === 'vite' || name === 'rollup' || name === 'rolldown';
}

/** Files that package.json's scripts run, and those by the usual names. */
function buildScripts(folder: string, names: readonly string[], scripts: readonly string[]): string[] {
  const run = scripts
    .flatMap((script) => script.match(/[\w@./-]+\.[cm]?[jt]s\b/g) ?? [])
    .map((file) => path.posix.normalize(file));
  const usual = names.filter((name) => /^(?:esbuild(?:\.config)?|build|bundle)\.[cm]?[jt]s$/.test(name));
  const scriptsFolder = path.join(folder, 'scripts');
  const below = existsSync(scriptsFolder)
    ? readdirSync(scriptsFolder).flatMap((name) =>
        /^(?:esbuild|build|bundle)\.[cm]?[jt]s$/.test(name) ? [`scripts/${name}`] : [],
      )
    : [];
  return [...new Set([...run, ...usual, ...below])].filter(
    (file) => !file.startsWith('..') && !CONFIG_FILES.test(file) && existsSync(path.join(folder, file)),
  );
}

function readManifest(folder: string): Manifest {
  try {
    return record(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')));
  } catch {
    // A project without package.json, or a broken one: what it is built with is seen from its files.
    return {};
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
