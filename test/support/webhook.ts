/** Webhooks as iDenfy would send them, made without the code that receives them. */
import { createHmac } from 'node:crypto';
import request from 'supertest';

export interface Sending {
  /** null: no signature at all */
  key?: string | null;
  eventType?: string | null;
  contentType?: string;
  /** instead of the true signature */
  signature?: string;
}

export const sign = (body: string | Buffer, key: string): string =>
  createHmac('sha256', key).update(body).digest('hex');

/** @param body sent as these bytes; an object as JSON */
export function sendWebhook(url: string, body: object | string, sending: Sending = {}): request.Test {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { key = 'sim-signing-key', eventType = 'FACIAL_AUTHENTICATION', contentType = 'application/json' } = sending;
  const asked = request(url).post('/webhooks/idenfy').set('content-type', contentType);
  if (eventType !== null) asked.set('idenfy-event-type', eventType);
  const signature = sending.signature ?? (key === null ? null : sign(text, key));
  if (signature !== null) asked.set('idenfy-signature', signature);
  return asked.serialize((value: unknown) => value as string).send(text as never);
}
