/** From ownership and compressed shares to the parts of an output: sums are exact for raw, gzip and brotli. */
import type { Bytes, ModuleIndex, Part, RestName } from '../model/build.ts';
import { bitsToBytes } from './bits.ts';
import type { Compressed, CompressedShares } from './compress.ts';
import type { Ownership } from './ownership.ts';
import { bytesByOwner } from './witness.ts';

/** Whom an owner number stands for. */
export type Holder = { readonly module: ModuleIndex } | { readonly rest: RestName };

export function partsOf(ownership: Ownership, compressed: Compressed, holderOf: (owner: number) => Holder): Part[] {
  const raw = bytesByOwner(ownership);
  const parts = new Map<
    string,
    { module: ModuleIndex | null; rest: RestName | null; raw: number; gzip: number; brotli: number }
  >();
  const partOf = (holder: Holder) => {
    const key = 'module' in holder ? `m${holder.module}` : `r${holder.rest}`;
    let part = parts.get(key);
    if (part === undefined) {
      const module = 'module' in holder ? holder.module : null;
      part = { module, rest: 'rest' in holder ? holder.rest : null, raw: 0, gzip: 0, brotli: 0 };
      parts.set(key, part);
    }
    return part;
  };
  for (let owner = 0; owner < ownership.ownerCount; owner++) {
    if (raw[owner] === 0) continue;
    const part = partOf(holderOf(owner));
    part.raw += raw[owner]!;
    part.gzip += shareOf(compressed.gzip, owner);
    part.brotli += shareOf(compressed.brotli, owner);
  }
  const containerGzip = compressed.gzip === null ? 0 : bitsToBytes(compressed.gzip.container);
  const containerBrotli = compressed.brotli === null ? 0 : bitsToBytes(compressed.brotli.container);
  if (containerGzip > 0 || containerBrotli > 0) {
    const part = partOf({ rest: 'container' });
    part.gzip += containerGzip;
    part.brotli += containerBrotli;
  }
  return [...parts.values()].sort(byHolder).map((part) => ({
    module: part.module,
    rest: part.rest,
    bytes: {
      raw: part.raw,
      gzip: compressed.gzip === null ? null : part.gzip,
      brotli: compressed.brotli === null ? null : part.brotli,
    },
  }));
}

export function sizesOf(raw: number, compressed: Compressed): Bytes {
  return { raw, gzip: compressed.gzip?.bytes ?? null, brotli: compressed.brotli?.bytes ?? null };
}

function shareOf(shares: CompressedShares | null, owner: number): number {
  return shares === null ? 0 : bitsToBytes(shares.shares[owner]!);
}

/** Modules in their order, then what no module owns by its name. */
export function byHolder(
  a: { module: number | null; rest: string | null },
  b: { module: number | null; rest: string | null },
): number {
  if (a.module !== null && b.module !== null) return a.module - b.module;
  if (a.module !== null) return -1;
  if (b.module !== null) return 1;
  return (a.rest ?? '') < (b.rest ?? '') ? -1 : 1;
}
