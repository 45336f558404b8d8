/**
 * AES-256-GCM for what leaves this machine. The entry's name goes in as additional data, so that a value can't be passed off as
 * another one. Nonces are random: one key is good for 2^32 values (NIST SP 800-38D, 8.3).
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const MAGIC = Buffer.from('parg');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = MAGIC.length + NONCE_BYTES + TAG_BYTES;

export function isEncrypted(bytes: Uint8Array): boolean {
  return bytes.length >= HEAD_BYTES && MAGIC.every((byte, i) => bytes[i] === byte);
}

/** @param key 32 bytes */
export function encrypt(plain: Uint8Array, key: Uint8Array, name: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(name));
  const body = cipher.update(plain);
  const rest = cipher.final();
  return Buffer.concat([MAGIC, nonce, cipher.getAuthTag(), body, rest]);
}

/** @returns null where the bytes are not what was encrypted with this key under this name */
export function decrypt(bytes: Buffer, key: Uint8Array, name: string): Buffer | null {
  if (!isEncrypted(bytes)) return null;
  const nonce = bytes.subarray(MAGIC.length, MAGIC.length + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(name));
  decipher.setAuthTag(bytes.subarray(HEAD_BYTES - TAG_BYTES, HEAD_BYTES));
  const body = decipher.update(bytes.subarray(HEAD_BYTES));
  try {
    return Buffer.concat([body, decipher.final()]);
  } catch {
    return null;
  }
}
