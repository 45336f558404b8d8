/** The largest fixture, copied into a project of its own: with a cache of its own, and sources that may be edited. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../dist/bin/pare.js', import.meta.url));

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const FIXTURE = path.join(REPOSITORY, 'fixtures/storefront');

export interface LargestApp {
  readonly folder: string;
  /** The folder that `build` writes to, relative to `folder`. */
  readonly dist: string;
  readonly cache: string;
  readonly build: () => Promise<void>;
  /** Changes one module so that its code changes, another way each time. */
  readonly edit: () => Promise<void>;
  readonly forget: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

export async function largestApp(): Promise<LargestApp> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pare-largest-'));
  await cp(FIXTURE, folder, {
    recursive: true,
    filter: (source) => !/[/\\](?:node_modules|dist)$/.test(path.relative(REPOSITORY, source)),
  });
  await linkPackages(path.join(REPOSITORY, 'node_modules'), path.join(folder, 'node_modules'));
  const script = pathToFileURL(path.join(folder, 'build.mjs')).href;
  const { build } = (await import(script)) as {
    build: (bundler: string, options: { outdir: string }) => Promise<unknown>;
  };
  const cache = path.join(folder, 'node_modules/.cache');
  const module = path.join(folder, 'src/main.tsx');
  const text = await readFile(module, 'utf8');
  let edits = 0;
  return {
    folder,
    dist: 'dist',
    cache: path.join(cache, 'pare'),
    build: async () => void (await build('esbuild', { outdir: path.join(folder, 'dist') })),
    edit: () => writeFile(module, `${text}\nconsole.info('edit', ${++edits});\n`),
    forget: () => rm(cache, { recursive: true, force: true }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Links to all packages, so that a cache in this `node_modules` is nobody else's. */
async function linkPackages(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (name.startsWith('.')) continue;
    if (name.startsWith('@')) {
      await mkdir(path.join(to, name));
      for (const each of await readdir(path.join(from, name)))
        await symlink(path.join(from, name, each), path.join(to, name, each));
    } else await symlink(path.join(from, name), path.join(to, name));
  }
}
