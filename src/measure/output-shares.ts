/**
 * One output measured: its sizes and whose they are. Walking a compressed file bit by bit takes longer than reading the answer of
 * the last time, so it is kept by all that it depends on.
 */
import { createHash } from 'node:crypto';

import type { Bytes, Diagnostic, Part } from '../model/build.ts';
import type { CacheEntry } from '../model/byte-cache.ts';
import { PareError } from '../model/errors.ts';
import { attributeOutput, type AttributedOutput, type NamedMap, type NamedOutput } from './attribute-output.ts';
import { compressOutput, type CompressOptions } from './compress.ts';
import { digestOf } from './digest.ts';
import type { Witness } from './evidence.ts';
import { partsOf, sizesOf, type Holder } from './parts.ts';

export interface OutputShares {
  readonly bytes: Bytes;
  /** Ids of the modules in the output, each once. */
  readonly modules: readonly string[];
  /** `module` is a place in `modules`. */
  readonly parts: readonly Part[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What is done for one output; ends when the bytes are attributed, before they are compressed. */
export interface Measuring {
  /** Ids of all modules that the output names. */
  readonly modules: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  /** null: it was known, and nobody asked for it. */
  readonly attributed: AttributedOutput | null;
  readonly shares: () => Promise<OutputShares>;
}

/** Goes up with every change of what is made of the same bytes. */
const VERSION = '1';

/**
 * @param mapDigest null: no map, or nobody asked for its digest
 * @param needsOwnership whether the caller wants to know whose each byte is, which is not kept
 */
export async function measureOutput(
  output: NamedOutput,
  mapDigest: string | null,
  options: CompressOptions,
  needsOwnership: boolean,
): Promise<Measuring> {
  const { cache } = options;
  // Without compression the attribution is quicker than reading all bytes for their digests.
  const isKept = cache !== undefined && (options.gzip || options.brotli);
  const digest = isKept ? digestOf(output.contents) : null;
  const entry = digest === null ? null : entryOf(output, digest, mapDigest, options);
  const known = entry === null ? null : parsed(await cache!.get(entry), output.contents.length);
  if (known !== null && !needsOwnership) return { ...known, attributed: null, shares: () => Promise.resolve(known) };
  const start = performance.now();
  const diagnostics: Diagnostic[] = [];
  const attributed = attributeOutput(output, diagnostics);
  const { modules, holders } = placesOf(attributed);
  const attributing = performance.now() - start;
  return {
    modules,
    diagnostics,
    attributed,
    async shares() {
      if (known !== null) return known;
      const { contents } = output;
      const compressed = await compressOutput(contents, attributed.ownership, options, digest);
      const result: OutputShares = {
        bytes: sizesOf(contents.length, compressed),
        modules,
        parts: partsOf(attributed.ownership, compressed, (owner) => holders[owner]!),
        diagnostics,
      };
      if (entry !== null) await cache!.put(entry, Buffer.from(JSON.stringify(result)), attributing);
      return result;
    },
  };
}

function placesOf({ holders }: AttributedOutput): { modules: string[]; holders: Holder[] } {
  const modules: string[] = [];
  return {
    holders: holders.map((holder) => ('id' in holder ? { module: modules.push(holder.id) - 1 } : holder)),
    modules,
  };
}

function entryOf(output: NamedOutput, digest: string, mapDigest: string | null, options: CompressOptions): CacheEntry {
  const { file, kind, map, witness } = output;
  const { gzip, brotli } = options;
  const about = { file, kind, gzip, brotli, map: map === null ? null : { file: map.file, ids: idsOf(map) } };
  return {
    kind: 'attribution',
    of: [VERSION, digest, mapDigest ?? 'no map', JSON.stringify(about), witnessDigest(witness)],
  };
}

/** null where the map can't be used, which is the same each time. */
function idsOf(map: NamedMap): readonly (string | null)[] | null {
  try {
    return map.ids();
  } catch (error) {
    if (error instanceof PareError) return null;
    throw error;
  }
}

function witnessDigest(witness: Witness | null): string {
  if (witness === null) return 'none';
  if (witness.kind === 'lengths') return JSON.stringify(witness.modules.map(({ id, bytes }) => [id, bytes]));
  const hash = createHash('sha256');
  for (const { id, code } of witness.modules)
    hash.update(JSON.stringify([id, code?.length ?? null])).update(code ?? '');
  return hash.digest('hex');
}

/** Of a value that doesn't add up nothing is believed. */
function parsed(bytes: Uint8Array | null, length: number): OutputShares | null {
  if (bytes === null) return null;
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
    const shares = JSON.parse(text) as OutputShares;
    const raw = shares.parts.reduce((sum, part) => sum + part.bytes.raw, 0);
    return shares.bytes.raw === length && raw === length && Array.isArray(shares.modules) ? shares : null;
  } catch {
    return null;
  }
}
