/** The text of a module as it is on disk now. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** null where there is no file behind the module, or it can't be read. */
export function sourceText(root: string, id: string): string | null {
  if (id.startsWith('virtual:')) return null;
  try {
    return readFileSync(path.resolve(root, id), 'utf8');
  } catch {
    return null;
  }
}
