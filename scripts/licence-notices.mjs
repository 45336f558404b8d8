import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The licences of the packages whose code a bundle contains, as their authors ask for.
 * `inputs`: the paths of the bundled modules, relative to `root`.
 */
export async function licenceNotices(root, inputs) {
  const folders = new Set(inputs.map((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]));
  folders.delete(undefined);
  const notices = await Promise.all([...folders].sort().map((folder) => notice(join(root, folder))));
  return notices.join('\n');
}

async function notice(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = await readFile(file === undefined ? ourCopy(name) : join(folder, file), 'utf8').catch(() => '');
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}

/** For packages that come without the text of their licence. */
function ourCopy(name) {
  return join(import.meta.dirname, 'licences', `${name.replace('/', '+')}.txt`);
}
