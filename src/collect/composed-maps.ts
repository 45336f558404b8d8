/**
 * Packages that ship source maps: a bundler that composes them names sources in its own map that it never loaded
 * (`rxjs/src/internal/Observable.ts` where it bundled `rxjs/dist/esm5/internal/Observable.js`). The shipped map says which
 * module such a source stands for.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';

import { sourceMapComment } from '../measure/comments.ts';
import { moduleIdOfSource } from '../measure/module-id.ts';
import { readSourceMap } from '../measure/source-map.ts';
import { Disk } from './disk.ts';

const TAIL_BYTES = 4_096;

/**
 * @param sources canonical ids of sources that are no module
 * @param modules canonical ids of modules that no source names
 * @returns module by source, for those that a shipped map tells
 */
export function composedSources(
  root: string,
  sources: readonly string[],
  modules: readonly string[],
  disk = new Disk(),
): Map<string, string> {
  const wanted = new Set(sources);
  const standing = new Map<string, string>();
  for (const module of modules) {
    for (const source of shippedSources(root, module, disk))
      if (wanted.has(source) && !standing.has(source)) standing.set(source, module);
  }
  return standing;
}

function shippedSources(root: string, module: string, disk: Disk): string[] {
  const file = path.join(root, module);
  try {
    const tail = readTail(file, disk);
    const comment = sourceMapComment(tail);
    if (comment === null) return [];
    const inline = /^data:application\/json[^,]*;base64,(.*)$/.exec(comment.url);
    const map = inline
      ? Buffer.from(inline[1]!, 'base64')
      : disk.readFile(path.join(path.dirname(file), decodeURI(comment.url)));
    const base = inline ? path.dirname(file) : path.dirname(path.join(path.dirname(file), comment.url));
    return readSourceMap(map, module).sections.flatMap(({ sources: list }) =>
      list.flatMap((source) => (source === null ? [] : [moduleIdOfSource(root, base, source)])),
    );
  } catch {
    // A package whose map is missing or broken tells nothing; its modules stay what the bundler's map made of them.
    return [];
  }
}

/** The last bytes of a file; the whole of it where it ends with a map of its own. */
function readTail(file: string, disk: Disk): Buffer {
  disk.willRead(file);
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const length = Math.min(size, TAIL_BYTES);
    const tail = Buffer.alloc(length);
    readSync(handle, tail, 0, length, size - length);
    // A map of its own at the file's end is one line, longer than the tail: only then is the rest of the file asked for.
    if (size === length || tail.includes('# sourceMappingURL=') || tail.toString('latin1').trimEnd().includes('\n'))
      return tail;
    return disk.readFile(file);
  } finally {
    closeSync(handle);
  }
}
