/** The signing of Standard Webhooks 1.0 (https://github.com/standard-webhooks/standard-webhooks), symmetric keys. */
import { createHmac } from 'node:crypto';

const prefix = 'whsec_';
/** The specification's bounds for a key. */
const bytes = { least: 24, most: 64 };
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export interface SignedParts {
  /** `webhook-id` */
  id: string;
  /** `webhook-timestamp`, seconds since 1970 */
  timestampSeconds: number;
  /** exactly the bytes that are sent */
  body: string | Buffer;
}

/** @returns the key's bytes, or null for what is no `whsec_` and base64 of 24 to 64 bytes */
export function readWebhookSecret(secret: string): Buffer | null {
  if (!secret.startsWith(prefix)) return null;
  const encoded = secret.slice(prefix.length);
  if (!base64.test(encoded)) return null;
  const key = Buffer.from(encoded, 'base64');
  return key.length >= bytes.least && key.length <= bytes.most ? key : null;
}

/** @returns one entry of `webhook-signature`; those of several keys stand there with a space between */
export function signStandardWebhook(key: Buffer, { id, timestampSeconds, body }: SignedParts): string {
  const mac = createHmac('sha256', key).update(`${id}.${timestampSeconds}.`).update(body);
  return `v1,${mac.digest('base64')}`;
}
