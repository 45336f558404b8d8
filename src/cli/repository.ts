/** Where the repository begins that a project lies in. */
import { stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * What the CI host says, else the nearest folder upwards with a `.git`, else the folder itself.
 * GitHub sets GITHUB_WORKSPACE, GitLab CI_PROJECT_DIR.
 */
export async function repositoryRoot(
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
  onMissing: (file: string) => void = () => undefined,
): Promise<string> {
  for (const named of [env['GITHUB_WORKSPACE'], env['CI_PROJECT_DIR']])
    if (named !== undefined && named !== '' && isWithin(path.resolve(named), folder)) return path.resolve(named);
  for (let at = folder; ; at = path.dirname(at)) {
    if ((await stat(path.join(at, '.git')).catch(() => null)) !== null) return at;
    onMissing(path.join(at, '.git'));
    if (at === path.dirname(at)) return folder;
  }
}

/** POSIX; empty for the repository's root itself. */
export function pathWithin(repository: string, file: string): string {
  return path.relative(repository, file).split(path.sep).join('/');
}

function isWithin(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return !relative.startsWith('..') && !path.isAbsolute(relative);
}
