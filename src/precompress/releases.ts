/** Earlier releases, as far as the files of now have something of theirs to build on. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import type { Diagnostic } from '../model/build.ts';
import { PareError } from '../model/errors.ts';
import { isCompressible } from './content-type.ts';
import { originalOf } from './copy-name.ts';
import { dictionariesOf, dictionaryFor, type Dictionary } from './dictionaries.ts';
import { sha256Of } from './hash.ts';
import { listFiles, unreadable, type FoundFile } from './output-files.ts';
import type { CompressSettings } from './settings.ts';

type Report = (diagnostic: Diagnostic) => void;

/** An earlier file that deltas are made against. */
export interface Earlier extends Dictionary {
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
}

interface ReleasesContext {
  readonly settings: CompressSettings;
  readonly base: string;
  readonly isIncluded: (file: string) => boolean;
  readonly report: Report;
}

/** Those of the configured folders that are there: before the first release there are none, and that must fail nothing. */
export async function presentReleases(previous: readonly string[], report: Report): Promise<string[]> {
  const present: string[] = [];
  for (const folder of previous) {
    const error = await stat(folder).then(
      () => null,
      (cause: NodeJS.ErrnoException) => cause,
    );
    if (error?.code !== 'ENOENT') present.push(folder);
    else
      report({
        code: 'previous-missing',
        file: null,
        message: `compress.previous names ${folder}, and there is no such folder`,
        hint: 'No delta is made against it; the rest goes on. Before a first release that is as it should be.',
      });
  }
  return present;
}

/** Which earlier files deltas are made against, for each file of now; and which files changed under their name. */
export async function readReleases(
  folder: string,
  files: readonly FoundFile[],
  context: ReleasesContext,
): Promise<{ readonly earlier: Map<string, Earlier[]>; readonly changed: string[] }> {
  const { settings, base, isIncluded, report } = context;
  const earlier = new Map<string, Earlier[]>();
  const changed = new Set<string>();
  for (const previous of settings.previous) {
    const release = path.resolve(previous);
    if (release === path.resolve(folder))
      throw new PareError('usage', `${previous} is the folder that is compressed itself, and no earlier release`, {
        hint: 'Keep a copy of the release before, and name that.',
      });
    const { files: all } = await listFiles(release, report);
    const served = all.filter(({ file }) => originalOf(file) === null);
    const sizes = new Map(served.map(({ file, bytes }) => [file, bytes]));
    const hashes = new Map<string, Promise<string | null>>();
    const hashEarlier = (file: string): Promise<string | null> => {
      const known = hashes.get(file) ?? hashFile(path.join(release, file), path.join(previous, file), report);
      hashes.set(file, known);
      return known;
    };
    const dictionaries = dictionariesOf(served, { base, minBytes: settings.minBytes });
    for (const { file, bytes } of files) {
      const former = sizes.get(file);
      if (former !== undefined) {
        const now = former === bytes ? await hashFile(path.join(folder, file), file, () => undefined) : null;
        if (now === null || now !== (await hashEarlier(file))) changed.add(file);
        // Who has that release has this very file.
        else continue;
      }
      const best = isCompressible(file) && isIncluded(file) ? dictionaryFor(file, dictionaries) : null;
      const sha256 = best === null ? null : await hashEarlier(best.file);
      if (best === null || sha256 === null) continue;
      const known = earlier.get(file) ?? [];
      if (!known.some((each) => each.sha256 === sha256))
        earlier.set(file, [...known, { ...best, sha256, path: path.join(release, best.file) }]);
    }
  }
  return { earlier, changed: [...changed] };
}

async function hashFile(full: string, name: string, report: Report): Promise<string | null> {
  try {
    return sha256Of(await readFile(full));
  } catch (cause) {
    report(unreadable('file-unreadable', name, cause as Error, 'No delta is made against it.'));
    return null;
  }
}
