import { hkdfSync } from 'node:crypto';

/**
 * The key for one purpose, derived from a key of 32 random bytes with HKDF-SHA-256 (RFC 5869). Keys of different
 * purposes reveal nothing about each other. There is no salt, because the key is random already.
 */
export function purposeKey(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `facecode/${purpose}`, 32));
}
