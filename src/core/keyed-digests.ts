/**
 * Digests that find a value although only its sealed form is stored. They are keyed, because somebody could otherwise try
 * all addresses and many references. HMAC-SHA-256, with a key of its own for each purpose.
 */
import { createHmac } from 'node:crypto';
import { purposeKey } from './purpose-keys.js';

export const digestPurposes = ['session-reference', 'ip', 'initiator-address', 'webhook-scan-ref'] as const;
export type DigestPurpose = (typeof digestPurposes)[number];

/** Earlier versions made these digests with the encryption key itself. */
const olderPurposes: readonly DigestPurpose[] = ['session-reference', 'ip', 'initiator-address'];

export class KeyedDigests {
  /** @param keys as FACECODE_ENCRYPTION_KEY lists them; new digests are made with the first */
  constructor(private readonly keys: readonly Buffer[]) {
    if (keys.length === 0) throw new Error('digests need a key');
  }

  /** The digest that a row gets now. */
  of(purpose: DigestPurpose, text: string): Buffer {
    return derived(this.keys[0]!, purpose, text);
  }

  /** Every digest that a row may have: with each key, and as earlier versions made it. The first is that of `of`. */
  all(purpose: DigestPurpose, text: string): Buffer[] {
    const older = olderPurposes.includes(purpose) ? this.keys.map((key) => underived(key, purpose, text)) : [];
    return [...this.keys.map((key) => derived(key, purpose, text)), ...older];
  }
}

const derived = (key: Buffer, purpose: DigestPurpose, text: string): Buffer =>
  createHmac('sha256', purposeKey(key, `digest/${purpose}`))
    .update(text)
    .digest();

const underived = (key: Buffer, purpose: DigestPurpose, text: string): Buffer =>
  createHmac('sha256', key).update(`${purpose}:${text}`).digest();
