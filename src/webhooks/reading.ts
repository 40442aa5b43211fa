/** What a body is to us, before anything is asked of the database. */
import { tokenDigest } from '../attempts/attempt-secret.js';
import { faceAuthenticationEvent } from '../idenfy/contract.js';
import { isIdentificationEvent, parseIdentification } from '../idenfy/identification-result.js';
import { parseWebhook } from '../idenfy/result.js';

export const webhookStates = ['new', 'applied', 'unmatched', 'ignored', 'quarantined'] as const;
export type WebhookState = (typeof webhookStates)[number];

export interface Reading {
  state: Extract<WebhookState, 'new' | 'ignored' | 'quarantined'>;
  tokenDigest: Buffer | null;
  /** why it is quarantined */
  error: string | null;
}

/**
 * @param eventType of the header; a body without one is taken for ours
 * @param identifications whether it may tell of an identification that we have asked for
 */
export function readWebhook(body: Buffer, eventType: string | null, identifications: boolean): Reading {
  if (identifications && isIdentificationEvent(eventType) && parseIdentification(body).kind === 'approved') {
    return { state: 'new', tokenDigest: null, error: null };
  }
  const parsed = parseWebhook(body);
  const ours = eventType === null || eventType.toUpperCase() === faceAuthenticationEvent;
  if (parsed.kind === 'result') {
    return { state: ours ? 'new' : 'ignored', tokenDigest: tokenDigest(parsed.result.token), error: null };
  }
  if (ours || parsed.notJson) return { state: 'quarantined', tokenDigest: null, error: parsed.reason };
  return { state: 'ignored', tokenDigest: null, error: null };
}
