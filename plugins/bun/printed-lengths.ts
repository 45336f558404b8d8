/** How many bytes Bun printed for each module of an output, made true: in the order of the file, with the names of files put in. */
import path from 'node:path';

import type { EsbuildMetafile } from '../../src/collect/esbuild-metafile.ts';
import type { BunBuild } from './bun-build.ts';

/** Length of what Bun prints in place of a file's name or hash until it knows them; its metafile counts that. */
const UNIQUE_KEY = 25;

export interface PrintOrder {
  /** Of all inputs, as they follow each other in a file. */
  readonly order: readonly string[];
  /** Outputs that are copies of inputs, by the input. */
  readonly copies: ReadonlyMap<string, string>;
}

/** @param name of the output, in the metafile */
export function printedLengths(
  build: BunBuild,
  name: string,
  { order, copies }: PrintOrder,
): EsbuildMetafile['outputs'][string]['inputs'] {
  const { inputs } = build.metafile.outputs[name]!;
  const contents = build.files.get(path.resolve(build.outdir, name));
  const text = contents === undefined ? '' : Buffer.from(contents).toString('latin1');
  const folder = path.posix.dirname(name);
  const surplus = (input: string): number => {
    const copy = copies.get(input);
    let bytes = copy === undefined ? 0 : ofCopy(text, copyNames(build.publicPath, folder, copy));
    for (const { entryPoint, path: to, kind } of build.metafile.inputs[input]?.imports ?? []) {
      // A chunk is named as the output has it.
      if (entryPoint !== undefined) bytes += ofChunk(text, [to, build.publicPath + path.posix.join(folder, to)]);
      const copied = kind === 'url-token' ? copies.get(to) : undefined;
      if (copied !== undefined) bytes += ofCopy(text, copyNames(build.publicPath, folder, copied));
    }
    return bytes;
  };
  return Object.fromEntries(
    order.flatMap((input) => {
      const bytesInOutput = inputs[input]?.bytesInOutput ?? 0;
      return bytesInOutput === 0 ? [] : [[input, { bytesInOutput: Math.max(0, bytesInOutput - surplus(input)) }]];
    }),
  );
}

/** `import("./chunk-2bvbrr5j.js")`, and before it, where the chunk's own imports are loaded ahead, `f("2bvbrr5j"),`. */
function ofChunk(text: string, written: readonly string[]): number {
  for (const name of written) {
    const at = text.search(new RegExp(`import\\(["'\`]${escape(name)}["'\`]`));
    if (at === -1) continue;
    const ahead = /\(["'`](\w+)["'`]\),\s*$/.exec(text.slice(Math.max(0, at - 64), at));
    return UNIQUE_KEY - name.length + (ahead === null ? 0 : UNIQUE_KEY - ahead[1]!.length);
  }
  return 0;
}

function copyNames(publicPath: string, folder: string, file: string): string[] {
  const relative = path.posix.relative(folder, file);
  return [publicPath + file, relative.startsWith('.') ? relative : `./${relative}`, relative];
}

/** `"./logo-w3nbtsn4.svg"`, `url(./logo-w3nbtsn4.svg)` */
function ofCopy(text: string, written: readonly string[]): number {
  const name = written.find((each) => ['"', "'", '`', '('].some((before) => text.includes(before + each)));
  return name === undefined ? 0 : UNIQUE_KEY - name.length;
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
