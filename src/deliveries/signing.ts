/** Standard Webhooks 1.0: how a message is signed. https://github.com/standard-webhooks/standard-webhooks */
import { createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';
/** "Between 24 bytes (192 bits) and 64 bytes (512 bits)" */
const secretBytes = 32;

export function newEndpointSecret(): string {
  return `${prefix}${randomBytes(secretBytes).toString('base64')}`;
}

/** @param secrets every one that is live: a receiver accepts the message when it knows any of them */
export function signatures(secrets: readonly string[], id: string, timestamp: number, body: string): string {
  return secrets.map((secret) => `v1,${signature(secret, id, timestamp, body)}`).join(' ');
}

function signature(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.slice(prefix.length), 'base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
}
