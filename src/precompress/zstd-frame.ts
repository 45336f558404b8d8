/** The header of a Zstandard frame (RFC 8878, section 3.1.1.1), as far as a decoder in a browser cares. */

const MAGIC = 0xfd2fb528;

/** Bytes that a decoder must hold; null where these bytes are no frame. */
export function windowSize(frame: Uint8Array): number | null {
  if (frame.length < 6) return null;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return null;
  const descriptor = frame[4]!;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if (!isSingleSegment) {
    const exponent = frame[5]! >> 3;
    const base = 2 ** (10 + exponent);
    return base + (base / 8) * (frame[5]! & 7);
  }
  const at = 5 + [0, 1, 2, 4][descriptor & 3]!;
  const size = descriptor >> 6;
  if (frame.length < at + 2 ** size) return null;
  switch (size) {
    case 0:
      return frame[at]!;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}
