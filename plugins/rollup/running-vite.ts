/** Which Vite runs: several may be installed, and before 7.1 it didn't tell plugins its version. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface RunningVite {
  /** One of its files; absolute. */
  readonly file: string;
  readonly version: string;
}

/** Asked within a hook that only Vite calls: the nearest caller that lies in a package named `vite`. null: not found. */
export function runningVite(): RunningVite | null {
  for (const line of (new Error('which Vite').stack ?? '').split('\n').slice(1)) {
    const url = /\(?(file:\/\/[^)]+?|\/[^):]+):\d+:\d+\)?$/.exec(line)?.[1];
    const file = url?.startsWith('file:') ? fileURLToPath(url) : url;
    const folder = file === undefined ? null : /^.*[\\/]node_modules[\\/][^\\/]+(?=[\\/]dist[\\/])/.exec(file)?.[0];
    if (file === undefined || folder == null) continue;
    const version = viteVersion(path.join(folder, 'package.json'));
    if (version !== null) return { file, version };
  }
  return null;
}

function viteVersion(file: string): string | null {
  try {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown; version?: unknown };
    return name === 'vite' && typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}
