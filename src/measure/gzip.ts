import { PareError } from '../model/errors.ts';
import { BitReader } from './bit-reader.ts';
import { BitLedger } from './bits.ts';
import type { BitAttribution } from './bits.ts';
import { CopyCredits } from './copies.ts';
import { chargeDeflate } from './deflate.ts';
import type { Ownership } from './ownership.ts';

const HAS_HEADER_CRC = 2;
const HAS_EXTRA = 4;
const HAS_NAME = 8;
const HAS_COMMENT = 16;
const RESERVED_FLAGS = 0xe0;

/**
 * Charges every bit of a gzip file (RFC 1952) to the owners of the content's bytes: symbols to the bytes that they make, less
 * what others save by copying from these bytes (`CopyCredits`). `container` has the
 * header, the trailer, and the padding between them up to a whole byte. Of a file in several members each is charged; its
 * check sums are not checked.
 * @param compressed the file, below 512 MB
 * @param ownership of the bytes that were compressed
 * @throws PareError `gzip-corrupt` or `deflate-corrupt` where the file is damaged, `ownership-length` where it holds another
 * number of bytes than the ownership covers.
 */
export function attributeGzip(compressed: Uint8Array, ownership: Ownership): BitAttribution {
  const reader = new BitReader(compressed);
  const ledger = new BitLedger(ownership);
  const credits = new CopyCredits(new Uint8Array(ownership.length), ownership, ledger);
  do {
    const start = reader.position;
    skipHeader(reader);
    ledger.container += reader.position - start;
    chargeDeflate(reader, ledger, credits);
    const end = reader.position;
    reader.position = ((end + 7) >>> 3) * 8 + 64;
    if (reader.ended) throw corrupt('it ends before its trailer');
    ledger.container += reader.position - end;
  } while (reader.position < reader.limit);
  credits.release();
  return ledger.close(reader.limit);
}

function skipHeader(reader: BitReader): void {
  const magic = reader.read(16);
  const method = reader.read(8);
  const flags = reader.read(8);
  if (reader.ended || magic !== 0x8b1f || method !== 8 || (flags & RESERVED_FLAGS) !== 0)
    throw corrupt('it has no gzip header');
  reader.position += 48;
  if (flags & HAS_EXTRA) reader.position += reader.read(16) * 8;
  if (flags & HAS_NAME) skipText(reader);
  if (flags & HAS_COMMENT) skipText(reader);
  if (flags & HAS_HEADER_CRC) reader.position += 16;
  if (reader.ended) throw corrupt('it ends in its header');
}

function skipText(reader: BitReader): void {
  while (!reader.ended && reader.read(8) !== 0);
}

function corrupt(what: string): PareError {
  return new PareError('gzip-corrupt', `The gzip file is damaged: ${what}.`, {
    hint: 'Compress the content again with gzip.',
  });
}
