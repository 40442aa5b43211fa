/** Standard Webhooks 1.0: the secrets of endpoints, and the header that all live ones together make. */
import { randomBytes } from 'node:crypto';
import { readWebhookSecret, signStandardWebhook, type SignedParts } from '../core/standard-webhooks.js';

/** "Between 24 bytes (192 bits) and 64 bytes (512 bits)" */
const secretBytes = 32;

export function newEndpointSecret(): string {
  return `whsec_${randomBytes(secretBytes).toString('base64')}`;
}

/** @param secrets every one that is live: a receiver accepts the message when it knows any of them */
export function signatures(secrets: readonly string[], parts: SignedParts): string {
  return secrets.map((secret) => signStandardWebhook(keyOf(secret), parts)).join(' ');
}

function keyOf(secret: string): Buffer {
  const key = readWebhookSecret(secret);
  if (!key) throw new Error('an endpoint has a secret that is none');
  return key;
}
