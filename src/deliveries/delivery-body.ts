/** The body of a delivery: the event exactly as `GET /v1/events` gives it, as long as it fits. */
import type { Json } from '../core/canonical-json.js';

/** Receivers and the proxies before them have their limits; Standard Webhooks advises 20 KB. */
const bodyBytesMax = 20_000;

/** An event, or a test event, which has no position. */
export interface DeliverableEvent {
  readonly id: string;
  readonly type: string;
  readonly position: number | null;
  readonly data: { readonly [name: string]: Json };
  readonly personal: object | null;
}

/**
 * Of an event that does not fit `personal` is left out (its digest stays), and of one that still does not, `data`: it
 * then names where to read the event.
 */
export function deliveryBody(event: DeliverableEvent): string {
  const whole = JSON.stringify(event);
  if (fits(whole)) return whole;
  const impersonal = JSON.stringify({ ...event, personal: null });
  if (fits(impersonal)) return impersonal;
  const readAt = event.position === null ? null : `/v1/events?after=${event.position - 1}&limit=1`;
  return JSON.stringify({ ...event, personal: null, data: { truncated: true, readAt } });
}

const fits = (body: string): boolean => Buffer.byteLength(body) <= bodyBytesMax;
