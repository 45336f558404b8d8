import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Site extends AsyncDisposable {
  readonly dir: string;
}

/** A directory with these files, removed when it is disposed of. */
export async function makeSite(files: Readonly<Record<string, string>>): Promise<Site> {
  const dir = await mkdtemp(join(tmpdir(), 'pare-test-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), content);
  }
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

/** A page with this body and this module script. */
export function page(body: string, script = ''): Record<string, string> {
  const link = script === '' ? '' : '<script type="module" src="/assets/main-B3x_9zQk.js"></script>';
  return {
    'index.html': `<!doctype html><html lang="en"><head><title>Site</title></head><body>${body}${link}</body></html>`,
    'assets/main-B3x_9zQk.js': script,
  };
}
