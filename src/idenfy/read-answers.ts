/** The answers to reading: README.md sections 1 and 3. */
import type { ProviderSession } from './contract.js';
import type { EligibilityOutcome, ListOutcome, ReadOutcome } from './outcomes.js';
import { unreadable } from './provider-error.js';
import { isJsonObject, keepable, parseJson } from './provider-text.js';

const maxTypeLength = 40;

export function eligibility(httpStatus: number, body: string | null): EligibilityOutcome {
  const json = parseJson(body ?? '');
  if (!isJsonObject(json) || typeof json.type !== 'string') return unreadable(httpStatus, 'but no type');
  const raw = keepable(json.type, maxTypeLength);
  const { type } = json;
  return { kind: 'ok', type: type === 'AUTHENTICATION' || type === 'IDENTIFICATION' ? type : 'other', raw };
}

/** @param token of the session that was asked for: another one's verdict is none */
export function verdict(httpStatus: number, body: string | null, token: string): ReadOutcome {
  const json = parseJson(body ?? '');
  const unclear = (what: string): ReadOutcome => ({
    kind: 'unclear',
    detail: `iDenfy answered ${httpStatus}, ${what}`,
  });
  if (!isJsonObject(json) || !isApproved(json.approved)) return unclear('but without a verdict');
  if (json.tokenString !== undefined && json.tokenString !== null && json.tokenString !== token) {
    return unclear('but for another session');
  }
  return { kind: 'ok', approved: json.approved };
}

export function sessionList(httpStatus: number, body: string | null): ListOutcome {
  if (body === null) return unreadable(httpStatus, 'with a longer list than can be read');
  const json = parseJson(body);
  if (!Array.isArray(json)) return unreadable(httpStatus, 'but no list');
  return { kind: 'ok', sessions: json.map(session).filter((item) => item !== null) };
}

/** @returns null for what cannot be found again: without token or scanRef */
function session(item: unknown): ProviderSession | null {
  if (!isJsonObject(item)) return null;
  const { tokenString, givenScanRef, approved } = item;
  if (typeof tokenString !== 'string' || typeof givenScanRef !== 'string') return null;
  return {
    id: textOf(item.id),
    givenScanRef,
    tokenString,
    approved: isApproved(approved) ? approved : null,
    type: textOf(item.type),
    authenticationMethod: textOf(item.authenticationMethod),
    facePhoto: null,
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const isApproved = (value: unknown): value is boolean | null => value === null || typeof value === 'boolean';
