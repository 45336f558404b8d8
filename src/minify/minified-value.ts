/** A minified chunk as bytes for the cache, and back: a head in JSON, the code, the map. */
import type { Minified } from './minified.ts';

type Kept = Pick<Minified, 'code' | 'map' | 'tool' | 'licences' | 'warnings'>;

/** Length of the head and of the code, 32 bits each. */
const PREFIX = 8;

export function packMinified({ code, map, tool, licences, warnings }: Kept): Buffer {
  const head = Buffer.from(JSON.stringify({ tool, licences, warnings, hasMap: map !== null }));
  const text = Buffer.from(code);
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32LE(head.length, 0);
  prefix.writeUInt32LE(text.length, 4);
  return Buffer.concat([prefix, head, text, Buffer.from(map ?? '')]);
}

/** null where the bytes are something else. */
export function unpackMinified(bytes: Uint8Array): Kept | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < PREFIX) return null;
  const codeStart = PREFIX + buffer.readUInt32LE(0);
  const mapStart = codeStart + buffer.readUInt32LE(4);
  if (mapStart > buffer.length) return null;
  try {
    const head = JSON.parse(buffer.toString('utf8', PREFIX, codeStart)) as Omit<Kept, 'code' | 'map'> & {
      readonly hasMap: boolean;
    };
    const { tool, licences, warnings, hasMap } = head;
    return {
      code: buffer.toString('utf8', codeStart, mapStart),
      map: hasMap ? buffer.toString('utf8', mapStart) : null,
      tool,
      licences,
      warnings,
    };
  } catch {
    return null;
  }
}
