/** The key for what is written to a shared cache. It comes from PARE_CACHE_KEY only: a file would be checked in. */

const HEX = /^[\da-f]{64}$/i;
const BASE64 = /^[\w+/-]{43}=?$/;

/** What is wrong with a key, without the key itself; null: it is right, or there is none. */
export function encryptionKeyProblem(text: string | undefined): string | null {
  if (text === undefined || text === '' || HEX.test(text) || BASE64.test(text)) return null;
  return `must be 32 bytes, as 64 hex digits or in base64; it has ${text.length} characters. Make one: openssl rand -hex 32`;
}

/** 32 bytes; null: there is none. */
export function parseEncryptionKey(text: string | undefined): Uint8Array | null {
  if (text === undefined || text === '') return null;
  return Uint8Array.from(Buffer.from(text, HEX.test(text) ? 'hex' : 'base64'));
}
