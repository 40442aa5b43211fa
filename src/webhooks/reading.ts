/** What a body is to us, before anything is asked of the database. */
import { tokenDigest } from '../attempts/attempt-secret.js';
import { isNestedDeeper } from '../core/json-depth.js';
import { faceAuthenticationEvent } from '../idenfy/contract.js';
import { isIdentificationEvent, parseIdentification, withoutPerson } from '../idenfy/identification-result.js';
import { isJsonObject, isWord, notAWord, parseJsonBytes } from '../idenfy/provider-text.js';
import { parseWebhook, withoutPhoto } from '../idenfy/result.js';
import { isSameScanRef, mentions, normalScanRef } from '../idenfy/scan-ref.js';

/** iDenfy's bodies have up to six levels. */
const maxLevels = 64;

export const webhookStates = ['new', 'applied', 'unmatched', 'ignored', 'quarantined'] as const;
export type WebhookState = (typeof webhookStates)[number];

export interface Reading {
  state: Extract<WebhookState, 'new' | 'ignored' | 'quarantined'>;
  tokenDigest: Buffer | null;
  /** why it is quarantined */
  error: string | null;
  /** false: the body cannot be parsed, whatever its event type */
  isJson: boolean;
}

/**
 * @param eventType of the header; a body without one is taken for ours
 * @param identifications whether it may tell of an identification that we have asked for
 */
export function readWebhook(body: Buffer, eventType: string | null, identifications: boolean): Reading {
  if (identifications && isIdentificationEvent(eventType) && parseIdentification(body).kind === 'approved') {
    return { state: 'new', tokenDigest: null, error: null, isJson: true };
  }
  const parsed = parseWebhook(body);
  const ours = isFaceAuthentication(eventType);
  if (parsed.kind === 'result') {
    const { token } = parsed.result;
    const digest = token === null ? null : tokenDigest(token);
    return { state: ours ? 'new' : 'ignored', tokenDigest: digest, error: null, isJson: true };
  }
  const rest = { tokenDigest: null, isJson: !parsed.notJson };
  if (ours || parsed.notJson) return { ...rest, state: 'quarantined', error: parsed.reason };
  return { ...rest, state: 'ignored', error: null };
}

/** @param eventType null: the header was missing; the body is then read as a result of face authentication */
export const isFaceAuthentication = (eventType: string | null): boolean =>
  eventType === null || eventType.toUpperCase() === faceAuthenticationEvent;

/** The type as it may be stored unsealed. No signature covers the header, so it could hold any text. */
export function storedType(eventType: string | null): string | null {
  return eventType === null || isWord(eventType) ? eventType : notAWord;
}

/**
 * The part of a body that may be stored. A result: everything but the photo. An identification: only the members that decide
 * it, without the person and the documents. Other event types: nothing.
 */
export function storedBody(body: Buffer, eventType: string | null, { state }: Pick<Reading, 'state'>): Buffer | null {
  if (state === 'ignored' && !isFaceAuthentication(eventType)) return null;
  return state === 'new' && isIdentificationEvent(eventType) ? withoutPerson(body) : withoutPhoto(body);
}

/** The scanRef in a body, in its normal spelling (idenfy/scan-ref.ts), if there is one. */
export function scanRefIn(body: Buffer): string | null {
  const json = isNestedDeeper(body, maxLevels) ? undefined : parseJsonBytes(body);
  if (!isJsonObject(json) || !Object.hasOwn(json, 'scanRef')) return null;
  return typeof json.scanRef === 'string' ? normalScanRef(json.scanRef) : null;
}

/** Whether a body names one of these scanRefs: as its member, or anywhere in what cannot be read. */
export function names(body: Buffer, scanRefs: readonly string[]): boolean {
  const named = scanRefIn(body);
  return scanRefs.some((scanRef) => (named === null ? mentions(body, scanRef) : isSameScanRef(named, scanRef)));
}
