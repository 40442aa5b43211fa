/** The signature of webhooks: README.md section 4. */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { equalInConstantTime } from '../core/digest.js';

/** Lower-case hex HMAC-SHA256 over exactly the bytes that travel. */
export function signWebhook(body: Buffer, key: string | KeyObject): string {
  return createHmac('sha256', key).update(body).digest('hex');
}

export class WebhookSignatures {
  private readonly keys: readonly KeyObject[];

  /** @param keys signing keys, any of which is accepted; without any nothing ever verifies */
  constructor(keys: readonly string[]) {
    // Everybody can sign with an empty key.
    if (keys.includes('')) throw new Error('a signing key may not be empty');
    this.keys = keys.map((key) => createSecretKey(key, 'utf8'));
  }

  /** @returns the index of the key that signed these bytes, or null */
  verify(body: Buffer, header: string | undefined): number | null {
    if (header === undefined || !/^[0-9a-f]{64}$/.test(header)) return null;
    const given = Buffer.from(header, 'hex');
    // All keys, so that the duration does not tell which one signed.
    const matches = this.keys.map((key) => equalInConstantTime(Buffer.from(signWebhook(body, key), 'hex'), given));
    const index = matches.indexOf(true);
    return index === -1 ? null : index;
  }
}
