/**
 * Authenticated encryption of what must not lie in a database in the clear: codes, tokens, raw webhooks, remembered
 * answers, personal data. AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for every message.
 *
 * Layout: version (1 byte) · key id (4) · nonce (12) · tag (16) · ciphertext. Version 2 is sealed with a key that is
 * derived for sealing alone; version 1, of earlier versions of the service, with the configured key itself. The purpose
 * and the owner's id are bound as associated data, so a sealed value moved to another row or column does not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { sha256 } from './digest.js';
import { purposeKey } from './purpose-keys.js';

const version = { underived: 1, derived: 2 } as const;
const headerLength = 5;
const nonceLength = 12;
const tagLength = 16;

interface Key {
  id: Buffer;
  bytes: Buffer;
  derived: Buffer;
}

/** The id of a key, as it stands in the values that the key has sealed. */
export const sealingKeyId = (bytes: Buffer): Buffer =>
  sha256(Buffer.concat([Buffer.from('facecode-key-id'), bytes])).subarray(0, 4);

export class Sealer {
  private readonly keys: readonly Key[];

  /** @param keys 32 bytes each; the first seals, all open (rotation). */
  constructor(keys: readonly Buffer[]) {
    if (keys.length === 0) throw new Error('sealing needs a key');
    this.keys = keys.map((bytes) => {
      if (bytes.length !== 32) throw new Error('a sealing key has 32 bytes');
      return { bytes, id: sealingKeyId(bytes), derived: purposeKey(bytes, 'seal') };
    });
  }

  /** The first bytes of every value that is sealed now. A value with other first bytes can be sealed again. */
  get header(): Buffer {
    return Buffer.concat([Buffer.of(version.derived), this.keys[0]!.id]);
  }

  /** @param context what and whose this is, for example `attempt-secret:att_…`; needed again to open. */
  seal(plain: Buffer | string, context: string): Buffer {
    const key = this.keys[0]!;
    const header = this.header;
    const nonce = randomBytes(nonceLength);
    const cipher = createCipheriv('aes-256-gcm', key.derived, nonce);
    cipher.setAAD(Buffer.concat([header, Buffer.from(context)]));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([header, nonce, cipher.getAuthTag(), body]);
  }

  /** @throws Error when the key is not known, the context is another or a bit was changed. */
  open(sealed: Buffer, context: string): Buffer {
    const isKnown = sealed[0] === version.derived || sealed[0] === version.underived;
    if (sealed.length < headerLength + nonceLength + tagLength || !isKnown) throw new Error('not a sealed value');
    const header = sealed.subarray(0, headerLength);
    const key = this.keyOf(sealed);
    if (!key) throw new Error('sealed with a key that is not configured (FACECODE_ENCRYPTION_KEY)');
    const nonce = sealed.subarray(headerLength, headerLength + nonceLength);
    const tag = sealed.subarray(headerLength + nonceLength, headerLength + nonceLength + tagLength);
    const bytes = sealed[0] === version.derived ? key.derived : key.bytes;
    const decipher = createDecipheriv('aes-256-gcm', bytes, nonce, { authTagLength: tagLength });
    decipher.setAAD(Buffer.concat([header, Buffer.from(context)]));
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed.subarray(headerLength + nonceLength + tagLength)), decipher.final()]);
  }

  /** Whether the key that sealed the value is configured. Does not open the value. */
  knowsKeyOf(sealed: Buffer): boolean {
    return this.keyOf(sealed) !== undefined;
  }

  /** Whether the value is sealed as new values are: with the first configured key, in the current layout. */
  isCurrent(sealed: Buffer): boolean {
    return sealed.subarray(0, headerLength).equals(this.header);
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
