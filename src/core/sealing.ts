/**
 * Authenticated encryption of what must not lie in a database in the clear: codes, tokens, raw webhooks, remembered
 * answers, personal data. AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for every message.
 *
 * Layout: version (1 byte) · key id (4) · nonce (12) · tag (16) · ciphertext. The purpose and the owner's id are bound
 * as associated data, so a sealed value moved to another row or column does not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { sha256 } from './digest.js';

const version = 1;
const headerLength = 5;
const nonceLength = 12;
const tagLength = 16;

interface Key {
  id: Buffer;
  bytes: Buffer;
}

export class Sealer {
  private readonly keys: readonly Key[];

  /** @param keys 32 bytes each; the first seals, all open (rotation). */
  constructor(keys: readonly Buffer[]) {
    if (keys.length === 0) throw new Error('sealing needs a key');
    this.keys = keys.map((bytes) => {
      if (bytes.length !== 32) throw new Error('a sealing key has 32 bytes');
      return { bytes, id: sha256(Buffer.concat([Buffer.from('facecode-key-id'), bytes])).subarray(0, 4) };
    });
  }

  /** @param context what and whose this is, for example `attempt-secret:att_…`; needed again to open. */
  seal(plain: Buffer | string, context: string): Buffer {
    const key = this.keys[0]!;
    const header = Buffer.concat([Buffer.of(version), key.id]);
    const nonce = randomBytes(nonceLength);
    const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce);
    cipher.setAAD(Buffer.concat([header, Buffer.from(context)]));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([header, nonce, cipher.getAuthTag(), body]);
  }

  /** @throws Error when the key is not known, the context is another or a bit was changed. */
  open(sealed: Buffer, context: string): Buffer {
    if (sealed.length < headerLength + nonceLength + tagLength || sealed[0] !== version) {
      throw new Error('not a sealed value');
    }
    const header = sealed.subarray(0, headerLength);
    const key = this.keyOf(sealed);
    if (!key) throw new Error('sealed with a key that is not configured (FACECODE_ENCRYPTION_KEY)');
    const nonce = sealed.subarray(headerLength, headerLength + nonceLength);
    const tag = sealed.subarray(headerLength + nonceLength, headerLength + nonceLength + tagLength);
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: tagLength });
    decipher.setAAD(Buffer.concat([header, Buffer.from(context)]));
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed.subarray(headerLength + nonceLength + tagLength)), decipher.final()]);
  }

  /** Whether the key that sealed the value is configured. Does not open the value. */
  knowsKeyOf(sealed: Buffer): boolean {
    return this.keyOf(sealed) !== undefined;
  }

  /** Whether the value was sealed with the first configured key, which seals new values. */
  sealsWithKeyOf(sealed: Buffer): boolean {
    return this.keyOf(sealed) === this.keys[0];
  }

  private keyOf(sealed: Buffer): Key | undefined {
    return this.keys.find(({ id }) => id.equals(sealed.subarray(1, headerLength)));
  }

  sealJson(value: unknown, context: string): Buffer {
    return this.seal(JSON.stringify(value), context);
  }

  openJson<T>(sealed: Buffer, context: string): T {
    return JSON.parse(this.open(sealed, context).toString('utf8')) as T;
  }
}
