/** What of this package is found at run time: a bundled file's own place says little, so it is looked for upwards. */
import { existsSync, readFileSync } from 'node:fs';

/** From src/engine/, from dist/chunks/, and from dist/ itself. */
const ROOTS = ['../../', '../'];

let version: string | null = null;

/** pare's own version; it is in every key of the cache. */
export function ownVersion(): string {
  version ??= ROOTS.map((root) => versionIn(new URL(`${root}package.json`, import.meta.url))).find(Boolean) ?? '0';
  return version;
}

function versionIn(manifest: URL): string | null {
  if (!existsSync(manifest)) return null;
  const { name, version: found } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string; version?: string };
  return name === 'pare' ? (found ?? null) : null;
}

/** The built entry file of the workers; null where the package was not built. */
export function workerFile(): URL | null {
  const places = ROOTS.map((root) => new URL(`${root}dist/worker.js`, import.meta.url));
  return places.find((place) => existsSync(place)) ?? null;
}
