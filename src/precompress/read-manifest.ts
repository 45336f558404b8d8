/** The manifest of a folder, from its disk. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { PareError } from '../model/errors.ts';
import { MANIFEST_FILE, parseManifest, type PrecompressManifest } from './manifest.ts';

/** @throws PareError `not-found`, `bad-manifest` */
export async function readManifest(folder: string): Promise<PrecompressManifest> {
  const name = path.join(folder, MANIFEST_FILE);
  const text = await readFile(name, 'utf8').catch((cause: unknown) => {
    throw new PareError('not-found', `There is no ${MANIFEST_FILE} in ${folder}`, {
      hint: 'Compress the folder first: pare compress',
      cause,
    });
  });
  return parseManifest(text, name);
}
